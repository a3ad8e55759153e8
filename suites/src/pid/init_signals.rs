//! Which signals reach a namespace's init from its own members: `pid_namespaces(7)` The namespace init process.

use std::process;

use kit::prelude::*;
use kit::process::{Change, DEADLY, NO_SIGNALS, member, plain, signal_name};
use kit::sys::ends::fault;
use kit::sys::raw;
use kit::sys::signals::{block, catch, caught, caught_from, pending, take, unblock};
use nix::unistd::Pid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    inside_default_signals_do_not_reach_init,
    inside_sigkill_sigstop_do_not_reach_init,
    init_cannot_signal_itself_to_death,
    inside_signal_with_handler_is_delivered,
    blocked_signal_is_queued_for_init_without_handler,
    blocked_signal_dropped_on_unblock,
    hardware_fault_kills_init,
    abort_in_init_reports_sigsegv,
    member_signal_has_inner_si_pid,
    ordinary_members_have_no_signal_shield,
];

/// A signal from a member is discarded if init has no handler for it, although kill(2) succeeds.
#[claim(source = ["pid_namespaces(7) The namespace init process", "kill(2) NOTES"], needs = [Root])]
fn inside_default_signals_do_not_reach_init() -> Verdict {
    plain(CLONE_NEWPID, |_| {
        for signal in DEADLY {
            member_sends_init(signal)?;
            expect_eq!(pending()?, NO_SIGNALS, "kept for later is not dropped");
            expect_eq!(what_it_does_to_another(signal)?, Change::Signaled(signal));
        }
        member_sends_init(libc::SIGTSTP)?;
        expect_eq!(what_it_does_to_another(libc::SIGTSTP)?, Change::Stopped(libc::SIGTSTP));
        Ok(())
    })?
    .survive()?;
    holds()
}

/// SIGKILL and SIGSTOP from a member have no effect on the init of its PID namespace, even if root sends them.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn inside_sigkill_sigstop_do_not_reach_init() -> Verdict {
    plain(CLONE_NEWPID, |_| {
        member_sends_init(libc::SIGSTOP)?;
        expect_eq!(what_it_does_to_another(libc::SIGSTOP)?, Change::Stopped(libc::SIGSTOP));
        member_sends_init(libc::SIGKILL)?;
        expect_eq!(what_it_does_to_another(libc::SIGKILL)?, Change::Signaled(libc::SIGKILL));
        Ok(())
    })?
    .survive()?;
    holds()
}

/// The init of a PID namespace cannot kill or stop itself with kill(2).
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn init_cannot_signal_itself_to_death() -> Verdict {
    let send_itself = |signal| expect_sent(Pid::this(), signal);
    let kills = DEADLY.into_iter().chain([libc::SIGKILL]).map(|signal| (signal, Change::Signaled(signal)));
    let stops = [libc::SIGSTOP, libc::SIGTSTP].map(|signal| (signal, Change::Stopped(signal)));
    for (signal, otherwise) in kills.chain(stops) {
        let ordinary = plain(NONE, |_| send_itself(signal))?;
        expect_eq!(ordinary.next_change()?, otherwise, "an ordinary process");
        plain(CLONE_NEWPID, |_| send_itself(signal))?.survive()?;
    }
    holds()
}

/// A signal from a member is delivered to init if init has a handler for it.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn inside_signal_with_handler_is_delivered() -> Verdict {
    plain(CLONE_NEWPID, |_| {
        member_sends_init(libc::SIGTERM)?;
        catch(libc::SIGTERM)?;
        expect_eq!(caught(libc::SIGTERM), 0, "sent before there was a handler");
        member_sends_init(libc::SIGTERM)?;
        expect_eq!(caught(libc::SIGTERM), 1);
        Ok(())
    })?
    .survive()?;
    holds()
}

/// A member's signal that init blocks is queued even if init has no handler for it, and sigwaitinfo(2) receives it.
///
/// The kernel cannot know whether a handler comes before the signal is unblocked. So an init without any handler can
/// live on `sigwaitinfo(2)` or `signalfd(2)`.
#[claim(
    source = "pid_namespaces(7) The namespace init process",
    needs = [Root],
    erratum = "pid_namespaces(7), The namespace init process: other members can send to init only those signals for which \
               it has a handler.",
    quote = "Only signals for which the \"init\" process has established a signal handler can be sent",
)]
fn blocked_signal_is_queued_for_init_without_handler() -> Verdict {
    plain(CLONE_NEWPID, |_| {
        member_sends_init(libc::SIGTERM)?;
        expect_eq!(pending()?, NO_SIGNALS, "not blocked");
        block(libc::SIGTERM)?;
        member_sends_init(libc::SIGTERM)?;
        expect_eq!(pending()?, [libc::SIGTERM]);
        expect_eq!(expect_ok!(take(libc::SIGTERM)).signal, libc::SIGTERM);
        Ok(())
    })?
    .survive()?;
    holds()
}

