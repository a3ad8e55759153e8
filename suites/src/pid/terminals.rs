//! A terminal's foreground process group and session, set and read in different PID namespaces: `tcsetpgrp(3)`.

use kit::prelude::*;
use kit::process::Inbox;
use kit::sys::signals;
use nix::sys::signal::Signal;
use nix::sys::termios::tcgetsid;
use nix::unistd::{Pid, getpid, setpgid, setsid, tcgetpgrp, tcsetpgrp, write};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use std::os::fd::{BorrowedFd, OwnedFd};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    tcsetpgrp_takes_the_callers_number,
    tcsetpgrp_from_outside_is_seen_inside,
    tcsetpgrp_of_an_outer_group_esrch,
    tcsetpgrp_of_another_session_eperm,
    session_begun_inside_has_both_numbers,
    interrupt_character_reaches_a_group_inside,
];

/// tcsetpgrp(3) takes a process group by its number in the caller's PID namespace; outside tcgetpgrp(3) returns the number there.
#[claim(source = ["tcsetpgrp(3)", "TIOCSPGRP(2const)", "drivers/tty/tty_jobctrl.c"], needs = [Root, Config("UNIX98_PTYS")])]
fn tcsetpgrp_takes_the_callers_number() -> Verdict {
    on_a_terminal(|terminal| {
        for flags in [NONE, CLONE_NEWPID] {
            let member = spawn(flags, |outside| {
                lead_a_group()?;
                expect_ok!(tcsetpgrp(terminal, getpid()), "in a process made with {flags:?}");
                expect_eq!(expect_ok!(tcgetpgrp(terminal)), getpid(), "in a process made with {flags:?}");
                outside.go()?;
                outside.wait()
            })?;
            member.recv::<()>()?;
            expect_eq!(expect_ok!(tcgetpgrp(terminal)), member.pid(), "outside");
        }
        holds()
    })
}

/// A process outside makes the group of a process in a PID namespace below the foreground one by its number outside.
///
/// Inside, tcgetpgrp(3) returns the number there, and 0 for a group outside.
#[claim(source = ["tcsetpgrp(3)", "TIOCGPGRP(2const)", "drivers/tty/tty_jobctrl.c"], needs = [Root, Config("UNIX98_PTYS")])]
fn tcsetpgrp_from_outside_is_seen_inside() -> Verdict {
    on_a_terminal(|terminal| {
        let member = spawn(CLONE_NEWPID, |outside| {
            lead_a_group()?;
            outside.go()?;
            loop {
                outside.wait()?;
                outside.send(&expect_ok!(tcgetpgrp(terminal)).as_raw())?;
            }
        })?;
        member.recv::<()>()?;
        let inside = |group| -> Outcome<i32> {
            expect_ok!(tcsetpgrp(terminal, group), "{group}");
            expect_eq!(expect_ok!(tcgetpgrp(terminal)), group, "outside");
            member.go()?;
            member.recv()
        };
        expect_eq!(inside(member.pid())?, 1, "the member's own group");
        expect_eq!(inside(getpid())?, 0, "a group outside");
        drop::<Child<()>>(member);
        holds()
    })
}

/// tcsetpgrp(3) fails with ESRCH for a process group that has no number in the caller's PID namespace, and EINVAL below zero.
#[claim(source = ["tcsetpgrp(3) ERRORS", "drivers/tty/tty_jobctrl.c"], needs = [Root, Config("UNIX98_PTYS")])]
fn tcsetpgrp_of_an_outer_group_esrch() -> Verdict {
    on_a_terminal(|terminal| {
        let leader = getpid();
        child(NONE, || {
            signals::ignore(libc::SIGTTOU)?;
            expect_ok!(tcsetpgrp(terminal, leader), "the leader's group, in the same namespace");
            Ok(())
        })?;
        child(CLONE_NEWPID, || {
            lead_a_group()?;
            expect_errno!(tcsetpgrp(terminal, leader), ESRCH, "the leader's group");
            for number in [-1, i32::MIN] {
                expect_errno!(tcsetpgrp(terminal, Pid::from_raw(number)), EINVAL, "{number}");
            }
            expect_ok!(tcsetpgrp(terminal, getpid()), "its own group");
            holds()
        })
    })
}

