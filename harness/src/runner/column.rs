//! A column of the matrix: one kernel, the executors in it, and what cases found there.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use kit::{Case, KernelVersion, config};
use results::{CaseRecord, Evidence, Place, Shard, Timestamp, Verdict as Found};

use super::executor::{Executor, ExecutorError, Served};
use super::options::Isolation;
use super::virtual_kernel::VirtualKernel;
use crate::deadlines::STOP;
use crate::machine_kind::MachineKind;
use crate::protocol::{Hello, Report};
use crate::recorded;
use crate::worker;

/// One kernel under test.
pub(crate) struct Column {
    ground: Ground,
    isolation: Isolation,
    /// When its first case was begun.
    began: OnceLock<(Timestamp, Instant)>,
    state: Mutex<State>,
    /// Told when the run is stopped.
    stop: Condvar,
}

enum Ground {
    /// The running kernel, with its version if it says one.
    Host(Option<KernelVersion>),
    Machines(Arc<VirtualKernel>),
}

#[derive(Default)]
struct State {
    /// Seats that wait for a case.
    free: Vec<Executor>,
    hello: Option<Hello>,
    /// The kernel's, once it has said it.
    version: Option<KernelVersion>,
    /// Why the kernel could not be tested: once known, no further executor is tried.
    problem: Option<String>,
    records: Vec<CaseRecord>,
    ended: Option<Duration>,
    stopped: bool,
    expected: Option<usize>,
    carried_out: usize,
}

impl Column {
    /// The running kernel.
    pub(crate) fn host() -> Self {
        Self::new(Ground::Host(worker::own_version()), Isolation::Shared)
    }

    /// A kernel in machines of its own.
    pub(crate) fn machines(kernel: VirtualKernel, isolation: Isolation) -> Self {
        Self::new(Ground::Machines(Arc::new(kernel)), isolation)
    }

    fn new(ground: Ground, isolation: Isolation) -> Self {
        Self { ground, isolation, began: OnceLock::new(), state: Mutex::default(), stop: Condvar::new() }
    }

    /// Whether its cases run in machines of their own.
    pub(crate) fn has_machines(&self) -> bool {
        matches!(self.ground, Ground::Machines(_))
    }

    /// The word that names the kernel.
    pub(crate) fn word(&self) -> &str {
        match &self.ground {
            Ground::Host(_) => "host",
            Ground::Machines(machines) => &machines.kernel.word,
        }
    }

    /// Whether it is known, before anything was asked, that the claim is about other versions.
    pub(crate) fn is_known_to_be_out_of_range(&self, case: &Case) -> bool {
        matches!(self.ground, Ground::Host(Some(version)) if !case.covers(version))
    }

    /// So many cases are to come: with the last one the column closes itself, so that what its machines took is there
    /// for the next kernel's.
    pub(crate) fn expect(&self, cases: usize) {
        self.state().expected = Some(cases);
    }

    /// Carries a case out and keeps its record. There is none of a case that was interrupted: what it says is not the kernel's.
    pub(crate) fn carry_out(&self, case: &Case) -> Option<CaseRecord> {
        if self.state().stopped {
            return None;
        }
        self.began();
        let served = self.serve(case);
        if served.terminated {
            self.await_stop();
        }
        let record = record_of(case, served);
        let (last, stopped) = {
            let mut state = self.state();
            if !state.stopped {
                state.records.push(record.clone());
            }
            state.carried_out += 1;
            (state.expected == Some(state.carried_out), state.stopped)
        };
        if last {
            self.close();
        }
        (!stopped).then_some(record)
    }

    /// Waits whether the signal that ended a case's worker comes to this process, too.
    fn await_stop(&self) {
        let goes_on = |state: &mut State| !state.stopped;
        // Both ends of the wait are good: the state says which it was.
        let _ = self.stop.wait_timeout_while(self.state(), STOP, goes_on);
    }

    fn serve(&self, case: &Case) -> Served {
        // No machine is needed to know that.
        if self.state().version.is_some_and(|version| !case.covers(version)) {
            return Served::without_worker(Report::out_of_range(case));
        }
        match self.take_seat(case) {
            Ok(mut executor) => {
                let served = executor.serve(case);
                if served.reusable && self.isolation == Isolation::Shared {
                    self.state().free.push(executor);
                }
                served
            }
            Err(problem) => Served::without_worker(Report::new(Found::Broken, problem)),
        }
    }

    fn began(&self) -> (Timestamp, Instant) {
        *self.began.get_or_init(|| (Timestamp::now(), Instant::now()))
    }

