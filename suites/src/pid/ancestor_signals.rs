//! Which signals reach a namespace's init from outside, from a PID namespace above: `pid_namespaces(7)` The namespace
//! init process.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use kit::prelude::*;
use kit::process::{Change, DEADLY, NO_SIGNALS, NOBODY, become_user, member, plain, signal_name};
use kit::sys::raw;
use kit::sys::signals::{block, catch, caught, pending, take};
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use procfs::process::Process;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ancestor_default_signals_do_not_reach_init,
    ancestor_sigkill_kills_init,
    ancestor_sigstop_stops_init,
    ancestor_sigtstp_does_not_stop_init,
    sigcont_resumes_stopped_init,
    ancestor_signal_needs_kill_permission,
    ancestor_signal_has_si_pid_zero,
    pdeathsig_sigkill_kills_init,
    pdeathsig_sigterm_does_not_kill_init,
];

/// What the terminal's job control stops processes with.
const TERMINAL_STOPS: [i32; 3] = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// A signal from an ancestor PID namespace that would end init is discarded if init has no handler for it.
///
/// SIGKILL is the exception: it is a claim of its own.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn ancestor_default_signals_do_not_reach_init() -> Verdict {
    for signal in DEADLY {
        let ordinary = plain(NONE, Peer::wait)?;
        expect_ok!(raw::kill(ordinary.pid(), signal));
        expect_eq!(ordinary.next_change()?, Change::Signaled(signal), "an ordinary process");
    }
    from_each_ancestor(|send| {
        let handles_none = plain(CLONE_NEWPID, |outside| {
            outside.wait()?;
            Ok(pending()?)
        })?;
        let handles_all = plain(CLONE_NEWPID, |outside| {
            DEADLY.into_iter().try_for_each(catch)?;
            outside.go()?;
            outside.wait()?;
            Ok(DEADLY.map(caught).to_vec())
        })?;
        handles_all.recv::<()>()?;
        for signal in DEADLY {
            send(handles_none.pidfd(), signal)?;
            send(handles_all.pidfd(), signal)?;
        }
        handles_none.go()?;
        handles_all.go()?;
        expect_eq!(handles_none.survive()?, NO_SIGNALS, "pending signals");
        expect_eq!(handles_all.survive()?, [1; DEADLY.len()], "calls of each handler");
        Ok(())
    })
}

/// SIGKILL from an ancestor PID namespace kills init; SIGKILL from a member does not.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn ancestor_sigkill_kills_init() -> Verdict {
    only_ancestors_can(libc::SIGKILL, Change::Signaled(libc::SIGKILL))
}

/// SIGSTOP from an ancestor PID namespace stops init; SIGSTOP from a member does not.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn ancestor_sigstop_stops_init() -> Verdict {
    only_ancestors_can(libc::SIGSTOP, Change::Stopped(libc::SIGSTOP))
}

/// SIGTSTP, SIGTTIN and SIGTTOU from an ancestor PID namespace do not stop an init that has no handlers for them.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn ancestor_sigtstp_does_not_stop_init() -> Verdict {
    for signal in TERMINAL_STOPS {
        let ordinary = plain(NONE, Peer::wait)?;
        expect_ok!(raw::kill(ordinary.pid(), signal));
        expect_eq!(ordinary.next_change()?, Change::Stopped(signal), "an ordinary process");
    }
    from_each_ancestor(|send| {
        for signal in TERMINAL_STOPS {
            let init = plain(CLONE_NEWPID, Peer::wait)?;
            send(init.pidfd(), signal)?;
            init.go()?;
            init.survive()?;
        }
        Ok(())
    })
}

/// SIGCONT resumes a stopped init that has no handler for it, whether a process in the parent PID namespace or a member
/// sends it.
#[claim(source = "kernel/signal.c prepare_signal", needs = [Root])]
fn sigcont_resumes_stopped_init() -> Verdict {
    let init = plain(CLONE_NEWPID, echo)?;
    let state = || Ok::<_, Failure>(Process::new(init.pid().as_raw())?.stat()?.state);
    for sender in ["the parent namespace", "a member"] {
        init.kill(libc::SIGSTOP)?;
        expect_eq!(init.next_change()?, Change::Stopped(libc::SIGSTOP));
        init.kill(libc::SIGTERM)?;
        expect_eq!(state()?, 'T', "after another signal");
        match sender {
            "a member" => {
                let inside = member(&init.namespace(Kind::Pid)?, |_| Ok(raw::kill(Pid::from_raw(1), libc::SIGCONT)?))?;
                inside.join()?;
            }
            _ => init.kill(libc::SIGCONT)?,
        }
        expect_eq!(init.next_change()?, Change::Continued, "SIGCONT from {sender}");
        answers(&init)?;
    }
    holds()
}

/// kill(2) on the init of a nested PID namespace requires the usual permission: by an ordinary user on root's init it
/// fails with EPERM.
#[claim(source = ["pid_namespaces(7) The namespace init process", "kill(2)"], needs = [Root])]
fn ancestor_signal_needs_kill_permission() -> Verdict {
    let roots = waiting(CLONE_NEWPID)?;
    let their_own = spawn(CLONE_NEWPID, |outside| {
        become_user(NOBODY)?;
        outside.go()?;
        outside.wait()
    })?;
    their_own.recv::<()>()?;
    unprivileged(NONE, || {
        expect_errno!(raw::kill(roots.pid(), libc::SIGKILL), EPERM);
        expect_ok!(raw::kill(their_own.pid(), libc::SIGKILL), "the same user's");
        Ok(())
    })?;
    expect_eq!(their_own.wait()?, Ended::Signaled(libc::SIGKILL));
    expect_ok!(raw::kill(roots.pid(), libc::SIGKILL), "by root");
    expect_eq!(roots.wait()?, Ended::Signaled(libc::SIGKILL));
    holds()
}

