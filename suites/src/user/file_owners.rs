//! Whom files belong to, seen and made through a user namespace: `user_namespaces(7)`, User and group ID mappings,
//! Accessing files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::symlink;

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

/// Files of outside belong to mapped IDs inside, and what a user inside makes belongs to whom that user is outside.
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

/// Who is not mapped in the own user namespace still makes files as the user of outside, on what is mounted outside.
#[claim(source = "user_namespaces(7) Accessing files", needs = [UserNamespaces, Behaviour(AT_THE_TOP)])]
fn unmapped_creator_keeps_host_id() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    unprivileged(NONE, || {
        let own = (geteuid().as_raw(), getegid().as_raw());
        let folder = mkdtemp("/tmp/nsproof-XXXXXX").doing("create a directory")?;
        let (file, beside) = (folder.join("file"), folder.join("folder"));
        let inside = child(CLONE_NEWUSER, || {
            expect_eq!(geteuid().as_raw(), overflow.0, "the creator");
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

/// On a tmpfs that a user namespace has mounted itself, those whom it does not map can make nothing: EOVERFLOW.
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

/// Root of a user namespace is to outer files whom he is outside: what only root may write, he may only when he is root.
#[claim(
    source = ["user_namespaces(7) Accessing files", "What's in a name(space)?"],
    needs = [Root, UserNamespaces],
)]
fn mapped_root_is_not_host_root_for_files() -> Verdict {
    let roots = file_of("/tmp/roots", (0, 0), 0o644)?;
    let write = || OpenOptions::new().write(true).open(&roots);
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            expect!(geteuid().is_root());
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

/// What comes of making a file, a directory, a link and a pipe on `/mnt`.
fn make_one_of_each() -> [(&'static str, io::Result<()>); 4] {
    [
        ("file", File::create("/mnt/file").map(drop)),
        ("folder", fs::create_dir("/mnt/folder")),
        ("link", symlink("anything", "/mnt/link")),
        ("pipe", mkfifo("/mnt/pipe", Mode::S_IRWXU).map_err(io::Error::from)),
    ]
}
