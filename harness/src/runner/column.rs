//! A column of the matrix: one kernel, the executors in it, and what cases found there.

mod recording;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use kit::{Case, KernelVersion, config};
use results::{CaseRecord, Shard, Timestamp, Verdict as Found};

use self::recording::{Facts, Upkeep, in_order, record_of};
use super::executor::{Executor, ExecutorError, Served};
use super::options::Isolation;
use super::stuck;
use super::virtual_kernel::VirtualKernel;
use crate::deadlines::STOP;
use crate::machine_kind::MachineKind;
use crate::protocol::{Hello, Report};
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
    upkeep: Upkeep,
    /// What a record says of the kernel beside what the kernel says of itself.
    facts: OnceLock<Facts>,
}

enum Ground {
    /// The running kernel, with its version if it says one.
    Host(Option<KernelVersion>),
    Machines(Arc<VirtualKernel>),
}

impl Ground {
    fn facts(&self) -> Facts {
        match self {
            Self::Host(_) => {
                Facts { origin: "the running kernel".to_owned(), config_digest: config::own_digest(), qemu: None }
            }
            Self::Machines(machines) => Facts {
                origin: machines.kernel.origin.to_string(),
                config_digest: machines.config_digest(),
                qemu: vm::machine::qemu_version(None).ok(),
            },
        }
    }
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
        Self {
            ground,
            isolation,
            began: OnceLock::new(),
            state: Mutex::default(),
            stop: Condvar::new(),
            upkeep: Upkeep::default(),
            facts: OnceLock::new(),
        }
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
                let mut served = executor.serve(case);
                if let Some(stuck) = served.report.stuck.take() {
                    stuck::add(&mut served.report, &stuck, || self.ends_untouched(case));
                }
                if served.reusable && self.isolation == Isolation::Shared {
                    self.state().free.push(executor);
                }
                served
            }
            Err(problem) => Served::without_worker(Report::new(Found::Broken, problem)),
        }
    }

    /// Whether a stage like this case's on which nothing was done ends where nothing was done either; why not, if that could not
    /// be tried.
    fn ends_untouched(&self, case: &Case) -> Result<bool, String> {
        let mut executor = self.new_seat(case).map_err(|error| error.to_string())?;
        executor.end_untouched(case)
    }

    fn new_seat(&self, case: &Case) -> Result<Executor, ExecutorError> {
        match &self.ground {
            Ground::Host(_) => Executor::on_host(),
            Ground::Machines(machines) => machines.executor(match self.isolation {
                Isolation::Fresh => MachineKind::of(case),
                Isolation::Shared => MachineKind::SHARED,
            }),
        }
    }

    fn began(&self) -> (Timestamp, Instant) {
        *self.began.get_or_init(|| (Timestamp::now(), Instant::now()))
    }

    /// Keeps no further record, and writes none any more by itself.
    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.stop.notify_all();
        self.upkeep.await_writer();
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
        let made = self.new_seat(case);
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

    /// Has the record written if that is due. What stops a run also writes what it had found.
    pub(crate) fn keep(&self, write: impl FnOnce()) {
        let done = {
            let state = self.state();
            state.expected == Some(state.carried_out)
        };
        self.upkeep.when_due(done, || {
            if !self.state().stopped {
                write();
            }
        });
    }

    /// The run as it is recorded, cases in the order given, with what narrowed them.
    pub(crate) fn run(&self, order: &[&'static Case], selection: Option<String>, shard: Option<Shard>) -> results::Run {
        let Facts { origin, config_digest, qemu } = self.facts.get_or_init(|| self.ground.facts());
        let state = self.state();
        let hello = state.hello.clone().unwrap_or_default();
        let cases = in_order(&state.records, order);
        results::Run {
            nsproof: env!("CARGO_PKG_VERSION").to_owned(),
            kernel: results::Kernel {
                word: self.word().to_owned(),
                release: hello.release,
                version: hello.version,
                origin: origin.clone(),
                config_digest: config_digest.clone(),
            },
            machine: results::Machine {
                accelerator: match &self.ground {
                    Ground::Host(_) => None,
                    Ground::Machines(machines) => machines.accelerator.known(),
                }
                .map_or_else(|| "none".to_owned(), |accel| accel.to_string()),
                qemu: qemu.clone(),
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
            unfinished: state.expected.map_or(0, |expected| expected.saturating_sub(cases.len())),
            cases,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here is left half-changed by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
