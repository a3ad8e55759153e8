//! Process groups and sessions that reach across the border of a PID namespace: `setpgid(2)`, `kill(2)`, terminals.

use kit::prelude::*;
use kit::process::Inbox;
use kit::sys::raw;
use nix::sys::signal::Signal;
use nix::sys::termios::tcgetsid;
use nix::unistd::{Pid, getpgid, getpid, getsid, setpgid, setsid, tcgetpgrp};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    getpgid_getsid_zero_for_outer_leader,
    tty_pgrp_and_sid_zero_inside,
    setpgid_to_outer_group_eperm,
    kill_zero_crosses_namespace_boundary,
    kill_zero_upward_si_pid,
    kill_zero_upward_si_pid_is_the_receivers_number,
];

/// The caller itself, or for `kill(2)` its process group.
const OWN_GROUP: Pid = Pid::from_raw(0);

/// getpgid(2) and getsid(2) return 0 in a PID namespace's init for the process group and session that it inherited from
/// outside.
#[claim(source = "pid_namespaces(7) Nesting PID namespaces", needs = [Root])]
fn getpgid_getsid_zero_for_outer_leader() -> Verdict {
    in_new_session(|leader| {
        expect_eq!(child(NONE, own_group_and_session)?, (leader.as_raw(), leader.as_raw()), "in the same namespace");
        child(CLONE_NEWPID, || {
            expect_eq!(own_group_and_session()?, (0, 0), "as init of a new namespace");
            setsid().doing("setsid")?;
            expect_eq!(own_group_and_session()?, (1, 1), "as leader of a session inside");
            holds()
        })
    })
}

/// tcgetpgrp(3) and tcgetsid(3) return 0 in a PID namespace for a process group and a session whose leader is outside.
#[claim(source = "TIOCGPGRP(2const)", needs = [Root, Config("UNIX98_PTYS")])]
fn tty_pgrp_and_sid_zero_inside() -> Verdict {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    // Outlives the session, whose leader its closing would kill by SIGHUP.
    let controller = openpt(flags).doing("open /dev/ptmx")?;
    grantpt(&controller).doing("grantpt")?;
    unlockpt(&controller).doing("unlockpt")?;
    in_new_session(|leader| {
        let terminal = ioctl_tiocgptpeer(&controller, flags).doing("open the terminal")?;
        rustix::process::ioctl_tiocsctty(&terminal).doing("TIOCSCTTY")?;
        let seen = || {
            let group = expect_ok!(tcgetpgrp(&terminal));
            let session = expect_ok!(tcgetsid(&terminal));
            Ok((group.as_raw(), session.as_raw()))
        };
        expect_eq!(child(NONE, seen)?, (leader.as_raw(), leader.as_raw()), "in the same namespace");
        expect_eq!(child(CLONE_NEWPID, seen)?, (0, 0), "in a nested namespace");
        holds()
    })
}

/// For a process group that exists only outside the caller's PID namespace, setpgid(2) fails with EPERM and kill(2)
/// with ESRCH.
#[claim(source = "setpgid(2)", needs = [Root])]
fn setpgid_to_outer_group_eperm() -> Verdict {
    in_new_session(|leader| {
        child(NONE, || {
            let member = waiting(NONE)?;
            expect_ok!(setpgid(member.pid(), member.pid()), "a group of its own, in the same namespace");
            expect_ok!(setpgid(member.pid(), leader), "back into the leader's group, in the same namespace");
            expect_ok!(raw::kill(Pid::from_raw(-leader.as_raw()), 0));
            holds()
        })?;
        child(CLONE_NEWPID, || {
            let member = waiting(NONE)?;
            expect_errno!(setpgid(member.pid(), leader), EPERM, "the leader's group, from inside");
            expect_errno!(raw::kill(Pid::from_raw(-leader.as_raw()), 0), ESRCH);
            expect_ok!(setpgid(member.pid(), member.pid()), "a group of its own, inside");
            expect_ok!(raw::kill(Pid::from_raw(-member.pid().as_raw()), 0));
            holds()
        })
    })
}

