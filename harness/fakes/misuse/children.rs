//! Wrong claims about children, which go wrong in every way that there is, and right ones beside them.

use std::os::fd::AsFd;

use kit::prelude::*;
use kit::process::{fate, try_clone3};
use kit::sys::raw;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

pub(crate) const CASES: &[Case] = cases![
    value_is_another,
    violated_in_a_child,
    violated_instead_of_a_word,
    unprepared_in_a_child,
    unmet_in_a_child,
    panics_in_a_child,
    killed_before_its_result,
    exits_without_a_result,
    exits_without_a_word,
    says_something_else,
    killed_is_no_exit,
    fate_of_the_killed,
    fate_of_the_killed_as_if_unharmed,
    fate_of_the_unharmed,
    lives_on_when_dropped,
    keeps_no_files,
    keeps_files,
    cannot_be_made,
];

/// A child's value is another than it returned.
#[claim(source = "namespaces(7)", needs = [])]
fn value_is_another() -> Verdict {
    expect_eq!(child(NONE, || Ok(6 * 7))?, 41);
    holds()
}

/// An expectation that fails in a child is lost.
#[claim(source = "namespaces(7)", needs = [])]
fn violated_in_a_child() -> Verdict {
    child(NONE, || {
        expect_eq!(1, 2, "in a child");
        Ok(())
    })?;
    holds()
}

/// A child that expects in vain still says its word.
#[claim(source = "namespaces(7)", needs = [])]
fn violated_instead_of_a_word() -> Verdict {
    let talker = spawn(NONE, |parent| {
        expect_eq!(1, 2, "instead of a word");
        parent.go()
    })?;
    talker.recv::<()>()?;
    holds()
}

/// A preparation that fails in a child is lost.
#[claim(source = "namespaces(7)", needs = [])]
fn unprepared_in_a_child() -> Verdict {
    child(NONE, || std::fs::read("/proc/nothing").map(drop).doing("prepare a child"))?;
    holds()
}

/// What a child lacks is lost.
#[claim(source = "namespaces(7)", needs = [])]
fn unmet_in_a_child() -> Verdict {
    child(NONE, || Err::<(), _>(Failure::unmet("something that a child found out")))?;
    holds()
}

/// A child's panic is lost.
#[claim(source = "namespaces(7)", needs = [])]
fn panics_in_a_child() -> Verdict {
    child::<()>(NONE, || panic!("in a child"))?;
    holds()
}

/// A child that is killed has a result.
#[claim(source = "namespaces(7)", needs = [])]
fn killed_before_its_result() -> Verdict {
    let victim = waiting(NONE)?;
    victim.kill(libc::SIGKILL)?;
    victim.join()?;
    holds()
}

/// A child that exits has a result.
#[claim(source = "namespaces(7)", needs = [])]
fn exits_without_a_result() -> Verdict {
    child::<()>(NONE, || raw::exit_now(3))?;
    holds()
}

/// A child that exits says something before.
#[claim(source = "namespaces(7)", needs = [])]
fn exits_without_a_word() -> Verdict {
    spawn::<()>(NONE, |_| raw::exit_now(3))?.recv::<()>()?;
    holds()
}

/// A child says what one would like to hear.
#[claim(source = "namespaces(7)", needs = [])]
fn says_something_else() -> Verdict {
    let talker = spawn(NONE, |parent| parent.send(&"a word"))?;
    talker.recv::<u32>()?;
    holds()
}

/// A child that is killed has exited.
#[claim(source = "namespaces(7)", needs = [])]
fn killed_is_no_exit() -> Verdict {
    let victim = waiting(NONE)?;
    victim.kill(libc::SIGKILL)?;
    expect_eq!(victim.end()?, (Ended::Exited(0), None));
    holds()
}

/// SIGKILL ends a child.
#[claim(source = "namespaces(7)", needs = [])]
fn fate_of_the_killed() -> Verdict {
    let victim = waiting(NONE)?;
    victim.kill(libc::SIGKILL)?;
    expect_eq!(fate(victim)?, Ended::Signaled(libc::SIGKILL));
    holds()
}

/// SIGKILL does nothing to a child.
#[claim(source = "namespaces(7)", needs = [])]
fn fate_of_the_killed_as_if_unharmed() -> Verdict {
    let victim = waiting(NONE)?;
    victim.kill(libc::SIGKILL)?;
    expect_eq!(fate(victim)?, Ended::Exited(0));
    holds()
}

/// A child that nothing happened to exits when it may.
#[claim(source = "namespaces(7)", needs = [])]
fn fate_of_the_unharmed() -> Verdict {
    expect_eq!(fate(waiting(NONE)?)?, Ended::Exited(0));
    holds()
}

/// A child lives on when its value goes.
#[claim(source = "namespaces(7)", needs = [])]
fn lives_on_when_dropped() -> Verdict {
    let dropped = waiting(NONE)?;
    let pidfd = dropped.pidfd().try_clone_to_owned()?;
    drop(dropped);
    expect_ok!(raw::pidfd_send_signal(&pidfd, 0));
    holds()
}

/// A child without its parent's files keeps no pipe open.
#[claim(source = "namespaces(7)", needs = [])]
fn keeps_no_files() -> Verdict {
    expect!(is_the_only_writer(Spawn::new(NONE).without_files())?);
    holds()
}

/// A child with its parent's files keeps no pipe open.
#[claim(source = "namespaces(7)", needs = [])]
fn keeps_files() -> Verdict {
    expect!(is_the_only_writer(Spawn::new(NONE))?);
    holds()
}

/// Whether a pipe has no writer any more when we close our end, and a child is there that was made after it.
fn is_the_only_writer(how: Spawn<'_>) -> Outcome<bool> {
    let (reader, writer) = std::io::pipe()?;
    let other = how.start(|parent| {
        parent.go()?;
        parent.wait()
    })?;
    other.recv::<()>()?;
    drop(writer);
    let mut end = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
    poll(&mut end, PollTimeout::ZERO)?;
    Ok(end[0].any() == Some(true))
}

/// An ordinary user has a child in a new UTS namespace.
#[claim(source = "namespaces(7)", needs = [Root])]
fn cannot_be_made() -> Verdict {
    unprivileged(NONE, || {
        expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)));
        holds()
    })
}
