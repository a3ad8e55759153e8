//! When move_mount(2) fails, and what it follows: its page. What it does to peer groups stands in `move_mount_flags.rs`.

use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;

use kit::mounts::{Detached, Tree};
use kit::prelude::*;
use rustix::fs::CWD;
use rustix::mount::{MountAttrFlags, MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

use super::rights::needs_cap_sys_admin;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    move_mount_needs_cap_sys_admin,
    move_mount_needs_a_mount_and_a_place_like_it,
    move_mount_takes_empty_paths_when_told,
    move_mount_refuses_unknown_flags,
    move_mount_follows_symbolic_links_when_told,
    a_detached_mount_is_attached_in_any_mount_namespace,
    move_mount_refuses_mounts_of_other_namespaces,
];

/// move_mount(2) requires CAP_SYS_ADMIN in the user namespace that owns the mount namespace: that alone, and not in a descendant.
#[claim(source = "move_mount(2) ERRORS", since = "5.2", needs = [Root, UserNamespaces])]
fn move_mount_needs_cap_sys_admin() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("b")?;
    needs_cap_sys_admin(|| moved(&tree, "a", "b", MoveMountFlags::empty()))?;
    expect!(tree.is_mounted("b")? && !tree.is_mounted("a")?, "{:?}", tree.mounts()?);
    holds()
}

/// move_mount(2) fails with EINVAL if the source is no mount point, or if one of source and target is a directory and the
/// other is none.
///
/// A missing or empty path fails with ENOENT.
#[claim(source = "move_mount(2) ERRORS", since = "5.2", needs = [Root])]
fn move_mount_needs_a_mount_and_a_place_like_it() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("plain")?.file("file", "")?.file("shown", "")?.file("other", "")?;
    tree.tmpfs("folder")?.bind("other", "shown")?;
    let call = |from, to| moved(&tree, from, to, MoveMountFlags::empty());
    expect_errno!(call("plain", "folder"), EINVAL, "a directory that is no mount point");
    expect_errno!(call("file", "other"), EINVAL, "a file that is no mount point");
    expect_errno!(call("folder", "file"), EINVAL, "a directory onto a file");
    expect_errno!(call("shown", "plain"), EINVAL, "a file onto a directory");
    expect_errno!(call("missing", "plain"), ENOENT, "a missing source");
    expect_errno!(call("folder", "missing"), ENOENT, "a missing target");
    expect_ok!(call("folder", "plain"), "a directory onto a directory");
    expect_ok!(call("shown", "file"), "a file onto a file");
    holds()
}

/// move_mount(2) takes an empty path for what a descriptor refers to with MOVE_MOUNT_F_EMPTY_PATH or MOVE_MOUNT_T_EMPTY_PATH, and
/// fails with ENOENT without.
#[claim(source = ["move_mount(2)", "move_mount(2) ERRORS"], since = "5.2", needs = [Root])]
fn move_mount_takes_empty_paths_when_told() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.dir("to")?;
    let (from, to) = (opened(&tree, "from")?, opened(&tree, "to")?);
    let (source, target) = (MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH, MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH);
    for flags in [MoveMountFlags::empty(), source, target] {
        expect_errno!(move_mount(&from, "", &to, "", flags), ENOENT, "{flags:?}");
    }
    expect_ok!(move_mount(&from, "", &to, "", source | target), "with both");
    expect!(tree.is_mounted("to")?, "{:?}", tree.mounts()?);
    holds()
}

/// move_mount(2) fails with EINVAL for each flag that it does not know.
#[claim(source = "move_mount(2) ERRORS", since = "5.2", needs = [Root])]
fn move_mount_refuses_unknown_flags() -> Verdict {
    // The seven of 5.2, MOVE_MOUNT_SET_GROUP and MOVE_MOUNT_BENEATH.
    const KNOWN: u32 = 0x77 | 0x100 | 0x200;
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("b")?;
    for bit in (0..u32::BITS).map(|number| 1 << number).filter(|bit| KNOWN & bit == 0) {
        let flags = MoveMountFlags::from_bits_retain(bit);
        expect_errno!(moved(&tree, "a", "b", flags), EINVAL, "flag {bit:#x}");
    }
    expect_ok!(moved(&tree, "a", "b", MoveMountFlags::empty()), "without it");
    holds()
}

