//! What may come before and after `unshare(CLONE_NEWPID)`: `pid_namespaces(7)`, setns(2) and unshare(2) semantics.

use std::sync::mpsc::channel;

use kit::prelude::*;
use kit::process::{next_child_pid, ns_pids, try_clone3};
use kit::sys::sharing::{Sharer, share_memory};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_newpid_second_call_einval,
    setns_to_own_namespace_allows_another_unshare,
    clone_newpid_after_unshare_einval,
    member_can_unshare_its_own_child_namespace,
    thread_creation_refused_after_unshare,
    thread_creation_refused_after_setns,
    unshare_newpid_works_in_a_multithreaded_process,
];

/// A second unshare(CLONE_NEWPID) by the same process fails with EINVAL, both before and after its first fork.
#[claim(
    source = ["pid_namespaces(7) setns(2) and unshare(2) semantics", "unshare(2) ERRORS"],
    needs = [Root],
)]
fn unshare_newpid_second_call_einval() -> Verdict {
    expect_ok!(unshare(CLONE_NEWPID));
    expect_errno!(unshare(CLONE_NEWPID), EINVAL, "before the first fork");
    expect_ok!(unshare(CLONE_NEWUTS), "another kind of namespace");
    let _init = waiting(NONE)?;
    expect_errno!(unshare(CLONE_NEWPID), EINVAL, "after the first fork");
    expect_eq!(next_child_pid()?, 2, "the PID of the second child, in the one new namespace");
    holds()
}

/// After setns(2) back to its own PID namespace a process can call unshare(CLONE_NEWPID) again, and make another one.
#[claim(
    source = ["pid_namespaces(7) setns(2) and unshare(2) semantics", "unshare(2) ERRORS"],
    needs = [Root],
    erratum = "pid_namespaces(7), setns(2) and unshare(2) semantics: a process can call unshare(2) with CLONE_NEWPID only once.",
    quote = "A process may call unshare(2) with the CLONE_NEWPID flag only once.",
)]
fn setns_to_own_namespace_allows_another_unshare() -> Verdict {
    let own = Namespace::own(Kind::Pid)?;
    unshare(CLONE_NEWPID)?;
    let first = waiting(NONE)?;
    expect_errno!(unshare(CLONE_NEWPID), EINVAL, "without a return");
    setns(&own, CLONE_NEWPID)?;
    expect_ok!(unshare(CLONE_NEWPID), "after a return");
    let second = waiting(NONE)?;
    for init in [&first, &second] {
        expect_eq!(ns_pids(init.pid())?, [init.pid().as_raw(), 1]);
    }
    expect_ne!(first.namespace(Kind::Pid)?.inode()?, second.namespace(Kind::Pid)?.inode()?);
    holds()
}

/// clone3(2) with CLONE_NEWPID fails with EINVAL while the caller's PID namespace for children is not its own.
#[claim(source = "kernel/pid_namespace.c copy_pid_ns", needs = [Root])]
fn clone_newpid_after_unshare_einval() -> Verdict {
    let new = CloneArgs::new(CLONE_NEWPID);
    let own = Namespace::own(Kind::Pid)?;
    expect_ok!(try_clone3(&new), "before");
    unshare(CLONE_NEWPID)?;
    expect_errno!(try_clone3(&new), EINVAL, "after unshare, before the first fork");
    let init = waiting(NONE)?;
    expect_errno!(try_clone3(&new), EINVAL, "after unshare and the first fork");
    expect_ok!(try_fork(), "without the flag");
    setns(&own, CLONE_NEWPID)?;
    expect_ok!(try_clone3(&new), "children back at home");
    setns(init.pidfd(), CLONE_NEWPID)?;
    expect_errno!(try_clone3(&new), EINVAL, "after setns");
    holds()
}

/// After unshare(CLONE_NEWPID) and a fork, the child can call unshare(CLONE_NEWPID) too, while in the parent it fails
/// with EINVAL.
#[claim(source = "pid_namespaces(7) Nesting PID namespaces", needs = [Root])]
fn member_can_unshare_its_own_child_namespace() -> Verdict {
    unshare(CLONE_NEWPID)?;
    let init = spawn(NONE, |parent| {
        parent.wait()?;
        expect_ok!(unshare(CLONE_NEWPID), "by the member");
        child(NONE, || ns_pids("self"))
    })?;
    expect_errno!(unshare(CLONE_NEWPID), EINVAL, "by its parent");
    init.go()?;
    let nested = init.join()?;
    expect_eq!(nested[1..].to_vec(), [2, 1], "NSpid of the member's child, after its PID here");
    holds()
}

/// After unshare(CLONE_NEWPID), clone(2) with CLONE_THREAD fails with EINVAL.
#[claim(source = "clone(2) ERRORS", needs = [Root])]
fn thread_creation_refused_after_unshare() -> Verdict {
    let own = Namespace::own(Kind::Pid)?;
    expect_ok!(thread(), "before");
    unshare(CLONE_NEWPID)?;
    expect_errno!(thread(), EINVAL, "before the first fork");
    child(NONE, || {
        expect_ok!(thread(), "by a child in the new namespace");
        Ok(())
    })?;
    expect_errno!(thread(), EINVAL, "after the first fork");
    setns(&own, CLONE_NEWPID)?;
    expect_ok!(thread(), "back at home");
    holds()
}

/// After setns(2) to another PID namespace, clone(2) with CLONE_THREAD fails with EINVAL.
#[claim(source = "clone(2) ERRORS", needs = [Root])]
fn thread_creation_refused_after_setns() -> Verdict {
    let own = Namespace::own(Kind::Pid)?;
    let init = waiting(CLONE_NEWPID)?;
    setns(&own, CLONE_NEWPID)?;
    expect_ok!(thread(), "after setns to its own");
    setns(init.namespace(Kind::Pid)?, CLONE_NEWPID)?;
    expect_errno!(thread(), EINVAL, "after setns to another");
    expect_ok!(try_fork(), "a process instead of a thread");
    setns(&own, CLONE_NEWPID)?;
    expect_ok!(thread(), "back at home");
    holds()
}

/// unshare(CLONE_NEWPID) succeeds in a multithreaded process, where unshare(CLONE_THREAD) fails with EINVAL.
#[claim(
    source = "unshare(2) CLONE_NEWPID",
    needs = [Root],
    erratum = "unshare(2), CLONE_NEWPID: the flag implies CLONE_THREAD.",
    quote = "CLONE_NEWPID automatically implies CLONE_THREAD as well.",
)]
fn unshare_newpid_works_in_a_multithreaded_process() -> Verdict {
    child(NONE, || {
        expect_ok!(unshare(CLONE_THREAD), "single-threaded");
        Ok(())
    })?;
    let (end, told) = channel::<()>();
    let other = std::thread::Builder::new().spawn(move || told.recv().is_ok())?;
    expect_errno!(unshare(CLONE_THREAD), EINVAL, "multithreaded");
    expect_ok!(unshare(CLONE_NEWPID), "multithreaded");
    expect_eq!(next_child_pid()?, 1);
    drop(end);
    other.join().map_err(|_| Failure::broken("the thread panicked"))?;
    holds()
}

/// Makes a thread, which ends at once.
fn thread() -> nix::Result<Sharer> {
    let thread = share_memory(CLONE_SIGHAND | CLONE_THREAD, 0)?;
    thread.own_pid();
    Ok(thread)
}
