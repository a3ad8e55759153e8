//! What a worker gets done before it is known which case comes.
//!
//! A machine is frozen after that, so each case that goes on in a clone of it finds it done: under emulation it takes
//! longer than most cases do. Only the first case of a worker finds it, since cases can change what was found out.

use std::collections::BTreeMap;

use kit::{Case, KernelVersion, Need, Outcome, Registry};

use crate::machine_kind::Start;
use crate::needs::{self, Lack};
use crate::protocol::{Hello, Report};
use crate::stage::sentry::{Preflight, Sentry, Standing};
use crate::stage::{Mode, Stage};

/// What stands ready for the first case.
pub(super) struct Ahead {
    /// Ready, or why it is not.
    pub(super) stage: Outcome<Stage>,
    /// Whether a sentry on it greets and takes the first request.
    pub(super) guarded: bool,
}

impl Ahead {
    /// Does what can be done in a disposable kernel for a case that goes on from `start`; nothing if that is the worker alone.
    pub(super) fn make(start: Start, registry: Registry, hello: &Hello, version: KernelVersion) -> Option<Self> {
        let mode = match start {
            Start::Worker => return None,
            Start::Plain => Mode::Plain,
            Start::OnStage => Mode::Staged,
        };
        let preflights = preflights(registry, version, start);
        // A kernel can be without what a sentry needs, such as timerfd_create(2): the worker serves then.
        let sentry = Sentry::new(registry, hello.clone(), preflights).ok();
        let ready = Stage::make_with(mode, registry, sentry)
            .and_then(|mut stage| stage.await_ready().map(|standing| (stage, standing)));
        let guarded = matches!(ready, Ok((_, Standing::AtPort)));
        Some(Self { stage: ready.map(|(stage, _)| stage), guarded })
    }
}

/// What is known of each case before the freeze.
fn preflights(registry: Registry, version: KernelVersion, start: Start) -> Vec<Preflight> {
    let mut answers: BTreeMap<String, Result<(), Lack>> = BTreeMap::new();
    let mut answer =
        |need: &Need| answers.entry(need.to_string()).or_insert_with(|| needs::check_in_guest(need)).clone();
    registry.all().map(|case| preflight(case, version, start, &mut answer)).collect()
}

fn preflight(
    case: &'static Case,
    version: KernelVersion,
    start: Start,
    answer: &mut impl FnMut(&Need) -> Result<(), Lack>,
) -> Preflight {
    if !case.covers(version) {
        return Preflight::Settled(Report::out_of_range(case));
    }
    // Such a case gets another machine; the worker knows what to do with one that does not.
    if Start::of(case) != start {
        return Preflight::ForWorker;
    }
    let mut open = Vec::new();
    for need in case.needs {
        match asked(need, start) {
            Asked::Ahead => {
                if let Err(lack) = answer(need) {
                    return Preflight::Settled(lack.into());
                }
            }
            Asked::OnTheSpot => open.push(need),
            Asked::OfTheWorker => return Preflight::ForWorker,
        }
    }
    Preflight::Open(open)
}

/// When a need is asked for.
enum Asked {
    /// Before the freeze: to ask leaves the kernel as it is, as far as cases can tell.
    Ahead,
    /// In the clone, by the case's process.
    OnTheSpot,
    /// In the clone, by the worker.
    OfTheWorker,
}

fn asked(need: &Need, start: Start) -> Asked {
    match need {
        Need::Root | Need::Config(_) | Need::Tool(_) | Need::Capability(_) | Need::Cpus(_) => Asked::Ahead,
        Need::InitialNamespaces | Need::Disposable | Need::Cgroup2 => Asked::Ahead,
        // A namespace is made, and is gone in the kernel's own time.
        Need::UserNamespaces if start == Start::OnStage => Asked::Ahead,
        Need::UserNamespaces | Need::Behaviour(_) => Asked::OnTheSpot,
        Need::Module(_) => Asked::OfTheWorker,
    }
}
