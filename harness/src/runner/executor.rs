//! A executor: one worker that cases are handed to one after another, on the host or in a machine of its own.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kit::Case;
use kit::sys::raw::pidfd_open;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use results::Verdict as Found;
use vm::machine::{Exit, Machine, MachineError};

use super::crash;
use super::link::{Link, LinkError};
use crate::deadlines::{END, GRACE, MACHINE_END, Speed, WORKER_END, WORKER_READY, crowd};
use crate::protocol::{Event, Hello, PROTOCOL, Report, Request};
use crate::worker;

/// One worker and the line to it.
pub(crate) struct Executor {
    body: Body,
    link: Link,
    speed: Speed,
    /// What the worker's kernel said of itself.
    pub(crate) hello: Hello,
}

enum Body {
    Host(Child),
    Guest(Box<Machine>),
}

/// A report, and whether the executor can take the next case.
pub(crate) struct Served {
    pub(crate) report: Report,
    pub(crate) evidence: Vec<results::Evidence>,
    pub(crate) reusable: bool,
    /// A signal that asks for an end reached the worker or its machine: whoever sent it may mean the whole run.
    pub(crate) terminated: bool,
    /// Nobody there says anything any more.
    pub(crate) silent: bool,
}

impl Served {
    /// A report that no worker made.
    pub(crate) fn without_worker(report: Report) -> Self {
        Self { report, evidence: Vec::new(), reusable: false, terminated: false, silent: false }
    }
}

/// Why there is no worker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecutorError {
    /// The worker could not be started.
    #[error("the worker on this machine could not be started: {0}")]
    Spawn(#[from] std::io::Error),
    /// It was started and never ready.
    #[error("the worker did not come up: {0}")]
    NotReady(String),
    /// The kernel could not be altered as was asked for.
    #[error("the kernel was not altered: {0}")]
    Unaltered(String),
    /// The machine for it did not come up.
    #[error("{why}")]
    Machine {
        /// In one sentence.
        why: String,
        /// The end of the console, when there was one.
        console: String,
        /// A signal that asks for an end reached it.
        terminated: bool,
    },
}

impl Executor {
    /// A worker on this machine.
    pub(crate) fn on_host() -> Result<Self, ExecutorError> {
        let (ours, theirs) = UnixStream::pair()?;
        let process = Command::new("/proc/self/exe")
            .arg(worker::ROLE)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            // A ^C at the terminal is for the runner, which ends its workers itself.
            .process_group(0)
            .spawn()?;
        let mut link = Link::new(ours);
        let hello = greeted(&mut link, Instant::now() + WORKER_READY).map_err(ExecutorError::NotReady);
        let mut executor = Self { body: Body::Host(process), link, speed: Speed::Native, hello: Hello::default() };
        // The executor is made first, so that its end ends the process when there was no greeting.
        executor.hello = hello?;
        Ok(executor)
    }

    /// A worker in a machine whose greeting was read before.
    pub(crate) fn in_machine(machine: Machine, hello: Hello, speed: Speed) -> Result<Self, ExecutorError> {
        let link = Link::new(machine.control().try_clone()?);
        Ok(Self { body: Body::Guest(Box::new(machine)), link, speed, hello })
    }

    /// Has a case carried out.
    pub(crate) fn serve(&mut self, case: &Case) -> Served {
        self.serve_within(case, self.speed.scale(case.deadline()), GRACE)
    }

    /// The same within another deadline; and the kernel hangs that says nothing for so long after it. Both are longer where many
    /// share the processors.
    pub(crate) fn serve_within(&mut self, case: &Case, deadline: Duration, grace: Duration) -> Served {
        let crowd = crowd();
        let (deadline, grace) = (deadline * crowd, grace * crowd);
        let began = Instant::now();
        let mut found = None;
        let mut served = match self.ask(case, deadline, grace, &mut found) {
            Ok(report) => Served { reusable: leaves_clean(&report), ..Served::without_worker(report) },
            Err(error) => {
                let served = self.explain(&error, deadline, grace);
                match found {
                    Some(found) => Served { report: after(found, served.report), ..served },
                    None => served,
                }
            }
        };
        if served.report.duration_us == 0 {
            served.report.duration_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        }
        served
    }

    /// What comes back. What the case found is in `found` before what it ran in is ended, in case nothing comes after it.
    fn ask(
        &mut self,
        case: &Case,
        deadline: Duration,
        grace: Duration,
        found: &mut Option<Report>,
    ) -> Result<Report, LinkError> {
        let name = case.name();
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        self.link.send(&Request::Run { case: name.clone(), deadline_ms })?;
        let mut until = Instant::now() + deadline + grace;
        let mut started = false;
        loop {
            match self.link.event(until)? {
                Event::Started { case } if case == name && !started => started = true,
                Event::Found { case, report } if case == name && started && found.is_none() => {
                    *found = Some(*report);
                    until = Instant::now() + END * crowd();
                }
                Event::Finished { case, report } if case == name && started => return Ok(*report),
                other => return Err(unexpected(&other)),
            }
        }
    }

