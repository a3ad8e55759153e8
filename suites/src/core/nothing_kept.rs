//! What calls give back that fail, or whose work is over: each namespace that they made or referred to on the way. A kernel
//! that forgets one keeps it for ever, which the count of its creator shows. `namespaces(7)`, Namespace lifetime.

use kit::Room;
use kit::lifetime::end;
use kit::limits::set_limit;
use kit::prelude::*;
use kit::process::{Container, try_clone3};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    refused_unshare_keeps_no_namespace,
    refused_clone_keeps_no_namespace,
    joining_keeps_no_namespace_of_the_joined,
    joining_keeps_no_user_namespace_of_the_caller,
    refused_joining_by_file_keeps_no_namespace,
    refused_joining_by_pidfd_keeps_no_namespace,
    execve_keeps_no_time_namespace,
];

/// If unshare() finds no room for one of several kinds, none of the other namespaces stays that it has made by then.
#[claim(
    source = ["kernel/nsproxy.c create_new_namespaces", "namespaces(7) Namespace lifetime"],
    needs = [UserNamespaces, Config("TIME_NS")],
    deadline = 30,
)]
fn refused_unshare_keeps_no_namespace() -> Verdict {
    for kind in Kind::ALL {
        for other in Kind::ALL.into_iter().filter(|other| *other != kind) {
            gives_back(kind, &format!("a {kind} and a {other} namespace"), |_| {
                set_limit(other, 0).doing(format!("allow no {other} namespace"))?;
                expect_errno!(unshare(kind.flag() | other.flag()), ENOSPC, "without room for a {other} namespace");
                Ok(())
            })?;
        }
    }
    holds()
}

/// If clone3() fails with EPERM, because of PIDs that the caller may not choose, none of the namespaces stays that it has made.
///
/// PIDs are given after all namespaces are made.
#[claim(
    source = ["kernel/fork.c copy_process", "namespaces(7) Namespace lifetime"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn refused_clone_keeps_no_namespace() -> Verdict {
    for kind in Kind::ALL {
        gives_back(kind, &format!("a {kind} namespace by clone3()"), |_| {
            // In the caller's own PID namespace, which its user namespace does not own.
            let set_tid: &[i32] = if kind == Kind::Pid { &[1, 77] } else { &[77] };
            expect_errno!(try_clone3(&CloneArgs { set_tid, ..CloneArgs::new(kind.flag()) }), EPERM, "with set_tid");
            Ok(())
        })?;
    }
    holds()
}

/// A process that has joined all namespaces of another one by its pidfd does not keep any of them when both have ended.
#[claim(
    source = ["kernel/nsproxy.c put_nsset", "namespaces(7) Namespace lifetime"],
    since = "5.8",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn joining_keeps_no_namespace_of_the_joined() -> Verdict {
    for kind in Kind::ALL {
        gives_back(kind, &format!("a {kind} namespace and others, joined"), |room| {
            let joined = Spawn::new(Kind::flags(&Kind::ALL)).without_files().start(Peer::wait)?;
            expect_errno!(room.member()?, ENOSPC, "the joined process is there");
            let answer = child(NONE, || Ok(setns(joined.pidfd(), Kind::flags(&Kind::ALL)).portable()))?;
            expect_ok!(answer, "all namespaces of a process");
            end(joined)
        })?;
    }
    holds()
}

/// A process that joins a namespace other than a user namespace does not keep its own user namespace by that when it has ended.
#[claim(
    source = ["kernel/nsproxy.c prepare_nsset", "namespaces(7) Namespace lifetime"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn joining_keeps_no_user_namespace_of_the_caller() -> Verdict {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::User) {
        gives_back(Kind::User, &format!("a user namespace in which a {kind} namespace was joined"), |room| {
            let caller = Spawn::new(CLONE_NEWUSER).without_files().start(|case| {
                let joined = waiting(kind.flag())?;
                expect_ok!(setns(joined.namespace(kind)?, kind.flag()), "a {kind} namespace");
                drop(joined);
                case.go()?;
                case.wait()
            })?;
            caller.recv::<()>()?;
            expect_errno!(room.member()?, ENOSPC, "the caller is there");
            end(caller)
        })?;
    }
    holds()
}

/// If setns() on a namespace's file fails with EINVAL, because it is of another kind, the caller does not keep the namespace.
#[claim(
    source = ["kernel/nsproxy.c setns", "namespaces(7) Namespace lifetime"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn refused_joining_by_file_keeps_no_namespace() -> Verdict {
    for kind in Kind::ALL {
        gives_back(kind, &format!("a {kind} namespace, not joined"), |room| {
            let other = room.member()?.doing("make a namespace")?;
            let file = other.namespace(kind)?;
            for wrong in Kind::ALL.into_iter().filter(|wrong| *wrong != kind) {
                expect_errno!(setns(&file, wrong.flag()), EINVAL, "as if it were a {wrong} namespace");
            }
            drop(file);
            end(other)
        })?;
    }
    holds()
}

/// If setns() with several kinds on a process's pidfd fails at one of them, the caller keeps none of its namespaces.
#[claim(
    source = ["kernel/nsproxy.c validate_nsset", "namespaces(7) Namespace lifetime"],
    since = "5.8",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn refused_joining_by_pidfd_keeps_no_namespace() -> Verdict {
    for kind in Kind::ALL {
        gives_back(kind, &format!("a {kind} namespace, not joined by pidfd"), |room| {
            let other = room.member()?.doing("make a namespace")?;
            if kind == Kind::User {
                let flags = CLONE_NEWUSER | CLONE_NEWUTS;
                expect_errno!(setns(other.pidfd(), flags), EPERM, "a UTS namespace that the user namespace has not");
            } else {
                for flags in [kind.flag() | CLONE_NEWUSER, Kind::flags(&Kind::ALL)] {
                    expect_errno!(setns(other.pidfd(), flags), EINVAL, "{flags}: the user namespace is the caller's");
                }
            }
            end(other)
        })?;
    }
    holds()
}

/// The time namespace ends that execve() leaves for the one that the caller has unshared, if nothing else keeps it.
#[claim(
    source = ["kernel/nsproxy.c exec_task_namespaces", "namespaces(7) Namespace lifetime"],
    since = "6.3",
    needs = [UserNamespaces, Config("TIME_NS"), Tool("unshare"), Tool("cat")],
)]
fn execve_keeps_no_time_namespace() -> Verdict {
    Room::with(Kind::Time, 2, |room| {
        // The first one's child is to be in a time namespace, which it leaves for the second one's.
        let program = Container::start_by(&["unshare", "--time", "unshare", "--time"])?;
        let _member = expect_ok!(room.member_when_free()?, "the program is in the second of two");
        room.let_the_kernel_catch_up()?;
        expect_errno!(room.member()?, ENOSPC, "the program is in the second of two, and another process in a third");
        drop(program);
        holds()
    })
}

/// Shows that a room with a place for one namespace has it again, for one, when `body` has done something with it.
fn gives_back(kind: Kind, what: &str, body: impl FnOnce(&Room<'_>) -> Outcome<()>) -> Outcome<()> {
    Room::with(kind, 1, |room| {
        body(room)?;
        let _member = expect_ok!(room.member_when_free()?, "after it: {what}");
        expect_errno!(room.member()?, ENOSPC, "the place is taken");
        Ok(())
    })
    .doing(what)
}
