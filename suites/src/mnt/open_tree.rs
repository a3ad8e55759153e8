//! What open_tree(2) opens and copies: its page.

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use kit::lifetime::{close, end, lives_by};
use kit::mounts::{Detached, Mounts, Tree, bind, tmpfs, umount};
use kit::prelude::*;
use kit::process::without;
use kit::room::FOLDER;
use kit::sys::fs_context::OPEN_TREE_NAMESPACE;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::read;
use rustix::mount::{MountAttrFlags, MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    a_copied_tree_is_attached_nowhere,
    open_tree_without_clone_needs_no_capability,
    open_tree_refuses_what_it_does_not_know,
    files_of_a_detached_mount_outlive_its_descriptor,
    a_detached_mount_goes_with_its_descriptor,
    an_attached_mount_stays_without_its_descriptor,
    a_copy_of_a_detached_mount_einval,
    a_detached_mount_is_copied,
    a_mount_inside_a_detached_tree_einval,
    a_mount_is_attached_inside_a_detached_tree,
];

/// open_tree(2) with OPEN_TREE_CLONE gives a copy that no mount namespace lists, of one mount; with AT_RECURSIVE of all below.
#[claim(source = "open_tree(2)", since = "5.2", needs = [Root])]
fn a_copied_tree_is_attached_nowhere() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.file("from/outer", "")?.dir("from/below")?;
    tree.tmpfs("from/below")?.file("from/below/inner", "")?;
    let before = Mounts::own()?;
    let sees = |copy: &Detached, name: &str| openat(copy, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    for is_recursive in [false, true] {
        let copied =
            if is_recursive { Detached::copy_of_all(tree.path("from")) } else { Detached::copy_of(tree.path("from")) };
        let copy = expect_ok!(copied);
        expect_ok!(sees(&copy, "outer"), "a file of the mount");
        if is_recursive {
            expect_ok!(sees(&copy, "below/inner"), "a file of the mount below");
        } else {
            expect_errno!(sees(&copy, "below/inner"), ENOENT, "a file of the mount below");
        }
        expect_eq!(Mounts::own()?, before, "the list of mounts");
    }
    holds()
}

/// open_tree(2) requires CAP_SYS_ADMIN for OPEN_TREE_CLONE; without that flag it gives a descriptor like O_PATH to any process.
#[claim(source = "open_tree(2)", since = "5.2", needs = [Root])]
fn open_tree_without_clone_needs_no_capability() -> Verdict {
    let tree = Tree::new()?;
    tree.file("file", "text")?;
    let call = |name: &str, flags| open_tree(CWD, tree.path(name), flags);
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(call("", OpenTreeFlags::OPEN_TREE_CLONE), EPERM, "with OPEN_TREE_CLONE");
        let file = expect_ok!(call("file", OpenTreeFlags::empty()), "without");
        expect_errno!(read(&file, &mut [0; 4]), EBADF, "reading by it");
        expect_eq!(fs::read_to_string(tree.path("file"))?, "text");
        Ok(())
    })?;
    expect_ok!(call("", OpenTreeFlags::OPEN_TREE_CLONE), "with CAP_SYS_ADMIN");
    for (flags, expected) in [
        (OpenTreeFlags::empty(), FdFlag::empty()),
        (OpenTreeFlags::OPEN_TREE_CLOEXEC, FdFlag::FD_CLOEXEC),
        (OpenTreeFlags::OPEN_TREE_CLONE, FdFlag::empty()),
        (OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC, FdFlag::FD_CLOEXEC),
    ] {
        let fd = expect_ok!(call("", flags));
        expect_eq!(FdFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFD)?), expected, "{flags:?}");
    }
    holds()
}

/// open_tree(2) fails with EINVAL for unknown flags and AT_RECURSIVE alone, and with ENOENT for a missing or empty path.
#[claim(source = "open_tree(2) ERRORS", since = "5.2", needs = [Root])]
fn open_tree_refuses_what_it_does_not_know() -> Verdict {
    let tree = Tree::new()?;
    let folder = File::open(tree.path(""))?;
    let call = |path: &str, flags| open_tree(&folder, path, flags);
    let (clone, recursive) = (OpenTreeFlags::OPEN_TREE_CLONE, OpenTreeFlags::AT_RECURSIVE);
    expect_errno!(call(".", recursive), EINVAL, "AT_RECURSIVE alone");
    expect_ok!(call(".", recursive | clone), "AT_RECURSIVE with OPEN_TREE_CLONE");
    expect_errno!(call("missing", clone), ENOENT, "a missing path");
    expect_errno!(call("", clone), ENOENT, "an empty path");
    expect_ok!(call("", clone | OpenTreeFlags::AT_EMPTY_PATH), "an empty path with AT_EMPTY_PATH");
    let known = clone
        | recursive
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH
        | OpenTreeFlags::AT_NO_AUTOMOUNT
        | OpenTreeFlags::AT_SYMLINK_NOFOLLOW
        | OPEN_TREE_NAMESPACE;
    for bit in (0..u32::BITS).map(|number| OpenTreeFlags::from_bits_retain(1 << number)) {
        if !known.contains(bit) {
            expect_errno!(call(".", clone | bit), EINVAL, "flag {bit:?}");
        }
    }
    holds()
}

/// A file that was opened in a detached mount is usable after the mount's descriptor has been closed.
#[claim(source = ["open_tree(2)", "fsmount(2)"], since = "5.2", needs = [Root])]
fn files_of_a_detached_mount_outlive_its_descriptor() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.file("from/file", "text")?;
    let copy = Detached::copy_of(tree.path("from"))?;
    let file =
        openat(&copy, "file", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).doing("open a file of the copy")?;
    expect_ok!(tree.umount("from"), "the mount that was copied");
    drop(copy);
    let mut text = [0; 8];
    expect_eq!(expect_ok!(read(&file, &mut text)), 4, "bytes read afterwards");
    expect_eq!(&text[..4], b"text");
    holds()
}

