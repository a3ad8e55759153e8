//! What else of a process keeps its namespaces, or does not: `namespaces(7)`, Namespace lifetime.

use kit::Room;
use kit::lifetime::{end, holder, lives_by, make_zombie};
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    life_pidforchildren_pins,
    life_timeforchildren_pins,
    life_zombie_releases_nsproxy,
    life_zombie_pins_user,
    life_zombie_init_pins_pid,
    life_leave_by_unshare,
];

/// A PID namespace that is meant for a process's children lives by that process, without ever having had a process.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_pidforchildren_pins() -> Verdict {
    by_what_is_meant_for_children(Kind::Pid)
}

/// A time namespace that is meant for a process's children lives by that process, without ever having had a process.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces, Config("TIME_NS")])]
fn life_timeforchildren_pins() -> Verdict {
    by_what_is_meant_for_children(Kind::Time)
}

/// A process that is dead and not reaped keeps none of its cgroup, IPC, mount, network and UTS namespaces.
#[claim(source = "kernel 7.3 kernel/nsproxy.c exit_nsproxy_namespaces", needs = [UserNamespaces])]
fn life_zombie_releases_nsproxy() -> Verdict {
    for kind in [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Uts] {
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

/// A process that is dead and not reaped keeps its user namespace.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_zombie_pins_user() -> Verdict {
    by_a_zombie(Kind::User)
}

/// The init of a PID namespace that is dead and not reaped keeps that namespace.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_zombie_init_pins_pid() -> Verdict {
    by_a_zombie(Kind::Pid)
}

/// A process that moves on with unshare() leaves the namespace that it was the last one in to its end.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn life_leave_by_unshare() -> Verdict {
    Room::with(Kind::Uts, 3, |_| {
        for round in 1..=10 {
            expect_ok!(unshare(CLONE_NEWUTS), "round {round}, nothing keeps the earlier namespaces");
        }
        let mut kept = vec![Namespace::own(Kind::Uts)?];
        for _ in 2..=3 {
            expect_ok!(unshare(CLONE_NEWUTS), "two earlier ones at most are kept");
            kept.push(Namespace::own(Kind::Uts)?);
        }
        expect_errno!(unshare(CLONE_NEWUTS), ENOSPC, "three are kept");
        holds()
    })
}

fn by_what_is_meant_for_children(kind: Kind) -> Verdict {
    lives_by(kind, 1, |_| holder(|| unshare(kind.flag()).doing("unshare"), Ok), end)
}

fn by_a_zombie(kind: Kind) -> Verdict {
    lives_by(kind, 1, |room| make_zombie(room.member()?.doing("make a namespace")?), |zombie| zombie.wait())
}
