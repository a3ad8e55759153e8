//! Which IDs of the parent namespace a map may name, and which process may map which: `user_namespaces(7)`, Defining user
//! and group ID mappings: writing to uid_map and gid_map.

use kit::prelude::*;
use kit::process::{MapFile, NOBODY, Newborn, Writer, become_root_inside};
use nix::unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid};
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    map_ids_must_be_mapped_in_parent,
    map_range_must_fit_one_parent_extent,
    map_own_uid_unprivileged,
    map_other_uid_unprivileged_eperm,
    map_own_id_means_effective,
    map_own_id_is_for_the_owner_alone,
    map_parent_owner_may_write,
    map_arbitrary_with_cap_setuid,
];

/// A map can name only IDs that the parent namespace maps; if one of them is not mapped there, the write fails with EPERM.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn map_ids_must_be_mapped_in_parent() -> Verdict {
    below(&["0 100000 65536"], |process| {
        for file in MapFile::MAPS {
            for text in ["0 65536 1", "0 65535 2", "7 70000 1", "0 0 65537", "0 0 1\n1 65536 1", "0 100000 1"] {
                expect_errno!(process.write(file, text, Writer::Caller)?, EPERM, "«{text}» to the {file:?} map");
            }
            expect_ok!(process.write(file, "7 65535 1\n0 0 5", Writer::Caller)?, "the {file:?} map");
            expect_eq!(process.read(file)?, "7 65535 1\n0 0 5");
        }
        holds()
    })
}

/// Each range of a map must lie within one range of the parent's map; a range that spans two adjacent ones fails with EPERM.
#[claim(
    source = [
        "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
        "kernel/user_namespace.c map_id_range_down",
    ],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
    erratum = "user_namespaces(7), Defining user and group ID mappings: a range may be mapped when all of its IDs are mapped \
               in the parent user namespace.",
    quote = "The mapped user IDs (group IDs) must in turn have a mapping",
)]
fn map_range_must_fit_one_parent_extent() -> Verdict {
    for file in MapFile::MAPS {
        below(&["0 100000 10", "10 100010 10"], |process| {
            for text in ["0 5 10", "0 0 20", "0 9 2"] {
                expect_errno!(process.write(file, text, Writer::Caller)?, EPERM, "«{text}» below two ranges");
            }
            expect_ok!(process.write(file, "0 0 10\n10 10 10", Writer::Caller)?, "in two ranges, the {file:?} map");
            holds()
        })?;
        below(&["0 100000 20"], |process| {
            expect_ok!(process.write(file, "0 5 10", Writer::Caller)?, "below one range, the {file:?} map");
            holds()
        })?;
    }
    holds()
}

/// An unprivileged process can map its own user ID to any ID inside.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [UserNamespaces],
)]
fn map_own_uid_unprivileged() -> Verdict {
    unprivileged(NONE, || {
        let own = geteuid().as_raw();
        for inside in [0, 5, own, 4_294_967_294] {
            let process = Newborn::new()?;
            let (another, text) = (format!("{inside} {} 1", own + 1), format!("{inside} {own} 1"));
            expect_errno!(process.write(MapFile::Uid, &another, Writer::Itself)?, EPERM, "«{another}»");
            expect_ok!(process.write(MapFile::Uid, &text, Writer::Itself)?, "«{text}»");
            expect_eq!(process.read(MapFile::Uid)?, text);
        }
        holds()
    })
}

/// An unprivileged process can map neither another user's ID nor more than one ID: writing such a `uid_map` fails with EPERM.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [UserNamespaces],
)]
fn map_other_uid_unprivileged_eperm() -> Verdict {
    unprivileged(NONE, || {
        let own = geteuid().as_raw();
        let (next, previous) = (own + 1, own - 1);
        let process = Newborn::new()?;
        for text in [
            format!("0 {next} 1"),
            "0 0 1".to_owned(),
            format!("0 {own} 2"),
            format!("0 {previous} 2"),
            format!("0 {own} 1\n1 {next} 1"),
            format!("1 {next} 1\n0 {own} 1"),
        ] {
            for writer in [Writer::Itself, Writer::Caller] {
                expect_errno!(process.write(MapFile::Uid, &text, writer)?, EPERM, "«{text}» by {writer:?}");
            }
        }
        expect_ok!(process.write(MapFile::Uid, &format!("0 {own} 1"), Writer::Itself)?);
        holds()
    })
}

