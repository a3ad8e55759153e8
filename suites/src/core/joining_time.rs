//! Joining a time namespace: `setns(2)`, Details for specific namespace types; `time_namespaces(7)`.

use std::fs;

use kit::Links;
use kit::joining::{Elsewhere, expect_joined};
use kit::prelude::*;
use kit::sys::vfork::vfork;
use rustix::time::{ClockId, clock_gettime};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![setns_time_moves_caller, setns_time_threaded_eusers, setns_time_shared_memory_eusers];

/// Seconds that a case's time namespace is ahead.
const AHEAD: i64 = 10_000_000;

/// setns(2) moves the caller and its next children to a time namespace and its clocks; unshare(2) moves only the
/// children.
#[claim(
    source = ["setns(2) Details for specific namespace types", "kernel/time/namespace.c timens_install"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn setns_time_moves_caller() -> Verdict {
    user_namespace(NONE, || {
        let target = ahead()?;
        let (namespace, there) = (target.namespace(Kind::Time)?, Links::of(target.proc_pid()?)?);
        child(NONE, || {
            let before = seconds();
            expect_ok!(unshare(CLONE_NEWTIME));
            set_ahead()?;
            let (own, childs) = (seconds(), child(NONE, || Ok(seconds()))?);
            expect!(own < before + AHEAD, "its own clock after unshare: {own} s, before {before} s");
            expect!(childs >= before + AHEAD, "its child's clock after unshare: {childs} s, before {before} s");
            Ok(())
        })?;
        child(NONE, || {
            let (outside, before) = (Links::own()?, seconds());
            expect_ok!(setns(&namespace, CLONE_NEWTIME));
            let (own, childs) = (seconds(), child(NONE, || Ok(seconds()))?);
            expect!(own >= before + AHEAD, "its own clock after setns: {own} s, before {before} s");
            expect!(childs >= before + AHEAD, "its child's clock after setns: {childs} s, before {before} s");
            outside.expect_moved(&[Kind::Time], &there)
        })?;
        holds()
    })
}

/// setns(2) to a time namespace fails with EUSERS if the process has a second thread, by a file and by a pidfd.
///
/// The page setns(2) has the rule, but not this errno.
#[claim(
    source = ["setns(2) Details for specific namespace types", "kernel/time/namespace.c timens_install"],
    since = "5.8",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn setns_time_threaded_eusers() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let namespace = other.namespace(Kind::Time)?;
        let before = Links::own()?;
        let thread = Thread::idle()?;
        for flags in [CLONE_NEWTIME, NONE] {
            expect_errno!(setns(&namespace, flags), EUSERS, "by its file, with {flags:?}");
        }
        for flags in [CLONE_NEWTIME, CLONE_NEWTIME | CLONE_NEWUTS] {
            expect_errno!(setns(other.pidfd(), flags), EUSERS, "by pidfd, with {flags:?}");
        }
        before.expect_unmoved()?;
        other.expect_joined(&[Kind::Time], || setns(&namespace, CLONE_NEWTIME)).doing("a child with one thread")?;
        thread.end()?;
        expect_ok!(setns(&namespace, CLONE_NEWTIME), "when the other thread has ended");
        before.expect_moved(&[Kind::Time], other.memberships())?;
        holds()
    })
}

/// setns(2) to a time namespace fails with EUSERS if the caller shares its memory with another process.
#[claim(
    source = ["kernel/time/namespace.c timens_install", "lib/is_single_threaded.c"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn setns_time_shared_memory_eusers() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let (time, uts) = (other.namespace(Kind::Time)?, other.namespace(Kind::Uts)?);
        let before = Links::own()?;
        let (refused, joined) = vfork(NONE, || (setns(&time, CLONE_NEWTIME), setns(&uts, CLONE_NEWUTS)))?;
        expect_errno!(refused, EUSERS, "by a child that shares our memory");
        expect_ok!(joined, "a UTS namespace, by the same child");
        before.expect_unmoved().doing("the parent, while and after it shared")?;
        expect_joined(other.memberships(), &[Kind::Time], || setns(&time, CLONE_NEWTIME))
            .doing("with memory of its own")?;
        holds()
    })
}

/// A process in a time namespace of its own whose boot time clock is [`AHEAD`].
fn ahead() -> Outcome<Child<()>> {
    let parent = spawn(NONE, |outside| {
        unshare(CLONE_NEWTIME)?;
        set_ahead()?;
        outside.go()?;
        outside.wait()
    })?;
    parent.recv::<()>()?;
    let namespace = Namespace::at(format!("/proc/{}/ns/time_for_children", parent.proc_pid()?))?;
    let member = spawn(NONE, |outside| {
        setns(&namespace, CLONE_NEWTIME)?;
        outside.go()?;
        outside.wait()
    })?;
    member.recv::<()>()?;
    Ok(member)
}

/// Sets the boot time clock of the time namespace that the caller has made for its children [`AHEAD`].
fn set_ahead() -> Outcome<()> {
    fs::write("/proc/self/timens_offsets", format!("boottime {AHEAD} 0")).doing("set the offset")
}

/// What the boot time clock shows.
fn seconds() -> i64 {
    clock_gettime(ClockId::Boottime).tv_sec
}
