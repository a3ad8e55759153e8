//! Files and directories that are mount points in some mount namespace, and are removed or renamed:
//! `mount_namespaces(7)`, Restrictions on mount namespaces.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::Path;

use kit::Answer;
use kit::mounts::{Mounts, Tree, bind, detach, tmpfs, umount};
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    an_own_mount_point_is_not_removed_or_renamed,
    removing_a_mount_point_of_another_namespace_unmounts_there,
    renaming_a_mount_point_of_another_namespace_moves_the_mount,
    nothing_is_mounted_on_a_removed_directory,
    a_mount_below_a_directory_that_leaves_its_bind_mount_is_cut_off,
];

/// Removing or renaming a mount point of the caller's own mount namespace fails with EBUSY, by rmdir, unlink and rename.
#[claim(
    source = ["mount_namespaces(7) Restrictions on mount namespaces", "rename(2) ERRORS", "unlink(2) ERRORS"],
    needs = [Root],
)]
fn an_own_mount_point_is_not_removed_or_renamed() -> Verdict {
    let tree = with_two_places()?;
    tree.dir("other")?;
    mount_on_both(&tree)?;
    let rename = |from: &str, to: &str| fs::rename(tree.path(from), tree.path(to));
    expect_errno!(remove_both(&tree)[0], EBUSY, "rmdir");
    expect_errno!(remove_both(&tree)[1], EBUSY, "unlink");
    expect_errno!(rename("dir", "dir2"), EBUSY, "the directory");
    expect_errno!(rename("file", "file2"), EBUSY, "the file");
    expect_errno!(rename("other", "dir"), EBUSY, "another one over the directory");
    expect!(tree.is_mounted("dir")? && tree.is_mounted("file")?, "{:?}", tree.mounts()?);

    tree.umount("dir")?.umount("file")?;
    expect_ok!(rename("other", "dir"), "another one over the directory, unmounted");
    expect_ok!(rename("dir", "dir2"), "the directory, unmounted");
    expect_ok!(rename("file", "file2"), "the file, unmounted");
    expect_ok!(rename("dir2", "dir"), "the directory back");
    expect_ok!(rename("file2", "file"), "the file back");
    for answer in remove_both(&tree) {
        expect_ok!(answer, "unmounted");
    }
    holds()
}

/// A directory or file that is a mount point in another mount namespace alone can be removed, and there the mount goes.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root])]
fn removing_a_mount_point_of_another_namespace_unmounts_there() -> Verdict {
    let tree = with_two_places()?;
    let (other, before) = mounting_elsewhere(&tree)?;
    expect!(before.find("dir").is_some() && before.find("file").is_some(), "{before:?}");
    for answer in remove_both(&tree) {
        expect_ok!(answer);
    }
    let after: Mounts = told(&other)?;
    expect_eq!(after.points(), [""], "of what was {before:?}");
    holds()
}

/// A directory or file that is a mount point in another mount namespace alone can be renamed; there the mount is at the new
/// name.
#[claim(
    source = ["mount_namespaces(7) Restrictions on mount namespaces", "rename(2)"],
    needs = [Root],
    erratum = "mount_namespaces(7), Restrictions on mount namespaces: a file or directory that is a mount point in another \
               namespace may be renamed, unlinked or removed; consequently the mount point is removed there.",
)]
fn renaming_a_mount_point_of_another_namespace_moves_the_mount() -> Verdict {
    let tree = with_two_places()?;
    let (other, before) = mounting_elsewhere(&tree)?;
    for (from, to) in [("dir", "dir2"), ("file", "file2")] {
        expect_ok!(fs::rename(tree.path(from), tree.path(to)), "{from}");
    }
    let after: Mounts = told(&other)?;
    expect_eq!(after.points(), ["", "dir2", "file2"], "of what was {before:?}");
    for (from, to) in [("dir", "dir2"), ("file", "file2")] {
        expect_eq!(after.at(to)?.id, before.at(from)?.id, "the ID of the mount on {to}");
    }
    holds()
}

/// Mounting on a directory that was removed, by a descriptor that was opened before, fails with ENOENT.
#[claim(source = ["mount(2) ERRORS", "fs/namespace.c do_lock_mount"], needs = [Root])]
fn nothing_is_mounted_on_a_removed_directory() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("dir")?;
    let directory = File::open(tree.path("dir"))?;
    let mounted = || tmpfs(by_descriptor(&directory));
    expect_ok!(mounted(), "before");
    tree.umount("dir")?;
    fs::remove_dir(tree.path("dir"))?;
    expect_errno!(mounted(), ENOENT);
    holds()
}

/// A mount whose mount point leaves, by a rename of a directory above, what a bind mount shows is in no mount list any more.
///
/// No path leads to it, but its mount point cannot be removed until it is unmounted by a descriptor.
#[claim(source = ["mount_namespaces(7)", "rename(2)", "proc_pid_mountinfo(5)"], needs = [Root])]
fn a_mount_below_a_directory_that_leaves_its_bind_mount_is_cut_off() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("from/deep/er")?.dir("to")?.bind("from", "bound")?.tmpfs("bound/deep/er")?;
    let inside = File::open(tree.path("bound/deep/er"))?;
    expect_eq!(tree.mounts()?.points(), ["", "bound", "bound/deep/er"]);
    // By its name outside the bind mount. The mount point itself is not renamed: that would be refused.
    fs::rename(tree.path("from/deep"), tree.path("to/deep")).doing("rename the directory above")?;
    expect_eq!(tree.mounts()?.points(), ["", "bound"], "after the rename");
    expect_errno!(umount(tree.path("bound/deep/er")), ENOENT, "by the old name");
    expect_errno!(umount(tree.path("to/deep/er")), EINVAL, "by the new name");
    let remove = || fs::remove_dir(tree.path("to/deep/er"));
    expect_errno!(remove(), EBUSY, "while it is mounted");
    expect_ok!(detach(by_descriptor(&inside)), "by a descriptor of the mount");
    expect_ok!(remove(), "unmounted");
    holds()
}

/// The path that leads where a descriptor does.
fn by_descriptor(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// A tree with a directory «dir» and a file «file» to mount on.
fn with_two_places() -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.dir("dir")?.file("file", "")?;
    Ok(tree)
}

fn mount_on_both(tree: &Tree) -> Answer {
    tree.tmpfs("dir")?;
    bind("/dev/null", tree.path("file"))
}

/// Removes the directory and the file.
fn remove_both(tree: &Tree) -> [Answer; 2] {
    let by = |what: &str, remove: &dyn Fn(&Path) -> std::io::Result<()>, name: &str| {
        remove(&tree.path(name)).calling(format!("{what} {name}"))
    };
    [by("rmdir", &|path| fs::remove_dir(path), "dir"), by("unlink", &|path| fs::remove_file(path), "file")]
}

/// A process in a mount namespace of its own that has mounted on both, and what it sees then.
fn mounting_elsewhere(tree: &Tree) -> Outcome<(Child<()>, Mounts)> {
    let other = spawn(CLONE_NEWNS, |outside| {
        mount_on_both(tree)?;
        loop {
            outside.send(&tree.mounts()?)?;
            outside.wait()?;
        }
    })?;
    let seen = other.recv()?;
    Ok((other, seen))
}

/// What the process sees now.
fn told(other: &Child<()>) -> Outcome<Mounts> {
    other.go()?;
    other.recv()
}
