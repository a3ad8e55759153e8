//! How a case comes to its end, and what that says.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use kit::process::{Ended, Peer};
use kit::{Doing, Failure, Outcome, Verdict};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use results::Verdict as Found;
use serde::{Deserialize, Serialize};

use super::mode::Mode;
use super::processes::crowd;
use crate::deadlines::COUNT;
use crate::protocol::{LONGEST_OUTPUT, Report};

/// What the stage's PID 1 tells the worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// It could not prepare the stage.
    Unprepared(Failure),
    /// The case's process ended like this.
    CaseEnded(Ended),
}

/// How a case ended.
pub(super) enum Ending {
    /// With a verdict.
    Verdict(Verdict),
    /// The stage was never ready.
    Unprepared(Failure),
    /// Its process ended without a verdict.
    Silent(Ended),
    /// The stage's PID 1 ended before it could say anything.
    StageGone,
    /// The deadline passed.
    TimedOut,
    /// It has more processes than the machine is to bear.
    Crowd,
    /// Nobody waits for the verdict any more.
    HungUp,
    /// It has not: a sentry left its request to the worker.
    HandedOver(String),
}

/// The most processes and threads that a case may have on somebody's machine. Cases have some dozens; the machine that others
/// work on has room for some ten thousand (`kernel.pid_max`).
pub(super) const CROWD: usize = 2000;

/// What a case is not waited for beyond.
pub(super) enum Limit<'a> {
    /// A moment, or the end of the line to the runner.
    Moment {
        /// The deadline.
        until: Instant,
        /// The line.
        runner: BorrowedFd<'a>,
        /// Whether its processes are counted meanwhile ([`CROWD`]).
        counted: bool,
    },
    /// A timer that the case's process set.
    Alarm(BorrowedFd<'a>),
}

/// Waits for the first sign of an end, or for something else that `heard` makes of the line to the case's process.
pub(super) fn await_end(
    case: &Peer,
    stage: &Peer,
    pidfd: BorrowedFd<'_>,
    limit: &Limit<'_>,
    heard: impl Fn(&Peer) -> Option<Ending>,
) -> Ending {
    loop {
        let (last, timeout) = match limit {
            Limit::Moment { until, runner, counted } => {
                let left = until.saturating_duration_since(Instant::now());
                let left = if *counted { left.min(COUNT) } else { left };
                // A hang-up is reported unasked; requests that wait are no matter here.
                (PollFd::new(*runner, PollFlags::empty()), PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX))
            }
            Limit::Alarm(alarm) => (PollFd::new(*alarm, PollFlags::POLLIN), PollTimeout::NONE),
        };
        let mut sources = [
            PollFd::new(case.as_fd(), PollFlags::POLLIN),
            PollFd::new(stage.as_fd(), PollFlags::POLLIN),
            PollFd::new(pidfd, PollFlags::POLLIN),
            last,
        ];
        match poll(&mut sources, timeout) {
            Err(Errno::EINTR) => continue,
            Err(errno) => return Ending::Unprepared(errno.into()),
            Ok(0) => match limit {
                Limit::Moment { until, counted: true, .. } if Instant::now() < *until => {
                    if crowd() > CROWD {
                        return Ending::Crowd;
                    }
                    continue;
                }
                _ => return Ending::TimedOut,
            },
            Ok(_) => {}
        }
        let ready = |index: usize| sources[index].any() == Some(true);
        if ready(3) {
            return if matches!(limit, Limit::Alarm(_)) { Ending::TimedOut } else { Ending::HungUp };
        }
        if ready(0)
            && let Some(heard) = heard(case)
        {
            return heard;
        }
        if ready(1) {
            match stage.recv::<Word>() {
                Ok(Word::Unprepared(failure)) => return Ending::Unprepared(failure),
                Ok(Word::CaseEnded(ended)) => return last_word(case, ended),
                // The line's end: the pidfd tells next.
                Err(_) if ready(2) => return gone(case),
                Err(_) => {}
            }
        } else if ready(2) {
            return gone(case);
        }
    }
}

/// The first process has ended; whatever was said before can be read now.
fn gone(result: &Peer) -> Ending {
    result.take_done().map_or(Ending::StageGone, Ending::Verdict)
}

/// The verdict may have been sent between our last look and the process's end.
fn last_word(result: &Peer, ended: Ended) -> Ending {
    result.take_done().map_or(Ending::Silent(ended), Ending::Verdict)
}