/// move_mount(2) follows a symbolic link at the end of a path with MOVE_MOUNT_F_SYMLINKS or MOVE_MOUNT_T_SYMLINKS alone.
#[claim(source = "move_mount(2)", since = "5.2", needs = [Root])]
fn move_mount_follows_symbolic_links_when_told() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.dir("to")?;
    symlink("from", tree.path("link-from")).doing("make a symbolic link")?;
    symlink("to", tree.path("link-to")).doing("make a symbolic link")?;
    let (source, target) = (MoveMountFlags::MOVE_MOUNT_F_SYMLINKS, MoveMountFlags::MOVE_MOUNT_T_SYMLINKS);
    let call = |flags| moved(&tree, "link-from", "link-to", flags);
    expect_errno!(call(MoveMountFlags::empty()), EINVAL, "without a flag");
    expect_errno!(call(source), EINVAL, "with a target that is a symbolic link");
    expect_errno!(call(target), EINVAL, "with a source that is a symbolic link");
    expect_ok!(call(source | target), "with both flags");
    expect!(tree.is_mounted("to")? && !tree.is_mounted("from")?, "{:?}", tree.mounts()?);
    holds()
}

/// A detached mount is attached by whichever process has its descriptor, in any mount namespace.
#[claim(
    source = "fs/namespace.c do_move_mount",
    since = "5.2",
    needs = [Root, UserNamespaces],
    erratum = "move_mount(2), ERRORS: EINVAL if the source mount object is detached and was made by another process or in another mount namespace.",
)]
fn a_detached_mount_is_attached_in_any_mount_namespace() -> Verdict {
    for (name, make) in [("copied", true), ("new", false)] {
        for is_less_privileged in [false, true] {
            let tree = Tree::new()?;
            tree.tmpfs("from")?.dir("to")?;
            let mount = if make {
                Detached::copy_of(tree.path("from"))?
            } else {
                Detached::new("tmpfs", &[], MountAttrFlags::empty())?
            };
            let attach = || {
                expect_ok!(mount.attach(tree.path("to")), "{name}, less privileged: {is_less_privileged}");
                expect!(tree.is_mounted("to")?, "{name}: {:?}", tree.mounts()?);
                Ok(())
            };
            if is_less_privileged {
                user_namespace(CLONE_NEWNS, attach)?;
            } else {
                child(CLONE_NEWNS, attach)?;
            }
            expect!(!tree.is_mounted("to")?, "{name}, in the mount namespace where it was made");
        }
    }
    holds()
}

/// move_mount(2) fails with EINVAL for a mount that is attached in another mount namespace, and for a target there.
#[claim(source = "move_mount(2) ERRORS", since = "5.2", needs = [Root])]
fn move_mount_refuses_mounts_of_other_namespaces() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("b")?.dir("c")?;
    let (mount, place) = (opened(&tree, "a")?, opened(&tree, "b")?);
    let whole = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    child(CLONE_NEWNS, || {
        let (own_mount, own_place) = (opened(&tree, "a")?, opened(&tree, "b")?);
        expect_errno!(move_mount(&mount, "", &own_place, "", whole), EINVAL, "a mount of the parent's");
        expect_errno!(move_mount(&own_mount, "", &place, "", whole), EINVAL, "a place of the parent's");
        let new = Detached::new("tmpfs", &[], MountAttrFlags::empty())?;
        expect_errno!(move_mount(&new, "", &place, "", whole), EINVAL, "a detached mount, a place of the parent's");
        expect_ok!(move_mount(&own_mount, "", &own_place, "", whole), "both its own");
        Ok(())
    })?;
    expect_ok!(move_mount(&mount, "", &place, "", whole), "by the parent");
    holds()
}

fn moved(tree: &Tree, from: &str, to: &str, flags: MoveMountFlags) -> rustix::io::Result<()> {
    move_mount(CWD, tree.path(from), CWD, tree.path(to), flags)
}

fn opened(tree: &Tree, name: &str) -> Outcome<OwnedFd> {
    open_tree(CWD, tree.path(name), OpenTreeFlags::OPEN_TREE_CLOEXEC).doing(format!("open {name}"))
}
