//! Unmounting that does not wait for its users, or waits for their end: `umount(2)`, MNT_DETACH and MNT_EXPIRE.

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};

use kit::mounts::Tree;
use kit::prelude::*;
use nix::mount::MntFlags;
use rustix::fs::{Mode, OFlags, openat};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    a_mount_in_use_is_detached,
    detaching_separates_the_mounts_of_a_tree,
    an_unused_mount_expires_in_two_steps,
    a_mount_in_use_does_not_expire,
    expiry_excludes_force_and_detach,
];

/// With MNT_DETACH a mount in use is unmounted: new look-ups do not find it, and what was open there works on.
#[claim(source = "umount(2) DESCRIPTION", needs = [Root])]
fn a_mount_in_use_is_detached() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.file("a/text", "here")?;
    let directory = File::open(tree.path("a"))?;
    expect_errno!(tree.umount("a"), EBUSY, "without the flag");
    expect_ok!(tree.detach("a"));
    expect!(!tree.is_mounted("a")?, "it is still in the mount list");
    expect_errno!(File::open(tree.path("a/text")), ENOENT, "by its path");
    expect_ok!(openat(&directory, "text", OFlags::RDONLY, Mode::empty()), "a file, by the open directory");
    expect_ok!(openat(&directory, "new", OFlags::CREATE | OFlags::RDWR, Mode::RWXU), "a new file there");
    expect_eq!(names(&directory)?, ["new", "text"]);
    expect_errno!(tree.umount("a"), EINVAL, "once more");
    holds()
}

/// MNT_DETACH takes a tree apart: the mount inside is no longer found from the outer one.
///
/// By descriptors of its own it still shows its files.
#[claim(source = "umount(2) DESCRIPTION", needs = [Root])]
fn detaching_separates_the_mounts_of_a_tree() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/inner")?.file("a/inner/text", "")?;
    let (outer, inner) = (File::open(tree.path("a"))?, File::open(tree.path("a/inner"))?);
    let by_outer = || -> Outcome<Vec<String>> {
        names(&openat(&outer, "inner", OFlags::RDONLY, Mode::empty()).doing("open the directory")?)
    };
    expect_eq!(by_outer()?, ["text"], "before");
    expect_ok!(tree.detach("a"));
    expect_eq!(tree.mounts()?.points(), [""]);
    expect!(by_outer()?.is_empty(), "the mount inside still shows: {:?}", by_outer()?);
    expect_eq!(names(&inner)?, ["text"], "by a descriptor of the mount inside");
    holds()
}

/// umount2(2) with MNT_EXPIRE fails with EAGAIN the first time, and unmounts the second time if the mount was not used between.
#[claim(source = ["umount(2) DESCRIPTION", "umount(2) ERRORS"], needs = [Root])]
fn an_unused_mount_expires_in_two_steps() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/dir")?;
    let expired = || tree.umount_by("a", MntFlags::MNT_EXPIRE);
    for time in 1..=2 {
        expect_errno!(expired(), EAGAIN, "{time} times used");
        names(&File::open(tree.path("a/dir"))?)?;
    }
    expect_errno!(expired(), EAGAIN, "used between");
    expect!(tree.is_mounted("a")?, "it is unmounted");
    expect_ok!(expired(), "not used between");
    expect!(!tree.is_mounted("a")?, "it is still mounted");
    holds()
}

/// umount2(2) with MNT_EXPIRE fails with EBUSY for a mount with an open file or a mount in it.
#[claim(source = ["umount(2) DESCRIPTION", "umount(2) ERRORS"], needs = [Root])]
fn a_mount_in_use_does_not_expire() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/dir")?;
    let expired = || tree.umount_by("a", MntFlags::MNT_EXPIRE);
    let file = File::open(tree.path("a/dir"))?;
    expect_errno!(expired(), EBUSY, "an open file");
    expect_errno!(expired(), EBUSY, "an open file, the second time");
    drop(file);
    tree.tmpfs("a/dir")?;
    expect_errno!(expired(), EBUSY, "a mount in it");
    tree.umount("a/dir")?;
    expect_errno!(expired(), EAGAIN, "not used");
    expect_ok!(expired(), "not used, the second time");
    holds()
}

/// umount2(2) fails with EINVAL for MNT_EXPIRE together with MNT_FORCE or MNT_DETACH.
#[claim(source = "umount(2) ERRORS", needs = [Root])]
fn expiry_excludes_force_and_detach() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?;
    let both = MntFlags::MNT_FORCE | MntFlags::MNT_DETACH;
    for more in [MntFlags::MNT_FORCE, MntFlags::MNT_DETACH, both] {
        for _ in 0..2 {
            expect_errno!(tree.umount_by("a", MntFlags::MNT_EXPIRE | more), EINVAL, "with {more:?}");
        }
    }
    let with_no_follow = || tree.umount_by("a", MntFlags::MNT_EXPIRE | MntFlags::UMOUNT_NOFOLLOW);
    expect_errno!(with_no_follow(), EAGAIN, "with UMOUNT_NOFOLLOW");
    expect_ok!(with_no_follow(), "with UMOUNT_NOFOLLOW, the second time");
    tree.tmpfs("a")?;
    expect_ok!(tree.umount_by("a", both), "MNT_FORCE and MNT_DETACH alone");
    holds()
}

/// The names in an open directory, sorted.
fn names(directory: impl AsFd) -> Outcome<Vec<String>> {
    let path = format!("/proc/self/fd/{}", directory.as_fd().as_raw_fd());
    let listed = fs::read_dir(&path).doing("list an open directory")?;
    let mut names: Vec<_> = listed.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}
