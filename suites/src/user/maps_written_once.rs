//! A new user namespace's maps are empty, and are written once, from the start of the file: `user_namespaces(7)`,
//! Defining user and group ID mappings: writing to uid_map and gid_map.

use std::fs;
use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{MapFile, Newborn, Writer, write_once};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::uio::pwrite;
use nix::unistd::{Whence, getegid, geteuid, lseek};

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    maps_start_empty,
    initial_map_is_identity,
    map_written_once,
    map_second_write_same_fd_einval,
    map_write_at_offset_einval,
    map_pwrite_espipe,
];

/// A new user namespace maps no user, group or project ID: its three maps are empty.
#[claim(
    source = ["user_namespaces(7) User and group ID mappings: uid_map and gid_map", "proc_pid_uid_map(5)"],
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn maps_start_empty() -> Verdict {
    unprivileged(NONE, || {
        let made = waiting(CLONE_NEWUSER)?;
        let unshared = Newborn::new()?;
        for file in MapFile::MAPS {
            expect_ne!(file.read("self")?, "", "{file:?} map of the creator");
            expect_eq!(file.read(made.pid())?, "", "{file:?} map after clone");
            expect_eq!(unshared.read(file)?, "", "{file:?} map after unshare");
            let seen_inside = child(CLONE_NEWUSER, || file.read("self"))?;
            expect_eq!(seen_inside, "", "{file:?} map, read by a member");
        }
        holds()
    })
}

/// In the initial user namespace all three maps are `0 0 4294967295`: every ID but the last is mapped to itself.
#[claim(
    source = "user_namespaces(7) User and group ID mappings: uid_map and gid_map",
    needs = [Behaviour(AT_THE_TOP)],
)]
fn initial_map_is_identity() -> Verdict {
    for file in MapFile::MAPS {
        let text = fs::read_to_string(file.path("self"))?;
        expect_eq!(text, "         0          0 4294967295\n", "{file:?} map");
    }
    holds()
}

/// A map can be written once: a second write fails with EPERM, where a first one that was refused does not count.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_written_once() -> Verdict {
    unprivileged(NONE, || {
        for writer in [Writer::Itself, Writer::Caller] {
            let process = Newborn::new()?;
            process.write(MapFile::Setgroups, "deny", writer)?.doing("deny setgroups")?;
            // One after the other: each map counts for itself.
            for file in MapFile::MAPS {
                let text = own_line(file);
                let what = format!("{file:?} map, by {writer:?}");
                expect_errno!(process.write(file, "nonsense", writer)?, EINVAL, "{what}");
                expect_eq!(process.read(file)?, "", "{what}, after nonsense");
                expect_ok!(process.write(file, &text, writer)?, "{what}, first");
                expect_errno!(process.write(file, &text, writer)?, EPERM, "{what}, again");
                expect_errno!(process.write(file, "nonsense", writer)?, EPERM, "{what}, nonsense");
                expect_eq!(process.read(file)?, text, "{what}");
            }
        }
        holds()
    })
}

/// A second write() on one descriptor of a map fails with EINVAL, as the file offset is not 0; after lseek() to the start it
/// fails with EPERM.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_second_write_same_fd_einval() -> Verdict {
    unprivileged(NONE, || {
        for_each_own_map(|text, map| {
            expect_ok!(write_once(map, text), "the first");
            expect_errno!(write_once(map, text), EINVAL, "the second");
            lseek(map, 0, Whence::SeekSet).doing("rewind")?;
            expect_errno!(write_once(map, text), EPERM, "the second, rewound");
            Ok(())
        })?;
        holds()
    })
}

/// A write() to a map at another file offset than 0 fails with EINVAL and maps nothing.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_write_at_offset_einval() -> Verdict {
    unprivileged(NONE, || {
        for_each_own_map(|text, map| {
            lseek(map, 1, Whence::SeekSet).doing("seek")?;
            expect_errno!(write_once(map, text), EINVAL, "at 1");
            lseek(map, 0, Whence::SeekSet).doing("rewind")?;
            expect_ok!(write_once(map, text), "at 0");
            Ok(())
        })?;
        holds()
    })
}

/// A pwrite() to a map fails with ESPIPE, even at offset 0.
#[claim(
    source = [
        "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
        "fs/seq_file.c seq_open",
    ],
    needs = [UserNamespaces, Behaviour(AT_THE_TOP)],
    erratum = "user_namespaces(7), Defining user and group ID mappings: writing to a map by pwrite(2) at an offset other \
               than 0 fails with EINVAL.",
    quote = "pwrite(2) can't be used to write to nonzero offsets in the file",
)]
fn map_pwrite_espipe() -> Verdict {
    unprivileged(NONE, || {
        let ordinary = memfd_create("ordinary", MFdFlags::MFD_CLOEXEC).doing("memfd_create")?;
        for_each_own_map(|text, map| {
            for offset in [0, 1] {
                expect_errno!(pwrite(map, text.as_bytes(), offset), ESPIPE, "at {offset}");
                pwrite(&ordinary, text.as_bytes(), offset).doing("pwrite to an ordinary file")?;
            }
            expect_ok!(write_once(map, text), "by write()");
            Ok(())
        })?;
        holds()
    })
}

/// What an ordinary user may write to one of the maps: the own ID as 0.
fn own_line(file: MapFile) -> String {
    format!("0 {} 1", if file == MapFile::Gid { getegid().as_raw() } else { geteuid().as_raw() })
}

/// Carries `body` out for each of the three maps of a fresh user namespace, as a member of it: with a text that the
/// map takes, and the map opened for writing.
fn for_each_own_map(body: impl Fn(&str, &OwnedFd) -> Outcome<()>) -> Outcome<()> {
    for file in MapFile::MAPS {
        let text = own_line(file);
        child(CLONE_NEWUSER, || {
            MapFile::Setgroups.write("self", "deny").doing("deny setgroups")?;
            let map = file.open("self").doing(format!("open {}", file.path("self")))?;
            body(&text, &map).doing(format!("{file:?} map"))
        })?;
    }
    Ok(())
}
