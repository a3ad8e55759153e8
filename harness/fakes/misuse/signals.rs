//! Wrong claims about signals and what they do to a child, and right ones beside them.

use kit::prelude::*;
use kit::process::{Change, Inbox, plain};
use kit::sys::signals;
use nix::sys::signal::{Signal, raise};

pub(crate) const CASES: &[Case] = cases![
    changes_one_after_the_other,
    stopped_is_ended,
    waiting_has_ended,
    survives_unharmed,
    survives_its_end,
    survives_a_stop,
    plain_dies_of_what_is_ignored,
    plain_lives_on_as_who_ignores,
    signal_arrives,
    signal_arrives_that_nobody_sent,
    signal_arrives_unnoticed,
    signal_is_another,
];

/// A child is stopped, goes on, is killed, and can be waited for.
#[claim(source = "namespaces(7)", needs = [])]
fn changes_one_after_the_other() -> Verdict {
    let changing = waiting(NONE)?;
    changing.kill(libc::SIGSTOP)?;
    expect_eq!(changing.next_change()?, Change::Stopped(libc::SIGSTOP));
    changing.kill(libc::SIGCONT)?;
    expect_eq!(changing.next_change()?, Change::Continued);
    expect!(!Change::has_ended(changing.pidfd())?);
    changing.kill(libc::SIGKILL)?;
    expect_eq!(changing.next_change()?, Change::Signaled(libc::SIGKILL));
    expect!(Change::has_ended(changing.pidfd())?);
    holds()
}

/// A child that is stopped has been killed.
#[claim(source = "namespaces(7)", needs = [])]
fn stopped_is_ended() -> Verdict {
    let stopped = waiting(NONE)?;
    stopped.kill(libc::SIGSTOP)?;
    expect_eq!(stopped.next_change()?, Change::Signaled(libc::SIGSTOP));
    holds()
}

/// A child that waits has ended.
#[claim(source = "namespaces(7)", needs = [])]
fn waiting_has_ended() -> Verdict {
    expect!(Change::has_ended(waiting(NONE)?.pidfd())?);
    holds()
}

/// A child that nothing happens to survives.
#[claim(source = "namespaces(7)", needs = [])]
fn survives_unharmed() -> Verdict {
    expect_eq!(spawn(NONE, |_| Ok(42))?.survive()?, 42);
    holds()
}

/// A child survives SIGKILL.
#[claim(source = "namespaces(7)", needs = [])]
fn survives_its_end() -> Verdict {
    spawn(NONE, |_| Ok(raise(Signal::SIGKILL)?))?.survive()?;
    holds()
}

/// SIGSTOP does nothing to a child.
#[claim(source = "namespaces(7)", needs = [])]
fn survives_a_stop() -> Verdict {
    spawn(NONE, |_| Ok(raise(Signal::SIGSTOP)?))?.survive()?;
    holds()
}

/// SIGTERM kills a plain process although its parent ignores it.
#[claim(source = "namespaces(7)", needs = [])]
fn plain_dies_of_what_is_ignored() -> Verdict {
    signals::ignore(libc::SIGTERM)?;
    let process = plain(NONE, |parent| parent.wait())?;
    process.kill(libc::SIGTERM)?;
    expect_eq!(process.next_change()?, Change::Signaled(libc::SIGTERM));
    holds()
}

/// A plain process survives SIGTERM since its parent ignores it.
#[claim(source = "namespaces(7)", needs = [])]
fn plain_lives_on_as_who_ignores() -> Verdict {
    signals::ignore(libc::SIGTERM)?;
    plain(NONE, |_| Ok(raise(Signal::SIGTERM)?))?.survive()?;
    holds()
}

/// A signal arrives with its number, and no second one.
#[claim(source = "namespaces(7)", needs = [])]
fn signal_arrives() -> Verdict {
    let inbox = Inbox::of(&[Signal::SIGUSR1, Signal::SIGUSR2])?;
    raise(Signal::SIGUSR1)?;
    expect_eq!(inbox.next()?.ssi_signo as i32, libc::SIGUSR1);
    expect!(inbox.arrived()?.is_none());
    holds()
}

/// A signal arrives that was not sent.
#[claim(source = "namespaces(7)", needs = [])]
fn signal_arrives_that_nobody_sent() -> Verdict {
    expect!(Inbox::of(&[Signal::SIGUSR1])?.arrived()?.is_some());
    holds()
}

/// A signal that was sent does not arrive.
#[claim(source = "namespaces(7)", needs = [])]
fn signal_arrives_unnoticed() -> Verdict {
    let inbox = Inbox::of(&[Signal::SIGUSR1])?;
    raise(Signal::SIGUSR1)?;
    expect!(inbox.arrived()?.is_none());
    holds()
}

/// A signal arrives as another.
#[claim(source = "namespaces(7)", needs = [])]
fn signal_is_another() -> Verdict {
    let inbox = Inbox::of(&[Signal::SIGUSR1, Signal::SIGUSR2])?;
    raise(Signal::SIGUSR1)?;
    expect_eq!(inbox.next()?.ssi_signo as i32, libc::SIGUSR2);
    holds()
}
