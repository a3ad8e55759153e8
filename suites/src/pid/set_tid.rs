//! Choosing a child's PIDs: `clone(2)`, «The set_tid array».

use kit::lifetime::make_zombie;
use kit::prelude::*;
use kit::process::{next_child_pid, ns_pids, pid_levels, try_clone3, with_only};
use kit::sysctl::sysctl;
use nix::unistd::getpid;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    set_tid_chooses_pid,
    set_tid_in_use_eexist,
    set_tid_invalid_value_einval,
    set_tid_too_many_levels_einval,
    set_tid_first_process_must_be_1,
    set_tid_sets_several_levels,
    set_tid_of_a_first_process_after_setns,
    set_tid_needs_capability_in_every_level,
    set_tid_with_checkpoint_cap,
];

/// A child that clone3(2) makes with one PID in set_tid has that PID in its PID namespace.
#[claim(source = "clone(2) The set_tid array", since = "5.5", needs = [Root])]
fn set_tid_chooses_pid() -> Verdict {
    child(CLONE_NEWPID, || {
        expect_eq!(next_child_pid()?, 2, "with no set_tid");
        expect_ok!(try_pids(NONE, &[42]));
        let chosen = Spawn::new(NONE).set_tid(&[42]).start(|_| Ok(getpid().as_raw()))?;
        expect_eq!(chosen.pid().as_raw(), 42);
        expect_eq!(chosen.join()?, 42);
        holds()
    })
}

/// clone3(2) fails with EEXIST if a process already has the PID in set_tid.
#[claim(source = "clone(2) ERRORS", since = "5.5", needs = [Root])]
fn set_tid_in_use_eexist() -> Verdict {
    child(CLONE_NEWPID, || {
        let taken = waiting(NONE)?;
        let pid = taken.pid().as_raw();
        expect_errno!(try_pids(NONE, &[pid]), EEXIST);
        expect_errno!(try_pids(NONE, &[1]), EEXIST);
        let zombie = make_zombie(taken)?;
        expect_errno!(try_pids(NONE, &[pid]), EEXIST, "of one that has ended and not been waited for");
        zombie.wait()?;
        expect_ok!(try_pids(NONE, &[pid]), "when the process that had it has been waited for");
        holds()
    })
}

/// clone3(2) fails with EINVAL if the PID in set_tid is not positive or not below pid_max.
///
/// Since 6.14 that is the pid_max of the PID namespace, before that the machine's.
#[claim(source = "clone(2) ERRORS", since = "5.5", needs = [Root])]
fn set_tid_invalid_value_einval() -> Verdict {
    child(CLONE_NEWPID, || {
        let end: i32 = sysctl("kernel/pid_max")?;
        for refused in [0, -1, i32::MIN, end, i32::MAX] {
            expect_errno!(try_pids(NONE, &[refused]), EINVAL, "{refused}");
            expect_errno!(try_pids(CLONE_NEWPID, &[1, refused]), EINVAL, "{refused}, of a new namespace's init");
            let of_three = [1, refused, 20_078];
            expect_errno!(try_pids(CLONE_NEWPID, &of_three), EINVAL, "{refused}, in the middle of three");
        }
        for accepted in [42, end - 1] {
            expect_ok!(try_pids(NONE, &[accepted]), "{accepted}");
            expect_ok!(try_pids(CLONE_NEWPID, &[1, accepted]), "{accepted}, of a new namespace's init");
            expect_ok!(try_pids(CLONE_NEWPID, &[1, accepted, 20_078]), "{accepted}, in the middle of three");
        }
        holds()
    })
}

/// clone3(2) fails with EINVAL if set_tid has more PIDs than there are PID namespaces from the child's up to the
/// initial one.
#[claim(source = "clone(2) ERRORS", since = "5.5", needs = [Root, InitialNamespaces, Config("PID_NS")])]
fn set_tid_too_many_levels_einval() -> Verdict {
    expect_eq!(pid_levels()?, 1, "in the initial PID namespace");
    expect_ok!(try_pids(NONE, &[20_077]));
    for count in [2, 31, 32, 33, 34, 1000] {
        for pid in [20_077, 1, 0, -1] {
            expect_errno!(try_pids(NONE, &vec![pid; count]), EINVAL, "{count} times {pid}");
        }
    }
    child(CLONE_NEWPID, || {
        expect_eq!(pid_levels()?, 2, "one level further down");
        expect_ok!(try_pids(NONE, &[77, 20_077]));
        expect_eq!(child(CLONE_NEWPID, pid_levels)?, 3, "two levels further down");
        holds()
    })
}

/// set_tid can give the first process of a PID namespace PID 1 there; with another PID clone3(2) fails with EINVAL.
#[claim(source = "clone(2) The set_tid array", since = "5.5", needs = [Root])]
fn set_tid_first_process_must_be_1() -> Verdict {
    const OTHERS: [i32; 3] = [2, 3, 300];
    for other in OTHERS {
        expect_errno!(try_pids(CLONE_NEWPID, &[other]), EINVAL, "PID {other}");
    }
    expect_ok!(try_pids(CLONE_NEWPID, &[1]));
    child(NONE, || {
        unshare(CLONE_NEWPID)?;
        for other in OTHERS {
            expect_errno!(try_pids(NONE, &[other]), EINVAL, "PID {other} after unshare");
        }
        expect_ok!(try_pids(NONE, &[1]), "after unshare");
        holds()
    })?;
    unshare(CLONE_NEWPID)?;
    let _init = waiting(NONE)?;
    for other in OTHERS {
        expect_ok!(try_pids(NONE, &[other]), "PID {other} with an init");
    }
    holds()
}