/// kill(0) in a PID namespace signals a member of the caller's process group outside it, too, which kill(2) by PID
/// cannot.
///
/// Such a group is one that the namespace's init has inherited. Once init has made a session of its own, its kill(0)
/// stays inside.
#[claim(
    source = ["kill(2)", "pid_namespaces(7) Nesting PID namespaces"],
    needs = [Root, Config("SIGNALFD")],
    erratum = "pid_namespaces(7), Nesting PID namespaces: a process can signal only processes in its own PID namespace \
               and in the descendants of that.",
    quote = "only processes contained in its own PID namespace and in descendants of that namespace",
)]
fn kill_zero_crosses_namespace_boundary() -> Verdict {
    in_new_session(|leader| {
        let inbox = Inbox::of(&[Signal::SIGUSR1])?;
        let inner = spawn(CLONE_NEWPID, |parent| {
            expect_errno!(raw::kill(leader, libc::SIGUSR1), ESRCH, "by PID");
            expect_ok!(raw::kill(OWN_GROUP, libc::SIGUSR1));
            parent.go()?;
            parent.wait()?;
            setsid().doing("setsid")?;
            expect_ok!(raw::kill(OWN_GROUP, libc::SIGUSR1), "in a session of its own");
            parent.go()?;
            parent.wait()
        })?;
        inner.recv::<()>()?;
        expect!(inbox.arrived()?.is_some(), "the signal to the common group reaches its member outside");
        inner.go()?;
        inner.recv::<()>()?;
        expect!(inbox.arrived()?.is_none(), "the signal to init's own group stays inside");
        holds()
    })
}

/// Before 7.3, a signal that kill(0) sends out of a PID namespace carries the sender's PID inside as si_pid.
#[claim(source = "kernel/signal.c", needs = [Root, Config("SIGNALFD")], until = "7.3")]
fn kill_zero_upward_si_pid() -> Verdict {
    let (told, inner_number, outer_number) = sender_of_upward_signal()?;
    expect_ne!(inner_number, outer_number);
    expect_eq!(told, inner_number);
    holds()
}

/// Since 7.3, a signal that kill(0) sends out of a PID namespace carries the sender's PID in the receiver's namespace
/// as si_pid.
#[claim(
    source = "kernel/signal.c",
    needs = [Root, Config("SIGNALFD")],
    since = "7.3",
    replaces = "kill_zero_upward_si_pid",
)]
fn kill_zero_upward_si_pid_is_the_receivers_number() -> Verdict {
    let (told, inner_number, outer_number) = sender_of_upward_signal()?;
    expect_ne!(inner_number, outer_number);
    expect_eq!(told, outer_number);
    holds()
}

/// A signal by `kill(0)` from the second process of a nested namespace: its si_pid outside, and the sender's numbers
/// inside and outside.
fn sender_of_upward_signal() -> Outcome<(i32, i32, i32)> {
    in_new_session(|_| {
        let inbox = Inbox::of(&[Signal::SIGUSR1])?;
        let init = waiting(CLONE_NEWPID)?;
        let namespace = init.namespace(Kind::Pid)?;
        let sender = child(NONE, || {
            setns(&namespace, CLONE_NEWPID).doing("join the nested namespace")?;
            let sender = spawn(NONE, |parent| {
                raw::kill(OWN_GROUP, libc::SIGUSR1).doing("kill(0)")?;
                parent.send(&getpid().as_raw())
            })?;
            Ok((sender.recv::<i32>()?, sender.pid().as_raw()))
        })?;
        match inbox.arrived()? {
            Some(signal) => Ok((signal.ssi_pid as i32, sender.0, sender.1)),
            None => Err(Failure::broken("the signal did not arrive")),
        }
    })
}

/// Carries `body` out as the leader, whose PID it is given, of a new session and process group, which holds no process
/// but the case's own: `kill(0)` is safe there.
fn in_new_session<T>(body: impl FnOnce(Pid) -> Outcome<T>) -> Outcome<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    child(NONE, || body(setsid().doing("setsid")?))
}

fn own_group_and_session() -> Outcome<(i32, i32)> {
    let (group, session) = (expect_ok!(getpgid(Some(OWN_GROUP))), expect_ok!(getsid(Some(OWN_GROUP))));
    Ok((group.as_raw(), session.as_raw()))
}