/// The ID that an unprivileged process can map as its own is the effective one; mapping the real or the saved one fails with
/// EPERM.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_own_id_means_effective() -> Verdict {
    let (real, effective, saved) = (NOBODY, NOBODY + 1, NOBODY + 2);
    let process = Newborn::made_after(|| {
        setgroups(&[]).doing("setgroups")?;
        setresgid(Gid::from_raw(real), Gid::from_raw(effective), Gid::from_raw(saved)).doing("setresgid")?;
        setresuid(Uid::from_raw(real), Uid::from_raw(effective), Uid::from_raw(saved)).doing("setresuid")?;
        nix::sys::prctl::set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")
    })?;
    process.write(MapFile::Setgroups, "deny", Writer::Itself)?.doing("deny setgroups")?;
    for file in [MapFile::Uid, MapFile::Gid] {
        for (id, whose) in [(real, "real"), (saved, "saved")] {
            let answer = process.write(file, &format!("0 {id} 1"), Writer::Itself)?;
            expect_errno!(answer, EPERM, "the {whose} ID in the {file:?} map");
        }
        let answer = process.write(file, &format!("0 {effective} 1"), Writer::Itself)?;
        expect_ok!(answer, "the effective ID in the {file:?} map");
    }
    holds()
}

/// Without CAP_SETUID in the parent, only the owner of a user namespace can map its own ID there; for another user the write
/// fails with EPERM.
///
/// The same holds for groups and CAP_SETGID. The other user here has all other capabilities.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, UserNamespaces, Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_own_id_is_for_the_owner_alone() -> Verdict {
    for (file, set_id) in [(MapFile::Uid, CapabilitySet::SETUID), (MapFile::Gid, CapabilitySet::SETGID)] {
        let (others, own) = (Newborn::of_user(NOBODY)?, Newborn::new()?);
        for process in [&others, &own] {
            process.write(MapFile::Setgroups, "deny", Writer::Caller)?.doing("deny setgroups")?;
        }
        let root_without = Writer::CallerWithout(set_id);
        expect_errno!(
            others.write(file, "5 0 1", root_without)?,
            EPERM,
            "the {file:?} map of another user's namespace"
        );
        expect_ok!(own.write(file, "5 0 1", root_without)?, "the {file:?} map of root's own namespace");
        expect_ok!(
            others.write(file, "5 0 1", Writer::Caller)?,
            "the {file:?} map of another user's namespace, with {set_id:?}"
        );
    }
    holds()
}

/// The owner of a user namespace can map its own ID from the parent namespace, too; for another user, opening the file fails
/// with EACCES.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_parent_owner_may_write() -> Verdict {
    let process = Newborn::of_user(NOBODY)?;
    let (own, other) = (format!("0 {NOBODY} 1"), format!("0 {} 1", NOBODY + 1));
    expect_errno!(
        process.write(MapFile::Uid, &own, Writer::User(NOBODY + 1))?,
        EACCES,
        "the owner's ID, by another user"
    );
    expect_errno!(
        process.write(MapFile::Uid, &other, Writer::User(NOBODY + 1))?,
        EACCES,
        "another user's ID, by that user"
    );
    expect_errno!(process.write(MapFile::Uid, &other, Writer::User(NOBODY))?, EPERM, "another user's ID, by the owner");
    expect_ok!(process.write(MapFile::Uid, &own, Writer::User(NOBODY))?, "the owner's ID, by the owner");
    expect_eq!(process.read(MapFile::Uid)?, own);
    holds()
}

/// CAP_SETUID in the parent namespace, or CAP_SETGID for groups, alone allows the owner to map any IDs; without it the write
/// fails with EPERM.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_arbitrary_with_cap_setuid() -> Verdict {
    let text = "0 4242 77\n1000 5000 1";
    for (file, needed, other) in [
        (MapFile::Uid, CapabilitySet::SETUID, CapabilitySet::SETGID),
        (MapFile::Gid, CapabilitySet::SETGID, CapabilitySet::SETUID),
    ] {
        let process = Newborn::new()?;
        for refused in [Writer::CallerWithout(needed), Writer::CallerWith(other)] {
            expect_errno!(process.write(file, text, refused)?, EPERM, "the {file:?} map by {refused:?}");
        }
        expect_ok!(process.write(file, text, Writer::CallerWith(needed))?, "the {file:?} map with {needed:?} alone");
        expect_eq!(process.read(file)?, text);
    }
    holds()
}

/// Carries `body` out in a user namespace whose three maps consist of these lines, on a process in a new one below it.
fn below(lines: &[&str], body: impl FnOnce(&Newborn) -> Verdict) -> Verdict {
    let parent = spawn(CLONE_NEWUSER, |outside| {
        outside.wait()?;
        become_root_inside()?;
        body(&Newborn::new()?)
    })?;
    for file in MapFile::MAPS {
        file.write(parent.pid(), &lines.join("\n")).doing(format!("write the parent's {file:?} map"))?;
    }
    parent.go()?;
    parent.join()
}
