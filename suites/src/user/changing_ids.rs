//! To which IDs a process can change: `user_namespaces(7)`, Interaction with system calls that change process UIDs or
//! GIDs.

use kit::prelude::*;
use kit::process::{become_root_inside, map_self, user_namespace_with, without};
use kit::sys::set_ids::{setregid, setreuid};
use nix::unistd::{Gid, Uid, getegid, geteuid, setfsgid, setfsuid, setgid, setgroups, setresgid, setresuid, setuid};
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setuid_fails_einval_without_map,
    setgid_fails_einval_without_map,
    setid_only_to_mapped_values,
    setfsuid_to_unmapped_is_ignored,
    setid_needs_capability_inside,
];

/// While `uid_map` is empty, setuid(), setreuid() and setresuid() fail with EINVAL, even for the caller's own ID.
#[claim(
    source = [
        "user_namespaces(7) Interaction with system calls that change process UIDs or GIDs",
        "setuid(2) ERRORS",
    ],
    needs = [UserNamespaces],
)]
fn setuid_fails_einval_without_map() -> Verdict {
    unprivileged(NONE, || {
        let (own, maps) = (geteuid().as_raw(), Maps::own_as_root());
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        for id in [0, 65_534, own].map(Uid::from_raw) {
            expect_errno!(setuid(id), EINVAL, "setuid({id})");
            expect_errno!(setreuid(id, id), EINVAL, "setreuid({id}, {id})");
            expect_errno!(setreuid(SAME_USER, id), EINVAL, "setreuid(-1, {id})");
            expect_errno!(setresuid(id, id, id), EINVAL, "setresuid({id}, {id}, {id})");
            expect_errno!(setresuid(SAME_USER, SAME_USER, id), EINVAL, "setresuid(-1, -1, {id})");
        }
        expect_ok!(setresuid(SAME_USER, SAME_USER, SAME_USER), "to change nothing");
        map_self(&maps)?;
        let root = Uid::from_raw(0);
        expect_ok!(setuid(root), "after the map");
        expect_ok!(setreuid(root, root), "after the map");
        expect_ok!(setresuid(root, root, root), "after the map");
        holds()
    })
}

/// While `gid_map` is empty, setgid(), setregid() and setresgid() fail with EINVAL, even for the caller's own ID.
#[claim(
    source = [
        "user_namespaces(7) Interaction with system calls that change process UIDs or GIDs",
        "setgid(2) ERRORS",
    ],
    needs = [UserNamespaces],
)]
fn setgid_fails_einval_without_map() -> Verdict {
    unprivileged(NONE, || {
        let (own, maps) = (getegid().as_raw(), Maps::own_as_root());
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        for id in [0, 65_534, own].map(Gid::from_raw) {
            expect_errno!(setgid(id), EINVAL, "setgid({id})");
            expect_errno!(setregid(id, id), EINVAL, "setregid({id}, {id})");
            expect_errno!(setregid(SAME_GROUP, id), EINVAL, "setregid(-1, {id})");
            expect_errno!(setresgid(id, id, id), EINVAL, "setresgid({id}, {id}, {id})");
            expect_errno!(setresgid(SAME_GROUP, SAME_GROUP, id), EINVAL, "setresgid(-1, -1, {id})");
        }
        expect_ok!(setresgid(SAME_GROUP, SAME_GROUP, SAME_GROUP), "to change nothing");
        map_self(&maps)?;
        let root = Gid::from_raw(0);
        expect_ok!(setgid(root), "after the map");
        expect_ok!(setregid(root, root), "after the map");
        expect_ok!(setresgid(root, root, root), "after the map");
        holds()
    })
}