    /// Has a stage ended like this case's, on which nothing is done; answers whether it has ended, or why that is not known.
    pub(crate) fn end_untouched(&mut self, case: &Case) -> Result<bool, String> {
        let asked = self.link.send(&Request::End { case: case.name() });
        match asked.and_then(|()| self.link.event(Instant::now() + END * crowd())) {
            Ok(Event::Ended { stuck }) => Ok(stuck.is_none()),
            Ok(Event::Failed(why)) => Err(why),
            Ok(other) => Err(unexpected(&other).to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// What it means that no report came.
    fn explain(&mut self, error: &LinkError, deadline: Duration, grace: Duration) -> Served {
        let mut evidence = Vec::new();
        let mut terminated = false;
        let mut report = match (&mut self.body, error) {
            (_, LinkError::Silent(_)) => Report::new(
                Found::TimedOut,
                format!(
                    "the kernel went silent: it reported nothing for {} s after the case's deadline",
                    grace.as_secs()
                ),
            ),
            (_, LinkError::Garbage(_)) => Report::new(Found::Broken, error.to_string()),
            (Body::Host(process), LinkError::Closed) => {
                let status = process.wait();
                terminated =
                    matches!(&status, Ok(status) if matches!(status.signal(), Some(libc::SIGTERM | libc::SIGINT)));
                let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                Report::new(Found::Broken, format!("the worker on this machine ended while the case ran: {how}"))
            }
            (Body::Guest(machine), LinkError::Closed) => {
                let report = died(machine);
                terminated = matches!(machine.try_wait(), Ok(Some(Exit::Terminated)));
                report
            }
        };
        if let Body::Guest(machine) = &self.body {
            let text = crash::last_lines(&machine.console());
            evidence.push(results::Evidence { label: "console".to_owned(), text });
        }
        report.duration_us = u64::try_from(deadline.as_micros()).unwrap_or(u64::MAX);
        let silent = matches!(error, LinkError::Silent(_));
        Served { report, evidence, reusable: false, terminated, silent }
    }
}

/// What a case found, and what became of its worker before that could say that the case's stage has ended.
fn after(mut found: Report, end: Report) -> Report {
    match end.verdict {
        Found::Crashed => found.crashed(&end.message),
        verdict => found.then(verdict, &end.message),
    }
    found
}

fn unexpected(event: &Event) -> LinkError {
    let text = serde_json::to_string(event).unwrap_or_default();
    LinkError::Garbage(results::escape_line(&text, 200))
}

/// The machine ended while the case ran.
fn died(machine: &mut Machine) -> Report {
    let how = match machine.wait(Instant::now() + MACHINE_END) {
        Ok(Some(exit)) => exit,
        Ok(None) => return Report::new(Found::Crashed, "the machine closed its line and is still there"),
        Err(error) => return Report::new(Found::Broken, error.to_string()),
    };
    let cause = crash::cause(&machine.console()).map(|cause| format!(": {}", results::escape_line(&cause, 300)));
    match how {
        // QEMU's own end is not the kernel's doing.
        Exit::Killed { .. } | Exit::Failed { .. } | Exit::Terminated => {
            Report::new(Found::Broken, format!("the machine ended: {how}"))
        }
        Exit::Restarted => Report::new(
            Found::Crashed,
            format!(
                "the kernel died under the case{}",
                cause.unwrap_or_else(|| " and restarted without a word".into())
            ),
        ),
        Exit::PoweredOff => Report::new(Found::Crashed, "the case powered the machine off"),
    }
}

impl From<MachineError> for ExecutorError {
    fn from(error: MachineError) -> Self {
        let console = match &error {
            MachineError::Ended { console, .. } | MachineError::Late { console } => console.clone(),
            _ => String::new(),
        };
        let cause = crash::cause(&console).map(|cause| format!(": {}", results::escape_line(&cause, 300)));
        let terminated = matches!(error, MachineError::Ended { exit: Exit::Terminated, .. });
        Self::Machine { why: format!("{error}{}", cause.unwrap_or_default()), console, terminated }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        match &mut self.body {
            // When its line ends the worker ends its stage and its airlock and is gone after them; killed, it would leave
            // that to the kernel, a moment after our own end.
            Body::Host(process) => {
                self.link.hang_up();
                if !ends_by_itself(process) {
                    let _ = process.kill();
                }
                let _ = process.wait();
            }
            // A machine ends itself.
            Body::Guest(_) => {}
        }
    }
}

fn ends_by_itself(process: &Child) -> bool {
    let pid = i32::try_from(process.id()).map(Pid::from_raw);
    let Ok(Ok(pidfd)) = pid.map(|pid| pidfd_open(pid, 0)) else { return false };
    let mut end = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    let patience = PollTimeout::try_from(WORKER_END).unwrap_or(PollTimeout::MAX);
    matches!(poll(&mut end, patience), Ok(1..))
}

/// After which verdicts the kernel is as it was before.
fn leaves_clean(report: &Report) -> bool {
    let survives = matches!(report.verdict, Found::Holds | Found::Violated | Found::Unmet | Found::OutOfRange);
    survives && !report.traces && report.stuck.is_none()
}

/// The greeting of a machine's worker.
pub(crate) fn hello_in(greeting: &[u8]) -> Result<Hello, ExecutorError> {
    match serde_json::from_slice(greeting) {
        Ok(Event::Ready(hello)) if hello.protocol == PROTOCOL => Ok(hello),
        Ok(Event::Failed(message)) => Err(ExecutorError::NotReady(message)),
        _ => Err(ExecutorError::NotReady(Link::garbage(greeting).to_string())),
    }
}

fn greeted(link: &mut Link, until: Instant) -> Result<Hello, String> {
    match link.event(until) {
        Ok(Event::Ready(hello)) if hello.protocol == PROTOCOL => Ok(hello),
        Ok(Event::Ready(hello)) => Err(format!("it speaks protocol {} and not {PROTOCOL}", hello.protocol)),
        Ok(Event::Failed(message)) => Err(message),
        Ok(_) => Err("its first words were no greeting".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
