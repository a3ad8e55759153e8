//! What cases execute: found out once, in the kernel as it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use indicatif::ProgressBar;
use kit::{Case, config};
use results::Verdict;
use results::proof::{CaseReach, Reach, Runs};

use super::ground::Grounds;
use crate::machine_kind::MachineKind;
use crate::protocol::Report;
use crate::runner::executor::Executor;
use crate::runner::filters::Filters;
use crate::worker;

/// After how many cases what is known is kept: so much is lost when somebody stops it.
const PORTION: usize = 100;

/// A case that takes part.
#[derive(Debug)]
pub(crate) struct Taker {
    pub(crate) case: &'static Case,
    pub(crate) kind: MachineKind,
    /// How long it takes in the kernel as it is.
    pub(crate) normal: Duration,
    /// What it found there.
    pub(crate) verdict: Verdict,
    /// What it executes there.
    pub(crate) executed: Runs,
    /// The build that carried it out.
    pub(crate) build: usize,
}

/// Cases, and what they execute.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) takers: Vec<Taker>,
    /// Stands for the kernel.
    pub(crate) kernel: String,
    /// Stands for the executable and the cases.
    pub(crate) claims: String,
    /// The number of this build.
    pub(crate) build: usize,
    /// The places of each alteration in [`Grounds::items`], on each kind of machine.
    places: Vec<BTreeMap<MachineKind, Places>>,
    /// The places of each function.
    ranges: BTreeMap<String, Range<u64>>,
}

/// Where a case has to come by that can notice an alteration.
#[derive(Debug)]
struct Places {
    instruction: u64,
    /// The way that makes the difference.
    way: Option<u64>,
}

impl Reached {
    /// Whether a case executes an alteration, so that it makes a difference.
    pub(crate) fn is_reached(&self, number: usize, taker: &Taker) -> bool {
        self.places[number].get(&taker.kind).is_some_and(|places| {
            taker.executed.contains(places.instruction) && places.way.is_none_or(|way| taker.executed.contains(way))
        })
    }

    /// The cases that hold and execute an alteration: places in `takers`. Only a claim that holds can stop doing so.
    pub(crate) fn reaching(&self, number: usize) -> Vec<usize> {
        let is_reaching = |taker: &Taker| taker.verdict == Verdict::Holds && self.is_reached(number, taker);
        (0..self.takers.len()).filter(|at| is_reaching(&self.takers[*at])).collect()
    }

    /// Cases that execute the same of these functions have the same number.
    pub(crate) fn sorts(&self, functions: &BTreeSet<&str>) -> Vec<usize> {
        let ranges: Vec<_> = functions.iter().filter_map(|name| self.ranges.get(*name)).collect();
        let mut numbers: HashMap<Vec<Runs>, usize> = HashMap::new();
        let mut number = |taker: &Taker| {
            let next = numbers.len();
            let executed = ranges.iter().map(|range| taker.executed.within(range)).collect();
            *numbers.entry(executed).or_insert(next)
        };
        self.takers.iter().map(&mut number).collect()
    }
}

/// What was kept and what to do with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping<'a> {
    pub(crate) path: &'a Path,
    /// Whether what another build found counts.
    pub(crate) keep: bool,
    /// But not of cases with one of these words in their names.
    pub(crate) anew: &'a [String],
}

