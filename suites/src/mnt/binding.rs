//! Bind mounts: `mount(2)`, Creating a bind mount.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;

use kit::mounts::{Detached, Tree, bind};
use kit::prelude::*;
use nix::mount::{MsFlags, mount};
use rustix::fs::fstat;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    a_bind_has_the_flags_of_its_source,
    a_bind_stays_when_its_source_is_unmounted,
    a_bind_shows_the_same_file_system,
    a_directory_is_bound_below_itself,
    a_pidfd_is_cloned_and_mounted,
    a_pidfd_was_not_mounted,
];

/// A bind mount has the flags of the mount that it shows; other flags of the call, the type and the data are ignored.
#[claim(source = "mount(2) Creating a bind mount", needs = [Root])]
fn a_bind_has_the_flags_of_its_source() -> Verdict {
    let tree = Tree::new()?;
    tree.mount("tmpfs", "a", MsFlags::MS_NOSUID | MsFlags::MS_NOATIME, None)?.dir("b")?.dir("c")?;
    let more = MsFlags::MS_RDONLY | MsFlags::MS_NODEV | MsFlags::MS_STRICTATIME;
    let bound = |point: &str, flags| {
        mount(Some(&tree.path("a")), &tree.path(point), Some("nosuchfs"), MsFlags::MS_BIND | flags, Some("junk=1"))
    };
    expect_ok!(bound("b", MsFlags::empty()));
    expect_ok!(bound("c", more), "with {more:?}");
    let seen = tree.mounts()?;
    expect_eq!(seen.at("a")?.options, "rw,nosuid,noatime", "the source");
    for name in ["b", "c"] {
        expect_eq!(seen.at(name)?.options, "rw,nosuid,noatime", "{name}");
        expect_eq!(seen.at(name)?.kind, "tmpfs", "{name}");
    }
    expect_ok!(tree.bind_remount("c", more), "as a remount");
    expect_eq!(tree.mounts()?.at("c")?.options, "ro,nodev", "as a remount");
    holds()
}

/// A bind mount of a directory or a file stays, with what is in it, when the mount that it was made from is unmounted.
#[claim(
    source = ["mount(2) Creating a bind mount", "Documentation/filesystems/sharedsubtree.rst 7) FAQ"],
    needs = [Root],
)]
fn a_bind_stays_when_its_source_is_unmounted() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.file("a/dir/text", "here")?.file("file", "")?.bind("a/dir", "b")?.bind("a/dir/text", "file")?;
    expect_ok!(tree.umount("a"));
    expect!(!fs::exists(tree.path("a/dir"))?, "the source is still mounted");
    for name in ["b/text", "file"] {
        expect_eq!(expect_ok!(fs::read_to_string(tree.path(name)), "{name}"), "here", "{name}");
    }
    expect_ok!(fs::write(tree.path("b/text"), "there"));
    expect_eq!(fs::read_to_string(tree.path("file"))?, "there", "what was written by the other bind mount");
    holds()
}

/// Bind mounts show one file system in several places: files there have the same device, inode number and content.
#[claim(source = ["mount(2) HISTORY", "mount(2) Creating a bind mount"], needs = [Root])]
fn a_bind_shows_the_same_file_system() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?
        .file("a/text", "one")?
        .bind("a", "b")?
        .bind("b", "c")?
        .tmpfs("other")?
        .file("other/text", "one")?;
    let file = |name: &str| fs::metadata(tree.path(name)).map(|file| (file.dev(), file.ino()));
    for name in ["b", "c"] {
        expect_eq!(file(&format!("{name}/text"))?, file("a/text")?, "{name}");
        fs::write(tree.path(name).join("text"), name)?;
        expect_eq!(fs::read_to_string(tree.path("a/text"))?, name, "written by {name}");
    }
    expect_ne!(file("other/text")?.0, file("a/text")?.0, "the device of another tmpfs");
    holds()
}

/// A directory can be bound on itself and on a directory in it, recursively as well; no copy holds a copy of itself.
#[claim(source = ["mount(2) Creating a bind mount", "mount_namespaces(7)"], needs = [Root])]
fn a_directory_is_bound_below_itself() -> Verdict {
    for recursive in [false, true] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.tmpfs("a")?.dir("a/in")?;
            for (to, points) in [("a/in", &["", "in"][..]), ("a", &["", "", "in"][..])] {
                let bound = if recursive { tree.rbind("a", to) } else { tree.bind("a", to) };
                expect_ok!(bound, "on {to}, recursively: {recursive}");
                let seen = tree.mounts()?.within("a");
                let expected = if recursive && to == "a" { &["", "", "in", "in"] } else { points };
                expect_eq!(seen.points(), expected, "on {to}, recursively: {recursive}");
            }
            Ok(())
        })?;
    }
    holds()
}

/// A pidfd can be mounted on a file by open_tree(OPEN_TREE_CLONE) and move_mount(2); MS_BIND of it fails with EINVAL.
#[claim(
    source = ["fs/namespace.c may_copy_tree", "fs/namespace.c graft_tree"],
    since = "6.15",
    replaces = "a_pidfd_was_not_mounted",
    needs = [Root],
)]
fn a_pidfd_is_cloned_and_mounted() -> Verdict {
    let tree = Tree::new()?;
    tree.file("file", "")?.file("other", "")?;
    let process = waiting(NONE)?;
    expect_errno!(bind(by(process.pidfd()), tree.path("other")), EINVAL, "MS_BIND");
    let copy = expect_ok!(Detached::copy_of(by(process.pidfd())));
    expect_ok!(copy.attach(tree.path("file")));
    let inode = fstat(process.pidfd())?.st_ino;
    expect_eq!(fs::metadata(tree.path("file"))?.ino(), inode);
    expect_eq!(tree.mounts()?.at("file")?.kind, "pidfs");
    let device = fs::File::open("/dev/null")?;
    expect_ok!(bind(by(device.as_fd()), tree.path("other")), "MS_BIND of another descriptor");
    holds()
}

/// Cloning a pidfd by open_tree(OPEN_TREE_CLONE) fails with EINVAL, and so does MS_BIND of it.
#[claim(source = "kernel 6.12 fs/namespace.c __do_loopback", until = "6.15", needs = [Root])]
fn a_pidfd_was_not_mounted() -> Verdict {
    let tree = Tree::new()?;
    tree.file("file", "")?;
    let process = waiting(NONE)?;
    expect_errno!(bind(by(process.pidfd()), tree.path("file")), EINVAL, "MS_BIND");
    expect_errno!(Detached::copy_of(by(process.pidfd())), EINVAL, "open_tree");
    let device = fs::File::open("/dev/null")?;
    expect_ok!(bind(by(device.as_fd()), tree.path("file")), "MS_BIND of another descriptor");
    expect_ok!(Detached::copy_of(by(device.as_fd())), "open_tree of another descriptor");
    holds()
}

/// The path that leads where a descriptor does.
fn by(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}
