//! What `setns(2)` on a namespace's file moves: the calling thread, into that one namespace. `setns(2)`, fd refers to a
//! /proc/pid/ns/ link.

use kit::Links;
use kit::joining::{Elsewhere, present};
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_moves_only_cgroup,
    setns_moves_only_ipc,
    setns_moves_only_mnt,
    setns_moves_only_net,
    setns_moves_only_pid,
    setns_moves_only_time,
    setns_moves_only_user,
    setns_moves_only_uts,
    setns_own_nonuser_ok,
    setns_per_thread,
    setns_others_ignore_shared_fs,
];

/// setns(2) on the file of a process's cgroup namespace moves the caller there, and to no other namespace of that
/// process.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", needs = [UserNamespaces])]
fn setns_moves_only_cgroup() -> Verdict {
    moves_only(Kind::Cgroup)
}

/// setns(2) on the file of a process's IPC namespace moves the caller there, and to no other namespace of that process.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", needs = [UserNamespaces])]
fn setns_moves_only_ipc() -> Verdict {
    moves_only(Kind::Ipc)
}

/// setns(2) on the file of a process's mount namespace moves the caller there, and to no other namespace of that
/// process.
#[claim(
    source = ["setns(2) fd refers to a /proc/pid/ns/ link", "Linux Namespaces"],
    needs = [UserNamespaces],
)]
fn setns_moves_only_mnt() -> Verdict {
    moves_only(Kind::Mnt)
}

/// setns(2) on the file of a process's network namespace moves the caller there, and to no other namespace of that
/// process.
#[claim(
    source = ["setns(2) fd refers to a /proc/pid/ns/ link", "Few notes about network namespaces in Linux"],
    needs = [UserNamespaces],
)]
fn setns_moves_only_net() -> Verdict {
    moves_only(Kind::Net)
}

/// setns(2) on the file of a process's PID namespace moves the caller's next children there; the caller stays where it
/// is.
///
/// The caller's other namespaces stay, too.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", needs = [UserNamespaces])]
fn setns_moves_only_pid() -> Verdict {
    moves_only(Kind::Pid)
}

/// setns(2) on the file of a process's time namespace moves the caller there, and to no other namespace of that
/// process.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", needs = [UserNamespaces, Config("TIME_NS")])]
fn setns_moves_only_time() -> Verdict {
    moves_only(Kind::Time)
}

/// setns(2) on the file of a process's user namespace moves the caller there, and to no other namespace of that
/// process.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", needs = [UserNamespaces])]
fn setns_moves_only_user() -> Verdict {
    moves_only(Kind::User)
}

/// setns(2) on the file of a process's UTS namespace moves the caller there, and to no other namespace of that process.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", needs = [UserNamespaces])]
fn setns_moves_only_uts() -> Verdict {
    moves_only(Kind::Uts)
}

/// setns(2) with the caller's own namespace succeeds for every kind but user, and changes nothing.
///
/// With its own user namespace it fails with EINVAL.
#[claim(source = "kernel/nsproxy.c validate_ns", needs = [UserNamespaces])]
fn setns_own_nonuser_ok() -> Verdict {
    let all_but_user: Vec<Kind> = present().into_iter().filter(|kind| *kind != Kind::User).collect();
    user_namespace(Kind::flags(&all_but_user), || {
        let before = Links::own()?;
        for kind in all_but_user {
            let own = Namespace::own(kind)?;
            for named in [kind.flag(), NONE] {
                expect_ok!(setns(&own, named), "its own {kind} namespace");
                before.expect_unmoved()?;
            }
        }
        for named in [CLONE_NEWUSER, NONE] {
            expect_errno!(setns(Namespace::own(Kind::User)?, named), EINVAL, "its own user namespace");
        }
        holds()
    })
}

/// setns(2) moves the calling thread alone: the other threads of its process stay where they are.
///
/// Tried with all kinds but time and user, which a process with several threads cannot join.
#[claim(source = ["setns(2) DESCRIPTION", "Few notes about network namespaces in Linux"], needs = [UserNamespaces])]
fn setns_per_thread() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        for kind in [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::Uts] {
            let namespace = other.namespace(kind)?;
            let there = other.memberships().clone();
            child(NONE, || {
                let before = Links::own()?;
                let joined = before.clone();
                let (thread, ()) = Thread::start(move || {
                    // Joining a mount namespace is refused to threads that share their working directory.
                    unshare(CLONE_FS).doing("unshare(CLONE_FS)")?;
                    expect_ok!(setns(&namespace, kind.flag()), "a {kind} namespace, by one of two threads");
                    joined.expect_moved(&[kind], &there)
                })?;
                before.expect_unmoved().doing("the other thread")?;
                // A thread that starts now is its maker's, not the process's.
                let (_later, ()) = Thread::start({
                    let before = before.clone();
                    move || before.expect_unmoved()
                })?;
                drop(thread);
                Ok(())
            })?;
        }
        holds()
    })
}

/// A process that shares its root and working directory with another can join namespaces of all kinds but mount and
/// user.
///
/// For these two setns(2) fails with EINVAL.
#[claim(
    source = ["setns(2) ERRORS", "kernel/nsproxy.c prepare_nsset", "fs/namespace.c mntns_install"],
    needs = [UserNamespaces],
)]
fn setns_others_ignore_shared_fs() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        for kind in present() {
            let namespace = other.namespace(kind)?;
            let joins_beside = |flags| {
                child(NONE, || {
                    let before = Links::own()?;
                    let beside = spawn(flags, |joiner| {
                        joiner.wait()?;
                        Links::own()
                    })?;
                    if flags == CLONE_FS && [Kind::Mnt, Kind::User].contains(&kind) {
                        expect_errno!(setns(&namespace, kind.flag()), EINVAL, "a {kind} namespace, while it shares");
                        before.expect_unmoved()?;
                    } else {
                        expect_ok!(setns(&namespace, kind.flag()), "a {kind} namespace, beside a child with {flags:?}");
                        before.expect_moved(&[kind], other.memberships())?;
                    }
                    beside.go()?;
                    expect_eq!(beside.join()?, before, "where the other process is");
                    Ok(())
                })
            };
            joins_beside(CLONE_FS)?;
            joins_beside(NONE)?;
        }
        holds()
    })
}

/// Joining one namespace of a process that is elsewhere in every respect.
fn moves_only(kind: Kind) -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let namespace = other.namespace(kind)?;
        other.expect_joined(&[kind], || setns(&namespace, kind.flag()))?;
        holds()
    })
}
