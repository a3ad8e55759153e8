//! The stage: the fresh namespaces a case runs in, so that it touches nothing outside itself.
//!
//! The worker clones the stage's PID 1 into new mount, PID, network, UTS, IPC and cgroup namespaces; that process
//! makes a root directory of its own, forks the case, reaps whatever becomes an orphan, and ends with the case. When
//! PID 1 goes, the kernel takes everything else along.

pub(crate) mod airlock;
mod ending;
mod processes;
pub(crate) mod residue;
mod root;

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::claim::Case;
use crate::process::{Ended, Peer};
use crate::protocol::Report;
use crate::sys::clone::{CloneArgs, CloneFlags, Side, clone3};
use crate::sys::raw;
use crate::verdict::{Doing, Failure, Outcome, Verdict};
use ending::{Ending, await_end};

/// What a stage has of its own. No user namespace: root on the stage is root. No time namespace: its offsets could
/// not be changed any more by the case.
const STAGE: CloneFlags = CloneFlags::NEWNS
    .union(CloneFlags::NEWPID)
    .union(CloneFlags::NEWNET)
    .union(CloneFlags::NEWUTS)
    .union(CloneFlags::NEWIPC)
    .union(CloneFlags::NEWCGROUP);

/// How a case is kept from its surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In namespaces of its own.
    Staged,
    /// In the worker's: for cases about the initial namespaces, and for an ordinary user, who cannot do harm.
    Plain,
}

/// What the stage's PID 1 tells the worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// It could not prepare the stage.
    Unprepared(Failure),
    /// The case's process ended like this.
    CaseEnded(Ended),
}

/// Carries a case out and ends it after `deadline` at the latest, or when the runner hangs up.
pub(crate) fn carry_out(case: &Case, mode: Mode, deadline: Duration, runner: BorrowedFd<'_>) -> Report {
    let started = Instant::now();
    crate::pace::begin_case(deadline);
    let mut report = match play(case, mode, started + deadline, runner) {
        Ok(report) => report,
        Err(failure) => ending::report_of(Err(failure)),
    };
    report.duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    report
}

fn play(case: &Case, mode: Mode, until: Instant, runner: BorrowedFd<'_>) -> Outcome<Report> {
    let output = ending::Output::new()?;
    let (result, their_result) = Peer::pair()?;
    let (stage, their_stage) = Peer::pair()?;
    let flags = match mode {
        Mode::Staged => STAGE,
        Mode::Plain => CloneFlags::empty(),
    };
    let pidfd = match clone3(&CloneArgs::new(flags)).doing("make the stage")? {
        Side::Child => {
            drop((result, stage));
            crate::process::next_generation();
            match mode {
                Mode::Staged => be_stage_init(case.body, &their_stage, &their_result, &output),
                Mode::Plain => be_case(case.body, &their_result, &output),
            }
        }
        Side::Parent(_, pidfd) => pidfd,
    };
    drop((their_result, their_stage));
    let ending = await_end(&result, &stage, pidfd.as_fd(), runner, until);
    let processes = match ending {
        Ending::TimedOut => processes::descendants_in_words(),
        _ => String::new(),
    };
    // Whatever is left of the stage goes now, whether or not its PID 1 was about to leave by itself.
    let _ = raw::pidfd_send_signal(&pidfd, libc::SIGKILL);
    let ended = ending::reap(pidfd.as_fd())?;
    let mut report = ending.into_report(ended, mode);
    if mode == Mode::Plain
        && let Some(leak) = processes::end_descendants()
    {
        residue::add(&mut report, &[leak]);
    }
    report.output = output.read();
    report.processes = processes;
    Ok(report)
}

fn be_stage_init(body: fn() -> Verdict, worker: &Peer, result: &Peer, output: &ending::Output) -> ! {
    if let Err(failure) = root::make() {
        let _ = worker.send(&Word::Unprepared(failure));
        raw::exit_now(1);
    }
    let pidfd = match clone3(&CloneArgs::new(CloneFlags::empty())) {
        Ok(Side::Child) => {
            crate::process::next_generation();
            be_case(body, result, output)
        }
        Ok(Side::Parent(_, pidfd)) => pidfd,
        Err(errno) => {
            let _ = worker.send(&Word::Unprepared(Failure::from(errno)));
            raw::exit_now(1);
        }
    };
    if let Ok(ended) = processes::reap_until(pidfd.as_fd()) {
        let _ = worker.send(&Word::CaseEnded(ended));
    }
    raw::exit_now(0)
}

fn be_case(body: fn() -> Verdict, result: &Peer, output: &ending::Output) -> ! {
    output.take_stdio();
    result.done(crate::process::guarded(body));
    raw::exit_now(0)
}
