//! What a map shows to which process: `user_namespaces(7)`, User and group ID mappings: uid_map and gid_map, and Unmapped
//! user and group IDs.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;

use kit::mounts::bind;
use kit::prelude::*;
use kit::process::{MapFile, NOBODY, Newborn, Writer, as_user, become_root_inside, tidy, user_namespace_with};
use nix::unistd::{Pid, getegid, geteuid};

use super::files::mode_at;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    map_files_world_readable,
    map_second_field_in_readers_namespace,
    map_second_field_in_parent_for_members,
    map_unmapped_shown_as_minus_one,
    map_view_fixed_at_open,
    those_who_join_have_the_maps_of_the_namespace,
];

/// Every user can read the three maps and the `setgroups` file of a process; opening them for writing fails with EACCES for
/// other users than the process's.
///
/// Their mode is 0644.
#[claim(source = "fs/proc/base.c", needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)])]
fn map_files_world_readable() -> Verdict {
    let process = Newborn::of_user(NOBODY)?;
    let pid = process.pid();
    for file in MapFile::MAPS.into_iter().chain([MapFile::Setgroups]) {
        if file != MapFile::Setgroups {
            process.write(file, "0 5000 1", Writer::Caller)?.doing("write a map")?;
        }
        expect_eq!(format!("{:o}", mode_at(file.path(pid))?), "644", "mode of {file:?}");
        let text = file.read(pid)?;
        let read = || fs::read_to_string(file.path(pid)).map(|text| tidy(&text));
        as_user(NOBODY, NONE, || {
            expect_eq!(expect_ok!(read()), text, "{file:?}, by the process's user");
            expect_ok!(file.open(pid), "{file:?} for writing, by the process's user");
            Ok(())
        })?;
        as_user(NOBODY + 1, NONE, || {
            expect_eq!(expect_ok!(read()), text, "{file:?}, by another user");
            expect_errno!(file.open(pid), EACCES, "{file:?} for writing, by another user");
            expect_errno!(File::open(format!("/proc/{pid}/ns/user")), EACCES, "what is not readable for all");
            Ok(())
        })?;
    }
    holds()
}

/// A process that joins a user namespace has its maps and the IDs that these give it, whichever descriptor it joined by.
///
/// By the file in `/proc`, by a bind mount of that, and by a pidfd.
#[claim(
    source = ["user_namespaces(7) Nested namespaces, namespace membership", "setns(2) fd is a PID file descriptor"],
    since = "5.8",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn those_who_join_have_the_maps_of_the_namespace() -> Verdict {
    let lines =
        |own| vec![IdMap { inside: own, outside: 0, count: 1 }, IdMap { inside: 100, outside: 100_000, count: 5 }];
    let maps = Maps { uid: lines(7), gid: lines(8), deny_setgroups: false };
    let target = user_namespace_with(&maps, NONE, Peer::wait)?;
    let (link, place) = (format!("/proc/{}/ns/user", target.pid()), "/tmp/user");
    File::create(place).doing("create a mount point")?;
    bind(&link, place)?;
    let opened = |path: &str| -> Outcome<OwnedFd> { Ok(File::open(path).doing(format!("open {path}"))?.into()) };
    let ways: [(&str, OwnedFd); 3] = [
        ("the file", opened(&link)?),
        ("the bind mount", opened(place)?),
        ("the pidfd", target.pidfd().try_clone_to_owned()?),
    ];
    for (way, fd) in &ways {
        child(NONE, || {
            expect_ok!(setns(fd, CLONE_NEWUSER), "by {way}");
            for file in [MapFile::Uid, MapFile::Gid] {
                expect_eq!(file.read("self")?, file.read(target.pid())?, "the {file:?} map, by {way}");
            }
            expect_eq!((geteuid().as_raw(), getegid().as_raw()), (7, 8), "the IDs, by {way}");
            Ok(())
        })?;
    }
    holds()
}