/// tcsetpgrp(3) fails with EPERM for a process group of another session, though that is in the caller's PID namespace.
///
/// In a session of its own a process without the terminal fails with ENOTTY.
#[claim(source = ["tcsetpgrp(3) ERRORS", "drivers/tty/tty_jobctrl.c"], needs = [Root, Config("UNIX98_PTYS")])]
fn tcsetpgrp_of_another_session_eperm() -> Verdict {
    on_a_terminal(|terminal| {
        child(CLONE_NEWPID, || {
            lead_a_group()?;
            let other = spawn(NONE, |init| {
                setsid().doing("setsid")?;
                expect_errno!(tcsetpgrp(terminal, Pid::from_raw(1)), ENOTTY, "without the terminal");
                init.go()?;
                init.wait()
            })?;
            other.recv::<()>()?;
            expect_errno!(tcsetpgrp(terminal, other.pid()), EPERM, "a group of another session");
            expect_ok!(tcsetpgrp(terminal, getpid()), "its own group");
            drop(other);
            holds()
        })
    })
}

/// A session that begins in a PID namespace has its leader's number there, and outside, by tcgetsid(3), its leader's number outside.
#[claim(source = ["TIOCGSID(2const)", "setsid(2)", "drivers/tty/tty_jobctrl.c"], needs = [Root, Config("UNIX98_PTYS")])]
fn session_begun_inside_has_both_numbers() -> Verdict {
    let controller = controller()?;
    let member = spawn(CLONE_NEWPID, |outside| {
        setsid().doing("setsid")?;
        let terminal = ioctl_tiocgptpeer(&controller, OPENED).doing("open the terminal")?;
        rustix::process::ioctl_tiocsctty(&terminal).doing("TIOCSCTTY")?;
        expect_eq!(expect_ok!(tcgetsid(&terminal)).as_raw(), 1, "inside");
        expect_eq!(expect_ok!(tcgetpgrp(&terminal)).as_raw(), 1, "inside");
        outside.go()?;
        outside.wait()
    })?;
    member.recv::<()>()?;
    // The controlling side may ask whatever its session is.
    expect_eq!(expect_ok!(tcgetsid(&controller)), member.pid(), "outside");
    expect_eq!(expect_ok!(tcgetpgrp(&controller)), member.pid(), "outside");
    holds()
}

/// The interrupt character typed outside sends SIGINT to a foreground group in a PID namespace, with SI_KERNEL and si_pid 0.
#[claim(source = ["drivers/tty/n_tty.c", "kernel/signal.c"], needs = [Root, Config("UNIX98_PTYS"), Config("SIGNALFD")])]
fn interrupt_character_reaches_a_group_inside() -> Verdict {
    let controller = controller()?;
    let member = spawn(CLONE_NEWPID, |outside| {
        setsid().doing("setsid")?;
        let terminal = ioctl_tiocgptpeer(&controller, OPENED).doing("open the terminal")?;
        rustix::process::ioctl_tiocsctty(&terminal).doing("TIOCSCTTY")?;
        let inbox = Inbox::of(&[Signal::SIGINT])?;
        outside.go()?;
        let told = inbox.next()?;
        Ok((told.ssi_code, told.ssi_pid, told.ssi_uid))
    })?;
    member.recv::<()>()?;
    write(&controller, b"\x03").doing("type the interrupt character")?;
    expect_eq!(member.join()?, (libc::SI_KERNEL, 0, 0));
    holds()
}

const OPENED: OpenptFlags = OpenptFlags::RDWR.union(OpenptFlags::NOCTTY).union(OpenptFlags::CLOEXEC);

/// The controlling side of a new terminal.
fn controller() -> Outcome<OwnedFd> {
    let controller = openpt(OPENED).doing("open /dev/ptmx")?;
    grantpt(&controller).doing("grantpt")?;
    unlockpt(&controller).doing("unlockpt")?;
    Ok(controller)
}

/// Runs `body` as the leader of a session that has a terminal, and that is not stopped for writing to it.
fn on_a_terminal(body: impl FnOnce(BorrowedFd<'_>) -> Verdict) -> Verdict {
    use std::os::fd::AsFd;
    // Outlives the session, whose leader its closing would kill by SIGHUP.
    let controller = controller()?;
    child(NONE, || {
        setsid().doing("setsid")?;
        signals::ignore(libc::SIGTTOU)?;
        let terminal = ioctl_tiocgptpeer(&controller, OPENED).doing("open the terminal")?;
        rustix::process::ioctl_tiocsctty(&terminal).doing("TIOCSCTTY")?;
        body(terminal.as_fd())
    })
}

/// Makes the caller the leader of a process group that may set the terminal's from the background.
fn lead_a_group() -> Outcome<()> {
    signals::ignore(libc::SIGTTOU)?;
    setpgid(Pid::from_raw(0), Pid::from_raw(0)).doing("setpgid")
}
