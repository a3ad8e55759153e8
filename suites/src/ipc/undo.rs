//! When the kernel takes back what processes did to System V semaphores with SEM_UNDO: `semop(2)`, `setns(2)`,
//! `clone(2)`.
//!
//! What `unshare(2)` has to do with it is in the suite `core`.

use kit::prelude::*;
use kit::sys::sem_undo::{sem_take_with_undo, sem_value};
use kit::sys::sysv::sem_set;

use super::objects::{KEY, Object};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_to_another_ipc_applies_semadj,
    setns_to_own_ipc_applies_semadj,
    semadj_shared_by_clone_is_applied_by_the_last,
];

/// How many there are, and how many a process takes with SEM_UNDO.
const ALL: i32 = 5;
const TAKEN: i32 = 3;
const LEFT: i32 = ALL - TAKEN;

/// Joining another IPC namespace by setns() applies the process's semaphore adjustments (SEM_UNDO) in the old one at
/// once.
#[claim(
    source = ["setns(2) DESCRIPTION", "ipc/namespace.c ipcns_install"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn setns_to_another_ipc_applies_semadj() -> Verdict {
    let other = waiting(CLONE_NEWIPC | CLONE_NEWUTS)?;
    let ipc = other.namespace(Kind::Ipc)?;
    expect_ne!(ipc.inode()?, own_inode(Kind::Ipc)?);
    expect_eq!(value_after(&ipc)?, ALL);
    expect_eq!(value_after(&other.namespace(Kind::Uts)?)?, LEFT, "after joining a UTS namespace instead");
    holds()
}

/// setns() to the IPC namespace in which the process is applies its semaphore adjustments (SEM_UNDO), too.
#[claim(source = "ipc/namespace.c ipcns_install", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn setns_to_own_ipc_applies_semadj() -> Verdict {
    expect_eq!(value_after(&Namespace::own(Kind::Ipc)?)?, ALL);
    expect_eq!(value_after(&Namespace::own(Kind::Uts)?)?, LEFT, "after setns() to the own UTS namespace instead");
    holds()
}

/// Semaphore adjustments of processes that share them by CLONE_SYSVSEM are applied when the last of these processes
/// ends.
#[claim(source = ["clone(2) CLONE_SYSVSEM", "semop(2)"], needs = [Root, Config("SYSVIPC")])]
fn semadj_shared_by_clone_is_applied_by_the_last() -> Verdict {
    for (flags, after_one) in [(CLONE_SYSVSEM, LEFT), (NONE, ALL)] {
        let set = semaphore()?;
        let first = spawn(NONE, |case| {
            spawn(flags, |_| sem_take_with_undo(set, TAKEN as i16).doing("semop"))?.join()?;
            case.send(&sem_value(set).doing("semctl")?)?;
            case.wait()
        })?;
        expect_eq!(first.recv::<i32>()?, after_one, "after the end of a child made with {flags:?}");
        first.go()?;
        first.join()?;
        expect_eq!(sem_value(set).doing("semctl")?, ALL, "after the end of both, the child made with {flags:?}");
        Object::Set.remove(set).doing("remove the semaphore")?;
    }
    holds()
}

/// The value of a semaphore from which a process has taken with SEM_UNDO before it joined a namespace, while it lives.
fn value_after(joined: &Namespace) -> Outcome<i32> {
    let set = semaphore()?;
    let taker = spawn(NONE, |case| {
        sem_take_with_undo(set, TAKEN as i16).doing("semop")?;
        case.go()?;
        case.wait()?;
        setns(joined, NONE).doing("setns")?;
        case.go()?;
        case.wait()
    })?;
    taker.recv::<()>()?;
    expect_eq!(sem_value(set).doing("semctl")?, LEFT, "before the process joined anything");
    taker.go()?;
    taker.recv::<()>()?;
    let after = sem_value(set).doing("semctl")?;
    taker.go()?;
    taker.join()?;
    expect_eq!(sem_value(set).doing("semctl")?, ALL, "after the process's end");
    Object::Set.remove(set).doing("remove the semaphore")?;
    Ok(after)
}

/// A semaphore of the caller's IPC namespace, from which nothing is taken yet.
fn semaphore() -> Outcome<i32> {
    let set = Object::Set.make(KEY)?;
    sem_set(set, ALL).doing("semctl")?;
    Ok(set)
}