/// A member's signal that is pending while init blocks it is discarded when init unblocks it, if init has no handler
/// for it.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn blocked_signal_dropped_on_unblock() -> Verdict {
    let unblocks_it = |line: &Peer| {
        block(libc::SIGTERM)?;
        line.go()?;
        line.wait()?;
        expect_eq!(pending()?, [libc::SIGTERM], "while it is blocked");
        unblock(libc::SIGTERM)?;
        expect_eq!(pending()?, NO_SIGNALS, "after it was unblocked");
        Ok(())
    };
    let ordinary = plain(NONE, unblocks_it)?;
    ordinary.recv::<()>()?;
    ordinary.kill(libc::SIGTERM)?;
    ordinary.go()?;
    expect_eq!(ordinary.next_change()?, Change::Signaled(libc::SIGTERM), "an ordinary process");
    let init = plain(CLONE_NEWPID, unblocks_it)?;
    init.recv::<()>()?;
    member(&init.namespace(Kind::Pid)?, |_| expect_sent(Pid::from_raw(1), libc::SIGTERM))?.join()?;
    init.go()?;
    init.survive()?;
    holds()
}

/// A memory fault in init kills it by SIGSEGV, although a SIGSEGV that a member or init itself sends has no effect.
#[claim(source = "kernel/signal.c force_sig_info_to_task", needs = [Root])]
fn hardware_fault_kills_init() -> Verdict {
    let sent = plain(CLONE_NEWPID, |_| {
        member_sends_init(libc::SIGSEGV)?;
        expect_sent(Pid::this(), libc::SIGSEGV)
    })?;
    sent.survive()?;
    let faulty = plain(CLONE_NEWPID, |_| Ok(fault()?))?;
    expect_eq!(faulty.end()?.0, Ended::Signaled(libc::SIGSEGV));
    holds()
}

/// abort(3) ends the init of a PID namespace by SIGSEGV, where it ends an ordinary process by SIGABRT.
///
/// On x86-64: SIGABRT is dropped, and the C library goes on to an instruction that faults.
#[claim(source = "abort(3)", needs = [Root])]
fn abort_in_init_reports_sigsegv() -> Verdict {
    let ordinary = plain::<()>(NONE, |_| process::abort())?;
    expect_eq!(ordinary.wait()?, Ended::Signaled(libc::SIGABRT));
    let init = plain::<()>(CLONE_NEWPID, |_| process::abort())?;
    expect_eq!(init.wait()?, Ended::Signaled(libc::SIGSEGV));
    holds()
}

/// A signal from a member carries as si_pid the PID that the sender has in the PID namespace.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn member_signal_has_inner_si_pid() -> Verdict {
    plain(CLONE_NEWPID, |_| {
        catch(libc::SIGTERM)?;
        let sender = member_sends_init(libc::SIGTERM)?;
        expect_eq!(caught_from(libc::SIGTERM), Some(sender), "from a member to init");
        // The same between two members that are not init.
        let other = spawn(NONE, |init| {
            init.go()?;
            init.wait()?;
            Ok(caught_from(libc::SIGTERM))
        })?;
        other.recv::<()>()?;
        let sender = spawn(NONE, |_| expect_sent(other.pid(), libc::SIGTERM))?;
        let sender_pid = sender.pid().as_raw();
        sender.join()?;
        other.go()?;
        expect_eq!(other.join()?, Some(sender_pid), "from one ordinary member to another");
        Ok(())
    })?
    .survive()?;
    holds()
}

/// SIGTERM from inside the PID namespace kills a member that is not init, whether init or another member sends it.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn ordinary_members_have_no_signal_shield() -> Verdict {
    plain(CLONE_NEWPID, |_| {
        let (one, other) = (waiting(NONE)?, waiting(NONE)?);
        expect_sent(one.pid(), libc::SIGTERM)?;
        expect_eq!(one.wait()?, Ended::Signaled(libc::SIGTERM), "sent by init");
        child(NONE, || expect_sent(other.pid(), libc::SIGTERM))?;
        expect_eq!(other.wait()?, Ended::Signaled(libc::SIGTERM), "sent by another member");
        member_sends_init(libc::SIGTERM).map(drop)
    })?
    .survive()?;
    holds()
}

/// In an init: a child of its sends it the signal; answers that child's PID.
fn member_sends_init(signal: i32) -> Outcome<i32> {
    let sender = spawn(NONE, |_| expect_sent(Pid::from_raw(1), signal))?;
    let pid = sender.pid().as_raw();
    sender.join()?;
    Ok(pid)
}

/// In an init: what becomes of an ordinary member to which the same signal is sent by another.
fn what_it_does_to_another(signal: i32) -> Outcome<Change> {
    let victim = waiting(NONE)?;
    child(NONE, || expect_sent(victim.pid(), signal))?;
    victim.next_change()
}

fn expect_sent(to: Pid, signal: i32) -> Outcome<()> {
    expect_ok!(raw::kill(to, signal), "{}", signal_name(signal));
    Ok(())
}