/// A process in a user namespace can change only to IDs that are mapped there: setresuid(), setresgid() and setgroups()
/// with another ID fail with EINVAL.
#[claim(
    source = "user_namespaces(7) Interaction with system calls that change process UIDs or GIDs",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn setid_only_to_mapped_values() -> Verdict {
    among(50, || {
        for id in [50, 51, 70_000, 100_000] {
            let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
            expect_errno!(setresuid(user, user, user), EINVAL, "setresuid to {id}");
            expect_errno!(setresuid(SAME_USER, user, SAME_USER), EINVAL, "setresuid of the effective ID to {id}");
            expect_errno!(setresgid(group, group, group), EINVAL, "setresgid to {id}");
            expect_errno!(setresgid(SAME_GROUP, group, SAME_GROUP), EINVAL, "setresgid of the effective ID to {id}");
            expect_errno!(setgroups(&[group]), EINVAL, "setgroups to {id}");
            expect_errno!(setgroups(&[Gid::from_raw(1), group]), EINVAL, "setgroups to 1 and {id}");
        }
        for id in [0, 5, 49] {
            let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
            child(NONE, || {
                expect_ok!(setgroups(&[Gid::from_raw(1), group]), "setgroups to 1 and {id}");
                expect_ok!(setresgid(group, group, group), "setresgid to {id}");
                expect_ok!(setresuid(user, user, user), "setresuid to {id}");
                expect_eq!((geteuid(), getegid()), (user, group));
                Ok(())
            })?;
        }
        holds()
    })
}

/// setfsuid() and setfsgid() to an ID that is not mapped change nothing and report no error.
#[claim(
    source = [
        "user_namespaces(7) Interaction with system calls that change process UIDs or GIDs",
        "setfsuid(2)",
    ],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn setfsuid_to_unmapped_is_ignored() -> Verdict {
    among(50, || {
        let (user, group) = (Uid::from_raw(3), Gid::from_raw(4));
        setfsuid(user);
        setfsgid(group);
        for unmapped in [50, 70_000] {
            expect_eq!(setfsuid(Uid::from_raw(unmapped)), user, "before setfsuid({unmapped})");
            expect_eq!(setfsuid(SAME_USER), user, "after setfsuid({unmapped})");
            expect_eq!(setfsgid(Gid::from_raw(unmapped)), group, "before setfsgid({unmapped})");
            expect_eq!(setfsgid(SAME_GROUP), group, "after setfsgid({unmapped})");
        }
        setfsuid(Uid::from_raw(49));
        setfsgid(Gid::from_raw(48));
        expect_eq!(setfsuid(SAME_USER), Uid::from_raw(49), "after setfsuid(49)");
        expect_eq!(setfsgid(SAME_GROUP), Gid::from_raw(48), "after setfsgid(48)");
        holds()
    })
}

/// In a user namespace, setresuid() to another ID requires CAP_SETUID there, and setresgid() and setgroups() require
/// CAP_SETGID; without it they fail with EPERM.
#[claim(
    source = ["setresuid(2) ERRORS", "getgroups(2) ERRORS"],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn setid_needs_capability_inside() -> Verdict {
    let (user, group) = (Uid::from_raw(5), Gid::from_raw(5));
    among(50, || {
        without(CapabilitySet::SETGID, NONE, || {
            expect_errno!(setgroups(&[group]), EPERM, "without CAP_SETGID");
            expect_errno!(setresgid(group, group, group), EPERM, "without CAP_SETGID");
            expect_ok!(setresuid(user, user, user), "without CAP_SETGID");
            Ok(())
        })?;
        without(CapabilitySet::SETUID, NONE, || {
            expect_errno!(setresuid(user, user, user), EPERM, "without CAP_SETUID");
            expect_ok!(setgroups(&[group]), "without CAP_SETUID");
            expect_ok!(setresgid(group, group, group), "without CAP_SETUID");
            Ok(())
        })?;
        holds()
    })
}

/// What leaves an ID as it is: -1.
const SAME_USER: Uid = Uid::from_raw(u32::MAX);
const SAME_GROUP: Gid = Gid::from_raw(u32::MAX);

/// Runs `body` as root of a new user namespace with this many users and groups, from 0 up.
fn among(count: u32, body: impl FnOnce() -> Verdict) -> Verdict {
    let inside = user_namespace_with(&Maps::range(100_000, count), NONE, |_| {
        become_root_inside()?;
        body()
    })?;
    inside.join()
}
