//! In which namespaces a child begins: `clone(2)`, The flags mask; `namespaces(7)`, The namespaces API.

use kit::namespace::Link;
use kit::prelude::*;
use kit::sys::vfork::vfork;
use kit::{Links, NO_LINKS};

use super::creating::flags_of;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    clone_child_joins_new_cgroup,
    clone_child_joins_new_ipc,
    clone_child_joins_new_mnt,
    clone_child_joins_new_net,
    clone_child_joins_new_pid,
    clone_child_joins_new_time,
    clone_child_joins_new_user,
    clone_child_joins_new_uts,
    fork_inherits_all,
];

/// A child that is made with the flag for a cgroup namespace is in a new one, and apart from that where its parent stays.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_cgroup() -> Verdict {
    only_the_child_moves(Kind::Cgroup)
}

/// A child that is made with the flag for an IPC namespace is in a new one, and apart from that where its parent stays.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_ipc() -> Verdict {
    only_the_child_moves(Kind::Ipc)
}

/// A child that is made with the flag for a mount namespace is in a new one, and apart from that where its parent stays.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_mnt() -> Verdict {
    only_the_child_moves(Kind::Mnt)
}

/// A child that is made with the flag for a network namespace is in a new one, and apart from that where its parent stays.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_net() -> Verdict {
    only_the_child_moves(Kind::Net)
}

/// A child that is made with the flag for a PID namespace is in a new one, and apart from that where its parent stays.
#[claim(
    source = ["namespaces(7) The namespaces API", "clone(2) The flags mask", "namespaces-fun"],
    needs = [Root],
)]
fn clone_child_joins_new_pid() -> Verdict {
    only_the_child_moves(Kind::Pid)
}

/// A child that is made with the flag for a time namespace is in a new one, and apart from that where its parent stays.
///
/// Only `clone3(2)` has such a flag: in `clone(2)` its bit belongs to the number of the exit signal.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root, Config("TIME_NS")])]
fn clone_child_joins_new_time() -> Verdict {
    only_the_child_moves(Kind::Time)
}

/// A child that is made with the flag for a user namespace is in a new one, and apart from that where its parent stays.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root, UserNamespaces])]
fn clone_child_joins_new_user() -> Verdict {
    only_the_child_moves(Kind::User)
}

/// A child that is made with the flag for a UTS namespace is in a new one, and apart from that where its parent stays.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_uts() -> Verdict {
    only_the_child_moves(Kind::Uts)
}

/// A child that is forked without any flag is in its parent's namespaces of all kinds, also where that one has just come.
#[claim(
    source = ["clone(2) The flags mask", "Few notes about network namespaces in Linux", "What's in a name(space)?"],
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn fork_inherits_all() -> Verdict {
    let outer = Links::own()?;
    child(flags_of(&Kind::ALL), || {
        let parents = Links::own()?;
        expect_eq!(parents.changed_since(&outer), Link::ALL.map(Link::name), "the parent's");
        expect_eq!(child(NONE, Links::own)?.changed_since(&parents), NO_LINKS, "a forked child's");
        expect_eq!(vfork(NONE, Links::own).doing("vfork")??.changed_since(&parents), NO_LINKS, "a vforked child's");
        Ok(())
    })?;
    unshare(flags_of(&[Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Uts]))?;
    let moved = Links::own()?;
    expect_eq!(moved.changed_since(&outer), ["cgroup", "ipc", "mnt", "net", "uts"], "the parent's after unshare");
    expect_eq!(child(NONE, Links::own)?.changed_since(&moved), NO_LINKS, "a child's after unshare");
    holds()
}

fn only_the_child_moves(kind: Kind) -> Verdict {
    let before = Links::own()?;
    expect_eq!(Links::of(waiting(NONE)?.pid())?.changed_since(&before), NO_LINKS, "a child's without the flag");
    let childs: &[_] = match kind {
        Kind::Pid => &["pid", "pid_for_children"],
        Kind::Time => &["time", "time_for_children"],
        _ => &[kind.name()],
    };
    let made = expect_ok!(Spawn::new(kind.flag()).try_start(Peer::wait)?);
    expect_eq!(Links::of(made.pid())?.changed_since(&before), childs, "the child's");
    expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "the caller's");
    if kind != Kind::Time {
        let seen = expect_ok!(vfork(kind.flag(), Links::own), "by clone(2), with shared memory")?;
        expect_eq!(seen.changed_since(&before), childs, "the child's, by clone(2)");
        expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "the caller's, by clone(2)");
    }
    holds()
}
