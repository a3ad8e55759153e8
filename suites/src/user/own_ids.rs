//! Which IDs of the parent namespace a map may name, and who may map which: `user_namespaces(7)`, Defining user and
//! group ID mappings: writing to uid_map and gid_map.

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

/// A map can name only IDs that the parent namespace has mapped: one of them missing there makes it EPERM.
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

/// Each range of a map must lie within one range of the parent's map: to span two that are adjacent is EPERM.
#[claim(
    source = [
        "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
        "kernel/user_namespace.c map_id_range_down",
    ],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
    erratum = "user_namespaces(7): a range may be mapped when all of its IDs are mapped in the parent user namespace.",
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

/// An ordinary user may map his own user ID, and to any ID that he likes inside.
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
        expect_eq!(user_namespace(NONE, || Ok(geteuid().as_raw()))?, 0, "as whom he then runs inside");
        holds()
    })
}

/// An ordinary user may not map another's ID, nor several, nor his own in more than one line: EPERM.
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

/// The own ID that anybody may map is the effective one: the real or the saved one is EPERM, for users and groups.
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

/// Only the owner of a namespace may map his own ID there: whoever else has all power over it but CAP_SETUID gets EPERM.
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
        expect_errno!(others.write(file, "5 0 1", root_without)?, EPERM, "the {file:?} map of somebody else's");
        expect_ok!(own.write(file, "5 0 1", root_without)?, "the {file:?} map of root's own");
        expect_ok!(
            others.write(file, "5 0 1", Writer::Caller)?,
            "the {file:?} map of somebody else's, with {set_id:?}"
        );
    }
    holds()
}

/// The owner may map his own ID from the parent namespace, too; another user cannot even open the file: EACCES.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_parent_owner_may_write() -> Verdict {
    let process = Newborn::of_user(NOBODY)?;
    let (own, other) = (format!("0 {NOBODY} 1"), format!("0 {} 1", NOBODY + 1));
    expect_errno!(process.write(MapFile::Uid, &own, Writer::User(NOBODY + 1))?, EACCES, "by a stranger");
    expect_errno!(process.write(MapFile::Uid, &other, Writer::User(NOBODY + 1))?, EACCES, "by a stranger, his own");
    expect_errno!(process.write(MapFile::Uid, &other, Writer::User(NOBODY))?, EPERM, "a stranger, by the owner");
    expect_ok!(process.write(MapFile::Uid, &own, Writer::User(NOBODY))?, "by the owner");
    expect_eq!(process.read(MapFile::Uid)?, own);
    holds()
}

/// With CAP_SETUID, and for groups CAP_SETGID, in the parent namespace one may map any IDs for somebody else: else EPERM.
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
        let process = Newborn::of_user(NOBODY)?;
        let answer = process.write(file, text, Writer::CallerWithout(needed))?;
        expect_errno!(answer, EPERM, "the {file:?} map without {needed:?}");
        expect_ok!(process.write(file, text, Writer::CallerWithout(other))?, "the {file:?} map without {other:?}");
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
