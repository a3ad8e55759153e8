//! The stage: the fresh namespaces a case runs in, so that it touches nothing outside itself.
//!
//! The worker clones the stage's PID 1 into new mount, PID, network, UTS, IPC and cgroup namespaces; that process
//! makes a root directory of its own, forks the case, reaps whatever becomes an orphan, and ends with the case. When
//! PID 1 goes, the kernel takes everything else along.
//!
//! A stage is made before it is known which case it is for: so a machine can be frozen with one that is ready.

pub(crate) mod airlock;
mod ending;
mod mode;
mod processes;
pub(crate) mod residue;
mod root;
pub(crate) mod sentry;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use kit::process::{Ended, Peer};
use kit::sys::clone::{CloneArgs, CloneFlags, Side, clone3};
use kit::sys::raw;
use kit::{Doing, Failure, Outcome, Registry};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use results::Verdict as Found;
use serde::{Deserialize, Serialize};

use crate::protocol::Report;
use ending::{Ending, Limit, Word, await_end};
pub(crate) use mode::Mode;
pub(crate) use processes::end_descendants;
use sentry::{Sentry, Standing, Watch};

/// What a stage has of its own. No user namespace: root on the stage is root. No time namespace: its offsets could
/// not be changed any more by the case.
const STAGE: CloneFlags = CloneFlags::NEWNS
    .union(CloneFlags::NEWPID)
    .union(CloneFlags::NEWNET)
    .union(CloneFlags::NEWUTS)
    .union(CloneFlags::NEWIPC)
    .union(CloneFlags::NEWCGROUP);

/// A stage with its case's process on it, which waits to be told which case it is.
///
/// Dropped, it ends with everything in it.
#[derive(Debug)]
pub(crate) struct Stage {
    mode: Mode,
    /// The line to the case's process.
    case: Peer,
    /// The line to the stage's PID 1.
    init: Peer,
    /// The first process on it: PID 1, or the case's own when there are no namespaces.
    pidfd: OwnedFd,
    output: ending::Output,
    /// What the sentry leaves for us, if there is one.
    watch: Option<Watch>,
    /// Its case's process was heard to stand ready.
    stands: bool,
    reaped: bool,
}

/// What a worker hears of a case that a sentry was to carry out.
#[derive(Debug)]
pub(crate) enum News {
    /// The request is one for the worker, and the case's process waits for it again.
    HandedOver(String),
    /// The case with this place in the registry came to an end that the sentry cannot tell of.
    Ended(Option<usize>, Box<Report>),
}

/// What a case is ended by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<'a> {
    /// How long it may take.
    pub(crate) deadline: Duration,
    /// The line to the runner, which may hang up.
    pub(crate) runner: BorrowedFd<'a>,
    /// Whether it may not have more processes than a machine bears that others work on.
    pub(crate) counted: bool,
}

/// What the worker tells the case's process.
#[derive(Debug, Serialize, Deserialize)]
struct Cue {
    /// Its place in the registry.
    case: usize,
    deadline: Duration,
}

impl Stage {
    /// Begins to make a stage. What goes wrong on it is told when it is played on.
    pub(crate) fn make(mode: Mode, registry: Registry) -> Outcome<Self> {
        Self::make_with(mode, registry, None)
    }

    /// The same for a machine that is going to be frozen, with a sentry.
    pub(crate) fn make_with(mode: Mode, registry: Registry, sentry: Option<Sentry>) -> Outcome<Self> {
        let output = ending::Output::new()?;
        let (case, their_case) = Peer::pair()?;
        let (init, their_init) = Peer::pair()?;
        let flags = match mode {
            Mode::Staged => STAGE,
            Mode::Plain => CloneFlags::empty(),
        };
        match clone3(&CloneArgs::new(flags)).doing("make the stage")? {
            Side::Child => {
                drop((case, init));
                kit::process::next_generation();
                match mode {
                    Mode::Staged => be_stage_init(registry, &their_init, &their_case, &output, sentry.as_ref()),
                    Mode::Plain => be_case(registry, &their_case, &output, sentry.as_ref()),
                }
            }
            Side::Parent(_, pidfd) => {
                let watch = sentry.map(Sentry::into_watch);
                Ok(Self { mode, case, init, pidfd, output, watch, stands: false, reaped: false })
            }
        }
    }