/// The PIDs in set_tid are for the child's PID namespace, its parent, and so on; in the others the child gets the next
/// free PID.
#[claim(source = "clone(2) The set_tid array", since = "5.5", needs = [Root])]
fn set_tid_sets_several_levels() -> Verdict {
    // The stage's procfs shows three levels of a process made there: the stage's, this one's, and the new one's.
    let pids = |wished: &[i32]| Spawn::new(CLONE_NEWPID).set_tid(wished).start(|_| ns_pids("self"))?.join();
    child(CLONE_NEWPID, || {
        expect_ok!(try_pids(CLONE_NEWPID, &[1, 77]));
        let counted = pids(&[1])?;
        expect_eq!(&counted[1..], [2, 1]);
        expect_eq!(pids(&[1, 77])?, [counted[0] + 1, 77, 1]);
        expect_eq!(pids(&[1, 78, 20_078])?, [20_078, 78, 1]);
        holds()
    })
}

/// After setns(2) to a PID namespace without a process, set_tid gives its first one PID 1 there and the chosen PID outside.
///
/// Also where another user namespace owns the PID namespace.
#[claim(source = ["clone(2) The set_tid array", "kernel/pid.c alloc_pid"], since = "7.1", needs = [Root, UserNamespaces])]
fn set_tid_of_a_first_process_after_setns() -> Verdict {
    for (flags, chosen) in [(NONE, 20_100), (CLONE_NEWUSER, 20_200)] {
        let maker = spawn(flags, |case| {
            unshare(CLONE_NEWPID)?;
            case.go()?;
            case.wait()
        })?;
        maker.recv::<()>()?;
        child(NONE, || {
            let empty = Namespace::at(format!("/proc/{}/ns/pid_for_children", maker.pid()))?;
            setns(&empty, CLONE_NEWPID).doing("join the PID namespace")?;
            expect_errno!(try_pids(NONE, &[2, chosen]), EINVAL, "another PID than 1 for the first, {flags:?}");
            let first = Spawn::new(NONE).set_tid(&[1, chosen]).start(|_| ns_pids("self"))?;
            expect_eq!(first.join()?, [chosen, 1], "{flags:?}");
            Ok(())
        })?;
    }
    holds()
}

/// clone3(2) with set_tid requires CAP_SYS_ADMIN in the owners of all PID namespaces that set_tid has a PID for;
/// otherwise it fails with EPERM.
///
/// Since 5.9 CAP_CHECKPOINT_RESTORE there is enough, too.
#[claim(
    source = ["clone(2) The set_tid array", "clone(2) ERRORS"],
    since = "5.5",
    needs = [Root, UserNamespaces],
)]
fn set_tid_needs_capability_in_every_level() -> Verdict {
    with_only(CapabilitySet::SYS_ADMIN, CLONE_NEWPID, || {
        expect_ok!(try_pids(NONE, &[67, 20_001]), "with CAP_SYS_ADMIN everywhere");
        holds()
    })?;
    unprivileged(NONE, || {
        expect_errno!(try_pids(NONE, &[20_001]), EPERM, "as an ordinary user");
        user_namespace(CLONE_NEWPID, || {
            expect_ok!(try_pids(NONE, &[66]), "in the namespace that is owned");
            expect_errno!(try_pids(NONE, &[67, 20_001]), EPERM, "in its parent too");
            holds()
        })
    })
}

/// CAP_CHECKPOINT_RESTORE without any other capability is enough to choose PIDs with set_tid.
#[claim(
    source = ["clone(2) The set_tid array", "clone(2) ERRORS"],
    since = "5.9",
    needs = [Root, Capability("CAP_CHECKPOINT_RESTORE")],
    erratum = "clone(2), ERRORS: clone3() with set_tid fails with EPERM if the caller lacks CAP_SYS_ADMIN in one of the user \
               namespaces that own the PID namespaces.",
    quote = "the caller lacks the CAP_SYS_ADMIN capability in one or more of the user namespaces",
)]
fn set_tid_with_checkpoint_cap() -> Verdict {
    with_only(CapabilitySet::CHECKPOINT_RESTORE, CLONE_NEWPID, || {
        expect_ok!(try_pids(NONE, &[88]));
        holds()
    })?;
    with_only(CapabilitySet::empty(), CLONE_NEWPID, || {
        expect_errno!(try_pids(NONE, &[88]), EPERM, "without any capability");
        holds()
    })
}

/// Whether a child may have these PIDs, innermost namespace first.
fn try_pids(flags: CloneFlags, pids: &[i32]) -> nix::Result<()> {
    try_clone3(&CloneArgs { set_tid: pids, ..CloneArgs::new(flags) })
}