/// Reads what was kept, finds out the rest and keeps it.
pub(crate) fn reach(
    grounds: &Grounds,
    cases: &[&'static Case],
    keeping: Keeping<'_>,
    threads: usize,
    bar: &ProgressBar,
) -> Result<Reached> {
    let build = config::digest(&std::fs::read(std::env::current_exe()?).context("the own executable cannot be read")?);
    let mut kept = kept(grounds, keeping, &build);
    let newest = kept.builds.len() - 1;
    let is_known = |case: &&Case| {
        let is_anew = !keeping.anew.is_empty() && Filters::parts(keeping.anew).pass(&case.name(), "");
        kept.cases.get(&case.name()).is_some_and(|known| known.build == newest || !is_anew)
    };
    let missing: Vec<_> = cases.iter().copied().filter(|case| !is_known(case)).collect();
    bar.set_length(missing.len() as u64);
    for portion in missing.chunks(PORTION) {
        kept.cases.extend(find_out(grounds, portion, &kept, threads, bar)?);
        kept.write(keeping.path).context("what the cases execute could not be kept")?;
    }
    let names: Vec<_> = cases.iter().map(|case| case.name()).collect();
    let claims = config::digest(format!("{build}\n{}", names.join("\n")).as_bytes());
    Ok(assign(grounds, cases, kept, claims))
}

/// What was kept of this kernel, as far as it counts.
fn kept(grounds: &Grounds, keeping: Keeping<'_>, build: &str) -> Reach {
    let version = grounds.by_kind.values().next().map(|ground| ground.hello.version.as_str()).unwrap_or_default();
    let digest = grounds.kernel.config_digest().unwrap_or_default();
    let kernel = config::digest(format!("{version}\n{digest}").as_bytes());
    let functions = grounds.functions();
    let known = Reach::read(keeping.path).ok().filter(|known| known.kernel == kernel);
    let mut known =
        known.unwrap_or_else(|| Reach { kernel, builds: Vec::new(), functions: Vec::new(), cases: BTreeMap::new() });
    let is_this = known.builds.last().is_some_and(|last| last == build);
    if !functions.iter().all(|function| known.functions.contains(function)) || !(is_this || keeping.keep) {
        known.functions = functions;
        known.cases.clear();
    }
    if !is_this {
        known.builds.push(build.to_owned());
    }
    known
}

/// Carries each case out once in a clone that logs what it executes.
fn find_out(
    grounds: &Grounds,
    cases: &[&'static Case],
    kept: &Reach,
    threads: usize,
    bar: &ProgressBar,
) -> Result<BTreeMap<String, CaseReach>> {
    let (bases, build) = (kept.bases(), kept.builds.len() - 1);
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| -> Result<()> {
        let work = || -> Result<()> {
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let one = find_out_one(grounds, case, &bases)
                    .with_context(|| format!("{} could not be traced", case.name()))?;
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(case.name(), CaseReach { build, ..one });
                bar.inc(1);
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked"))))
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn find_out_one(grounds: &Grounds, case: &Case, bases: &BTreeMap<&str, u64>) -> Result<CaseReach> {
    let kind = MachineKind::of(case);
    let ground = grounds.by_kind.get(&kind).context("no machine of its kind was booted")?;
    let version = worker::version(&ground.hello.release, &ground.hello.version)?;
    if !case.covers(version) {
        let report = Report::out_of_range(case);
        return Ok(CaseReach { verdict: report.verdict, duration_us: 0, build: 0, executed: Runs::default() });
    }
    let (machine, trace) = ground.template.traced_machine(&ground.ranges())?;
    let mut executor = Executor::in_machine(machine, ground.hello.clone(), grounds.kernel.speed())?;
    let report = executor.serve(case).report;
    drop(executor);
    let executed = ground.places(&trace.addresses()?, bases);
    Ok(CaseReach { verdict: report.verdict, duration_us: report.duration_us, build: 0, executed })
}

fn assign(grounds: &Grounds, cases: &[&'static Case], mut kept: Reach, claims: String) -> Reached {
    let takers = cases.iter().filter_map(|case| {
        let known = kept.cases.remove(&case.name())?;
        Some(Taker {
            case,
            kind: MachineKind::of(case),
            normal: Duration::from_micros(known.duration_us),
            verdict: known.verdict,
            executed: known.executed,
            build: known.build,
        })
    });
    let takers = takers.collect();
    let bases = kept.bases();
    let places = grounds.items.iter().map(|item| {
        let on = item.on.iter().filter_map(|(kind, made)| {
            let ground = grounds.by_kind.get(kind)?;
            let instruction = ground.place(made.address, &bases)?;
            Some((*kind, Places { instruction, way: made.way.and_then(|way| ground.place(way, &bases)) }))
        });
        on.collect()
    });
    let places = places.collect();
    let range = |(name, length): &(String, u64)| {
        let base = bases.get(name.as_str()).copied().unwrap_or(0);
        (name.clone(), base..base + length)
    };
    let ranges = kept.functions.iter().map(range).collect();
    Reached { takers, build: kept.builds.len() - 1, kernel: kept.kernel, claims, places, ranges }
}