    /// Keeps no further record.
    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.stop.notify_all();
    }

    fn take_seat(&self, case: &Case) -> Result<Executor, String> {
        {
            let mut state = self.state();
            if let Some(executor) = state.free.pop() {
                return Ok(executor);
            }
            if let Some(problem) = &state.problem {
                return Err(problem.clone());
            }
        }
        let made = match &self.ground {
            Ground::Host(_) => Executor::on_host(),
            Ground::Machines(machines) => machines.executor(match self.isolation {
                Isolation::Fresh => MachineKind::of(case),
                Isolation::Shared => MachineKind::SHARED,
            }),
        };
        if matches!(made, Err(ExecutorError::Machine { terminated: true, .. })) {
            self.await_stop();
        }
        let mut state = self.state();
        match made {
            Ok(executor) => {
                if state.hello.is_none() {
                    state.version = worker::version(&executor.hello.release, &executor.hello.version).ok();
                    state.hello = Some(executor.hello.clone());
                }
                Ok(executor)
            }
            Err(error) => {
                let problem = error.to_string();
                // A kernel that has served before is no kernel that cannot be tested, nor is one whose boot was interrupted.
                if state.hello.is_none() && !state.stopped {
                    state.problem.get_or_insert(problem.clone());
                }
                Err(problem)
            }
        }
    }

    /// Marks the time at which the last case was done, and lets go of all executors.
    pub(crate) fn close(&self) {
        let executors = {
            let mut state = self.state();
            state.ended.get_or_insert(self.began().1.elapsed());
            std::mem::take(&mut state.free)
        };
        drop(executors);
        if let Ground::Machines(machines) = &self.ground {
            machines.close();
        }
    }

    /// The run as it is recorded, cases in the order given, with what narrowed them.
    pub(crate) fn run(&self, order: &[&'static Case], selection: Option<String>, shard: Option<Shard>) -> results::Run {
        let state = self.state();
        let hello = state.hello.clone().unwrap_or_default();
        let mut cases = state.records.clone();
        let place = |record: &CaseRecord| order.iter().position(|case| case.name() == record.name);
        cases.sort_by_key(place);
        let (origin, config_digest, accelerator, qemu) = match &self.ground {
            Ground::Host(_) => ("the running kernel".to_owned(), config::own_digest(), "none".to_owned(), None),
            Ground::Machines(machines) => (
                machines.kernel.origin.to_string(),
                machines.config_digest(),
                machines.accelerator.known().map_or_else(|| "none".to_owned(), |accel| accel.to_string()),
                vm::machine::qemu_version(None).ok(),
            ),
        };
        results::Run {
            nsproof: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: results::Kernel {
                word: self.word().to_owned(),
                release: hello.release,
                version: hello.version,
                origin,
                config_digest,
            },
            machine: results::Machine {
                accelerator,
                qemu,
                isolation: match &self.ground {
                    Ground::Host(_) => "stage".to_owned(),
                    Ground::Machines(_) => self.isolation.name().to_owned(),
                },
                arch: std::env::consts::ARCH.to_owned(),
            },
            started: self.began().0,
            wall: state.ended.unwrap_or_else(|| self.began().1.elapsed()),
            selection,
            shard,
            problem: state.problem.clone(),
            cases,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here is left half-changed by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record_of(case: &Case, served: Served) -> CaseRecord {
    let Served { report, mut evidence, .. } = served;
    for (label, text) in [("output", report.output), ("processes", report.processes)] {
        if !text.is_empty() {
            evidence.push(Evidence { label: label.to_owned(), text });
        }
    }
    let mut record = recorded::about(case, report.verdict);
    record.duration = Duration::from_micros(report.duration_us);
    record.message = report.message;
    record.expected = report.expected;
    record.seen = report.seen;
    record.call = report.call;
    record.at = report.at.as_deref().map(place_of);
    // What failed may be an expectation of a helper's answer: the body says which calls that makes.
    if report.verdict == Found::Violated && !case.code.is_empty() {
        evidence.push(Evidence {
            label: "case".to_owned(),
            text: format!("fn {}() -> Verdict {}", case.function, case.code),
        });
    }
    record.evidence = evidence;
    record
}

/// Reads `file:line`.
fn place_of(text: &str) -> Place {
    let (file, line) = text.rsplit_once(':').unwrap_or((text, ""));
    Place { file: file.to_owned(), line: line.parse().unwrap_or(0) }
}
