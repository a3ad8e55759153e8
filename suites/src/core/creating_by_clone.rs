//! In which namespaces a child begins: `clone(2)`, The flags mask; `namespaces(7)`, The namespaces API.

use kit::namespace::Link;
use kit::prelude::*;
use kit::sys::vfork::vfork;
use kit::{Links, NO_LINKS};

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

/// A child created with CLONE_NEWCGROUP is in a new cgroup namespace, and in its parent's of all other kinds.
///
/// The parent stays where it is.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_cgroup() -> Verdict {
    only_the_child_moves(Kind::Cgroup)
}

/// A child created with CLONE_NEWIPC is in a new IPC namespace, and in its parent's of all other kinds.
///
/// The parent stays where it is.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_ipc() -> Verdict {
    only_the_child_moves(Kind::Ipc)
}

/// A child created with CLONE_NEWNS is in a new mount namespace, and in its parent's of all other kinds.
///
/// The parent stays where it is.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_mnt() -> Verdict {
    only_the_child_moves(Kind::Mnt)
}

/// A child created with CLONE_NEWNET is in a new network namespace, and in its parent's of all other kinds.
///
/// The parent stays where it is.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_net() -> Verdict {
    only_the_child_moves(Kind::Net)
}

/// A child created with CLONE_NEWPID is in a new PID namespace, and in its parent's of all other kinds.
///
/// The parent stays where it is.
#[claim(
    source = ["namespaces(7) The namespaces API", "clone(2) The flags mask", "namespaces-fun"],
    needs = [Root],
)]
fn clone_child_joins_new_pid() -> Verdict {
    only_the_child_moves(Kind::Pid)
}

/// A child created with CLONE_NEWTIME is in a new time namespace, and in its parent's of all other kinds.
///
/// The parent stays where it is. Only clone3(2) has such a flag: in clone(2) its bit belongs to the exit signal.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root, Config("TIME_NS")])]
fn clone_child_joins_new_time() -> Verdict {
    only_the_child_moves(Kind::Time)
}

/// A child created with CLONE_NEWUSER is in a new user namespace, and in its parent's of all other kinds.
///
/// The parent stays where it is.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root, UserNamespaces])]
fn clone_child_joins_new_user() -> Verdict {
    only_the_child_moves(Kind::User)
}

/// A child created with CLONE_NEWUTS is in a new UTS namespace, and in its parent's of all other kinds.
///
/// The parent stays where it is.
#[claim(source = ["namespaces(7) The namespaces API", "clone(2) The flags mask"], needs = [Root])]
fn clone_child_joins_new_uts() -> Verdict {
    only_the_child_moves(Kind::Uts)
}

/// A child created by fork() or vfork() is in its parent's namespaces of all kinds, also in those that the parent has
/// just made.
///
/// For PID and time namespaces, unshare(2) and setns(2) can choose others for the children.
#[claim(
    source = ["clone(2) The flags mask", "Few notes about network namespaces in Linux", "What's in a name(space)?"],
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn fork_inherits_all() -> Verdict {
    let outer = Links::own()?;
    child(Kind::flags(&Kind::ALL), || {
        let parents = Links::own()?;
        expect_eq!(parents.changed_since(&outer), Link::ALL.map(Link::name), "the parent's");
        expect_eq!(child(NONE, Links::own)?.changed_since(&parents), NO_LINKS, "a forked child's");
        expect_eq!(vfork(NONE, Links::own).doing("vfork")??.changed_since(&parents), NO_LINKS, "a vforked child's");
        Ok(())
    })?;
    unshare(Kind::flags(&[Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Uts]))?;
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
