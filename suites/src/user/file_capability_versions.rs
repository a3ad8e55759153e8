//! What is stored and shown of file capabilities that are written in a user namespace: `capabilities(7)`, File
//! capability extended attribute versioning.

use std::fs::File;
use std::os::fd::AsRawFd;

use kit::file_capability::FileCapability;
use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::process::{container, container_with, user_namespace_with, without};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::geteuid;
use rustix::thread::CapabilitySet;

use super::files::file_of;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    fscaps_written_inside_become_v3,
    fscaps_v3_shown_as_v2_inside,
    fscaps_written_below_by_the_same_root,
    fscaps_v3_eoverflow_for_unrelated_ns,
    fscaps_rewrite_changes_version,
    fscaps_write_needs_mapped_inode,
    fscaps_write_needs_mapped_root,
    fscaps_on_own_mount_stay_v2,
];

const FILE: &str = "/tmp/file";

/// File capabilities that root of a user namespace writes are stored as version 3, with the user ID that this root has
/// outside.
#[claim(
    source = [
        "capabilities(7) File capability extended attribute versioning",
        "capabilities(7) Namespaced file capabilities",
    ],
    since = "4.14",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_written_inside_become_v3() -> Verdict {
    for first in [100_000, 99_500] {
        file_of(FILE, (100_005, 100_005), 0o755)?;
        write_in(first)?;
        expect_eq!(expect_ok!(FileCapability::read(FILE)), ONE.of_root(first), "after root inside wrote version 2");
    }
    expect_ok!(ONE.write(FILE));
    expect_eq!(expect_ok!(FileCapability::read(FILE)), ONE, "after root outside wrote version 2");
    holds()
}

/// A version 3 attribute is shown as version 2 in the user namespace whose root it names, and in those below that do not map
/// that root.
///
/// A namespace that maps it to another user than its own root is shown version 3, with that user's ID.
#[claim(
    source = [
        "capabilities(7) File capability extended attribute versioning",
        "security/commoncap.c cap_inode_getsecurity",
    ],
    since = "4.14",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_v3_shown_as_v2_inside() -> Verdict {
    file_of(FILE, (100_005, 100_005), 0o755)?;
    ONE.of_root(100_000).write(FILE).doing("write version 3")?;
    let above = container_with(&Maps::range(100_000, 2000), NONE, |_| {
        expect_eq!(expect_ok!(FileCapability::read(FILE)), ONE, "in the namespace itself");
        expect_eq!(container(0, NONE, seen)?, ONE, "below, with the same root");
        expect_eq!(container(1000, NONE, seen)?, ONE, "below, where root of above is not mapped");
        let lines = vec![line(0, 1000, 10), line(500, 0, 1)];
        let maps = Maps { uid: lines.clone(), gid: lines, deny_setgroups: false };
        let below = container_with(&maps, NONE, |_| seen())?;
        expect_eq!(below.join()?, ONE.of_root(500), "below, where root of above is 500");
        Ok(())
    })?;
    above.join()?;
    expect_eq!(expect_ok!(FileCapability::read(FILE)), ONE.of_root(100_000), "outside");
    holds()
}

/// File capabilities that root of a nested user namespace writes are stored with that root's ID outside, whether or not it is the root
/// of the namespace above.
#[claim(
    source = "capabilities(7) File capability extended attribute versioning",
    since = "4.14",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_written_below_by_the_same_root() -> Verdict {
    for (first, outside) in [(0, 100_000), (1000, 101_000)] {
        file_of(FILE, (outside + 5, outside + 5), 0o755)?;
        let above = container_with(&Maps::range(100_000, 2000), NONE, |_| {
            container(first, NONE, || {
                expect_ok!(ONE.write(FILE), "by root of {first} above");
                expect_eq!(expect_ok!(FileCapability::read(FILE)), ONE, "as its writer reads it");
                Ok(())
            })
        })?;
        above.join()?;
        expect_eq!(expect_ok!(FileCapability::read(FILE)), ONE.of_root(outside), "outermost, by root of {first} above");
    }
    holds()
}

/// Reading a version 3 attribute fails with EOVERFLOW in a user namespace that does not map the root that it names, and is
/// not below that root's.
#[claim(
    source = "security/commoncap.c cap_inode_getsecurity",
    since = "4.14",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_v3_eoverflow_for_unrelated_ns() -> Verdict {
    file_of(FILE, (200_005, 200_005), 0o755)?;
    ONE.of_root(100_000).write(FILE).doing("write version 3")?;
    container(200_000, NONE, || {
        expect_errno!(FileCapability::read(FILE), EOVERFLOW, "where root is user 200000");
        Ok(())
    })?;
    expect_eq!(container(100_000, NONE, seen)?, ONE, "where root is that user");
    ONE.of_root(200_000).write(FILE).doing("write version 3")?;
    expect_eq!(container(200_000, NONE, seen)?, ONE, "where root is user 200000, of an attribute that names this one");
    holds()
}