/// A detached mount goes when its descriptor is closed: a namespace that its file alone keeps goes with it.
#[claim(source = ["open_tree(2)", "namespaces(7) Namespace lifetime"], since = "5.2", needs = [UserNamespaces])]
fn a_detached_mount_goes_with_its_descriptor() -> Verdict {
    lives_by(
        Kind::Uts,
        1,
        |room| {
            let member = room.member()?.doing("make a UTS namespace")?;
            let place = Path::new(FOLDER).join("namespace");
            File::create(&place).doing("make a mount point")?;
            bind(format!("/proc/{}/ns/uts", member.proc_pid()?), &place)?;
            let copy = Detached::copy_of(&place)?;
            umount(&place)?;
            end(member)?;
            Ok(copy)
        },
        close,
    )
}

/// A mount that was detached and has been attached stays when its descriptor is closed.
#[claim(source = ["open_tree(2)", "fsmount(2)"], since = "5.2", needs = [Root])]
fn an_attached_mount_stays_without_its_descriptor() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.file("from/here", "")?.dir("to")?.dir("new")?;
    let copy = Detached::copy_of(tree.path("from"))?;
    let new = Detached::new("tmpfs", &[], MountAttrFlags::empty())?;
    expect_ok!(copy.attach(tree.path("to")), "a copy");
    expect_ok!(new.attach(tree.path("new")), "a new mount");
    let attached = tree.mounts()?;
    drop((copy, new));
    expect_eq!(tree.mounts()?, attached, "mounts when the descriptors are closed");
    expect!(tree.is_mounted("to")? && tree.is_mounted("new")?, "of {attached:?}");
    expect!(fs::exists(tree.path("to/here"))?, "a file of the copy");
    holds()
}

/// Copying a detached mount by open_tree(2) fails with EINVAL.
#[claim(source = "kernel 6.12 fs/namespace.c __do_loopback", since = "5.2", until = "6.15", needs = [Root])]
fn a_copy_of_a_detached_mount_einval() -> Verdict {
    let (attached, detached) = attached_and_detached()?;
    expect_errno!(copied_by_fd(&detached), EINVAL, "a detached mount");
    expect_ok!(copied_by_fd(&attached), "one that is attached");
    holds()
}

/// open_tree(2) copies a detached mount as well.
#[claim(
    source = "fs/namespace.c may_copy_tree",
    since = "6.15",
    replaces = "a_copy_of_a_detached_mount_einval",
    needs = [Root],
)]
fn a_detached_mount_is_copied() -> Verdict {
    let (_, detached) = attached_and_detached()?;
    let copy = expect_ok!(copied_by_fd(&detached));
    expect_ok!(openat(&copy, "here", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()), "a file of it");
    drop(detached);
    expect_ok!(openat(&copy, "here", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()), "when the first one is closed");
    holds()
}

/// Attaching a mount inside a detached tree fails with EINVAL.
#[claim(source = "kernel 6.12 fs/namespace.c do_move_mount", since = "5.2", until = "6.15", needs = [Root])]
fn a_mount_inside_a_detached_tree_einval() -> Verdict {
    let (attached, detached) = attached_and_detached()?;
    let new = || Detached::new("tmpfs", &[], MountAttrFlags::empty());
    expect_errno!(attached_below(&new()?, &detached), EINVAL, "in a detached tree");
    expect_ok!(attached_below(&new()?, &attached), "in one that is attached");
    holds()
}

/// move_mount(2) attaches a mount inside a detached tree, with which it appears; mount(2) fails with EINVAL there.
#[claim(
    source = "fs/namespace.c do_move_mount",
    since = "6.15",
    replaces = "a_mount_inside_a_detached_tree_einval",
    needs = [Root],
)]
fn a_mount_is_attached_inside_a_detached_tree() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.dir("from/below")?.dir("to")?;
    let (outer, inner) = (Detached::copy_of(tree.path("from"))?, Detached::new("tmpfs", &[], MountAttrFlags::empty())?);
    let place = format!("/proc/self/fd/{}/below", outer.as_fd().as_raw_fd());
    expect_errno!(tmpfs(&place), EINVAL, "by mount(2)");
    expect_ok!(attached_below(&inner, outer.as_fd()), "by move_mount(2)");
    expect!(tree.mounts()?.find("to/below").is_none(), "before the tree is attached");
    expect_ok!(outer.attach(tree.path("to")));
    let seen = tree.mounts()?;
    expect!(seen.find("to").is_some() && seen.find("to/below").is_some(), "{seen:?}");
    expect!(seen.find("from/below").is_none(), "what was copied is as it was: {seen:?}");
    holds()
}

/// A descriptor of a mount with a file `here` and a directory `below`, and one of a detached copy of it.
fn attached_and_detached() -> Outcome<(OwnedFd, OwnedFd)> {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.file("from/here", "")?.dir("from/below")?;
    let open = |flags| open_tree(CWD, tree.path("from"), flags | OpenTreeFlags::OPEN_TREE_CLOEXEC);
    let attached = open(OpenTreeFlags::empty()).doing("open a mount")?;
    Ok((attached, open(OpenTreeFlags::OPEN_TREE_CLONE).doing("copy a mount")?))
}

fn copied_by_fd(mount: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    open_tree(mount, "", flags)
}

/// Attaches a mount to the directory `below` of another one.
fn attached_below(mount: &Detached, other: impl AsFd) -> rustix::io::Result<()> {
    move_mount(mount, "", other, "below", MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}
