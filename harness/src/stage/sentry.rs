//! The sentry: a case's process that stands at the machine's port itself, before it is known which case it is for.
//!
//! A machine is frozen with it there. In a clone it takes the request, carries the case out and gives its report: neither
//! the worker nor the kernel's serial driver is woken for it, which under emulation would take longer than most cases do.
//! The worker sleeps meanwhile, and is heard only if the case comes to an end in another way.
//!
//! The clone is thrown away after the report, and so nothing is tidied up in it, nor looked for that a case left behind:
//! that is seen where a kernel is used again, on a host and with `--isolation shared`.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use kit::process::Peer;
use kit::sys::priorities::set_scheduler;
use kit::sys::raw;
use kit::{Doing, Need, Outcome, Registry, Verdict};
use nix::unistd::{getpid, pause};
use results::Verdict as Found;
use rustix::event::{EventfdFlags, eventfd};
use rustix::thread::{MembarrierCommand, membarrier, sched_yield};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use serde::{Deserialize, Serialize};
use vm::guest::Port;

use super::ending::{Output, report_of};
use super::residue::{self, TAINT, Taint};
use crate::needs;
use crate::protocol::{Event, Hello, Report, Request};

/// What is known of a case before the machine is frozen.
#[derive(Debug, Clone)]
pub(crate) enum Preflight {
    /// It is not to be carried out, for the reason that the report gives.
    Settled(Report),
    /// It can be, if these needs are met that only its own clone can be asked for.
    Open(Vec<&'static Need>),
    /// The worker has to do something for it first.
    ForWorker,
}

/// Where the case's process is when a stage is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// At the machine's port: it greets when it is told to go.
    AtPort,
    /// At the worker's line, as always when there is no port.
    AtLine,
}

/// What the worker and the sentry leave for each other without waking each other.
#[derive(Debug)]
pub(super) struct Watch {
    /// A timer that goes off at the case's deadline (timerfd_create(2)).
    alarm: OwnedFd,
    /// A counter that holds the case's place in the registry, plus one (eventfd(2)).
    slip: OwnedFd,
}

/// What a sentry knows.
#[derive(Debug)]
pub(crate) struct Sentry {
    hello: Hello,
    /// In the order of the registry.
    preflights: Vec<Preflight>,
    /// The cases' names with their places in the registry, sorted.
    names: Vec<(String, usize)>,
    /// Opened ahead: a case may have no `/proc` any more.
    tainted: File,
    watch: Watch,
}

/// What is to be done.
struct Order<'a> {
    name: String,
    place: usize,
    deadline: Duration,
    preflight: &'a Preflight,
}

impl Watch {
    fn new() -> Outcome<Self> {
        let alarm = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC);
        let slip = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        Ok(Self { alarm: alarm.doing("timerfd_create")?, slip: slip.doing("eventfd")? })
    }

    /// Readable after the deadline.
    pub(super) fn alarm(&self) -> BorrowedFd<'_> {
        self.alarm.as_fd()
    }

    /// The place of the case that was begun.
    pub(super) fn place(&self) -> Option<usize> {
        let mut count = [0; 8];
        rustix::io::read(&self.slip, &mut count).ok()?;
        usize::try_from(u64::from_ne_bytes(count)).ok()?.checked_sub(1)
    }

    /// A case is begun.
    fn begin(&self, place: usize, deadline: Duration) -> rustix::io::Result<()> {
        rustix::io::write(&self.slip, &(place as u64 + 1).to_ne_bytes())?;
        self.set(deadline).map(|_| ())
    }

    /// It has ended. Answers whether its deadline had not come yet.
    fn end(&self) -> rustix::io::Result<bool> {
        let in_time = self.set(Duration::ZERO)? != Timespec::default();
        if !in_time {
            // The worker may not have seen the alarm that this took away.
            self.set(Duration::from_nanos(1))?;
        }
        Ok(in_time)
    }

    fn set(&self, after: Duration) -> rustix::io::Result<Timespec> {
        let after = Timespec { tv_sec: after.as_secs().cast_signed(), tv_nsec: after.subsec_nanos().into() };
        let once = Itimerspec { it_interval: Timespec::default(), it_value: after };
        Ok(timerfd_settime(&self.alarm, TimerfdTimerFlags::empty(), &once)?.it_value)
    }
}

impl Sentry {
    /// Puts together what a sentry has to know; `preflights` in the order of the registry.
    pub(crate) fn new(registry: Registry, hello: Hello, preflights: Vec<Preflight>) -> Outcome<Self> {
        let mut names: Vec<_> = registry.all().enumerate().map(|(place, case)| (case.name(), place)).collect();
        names.sort_unstable();
        let tainted = File::open(TAINT).doing(format!("open {TAINT}"))?;
        Ok(Self { hello, preflights, names, tainted, watch: Watch::new()? })
    }

    /// What is the worker's as well.
    pub(super) fn into_watch(self) -> Watch {
        self.watch
    }

