//! What else of a process keeps its namespaces, or does not: `namespaces(7)`, Namespace lifetime.

use std::fs;

use kit::Room;
use kit::lifetime::{end, goes_in_spite_of, holder, let_go, lives_by, make_zombie};
use kit::prelude::*;
use kit::settle;
use nix::errno::Errno;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    life_pidforchildren_pins,
    life_timeforchildren_pins,
    a_look_at_pid_for_children_keeps_nothing,
    pid_for_children_goes_when_its_process_joins_another,
    time_for_children_goes_when_its_process_joins_another,
    life_zombie_releases_nsproxy,
    life_zombie_pins_user,
    life_zombie_init_pins_pid,
    life_leave_by_unshare,
];

/// A PID namespace that a process has unshared for its children exists as long as the process, even if it has had no
/// child.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_pidforchildren_pins() -> Verdict {
    by_what_is_meant_for_children(Kind::Pid)
}

/// A time namespace that a process has unshared for its children exists as long as the process, even if it has had no
/// child.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces, Config("TIME_NS")])]
fn life_timeforchildren_pins() -> Verdict {
    by_what_is_meant_for_children(Kind::Time)
}

/// Reading the link pid_for_children does not keep the PID namespace, also where there has been no first child.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn a_look_at_pid_for_children_keeps_nothing() -> Verdict {
    goes_in_spite_of(Kind::Pid, |_| {
        let process = Spawn::new(NONE).without_files().start(|case| {
            unshare(CLONE_NEWPID).doing("unshare")?;
            // Whether the link can be read before there is a child is what another claim is about.
            let looked = fs::read_link("/proc/self/ns/pid_for_children");
            case.send(&looked.is_ok())?;
            case.wait()
        })?;
        let looked: bool = process.recv()?;
        Ok((process, looked))
    })
}

/// A PID namespace that a process has unshared for its children ends when the process joins another one with setns(2).
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn pid_for_children_goes_when_its_process_joins_another() -> Verdict {
    by_joining_another(Kind::Pid)
}

/// A time namespace that a process has unshared for its children ends when the process joins another one with setns(2).
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces, Config("TIME_NS")])]
fn time_for_children_goes_when_its_process_joins_another() -> Verdict {
    by_joining_another(Kind::Time)
}

/// A process that is dead but not reaped keeps none of its cgroup, IPC, mount, network, time and UTS namespaces.
#[claim(source = "kernel 7.3 kernel/nsproxy.c exit_nsproxy_namespaces", needs = [UserNamespaces, Config("TIME_NS")])]
fn life_zombie_releases_nsproxy() -> Verdict {
    for kind in [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Time, Kind::Uts] {
        Room::with(kind, 1, |room| {
            let process = room.member()?.doing("make a namespace")?;
            expect_errno!(room.member()?, ENOSPC, "the process is alive");
            let _zombie = make_zombie(process)?;
            expect_ok!(room.member_when_free()?, "the process is dead");
            holds()
        })
        .doing(format!("{kind} namespace"))?;
    }
    holds()
}

/// A process that is dead but not reaped keeps its user namespace.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_zombie_pins_user() -> Verdict {
    by_a_zombie(Kind::User)
}

/// The init of a PID namespace that is dead but not reaped keeps that namespace.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_zombie_init_pins_pid() -> Verdict {
    by_a_zombie(Kind::Pid)
}

/// A namespace ends when its last process moves on to a new one with unshare(2).
///
/// Tried with cgroup, IPC, mount, network and UTS namespaces.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_leave_by_unshare() -> Verdict {
    for kind in [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Uts] {
        Room::with(kind, 2, |_| {
            // The room's own mount namespace has a place that would come free, too.
            let _rooms_own = Namespace::own(kind)?;
            // Some kinds are freed a while after their end.
            let move_on = || settle(|answer| *answer != Err(Errno::ENOSPC), || Ok(unshare(kind.flag())));
            for round in 1..=5 {
                expect_ok!(move_on()?, "round {round}, nothing keeps the earlier namespaces");
            }
            let _kept = Namespace::own(kind)?;
            expect_ok!(move_on()?, "one earlier namespace is kept");
            expect_errno!(unshare(kind.flag()), ENOSPC, "one is kept, and the process is in the other");
            holds()
        })
        .doing(format!("{kind} namespace"))?;
    }
    holds()
}

fn by_what_is_meant_for_children(kind: Kind) -> Verdict {
    lives_by(kind, 1, |_| holder(|| unshare(kind.flag()).doing("unshare"), Ok), end)
}

/// The reference is what a process has unshared for its children, which then are to be born elsewhere.
fn by_joining_another(kind: Kind) -> Verdict {
    Room::with(kind, 2, |room| {
        let elsewhere = room.member()?.doing("make a namespace")?;
        let path = format!("/proc/{}/ns/{kind}", elsewhere.pid());
        let unshared = || {
            unshare(kind.flag()).doing("unshare")?;
            Namespace::at(&path)
        };
        let process = holder(unshared, |other| setns(&other, kind.flag()).doing("join another namespace"))?;
        expect_errno!(room.member()?, ENOSPC, "the process's children are to be born in the second namespace");
        let _stays = let_go(process)?;
        expect_ok!(room.member_when_free()?, "they are to be born in the first namespace");
        holds()
    })
}

fn by_a_zombie(kind: Kind) -> Verdict {
    lives_by(kind, 1, |room| make_zombie(room.member()?.doing("make a namespace")?), |zombie| zombie.wait())
}
