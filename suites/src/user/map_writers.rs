//! What writing a map requires: capabilities, the writer's own namespace, and whose credentials count.
//! `user_namespaces(7)`, Defining user and group ID mappings: writing to uid_map and gid_map.

use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{
    MapFile, NOBODY, Newborn, Writer, as_user, become_root_inside, become_user, user_namespace_with, with_only,
    without, write_once,
};
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    map_writer_needs_no_setuid_in_target,
    map_writer_needs_sys_admin_in_target,
    map_writer_must_be_in_parent_or_target,
    map_of_initial_userns_not_writable,
    map_permission_follows_opener,
    map_arbitrary_needs_cap_of_writer_too,
    map_root_needs_setfcap_from_parent,
    map_root_needs_creators_setfcap,
];

/// In the user namespace whose map it writes, a process needs neither CAP_SETUID nor CAP_SETGID: CAP_SYS_ADMIN alone is
/// enough.
#[claim(
    source = [
        "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
        "kernel/user_namespace.c map_write",
    ],
    needs = [UserNamespaces],
    erratum = "user_namespaces(7), Defining user and group ID mappings: the writing process must have CAP_SETUID \
               (CAP_SETGID) in the user namespace of the process whose map it is.",
    quote = "The writing process must have the CAP_SETUID (CAP_SETGID) capability in the user namespace of the process",
)]
fn map_writer_needs_no_setuid_in_target() -> Verdict {
    unprivileged(NONE, || {
        let set_ids = CapabilitySet::SETUID | CapabilitySet::SETGID;
        for enough in [Writer::ItselfWithout(set_ids), Writer::ItselfWith(CapabilitySet::SYS_ADMIN)] {
            for (file, text) in own_lines() {
                let process = Newborn::new()?;
                process.write(MapFile::Setgroups, "deny", Writer::Itself)?.doing("deny setgroups")?;
                let answer = process.write(file, &text, Writer::ItselfWith(set_ids))?;
                expect_errno!(answer, EPERM, "the {file:?} map with CAP_SETUID and CAP_SETGID alone");
                expect_ok!(process.write(file, &text, enough)?, "the {file:?} map by {enough:?}");
            }
        }
        holds()
    })
}

/// Writing `uid_map` or `gid_map` requires CAP_SYS_ADMIN in that user namespace, from inside as from the parent; without it
/// the write fails with EPERM.
#[claim(source = "kernel/user_namespace.c map_write", needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)])]
fn map_writer_needs_sys_admin_in_target() -> Verdict {
    use CapabilitySet as Cap;
    unprivileged(NONE, || {
        for (file, text) in own_lines() {
            let process = Newborn::new()?;
            process.write(MapFile::Setgroups, "deny", Writer::Itself)?.doing("deny setgroups")?;
            let answer = process.write(file, &text, Writer::ItselfWithout(Cap::SYS_ADMIN))?;
            expect_errno!(answer, EPERM, "the {file:?} map, from inside without CAP_SYS_ADMIN");
            expect_ok!(process.write(file, &text, Writer::Itself)?, "the {file:?} map, from inside");
        }
        Ok(())
    })?;
    for (file, set_id) in [(MapFile::Uid, Cap::SETUID), (MapFile::Gid, Cap::SETGID)] {
        let process = Newborn::of_user(NOBODY)?;
        // To open the file, which is not root's.
        let open = Cap::DAC_OVERRIDE;
        for (kept, what) in [(open | set_id, "CAP_SYS_ADMIN"), (open | Cap::SYS_ADMIN, "the one for the IDs")] {
            let answer = process.write(file, "0 4242 77", Writer::CallerWith(kept))?;
            expect_errno!(answer, EPERM, "the {file:?} map, from the parent without {what}");
        }
        let all_three = Writer::CallerWith(open | set_id | Cap::SYS_ADMIN);
        expect_ok!(process.write(file, "0 4242 77", all_three)?, "the {file:?} map, from the parent with both");
    }
    holds()
}

/// Only members of a user namespace or of its parent can write its maps: for root of the grandparent the write fails with
/// EPERM.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn map_writer_must_be_in_parent_or_target() -> Verdict {
    let (line, start) = ("0 5 1", Maps::range(100_000, 10));
    let parent = user_namespace_with(&start, NONE, |outside| {
        MapFile::Projid.write("self", "0 100000 10").doing("write the parent's projid map")?;
        become_root_inside()?;
        let process = Newborn::new()?;
        outside.send(&process.pid().as_raw())?;
        outside.wait()?;
        for file in MapFile::MAPS {
            expect_eq!(process.read(file)?, "", "{file:?} map after the refusal");
            expect_ok!(process.write(file, line, Writer::Caller)?, "the {file:?} map by a member of the parent");
        }
        holds()
    })?;
    let grandchild: i32 = parent.recv()?;
    for file in MapFile::MAPS {
        expect_errno!(file.write(grandchild, line), EPERM, "the {file:?} map by root of the grandparent");
    }
    parent.go()?;
    parent.join()
}

/// Writing the maps of the initial user namespace fails with EPERM, even for root.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Behaviour(AT_THE_TOP)],
)]
fn map_of_initial_userns_not_writable() -> Verdict {
    for file in MapFile::MAPS {
        expect_errno!(file.write("self", "0 5 1"), EPERM, "the {file:?} map");
        expect_errno!(file.write("self", "0 0 4294967295"), EPERM, "the {file:?} map as it is");
        expect_ok!(Newborn::new()?.write(file, "0 5 1", Writer::Caller)?, "the {file:?} map of a new one");
    }
    holds()
}

