//! Calls on «every process», which means every process of the caller's PID namespace: `kill(-1)`, `setpriority(2)`.

use kit::prelude::*;
use kit::process::{Inbox, NOBODY, as_user, become_user, fate};
use kit::sys::raw;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use rustix::process::{Uid, getpriority_process, setpriority_user};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    kill_minus_one_stays_inside,
    kill_minus_one_by_init_spares_init,
    kill_minus_one_from_ancestor_hits_nested_init,
    setpriority_user_limited_to_visible,
];

/// kill(-1) signals the other members of the caller's PID namespace except its init, and no process of the parent
/// namespace.
///
/// Without another member it fails with ESRCH.
#[claim(source = "kill(2)", needs = [Root, Config("SIGNALFD")])]
fn kill_minus_one_stays_inside() -> Verdict {
    let outside = waiting(NONE)?;
    child(CLONE_NEWPID, || {
        expect_errno!(kill_everybody(libc::SIGTERM), ESRCH, "as init, with no other member");
        let victims = [waiting(NONE)?, waiting(NONE)?];
        let inbox = Inbox::of(&[Signal::SIGTERM])?;
        child(NONE, || {
            expect_ok!(kill_everybody(libc::SIGTERM));
            expect!(inbox.arrived()?.is_none(), "nothing for the caller");
            raw::kill(nix::unistd::getpid(), libc::SIGTERM).doing("kill oneself")?;
            expect!(inbox.arrived()?.is_some(), "it would have been seen");
            holds()
        })?;
        for victim in victims {
            expect_eq!(fate(victim)?, Ended::Signaled(libc::SIGTERM));
        }
        expect!(inbox.arrived()?.is_none(), "nothing for init");
        child(NONE, || raw::kill(Pid::from_raw(1), libc::SIGTERM).doing("kill init"))?;
        expect!(inbox.arrived()?.is_some(), "it would have been seen");
        holds()
    })?;
    expect_eq!(fate(outside)?, Ended::Exited(0), "a process of the enclosing namespace");
    holds()
}

/// kill(-1) by the init of a PID namespace signals each other process there, also one that is not its child, and not init.
#[claim(source = "kill(2)", needs = [Root, Config("SIGNALFD")])]
fn kill_minus_one_by_init_spares_init() -> Verdict {
    child(CLONE_NEWPID, || {
        for signal in [Signal::SIGTERM, Signal::SIGUSR1] {
            let children = (0..10).map(|_| waiting(NONE)).collect::<Outcome<Vec<_>>>()?;
            let parent = spawn(NONE, |init| {
                let grandchild = waiting(NONE)?;
                // Its own end is not what it tells of.
                let _kept = Inbox::of(&[signal])?;
                init.go()?;
                init.wait()?;
                fate(grandchild)
            })?;
            parent.recv::<()>()?;
            let inbox = Inbox::of(&[signal])?;
            expect_ok!(kill_everybody(signal as i32), "{signal}");
            expect!(inbox.arrived()?.is_none(), "{signal} for init");
            for child in children {
                expect_eq!(fate(child)?, Ended::Signaled(signal as i32), "a child");
            }
            parent.go()?;
            expect_eq!(parent.join()?, Ended::Signaled(signal as i32), "a grandchild");
            raw::kill(nix::unistd::getpid(), signal as i32).doing("signal oneself")?;
            expect!(inbox.arrived()?.is_some(), "{signal} would have been seen");
        }
        holds()
    })
}

/// kill(-1, SIGKILL) kills the init of a nested PID namespace, but not the init of the caller's own.
#[claim(source = ["kill(2)", "pid_namespaces(7) The namespace init process"], needs = [Root])]
fn kill_minus_one_from_ancestor_hits_nested_init() -> Verdict {
    let outcome = spawn(CLONE_NEWPID, |_| {
        let nested = spawn(CLONE_NEWPID, |parent| {
            // Its own members cannot do to it what the ancestor's will.
            let member = waiting(NONE)?;
            child(NONE, || kill_everybody(libc::SIGKILL).doing("kill(-1) inside"))?;
            expect_eq!(fate(member)?, Ended::Signaled(libc::SIGKILL));
            parent.go()?;
            parent.wait()
        })?;
        nested.recv::<()>()?;
        let sibling = waiting(NONE)?;
        child(NONE, || {
            expect_ok!(kill_everybody(libc::SIGKILL));
            holds()
        })?;
        Ok((fate(nested)?, fate(sibling)?))
    })?;
    let killed = Ended::Signaled(libc::SIGKILL);
    expect_eq!(outcome.join()?, (killed, killed), "the nested init and a sibling, told by the init that was spared");
    holds()
}

/// setpriority(PRIO_USER) changes only those of the user's processes that have a PID in the caller's PID namespace.
#[claim(source = "setpriority(2)", needs = [Root])]
fn setpriority_user_limited_to_visible() -> Verdict {
    let users_own = |flags| {
        let process = spawn(flags, |parent| {
            become_user(NOBODY)?;
            parent.go()?;
            parent.wait()?;
            expect_ok!(make_nicer(18));
            parent.go()?;
            parent.wait()
        })?;
        process.recv::<()>()?;
        Ok::<_, Failure>(process)
    };
    let (outside, inside) = (users_own(NONE)?, users_own(CLONE_NEWPID)?);
    let before = nice(&outside)?;
    inside.go()?;
    inside.recv::<()>()?;
    expect_eq!((nice(&outside)?, nice(&inside)?), (before, 18), "called inside");
    as_user(NOBODY, NONE, || {
        expect_ok!(make_nicer(19));
        holds()
    })?;
    expect_eq!((nice(&outside)?, nice(&inside)?), (19, 19), "called outside");
    holds()
}

/// `kill(-1)`: only ever called in a PID namespace that holds no process but the case's own.
fn kill_everybody(signal: i32) -> nix::Result<()> {
    raw::kill(Pid::from_raw(-1), signal)
}

/// Sets the nice value of all processes of [`NOBODY`].
fn make_nicer(value: i32) -> rustix::io::Result<()> {
    setpriority_user(Uid::from_raw(NOBODY), value)
}

fn nice(process: &Child<()>) -> Outcome<i32> {
    getpriority_process(rustix::process::Pid::from_raw(process.pid().as_raw())).doing("getpriority")
}
