//! The owners of files, seen and made in a user namespace: `user_namespaces(7)`, User and group ID mappings, Accessing
//! files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::process::{container, map_self};
use kit::sysctl::sysctl;
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, getegid, geteuid, mkdtemp, mkfifo, setfsgid, setfsuid};

use super::files::{file_of, owners_at};
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    file_ids_translate_both_ways,
    unmapped_creator_keeps_host_id,
    unmapped_creation_on_own_tmpfs_eoverflow,
    mapped_root_is_not_host_root_for_files,
];

/// In a user namespace, files show the IDs to which their owners are mapped, and new files belong to the IDs that their
/// creator has outside.
///
/// Owners that are not mapped show as the overflow IDs.
#[claim(
    source = [
        "user_namespaces(7) User and group ID mappings: uid_map and gid_map",
        "user_namespaces(7) Accessing files",
        "What's in a name(space)?",
    ],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn file_ids_translate_both_ways() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    let theirs = file_of("/tmp/theirs", (100_007, 100_008), 0o644)?;
    let halves = file_of("/tmp/halves", (100_007, 9), 0o644)?;
    let roots = file_of("/tmp/roots", (0, 0), 0o644)?;
    container(100_000, NONE, || {
        expect_eq!(owners_at(&theirs)?, (7, 8), "a file of users of the namespace");
        expect_eq!(owners_at(&halves)?, (7, overflow.1), "a file of a user of the namespace and a group that is none");
        expect_eq!(owners_at(&roots)?, overflow, "a file of root outside");
        File::create("/tmp/made").doing("create a file as root")?;
        expect_eq!(owners_at("/tmp/made")?, (0, 0), "a file that root inside made, seen inside");
        setfsgid(Gid::from_raw(6));
        setfsuid(Uid::from_raw(5));
        fs::create_dir("/tmp/made-by-5").doing("create a directory as user 5")?;
        expect_eq!(owners_at("/tmp/made-by-5")?, (5, 6), "a directory that user 5 and group 6 made, seen inside");
        Ok(())
    })?;
    expect_eq!(owners_at("/tmp/made")?, (100_000, 100_000), "a file that root inside made, seen outside");
    expect_eq!(owners_at("/tmp/made-by-5")?, (100_005, 100_006), "a directory that user 5 made, seen outside");
    expect_eq!(owners_at(&theirs)?, (100_007, 100_008), "a file of users of the namespace, seen outside");
    holds()
}

/// On a file system that was mounted outside, a process whose IDs are not mapped in its user namespace creates files that
/// belong to its IDs outside.
///
/// Inside, they show as the overflow IDs.
#[claim(source = "user_namespaces(7) Accessing files", needs = [UserNamespaces, Behaviour(AT_THE_TOP)])]
fn unmapped_creator_keeps_host_id() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    unprivileged(NONE, || {
        let own = (geteuid().as_raw(), getegid().as_raw());
        let folder = mkdtemp("/tmp/nsproof-XXXXXX").doing("create a directory")?;
        let (file, beside) = (folder.join("file"), folder.join("folder"));
        let inside = child(CLONE_NEWUSER, || {
            expect_ok!(File::create(&file));
            expect_ok!(fs::create_dir(&beside));
            expect_eq!((owners_at(&file)?, owners_at(&beside)?), (overflow, overflow), "seen inside");
            Ok(())
        });
        let seen = (owners_at(&file), owners_at(&beside));
        fs::remove_dir_all(&folder).doing("remove the directory")?;
        inside?;
        expect_eq!((seen.0?, seen.1?), (own, own), "seen outside");
        holds()
    })
}

/// On a tmpfs that a user namespace mounted, creating files of any kind fails with EOVERFLOW for processes whose IDs are not
/// mapped there.
#[claim(source = "fs/namei.c may_create", needs = [UserNamespaces])]
fn unmapped_creation_on_own_tmpfs_eoverflow() -> Verdict {
    unprivileged(NONE, || {
        let maps = Maps::own_as_root();
        unshare(CLONE_NEWUSER | CLONE_NEWNS).doing("unshare a user and a mount namespace")?;
        tmpfs("/mnt")?;
        for (what, answer) in make_one_of_each() {
            expect_errno!(answer, EOVERFLOW, "{what}, before the maps");
        }
        map_self(&maps)?;
        for (what, answer) in make_one_of_each() {
            expect_ok!(answer, "{what}, after the maps");
            expect_eq!(owners_at(format!("/mnt/{what}"))?, (0, 0), "{what}");
        }
        holds()
    })
}

/// Root of a user namespace can write a file that only root outside may write only if it is user 0 outside as well;
/// otherwise opening it fails with EACCES.
#[claim(
    source = ["user_namespaces(7) Accessing files", "What's in a name(space)?"],
    needs = [Root, UserNamespaces],
)]
fn mapped_root_is_not_host_root_for_files() -> Verdict {
    let roots = file_of("/tmp/roots", (0, 0), 0o644)?;
    let write = || OpenOptions::new().write(true).open(&roots);
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            expect_errno!(write(), EACCES, "to write, where root is a user outside");
            expect_ok!(File::open(&roots), "to read, where root is a user outside");
            Ok(())
        })
    })?;
    user_namespace(NONE, || {
        expect_ok!(write(), "where root is root outside");
        Ok(())
    })?;
    expect_ok!(write(), "by root outside");
    holds()
}

/// What comes of making a file of each kind on `/mnt` that takes no privilege.
fn make_one_of_each() -> [(&'static str, io::Result<()>); 5] {
    [
        ("file", File::create("/mnt/file").map(drop)),
        ("folder", fs::create_dir("/mnt/folder")),
        ("link", symlink("anything", "/mnt/link")),
        ("pipe", mkfifo("/mnt/pipe", Mode::S_IRWXU).map_err(io::Error::from)),
        ("socket", UnixListener::bind("/mnt/socket").map(drop)),
    ]
}
