//! Cases that go wrong, each in its way.

use kit::prelude::*;
use nix::errno::Errno;
use nix::sys::signal::{Signal, raise};

pub(crate) const CASES: &[Case] = cases![
    expects_the_wrong_answer,
    cannot_prepare,
    panics,
    never_ends,
    exits_without_a_word,
    is_killed,
    ends_its_init,
    floods_its_output,
    fails_in_a_grandchild,
    leaves_a_process_behind,
];

/// The kernel gives another answer than expected.
#[claim(source = "namespaces(7)")]
fn expects_the_wrong_answer() -> Verdict {
    let answer: Result<(), Errno> = Err(Errno::EINVAL);
    expect_errno!(answer, EPERM);
    holds()
}

/// A preparation fails.
#[claim(source = "namespaces(7)")]
fn cannot_prepare() -> Verdict {
    let prepared: Result<(), Errno> = Err(Errno::EPERM);
    prepared.doing("mount something")?;
    holds()
}

/// The case panics.
#[claim(source = "namespaces(7)")]
fn panics() -> Verdict {
    panic!("something was none after all")
}

/// The case has no end.
#[claim(source = "namespaces(7)", deadline = 1)]
fn never_ends() -> Verdict {
    loop {
        nix::unistd::pause();
    }
}

/// The case's process exits before it has a verdict.
#[claim(source = "namespaces(7)")]
fn exits_without_a_word() -> Verdict {
    std::process::exit(3)
}

/// The case's process is killed.
#[claim(source = "namespaces(7)")]
fn is_killed() -> Verdict {
    raise(Signal::SIGKILL)?;
    holds()
}

/// The case ends the PID namespace that it runs in.
#[claim(source = "namespaces(7)", needs = [Root])]
fn ends_its_init() -> Verdict {
    nix::sys::reboot::reboot(nix::sys::reboot::RebootMode::RB_AUTOBOOT)?;
    holds()
}

/// The case prints more than anybody wants to read.
#[claim(source = "namespaces(7)")]
fn floods_its_output() -> Verdict {
    for line in 0..50_000 {
        println!("line {line} \x1b[31m");
    }
    Err(Failure::broken("on purpose"))
}

/// A grandchild of the case sees a wrong answer.
#[claim(source = "namespaces(7)")]
fn fails_in_a_grandchild() -> Verdict {
    child(NONE, || {
        child(NONE, || {
            expect_eq!(1, 2);
            Ok(())
        })
    })?;
    holds()
}

/// The case leaves a process behind that does not want to go.
#[claim(source = "namespaces(7)")]
fn leaves_a_process_behind() -> Verdict {
    let (_, _) = spawn(NONE, |parent| {
        nix::unistd::setsid()?;
        parent.send(&())?;
        loop {
            nix::unistd::pause();
        }
        #[expect(unreachable_code, reason = "gives the closure a type")]
        Ok(())
    })
    .and_then(|started| started.recv::<()>().map(|()| started))?
    .forget();
    holds()
}