/// A signal that a process in an ancestor PID namespace sends carries 0 as si_pid.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn ancestor_signal_has_si_pid_zero() -> Verdict {
    from_each_ancestor(|send| {
        let init = plain(CLONE_NEWPID, |outside| {
            block(libc::SIGTERM)?;
            outside.go()?;
            let from_outside = take(libc::SIGTERM)?.pid;
            let inside = spawn(NONE, |_| Ok(raw::kill(Pid::from_raw(1), libc::SIGTERM)?))?;
            let from_inside = take(libc::SIGTERM)?.pid;
            expect_eq!(from_inside, inside.pid().as_raw(), "from a member");
            Ok(from_outside)
        })?;
        init.recv::<()>()?;
        send(init.pidfd(), libc::SIGTERM)?;
        expect_eq!(init.survive()?, 0);
        Ok(())
    })
}

/// An init that has set SIGKILL with PR_SET_PDEATHSIG is killed when its parent ends.
#[claim(
    source = ["PR_SET_PDEATHSIG(2const)", "pid_namespaces(7) The namespace init process"],
    needs = [Root]
)]
fn pdeathsig_sigkill_kills_init() -> Verdict {
    set_child_subreaper(true)?;
    let asked = Orphan::new(CLONE_NEWPID, Some(Signal::SIGKILL))?;
    expect_eq!(Change::next(asked.pidfd.as_fd())?, Change::Signaled(libc::SIGKILL));
    let did_not_ask = Orphan::new(CLONE_NEWPID, None)?;
    expect_eq!(did_not_ask.dismiss()?, Change::Exited(0), "one that did not ask for it");
    holds()
}

/// An init that has set SIGTERM with PR_SET_PDEATHSIG, and has no handler for it, survives its parent's end.
#[claim(
    source = ["PR_SET_PDEATHSIG(2const)", "pid_namespaces(7) The namespace init process"],
    needs = [Root]
)]
fn pdeathsig_sigterm_does_not_kill_init() -> Verdict {
    set_child_subreaper(true)?;
    let ordinary = Orphan::new(NONE, Some(Signal::SIGTERM))?;
    expect_eq!(Change::next(ordinary.pidfd.as_fd())?, Change::Signaled(libc::SIGTERM), "an ordinary process");
    let init = Orphan::new(CLONE_NEWPID, Some(Signal::SIGTERM))?;
    expect_eq!(init.dismiss()?, Change::Exited(0));
    holds()
}

/// A process whose parent has ended, and that is a child of this one now.
struct Orphan {
    pidfd: OwnedFd,
    line: Peer,
}

impl Orphan {
    /// Makes one, which asked for this signal at its parent's end. The caller is a subreaper.
    fn new(flags: CloneFlags, signal: Option<Signal>) -> Outcome<Self> {
        let (line, theirs) = Peer::pair()?;
        let parent = spawn(NONE, |us| {
            let orphan = plain(flags, |parent| {
                set_pdeathsig(signal)?;
                parent.go()?;
                theirs.wait()
            })?;
            orphan.recv::<()>()?;
            us.send_fd(orphan.forget().1)
        })?;
        let pidfd = parent.peer().recv_fd()?;
        parent.join()?;
        Ok(Self { pidfd, line })
    }

    /// Tells it to exit, and waits for what comes of it.
    fn dismiss(&self) -> Outcome<Change> {
        // One that is dead already does not listen.
        let _ = self.line.go();
        Change::next(self.pidfd.as_fd())
    }
}

/// What [`from_each_ancestor`] lets a check send signals by: to the process behind a pidfd.
type Send<'a> = &'a dyn Fn(BorrowedFd<'_>, i32) -> Outcome<()>;

/// Carries `check` out twice: with signals that come from the parent namespace of the inits that it makes, which is its
/// own, and with signals that come from the namespace around that.
fn from_each_ancestor(check: impl Fn(Send<'_>) -> Outcome<()>) -> Verdict {
    let send = |to: BorrowedFd<'_>, signal| {
        expect_ok!(raw::pidfd_send_signal(to, signal), "{}", signal_name(signal));
        Ok(())
    };
    check(&send).doing("from the parent namespace")?;
    let below = spawn(CLONE_NEWPID, |above| {
        check(&|to, signal| {
            above.send(&Some(signal))?;
            above.send_fd(to)?;
            above.wait()
        })?;
        above.send(&None::<i32>)
    })?;
    while let Some(signal) = below.recv::<Option<i32>>()? {
        send(below.peer().recv_fd()?.as_fd(), signal)?;
        below.go()?;
    }
    below.join().doing("from the parent namespace's parent")?;
    holds()
}

/// A signal from each ancestor changes an init so, which the same signal from a member has not done.
fn only_ancestors_can(signal: i32, change: Change) -> Verdict {
    from_each_ancestor(|send| {
        let init = plain(CLONE_NEWPID, echo)?;
        member(&init.namespace(Kind::Pid)?, |_| Ok(raw::kill(Pid::from_raw(1), signal)?))?.join()?;
        answers(&init).doing("hear from init after a member's signal")?;
        send(init.pidfd(), signal)?;
        expect_eq!(init.next_change()?, change);
        Ok(())
    })
}

/// An init that answers when it is spoken to.
fn echo(outside: &Peer) -> Outcome<()> {
    loop {
        outside.wait()?;
        outside.go()?;
    }
}

fn answers(init: &Child<()>) -> Outcome<()> {
    init.go()?;
    init.recv()
}