/// What may be written to `uid_map` depends on the process that opened it: with its descriptor, another user can map the
/// opener's ID, and root no other one.
#[claim(
    source = "kernel/user_namespace.c new_idmap_permitted",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_permission_follows_opener() -> Verdict {
    let (own_line, any_lines) = (format!("0 {NOBODY} 1"), "0 4242 77");
    let process = Newborn::of_user(NOBODY)?;
    let by_owner = opened_by_owner(&process)?;
    expect_errno!(write_once(&by_owner, any_lines), EPERM, "opened by the owner, written by root: others' IDs");
    expect_ok!(write_once(&by_owner, &own_line), "opened by the owner, written by root: the owner's ID");

    let process = Newborn::of_user(NOBODY)?;
    let by_owner = opened_by_owner(&process)?;
    as_user(NOBODY + 1, NONE, || {
        expect_errno!(MapFile::Uid.write(process.pid(), &own_line), EACCES, "opened and written by a stranger");
        expect_ok!(write_once(&by_owner, &own_line), "opened by the owner, written by a stranger");
        Ok(())
    })?;

    let process = Newborn::of_user(NOBODY)?;
    let by_root = MapFile::Uid.open(process.pid()).doing("open the map as root")?;
    expect_ok!(write_once(by_root, any_lines), "opened and written by root: others' IDs");

    as_user(NOBODY, NONE, || {
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        let opened = MapFile::Uid.open("self").doing("open the own map")?;
        with_only(CapabilitySet::empty(), NONE, || {
            expect_errno!(MapFile::Uid.write("self", &own_line), EPERM, "opened and written without capabilities");
            expect_ok!(write_once(&opened, &own_line), "opened before they were dropped");
            Ok(())
        })
    })?;
    holds()
}

/// Mapping other users' IDs requires CAP_SETUID of the process that writes as well as of the one that opened the file;
/// otherwise the write fails with EPERM.
#[claim(
    source = "kernel/user_namespace.c new_idmap_permitted",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn map_arbitrary_needs_cap_of_writer_too() -> Verdict {
    let process = Newborn::of_user(NOBODY)?;
    let by_root = MapFile::Uid.open(process.pid()).doing("open the map as root")?;
    as_user(NOBODY, NONE, || {
        expect_errno!(write_once(&by_root, "0 4242 77"), EPERM, "opened by root, written by the owner");
        Ok(())
    })?;
    without(CapabilitySet::SETUID, NONE, || {
        expect_errno!(write_once(&by_root, "0 4242 77"), EPERM, "written by root without CAP_SETUID");
        Ok(())
    })?;
    with_only(CapabilitySet::SETUID, NONE, || {
        expect_ok!(write_once(&by_root, "0 4242 77"), "written by root with CAP_SETUID alone");
        Ok(())
    })?;
    holds()
}

/// Mapping user 0 of the parent namespace from there requires CAP_SETFCAP, mapping group 0 does not; without it the write
/// fails with EPERM.
///
/// Stable series have this, too, 5.10 among them.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    since = "5.12",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_root_needs_setfcap_from_parent() -> Verdict {
    let lacking = Writer::CallerWithout(CapabilitySet::SETFCAP);
    for text in ["0 0 1", "0 0 10", "5 1 1\n7 0 1"] {
        let process = Newborn::new()?;
        expect_errno!(process.write(MapFile::Uid, text, lacking)?, EPERM, "«{text}» without CAP_SETFCAP");
        expect_ok!(process.write(MapFile::Gid, text, lacking)?, "«{text}» for groups without CAP_SETFCAP");
        expect_ok!(process.write(MapFile::Uid, text, Writer::Caller)?, "«{text}» with CAP_SETFCAP");
    }
    let answer = Newborn::new()?.write(MapFile::Uid, "0 1 10", lacking)?;
    expect_ok!(answer, "users from 1 on without CAP_SETFCAP");
    holds()
}

/// A member can map user 0 of the parent namespace only if the creator had CAP_SETFCAP, whatever the member has itself;
/// otherwise the write fails with EPERM.
///
/// Stable series have this, too, 5.10 among them.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    since = "5.12",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_root_needs_creators_setfcap() -> Verdict {
    without(CapabilitySet::SETFCAP, NONE, || {
        let process = Newborn::new()?;
        let answer = process.write(MapFile::Uid, "0 0 1", Writer::Itself)?;
        expect_errno!(answer, EPERM, "the creator had no CAP_SETFCAP, the writer has it");
        Ok(())
    })?;
    let lacking = Writer::ItselfWithout(CapabilitySet::SETFCAP);
    let answer = Newborn::new()?.write(MapFile::Uid, "0 0 1", lacking)?;
    expect_ok!(answer, "the creator had CAP_SETFCAP, the writer does not");
    holds()
}

/// The calling user's and group's own lines, for the maps that they are for.
fn own_lines() -> [(MapFile, String); 2] {
    let maps = Maps::own_as_root();
    [(MapFile::Uid, format!("0 {} 1", maps.uid[0].outside)), (MapFile::Gid, format!("0 {} 1", maps.gid[0].outside))]
}

/// The `uid_map` of a process of [`NOBODY`]'s, opened for writing by that user.
fn opened_by_owner(process: &Newborn) -> Outcome<OwnedFd> {
    let opener = spawn(NONE, |asker| {
        become_user(NOBODY)?;
        asker.send_fd(MapFile::Uid.open(process.pid()).doing("open the map as its owner")?)
    })?;
    opener.peer().recv_fd()
}
