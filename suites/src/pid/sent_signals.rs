//! Who a signal says has sent it, by every way to send one: `si_pid`, `si_uid` and `si_code` of `sigaction(2)`.

use std::os::fd::AsFd;

use kit::prelude::*;
use kit::process::Inbox;
use kit::sys::owner::set_owner;
use kit::sys::raw::pidfd_open;
use kit::sys::sending::{Told, Way};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid, getuid, pipe, write};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    every_signal_from_an_ancestor_has_si_pid_zero,
    every_signal_between_members_has_their_si_pid,
    queued_signals_tell_what_the_sender_claims,
    senders_claim_no_kernel_codes_for_others,
    pdeathsig_tells_of_the_parent,
    pdeathsig_from_outside_has_si_pid_zero,
    sigpipe_tells_of_the_writer_itself,
    sigio_tells_of_no_process,
];

/// A process and a user that are neither the sender nor anybody.
const CLAIMED: Told = Told { code: libc::SI_QUEUE, pid: 4_000_000, uid: 54_321 };

/// A signal from an ancestor PID namespace carries 0 as si_pid by each of seven ways to send it, whatever the sender claims.
///
/// They are kill(2), tkill(2), tgkill(2), rt_sigqueueinfo(2), rt_tgsigqueueinfo(2), and pidfd_send_signal(2) with and without a
/// siginfo_t. The other fields are not changed.
#[claim(
    source = ["pid_namespaces(7) Nesting PID namespaces", "kernel/signal.c send_signal"],
    needs = [Root, Config("SIGNALFD")],
)]
fn every_signal_from_an_ancestor_has_si_pid_zero() -> Verdict {
    let own = (getpid().as_raw(), getuid().as_raw());
    for (flags, is_zero) in [(NONE, false), (CLONE_NEWPID, true)] {
        let receiver = receiver(flags)?;
        for way in Way::all(receiver.pidfd(), CLAIMED) {
            expect_ok!(way.send(receiver.pid(), libc::SIGUSR1), "{}", way.name());
            let plain = way.tells(own.0, own.1);
            let expected = if is_zero { Told { pid: 0, ..plain } } else { plain };
            expect_eq!(told(&receiver)?, expected, "{}, to a process made with {flags:?}", way.name());
        }
    }
    holds()
}

/// A signal between members of a PID namespace carries as si_pid the PID that the sender has there, by each way to send it.
///
/// So do those that init sends to itself and to others, with 1.
#[claim(
    source = ["pid_namespaces(7) The namespace init process", "kernel/signal.c"],
    needs = [Root, Config("SIGNALFD")],
)]
fn every_signal_between_members_has_their_si_pid() -> Verdict {
    child(CLONE_NEWPID, || {
        let member = receiver(NONE)?;
        let uid = getuid().as_raw();
        for way in Way::all(member.pidfd(), CLAIMED) {
            expect_ok!(way.send(member.pid(), libc::SIGUSR1), "{}, by init", way.name());
            expect_eq!(told(&member)?, way.tells(1, uid), "{}, by init", way.name());
        }
        let inbox = Inbox::of(&[Signal::SIGUSR1])?;
        let init = pidfd_open(getpid(), 0)?;
        for way in Way::all(init.as_fd(), CLAIMED) {
            expect_ok!(way.send(getpid(), libc::SIGUSR1), "{}, by init to itself", way.name());
            expect_eq!(next(&inbox)?, way.tells(1, uid), "{}, by init to itself", way.name());
            let sender = child(NONE, || {
                expect_ok!(way.send(Pid::from_raw(1), libc::SIGUSR1), "{}, to init", way.name());
                Ok(getpid().as_raw())
            })?;
            expect_eq!(next(&inbox)?, way.tells(sender, uid), "{}, to init", way.name());
        }
        holds()
    })
}

/// rt_sigqueueinfo(2) and its two kin tell the receiver any PID and user ID that the sender claims, within a PID namespace.
///
/// An ordinary user may claim to be root and PID 1.
#[claim(source = ["rt_sigqueueinfo(2)", "kernel/signal.c do_rt_sigqueueinfo"], needs = [Root, Config("SIGNALFD")])]
fn queued_signals_tell_what_the_sender_claims() -> Verdict {
    child(CLONE_NEWPID, || {
        kit::process::become_user(kit::process::NOBODY)?;
        let member = receiver(NONE)?;
        for (pid, uid) in [(1, 0), (0, 7), (-5, u32::MAX), (member.pid().as_raw(), 54_321)] {
            let claimed = Told { pid, uid, ..CLAIMED };
            for way in Way::all(member.pidfd(), claimed).into_iter().skip(4) {
                expect_ok!(way.send(member.pid(), libc::SIGUSR1), "{}, {claimed:?}", way.name());
                expect_eq!(told(&member)?, claimed, "{}", way.name());
            }
        }
        holds()
    })
}