    /// Waits until the case's process stands ready, or something went wrong with it.
    pub(crate) fn await_ready(&mut self) -> Outcome<Standing> {
        let patience = PollTimeout::try_from(crate::deadlines::STAGE_READY).unwrap_or(PollTimeout::MAX);
        let mut signs =
            [self.case.as_fd(), self.init.as_fd(), self.pidfd.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        if poll(&mut signs, patience).doing("wait for the stage")? == 0 {
            return Err(Failure::broken("the stage was not ready in time"));
        }
        self.stands = signs[0].any() == Some(true);
        Ok(if self.stands { self.case.recv()? } else { Standing::AtLine })
    }

    /// Has the sentry greet and take a request, and waits for what it does not do itself. The runner ends the machine when it
    /// has its report, so this returns only in some clones.
    ///
    /// What the case found, as far as that can still be told, is told before the stage is ended.
    pub(crate) fn watch(&mut self, tell: &mut dyn FnMut(Option<usize>, &Report)) -> Outcome<News> {
        let Some(watch) = &self.watch else {
            return Err(Failure::broken("a stage without a sentry was watched"));
        };
        self.case.go()?;
        let limit = Limit::Alarm(watch.alarm());
        let handed_over = |case: &Peer| case.recv().ok().map(Ending::HandedOver);
        match await_end(&self.case, &self.init, self.pidfd.as_fd(), &limit, handed_over) {
            Ending::HandedOver(request) => Ok(News::HandedOver(request)),
            ending => {
                let place = watch.place();
                let report = self.finish(ending, &mut |report| tell(place, report));
                Ok(News::Ended(place, Box::new(report)))
            }
        }
    }

    /// Carries a case out within bounds. What it found is told before its stage is ended, which may not succeed.
    pub(crate) fn play(mut self, case: usize, bounds: &Bounds<'_>, tell: &mut dyn FnMut(&Report)) -> Report {
        let Bounds { deadline, runner, counted } = *bounds;
        let started = Instant::now();
        let took = || u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let limit = Limit::Moment { until: Instant::now() + deadline, runner, counted };
        // A stage that is gone already is told of below.
        let _ = self.case.send(&Cue { case, deadline });
        let verdict = |case: &Peer| case.take_done().map(Ending::Verdict);
        let ending = await_end(&self.case, &self.init, self.pidfd.as_fd(), &limit, verdict);
        let mut report = self.finish(ending, &mut |report| tell(&Report { duration_us: took(), ..report.clone() }));
        report.duration_us = took();
        report
    }

    fn finish(&mut self, ending: Ending, tell: &mut dyn FnMut(&Report)) -> Report {
        let processes = match ending {
            Ending::TimedOut | Ending::Crowd => processes::descendants_in_words(),
            _ => String::new(),
        };
        let mut report = ending.into_report(self.mode, || self.end());
        report.processes = processes;
        tell(&report);
        self.end_all(&mut report);
        report.output = self.output.read();
        report
    }

    /// Ends the stage, and what is left of a case that had none, and adds what is to be said of that.
    fn end_all(&mut self, report: &mut Report) {
        if !self.reaped {
            match self.end() {
                Ok(Some(_)) => {}
                Ok(None) => report.stuck = Some(format!("the stage {}", processes::still_there())),
                Err(failure) => report.then(Found::Broken, &format!("the stage could not be ended: {failure:?}")),
            }
        }
        // A sentry stands only where nobody comes after its case.
        if self.mode == Mode::Plain && self.watch.is_none() {
            let left = processes::end_descendants();
            residue::add(report, &left.leak.into_iter().collect::<Vec<_>>());
            report.stuck = report.stuck.take().or(left.stuck);
        }
    }

    /// Ends a stage on which nothing was done. Answers why it could not be, although it was killed.
    pub(crate) fn end_untouched(mut self) -> Outcome<Option<String>> {
        if !self.stands {
            self.await_ready()?;
        }
        Ok(match self.end()? {
            Some(_) => None,
            None => Some(format!("the stage {}", processes::still_there())),
        })
    }

    /// Whatever is left of the stage goes now, whether or not its PID 1 was about to leave by itself. None if it stays.
    fn end(&mut self) -> Outcome<Option<Ended>> {
        self.reaped = true;
        let _ = raw::pidfd_send_signal(&self.pidfd, libc::SIGKILL);
        ending::reap(self.pidfd.as_fd())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.reaped {
            // A process that cannot die is the kernel's fault, and nothing more can be done about it.
            let _ = self.end();
        }
    }
}

fn be_stage_init(
    registry: Registry,
    worker: &Peer,
    case: &Peer,
    output: &ending::Output,
    sentry: Option<&Sentry>,
) -> ! {
    if let Err(failure) = root::make() {
        let _ = worker.send(&Word::Unprepared(failure));
        raw::exit_now(1);
    }
    let pidfd = match clone3(&CloneArgs::new(CloneFlags::empty())) {
        Ok(Side::Child) => {
            kit::process::next_generation();
            be_case(registry, case, output, sentry)
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

fn be_case(registry: Registry, worker: &Peer, output: &ending::Output, sentry: Option<&Sentry>) -> ! {
    output.take_stdio();
    match sentry {
        Some(sentry) => sentry.stand(worker, registry, output),
        None => {
            let _ = worker.send(&Standing::AtLine);
        }
    }
    // Without a cue there is nobody to do anything for.
    if let Ok(cue) = worker.recv::<Cue>()
        && let Some(case) = registry.all().nth(cue.case)
    {
        kit::begin_case(cue.deadline);
        worker.done(kit::process::guarded(case.body));
    }
    raw::exit_now(0)
}