/// Waits for the end of a process that was killed, with a deadline of its own: a kernel whose processes cannot die
/// must not hold the worker. None if it is still there then.
pub(super) fn reap(pidfd: BorrowedFd<'_>) -> Outcome<Option<Ended>> {
    let mut dead = [PollFd::new(pidfd, PollFlags::POLLIN)];
    let patience = crate::deadlines::REAP.as_millis();
    let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    loop {
        match poll(&mut dead, timeout) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(0) => return Ok(None),
            Ok(_) => return Ended::wait(pidfd).map(Some),
        }
    }
}

impl Ending {
    /// What it says; `stage` tells how the first process has ended, where that is the end.
    pub(super) fn into_report(self, mode: Mode, stage: impl FnOnce() -> Outcome<Option<Ended>>) -> Report {
        match self {
            Self::Verdict(verdict) => report_of(verdict),
            Self::Unprepared(failure) => {
                let mut report = report_of(Err(failure));
                report.verdict = Found::Broken;
                report.message = format!("the stage could not be made: {}", report.message);
                report
            }
            Self::Silent(ended) => silent(ended),
            Self::StageGone => match (mode, stage()) {
                (Mode::Plain, Ok(Some(ended))) => silent(ended),
                (Mode::Staged, Ok(Some(ended))) => Report::new(
                    Found::Broken,
                    format!("the stage's PID 1 {ended} while the case ran, and took the case along"),
                ),
                (_, Ok(None)) => Report::new(Found::Broken, "the stage said that it had ended, and is still there"),
                (_, Err(failure)) => report_of(Err(failure)),
            },
            Self::TimedOut => Report::new(Found::TimedOut, "the case did not end before its deadline"),
            Self::Crowd => Report::new(
                Found::Broken,
                format!("the case had more than {CROWD} processes and threads, and was ended for the machine's sake"),
            ),
            Self::HungUp => Report::new(Found::Broken, "the runner hung up"),
            Self::HandedOver(_) => Report::new(Found::Broken, "the sentry spoke when nobody had asked"),
        }
    }
}

fn silent(ended: Ended) -> Report {
    Report::new(Found::Broken, format!("the case's process {ended} without a verdict"))
}

/// A case's own verdict as a report.
pub(super) fn report_of(verdict: Verdict) -> Report {
    match verdict {
        Ok(_) => Report::new(Found::Holds, ""),
        Err(Failure::Unmet(reason)) => Report::new(Found::Unmet, reason),
        Err(Failure::Violated(finding)) => with_finding(Found::Violated, *finding),
        Err(Failure::Broken(finding)) => with_finding(Found::Broken, *finding),
    }
}

fn with_finding(verdict: Found, finding: kit::Finding) -> Report {
    let mut report = Report::new(verdict, shortened(finding.message));
    report.call = finding.call;
    report.expected = finding.expected.map(shortened);
    report.seen = finding.seen.map(shortened);
    report.at = Some(finding.at);
    report
}

/// A text from a case, bounded: it may hold whatever the kernel printed.
fn shortened(mut text: String) -> String {
    const LONGEST: usize = 8 * 1024;
    if text.len() > LONGEST {
        let end = text.floor_char_boundary(LONGEST);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Where a case's standard output and error go: memory, read after its end.
#[derive(Debug)]
pub(super) struct Output(OwnedFd);

impl Output {
    pub(super) fn new() -> Outcome<Self> {
        let file = rustix::fs::memfd_create("output", rustix::fs::MemfdFlags::CLOEXEC).doing("memfd_create")?;
        // Appending, since standard output and error share it without sharing an offset with the reader.
        rustix::fs::fcntl_setfl(&file, rustix::fs::OFlags::APPEND).doing("fcntl(F_SETFL)")?;
        Ok(Self(file))
    }

    /// Makes it the calling process's standard output and error; standard input becomes empty.
    pub(super) fn take_stdio(&self) {
        // If it fails the case's words go elsewhere; its verdict does not depend on it.
        let _ = rustix::stdio::dup2_stdout(&self.0);
        let _ = rustix::stdio::dup2_stderr(&self.0);
        if let Ok(nothing) = File::open("/dev/null") {
            let _ = rustix::stdio::dup2_stdin(&nothing);
        }
    }

    /// The last part of what was written.
    pub(super) fn read(&self) -> String {
        let length = rustix::fs::seek(&self.0, rustix::fs::SeekFrom::End(0)).unwrap_or(0);
        if length == 0 {
            return String::new();
        }
        let Ok(mut file) = self.0.try_clone().map(File::from) else { return String::new() };
        let from = length.saturating_sub(LONGEST_OUTPUT as u64);
        let mut bytes = Vec::new();
        if file.seek(SeekFrom::Start(from)).is_ok() {
            let _ = file.take(LONGEST_OUTPUT as u64).read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