/// A process in another user namespace than the map's own sees the second field of the map in the IDs of its own user
/// namespace.
#[claim(
    source = "user_namespaces(7) User and group ID mappings: uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn map_second_field_in_readers_namespace() -> Verdict {
    let nested = Nested::new()?;
    for file in MapFile::MAPS {
        expect_eq!(file.read(nested.inner)?, "1000 100050 10", "{file:?} map, seen from the initial namespace");
        let from_outer = enter(nested.outer.pid(), &[Kind::User], || file.read(nested.inner))?;
        expect_eq!(from_outer, "1000 50 10", "{file:?} map, seen from the parent");
        let from_inner = enter(nested.inner, &[Kind::User], || file.read(nested.outer.pid()))?;
        let ours = "0 4294967295 65536";
        expect_eq!(from_inner, ours, "the parent's {file:?} map, whose range begins where the reader has no IDs");
    }
    holds()
}

/// A member of a user namespace sees the second field of its maps in the IDs of the parent namespace.
#[claim(
    source = "user_namespaces(7) User and group ID mappings: uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn map_second_field_in_parent_for_members() -> Verdict {
    let nested = Nested::new()?;
    for file in MapFile::MAPS {
        for (member, expected) in [(nested.inner, "1000 50 10"), (nested.outer.pid(), "0 100000 65536")] {
            let seen = enter(member, &[Kind::User], || Ok((file.read("self")?, file.read(member)?)))?;
            expect_eq!(seen, (expected.to_owned(), expected.to_owned()), "{file:?} map");
        }
        expect_eq!(file.read(nested.inner)?, "1000 100050 10", "{file:?} map, by no member");
    }
    holds()
}

/// A map shows IDs that the reader's user namespace does not map as 4294967295, not as the overflow ID.
#[claim(source = "user_namespaces(7) Unmapped user and group IDs", needs = [UserNamespaces])]
fn map_unmapped_shown_as_minus_one() -> Verdict {
    unprivileged(NONE, || {
        let mapped = Newborn::new()?;
        let maps = Maps::own_as(7);
        maps.write(&mapped.pid().to_string())?;
        for (file, lines) in [(MapFile::Uid, &maps.uid), (MapFile::Gid, &maps.gid)] {
            let seen_unmapped = child(CLONE_NEWUSER, || file.read(mapped.pid()))?;
            expect_eq!(seen_unmapped, "7 4294967295 1", "{file:?} map, read by a sibling without maps");
            let seen_mapped = user_namespace(NONE, || file.read(mapped.pid()))?;
            expect_eq!(seen_mapped, "7 0 1", "{file:?} map, read by a sibling that has the same user and group as 0");
            expect_eq!(mapped.read(file)?, format!("7 {} 1", lines[0].outside), "{file:?} map, read by the parent");
        }
        holds()
    })
}

/// A map shows IDs as they are in the user namespace that the reader was a member of when it opened the file, even if it has
/// moved to another one since.
#[claim(
    source = "user_namespaces(7) User and group ID mappings: uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn map_view_fixed_at_open() -> Verdict {
    let nested = Nested::new()?;
    for file in MapFile::MAPS {
        let mut opened = File::open(file.path(nested.inner)).doing("open the map")?;
        child(NONE, || {
            unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
            expect_eq!(file.read(nested.inner)?, "1000 4294967295 10", "{file:?} map, opened after the move");
            let mut text = String::new();
            opened.read_to_string(&mut text).doing("read the map")?;
            expect_eq!(tidy(&text), "1000 100050 10", "{file:?} map, opened before the move");
            Ok(())
        })?;
    }
    holds()
}

/// Two user namespaces, one below the other, with maps for users, groups and projects alike.
struct Nested {
    /// A member of the upper one, where 0 to 65535 are our 100000 to 165535.
    outer: Child<()>,
    /// A member of the lower one, where 1000 to 1009 are 50 to 59 of the upper one.
    inner: Pid,
}

impl Nested {
    fn new() -> Outcome<Self> {
        let outer = spawn(CLONE_NEWUSER, |outside| {
            outside.wait()?;
            become_root_inside()?;
            let inner = Newborn::new()?;
            for file in MapFile::MAPS {
                inner.write(file, "1000 50 10", Writer::Caller)?.doing("write the inner maps")?;
            }
            outside.send(&inner.pid().as_raw())?;
            outside.wait()
        })?;
        for file in MapFile::MAPS {
            file.write(outer.pid(), "0 100000 65536").doing("write the outer maps")?;
        }
        outer.go()?;
        let inner = Pid::from_raw(outer.recv()?);
        Ok(Self { outer, inner })
    }
}