/// A version 2 attribute that root of a user namespace writes again becomes version 3; written again by root outside, it
/// becomes version 2.
#[claim(
    source = "capabilities(7) File capability extended attribute versioning",
    since = "4.14",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_rewrite_changes_version() -> Verdict {
    file_of(FILE, (100_005, 100_005), 0o755)?;
    let shown = || FileCapability::read(FILE);
    expect_ok!(ONE.write(FILE), "by root outside");
    expect_eq!(expect_ok!(shown()), ONE, "written by root outside");
    write_in(100_000)?;
    expect_eq!(expect_ok!(shown()), ONE.of_root(100_000), "written again by root inside");
    write_in(99_500)?;
    expect_eq!(expect_ok!(shown()), ONE.of_root(99_500), "written again by root of another namespace");
    expect_ok!(ONE.write(FILE), "by root outside");
    expect_eq!(expect_ok!(shown()), ONE, "written again by root outside");
    holds()
}

/// Writing file capabilities in a user namespace requires CAP_SETFCAP there and that the file's user and group are mapped;
/// otherwise it fails with EPERM.
#[claim(
    source = "capabilities(7) File capability extended attribute versioning",
    since = "4.14",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_write_needs_mapped_inode() -> Verdict {
    for owners in [(0, 0), (100_005, 0), (0, 100_005)] {
        file_of(FILE, owners, 0o777)?;
        container(100_000, NONE, || {
            expect_errno!(ONE.write(FILE), EPERM, "a file of {owners:?}");
            Ok(())
        })?;
    }
    file_of(FILE, (100_005, 100_005), 0o777)?;
    container(100_000, NONE, || {
        without(CapabilitySet::SETFCAP, NONE, || {
            expect_errno!(ONE.write(FILE), EPERM, "without CAP_SETFCAP");
            Ok(())
        })?;
        expect_ok!(ONE.write(FILE), "with CAP_SETFCAP");
        holds()
    })
}

/// In a user namespace that maps no user 0, writing file capabilities fails with EINVAL, as there is no root to name.
#[claim(
    source = "security/commoncap.c cap_convert_nscap",
    since = "4.14",
    needs = [UserNamespaces, Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_write_needs_mapped_root() -> Verdict {
    unprivileged(NONE, || {
        let own = geteuid().as_raw();
        let file = memfd_create("owned", MFdFlags::MFD_CLOEXEC).doing("memfd_create")?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        as_id(5, NONE, || {
            expect_errno!(ONE.write(&path), EINVAL, "as user 5");
            Ok(())
        })?;
        as_id(0, NONE, || {
            expect_ok!(ONE.write(&path), "as user 0");
            Ok(())
        })?;
        expect_eq!(expect_ok!(FileCapability::read(&path)), ONE.of_root(own), "written as user 0");
        holds()
    })
}

/// On a file system that the user namespace mounted, file capabilities that are written as version 2 stay so: a namespace
/// without a user 0 can write them, too.
#[claim(
    source = [
        "capabilities(7) File capability extended attribute versioning",
        "security/commoncap.c cap_convert_nscap",
    ],
    since = "4.14",
    needs = [UserNamespaces, Config("TMPFS_XATTR")],
)]
fn fscaps_on_own_mount_stay_v2() -> Verdict {
    unprivileged(NONE, || {
        for id in [0, 5] {
            as_id(id, CLONE_NEWNS, || {
                tmpfs("/mnt")?;
                File::create("/mnt/file").doing("create a file")?;
                expect_ok!(ONE.write("/mnt/file"), "as user {id}");
                if id == 0 {
                    expect_eq!(expect_ok!(FileCapability::read("/mnt/file")), ONE, "as user 0");
                }
                Ok(())
            })?;
        }
        holds()
    })
}

/// What is written: one permitted capability, version 2.
const ONE: FileCapability = FileCapability::permitted(CapabilitySet::NET_RAW);

/// Writes it to the file as root of a user namespace that is this user outside.
fn write_in(first: u32) -> Outcome<()> {
    container(first, NONE, || {
        expect_ok!(ONE.write(FILE), "by root who is {first} outside");
        Ok(())
    })
}

/// Runs `body` in a new user namespace in which the caller is user and group `id`.
fn as_id(id: u32, flags: CloneFlags, body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    user_namespace_with(&Maps::own_as(id), flags, |_| body())?.join()
}

/// What the file shows the caller.
fn seen() -> Outcome<FileCapability> {
    FileCapability::read(FILE).doing("read a file capability")
}

fn line(inside: u32, outside: u32, count: u32) -> IdMap {
    IdMap { inside, outside, count }
}