/// Sending a siginfo_t with a si_code of the kernel's or of kill(2) and tkill(2) fails with EPERM, but for a process to itself.
///
/// Into a PID namespace below as well, whatever PID the process has there.
#[claim(source = ["rt_sigqueueinfo(2) ERRORS", "kernel/signal.c do_rt_sigqueueinfo"], needs = [Root, Config("SIGNALFD")])]
fn senders_claim_no_kernel_codes_for_others() -> Verdict {
    let codes = [libc::SI_USER, libc::SI_KERNEL, libc::SI_TKILL, 1, i32::MAX];
    for flags in [NONE, CLONE_NEWPID] {
        let other = receiver(flags)?;
        for code in codes {
            for way in Way::all(other.pidfd(), Told { code, ..CLAIMED }).into_iter().skip(4) {
                expect_errno!(way.send(other.pid(), libc::SIGUSR1), EPERM, "{}, {code}, {flags:?}", way.name());
            }
        }
        expect_ok!(Way::Queue(CLAIMED).send(other.pid(), libc::SIGUSR1), "SI_QUEUE, {flags:?}");
    }
    child(CLONE_NEWPID, || {
        let inbox = Inbox::of(&[Signal::SIGUSR1])?;
        let own = pidfd_open(getpid(), 0)?;
        for code in codes {
            let claimed = Told { code, ..CLAIMED };
            for way in Way::all(own.as_fd(), claimed).into_iter().skip(4) {
                expect_ok!(way.send(getpid(), libc::SIGUSR1), "{}, {code}, to itself", way.name());
                expect_eq!(next(&inbox)?.code, code, "{}, to itself", way.name());
            }
        }
        holds()
    })
}

/// The signal of PR_SET_PDEATHSIG carries the PID and the user of the parent that has ended, and SI_USER.
#[claim(source = ["PR_SET_PDEATHSIG(2const)", "kernel/exit.c reparent_leader"], needs = [Root, Config("SIGNALFD")])]
fn pdeathsig_tells_of_the_parent() -> Verdict {
    let (parent, seen) = orphaned(NONE)?;
    expect_eq!(seen, Told { code: libc::SI_USER, pid: parent.as_raw(), uid: getuid().as_raw() });
    holds()
}

/// The signal of PR_SET_PDEATHSIG carries 0 as si_pid if the parent that has ended was outside the receiver's PID namespace.
#[claim(source = ["PR_SET_PDEATHSIG(2const)", "kernel/exit.c reparent_leader"], needs = [Root, Config("SIGNALFD")])]
fn pdeathsig_from_outside_has_si_pid_zero() -> Verdict {
    let (_, seen) = orphaned(CLONE_NEWPID)?;
    expect_eq!(seen, Told { code: libc::SI_USER, pid: 0, uid: getuid().as_raw() });
    holds()
}

/// SIGPIPE carries the PID that the writer itself has in its own PID namespace, and SI_USER, as if it had sent it.
#[claim(source = "fs/pipe.c", needs = [Root, Config("SIGNALFD")])]
fn sigpipe_tells_of_the_writer_itself() -> Verdict {
    let (_, writer) = pipe()?;
    for flags in [NONE, CLONE_NEWPID] {
        child(flags, || {
            let inbox = Inbox::of(&[Signal::SIGPIPE])?;
            expect_errno!(write(&writer, b"x"), EPIPE);
            let own = Told { code: libc::SI_USER, pid: getpid().as_raw(), uid: getuid().as_raw() };
            expect_eq!(next(&inbox)?, own, "in a process made with {flags:?}");
            Ok(())
        })?;
    }
    holds()
}

/// SIGIO for a file's owner carries 0 as si_pid and SI_KERNEL, in whichever PID namespace the writer is.
#[claim(source = ["fcntl(2) Managing signals", "fs/fcntl.c"], needs = [Root, Config("SIGNALFD")])]
fn sigio_tells_of_no_process() -> Verdict {
    for flags in [NONE, CLONE_NEWPID] {
        let (reader, writer) = pipe()?;
        let inbox = Inbox::of(&[Signal::SIGIO])?;
        set_owner(&reader, getpid()).doing("F_SETOWN")?;
        fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_ASYNC)).doing("set O_ASYNC")?;
        child(flags, || write(&writer, b"x").map(drop).doing("write"))?;
        let seen = next(&inbox)?;
        expect_eq!((seen.code, seen.pid, seen.uid), (libc::SI_KERNEL, 0, 0), "by a writer made with {flags:?}");
    }
    holds()
}

/// A process whose parent, of which the PID is returned, has ended, and what its signal told.
fn orphaned(flags: CloneFlags) -> Outcome<(Pid, Told)> {
    let (ours, theirs) = Peer::pair()?;
    let parent = spawn(NONE, |_| {
        let child = spawn(flags, |parent| {
            let inbox = Inbox::of(&[Signal::SIGUSR1])?;
            set_pdeathsig(Signal::SIGUSR1).doing("PR_SET_PDEATHSIG")?;
            parent.go()?;
            let Told { code, pid, uid } = next(&inbox)?;
            theirs.send(&(code, pid, uid))
        })?;
        child.recv::<()>()?;
        child.forget();
        Ok(())
    })?;
    let pid = parent.pid();
    parent.join()?;
    let (code, sender, uid) = ours.recv()?;
    Ok((pid, Told { code, pid: sender, uid }))
}

/// A process that says what each SIGUSR1 tells it.
fn receiver(flags: CloneFlags) -> Outcome<Child<()>> {
    let started = spawn(flags, |outside| {
        let inbox = Inbox::of(&[Signal::SIGUSR1])?;
        outside.go()?;
        loop {
            let Told { code, pid, uid } = next(&inbox)?;
            outside.send(&(code, pid, uid))?;
        }
    })?;
    started.recv::<()>()?;
    Ok(started)
}

/// What the receiver's next signal tells it.
fn told(receiver: &Child<()>) -> Outcome<Told> {
    let (code, pid, uid) = receiver.recv()?;
    Ok(Told { code, pid, uid })
}

fn next(inbox: &Inbox) -> Outcome<Told> {
    let seen = inbox.next()?;
    Ok(Told { code: seen.ssi_code, pid: seen.ssi_pid as i32, uid: seen.ssi_uid })
}