    /// Stands at the port and does what is asked there. Returns if the case is to be told by the worker after all.
    pub(super) fn stand(&self, worker: &Peer, registry: Registry, output: &Output) {
        let Ok(mut port) = Port::take() else {
            let _ = worker.send(&Standing::AtLine);
            return;
        };
        if worker.send(&Standing::AtPort).is_err() || worker.wait().is_err() {
            return;
        }
        self.rehearse(output);
        await_quiet();
        say(&mut port, &Event::Ready(self.hello.clone()));
        let line = port.read_line();
        let Some(order) = self.understand(&line) else {
            let _ = worker.send(&String::from_utf8_lossy(&line));
            return;
        };
        say(&mut port, &Event::Started { case: order.name.clone() });
        let report = match order.preflight {
            Preflight::Settled(report) => Some(report.clone()),
            Preflight::Open(needs) => {
                let body = registry.all().nth(order.place).map(|case| case.body);
                body.and_then(|body| self.carry_out(&order, needs, body, output))
            }
            Preflight::ForWorker => None,
        };
        if let Some(report) = report {
            say(&mut port, &Event::Finished { case: order.name, report: Box::new(report) });
        }
        // The machine ends with whoever reads the report; without one the worker gives it.
        loop {
            pause();
        }
    }

    /// Takes a request; `None` if it is one for the worker.
    fn understand(&self, line: &[u8]) -> Option<Order<'_>> {
        let Ok(Request::Run { case: name, deadline_ms }) = serde_json::from_slice(line) else { return None };
        let at = self.names.binary_search_by(|(known, _)| known.as_str().cmp(&name)).ok()?;
        let place = self.names[at].1;
        let preflight = self.preflights.get(place).filter(|preflight| !matches!(preflight, Preflight::ForWorker))?;
        Some(Order { name, place, deadline: Duration::from_millis(deadline_ms), preflight })
    }

    /// `None` after the deadline: then it is for the worker to say so.
    fn carry_out(&self, order: &Order<'_>, needs: &[&Need], body: fn() -> Verdict, output: &Output) -> Option<Report> {
        if let Err(errno) = self.watch.begin(order.place, order.deadline) {
            return Some(Report::new(
                Found::Broken,
                format!("the case's deadline could not be set: {}", in_words(errno)),
            ));
        }
        let (process, taint, started) = (getpid(), self.taint(), Instant::now());
        let mut report = lack_of(needs).unwrap_or_else(|| {
            kit::begin_case(order.deadline);
            report_of(kit::process::guarded(body))
        });
        report.duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        if getpid() != process {
            // A child that came out of the case: there is one report, and it is not for it to give.
            raw::exit_now(0);
        }
        match self.watch.end() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(errno) => {
                let why =
                    format!("the case took the descriptor away that its deadline is kept by: {}", in_words(errno));
                return Some(Report::new(Found::Broken, why));
            }
        }
        report.output = output.read();
        residue::blame(&mut report, taint.since(&self.taint()));
        Some(report)
    }

    /// Does all of it once without a case, so that the pages that it takes are mapped when the machine is frozen: each page
    /// fault costs a clone more than what it is for.
    fn rehearse(&self, output: &Output) {
        let Some((name, place)) = self.names.first() else { return };
        let request = Request::Run { case: name.clone(), deadline_ms: 1 };
        let _ = serde_json::to_vec(&request).map(|line| self.understand(&line).is_some());
        let deadline = crate::deadlines::STAGE_READY;
        let order = Order { name: name.clone(), place: *place, deadline, preflight: &Preflight::ForWorker };
        let report = self.carry_out(&order, &[], kit::holds, output).map(Box::new);
        let _ = report.map(|report| Event::Finished { case: name.clone(), report }.line());
        let _ = self.watch.place();
    }

    fn taint(&self) -> Taint {
        let mut text = [0; 32];
        let length = self.tainted.read_at(&mut text, 0).unwrap_or(0);
        Taint::of(String::from_utf8_lossy(&text[..length]))
    }
}

/// Leaves the processor to all else that wants it, until nothing does: what the kernel puts off from boot or from making
/// the stage is not done again in each clone.
fn await_quiet() {
    // Without one of these it is as quiet as it is.
    let _ = set_scheduler(libc::SCHED_IDLE, 0);
    let _ = membarrier(MembarrierCommand::Global);
    sched_yield();
    let _ = set_scheduler(libc::SCHED_OTHER, 0);
}

fn in_words(errno: rustix::io::Errno) -> nix::errno::Errno {
    nix::errno::Errno::from_raw(errno.raw_os_error())
}

fn lack_of(needs: &[&Need]) -> Option<Report> {
    needs.iter().find_map(|need| needs::check_in_guest(need).err()).map(Report::from)
}

fn say(port: &mut Port, event: &Event) {
    if let Ok(line) = event.line() {
        port.write_all(&line);
    }
}
