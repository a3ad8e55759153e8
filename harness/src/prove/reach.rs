//! Which cases execute which alterations: found out once, in the kernel as it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use indicatif::ProgressBar;
use kit::{Case, config};
use results::Verdict;
use results::proof::{CaseReach, Reach};

use super::ground::Grounds;
use crate::machine_kind::MachineKind;
use crate::protocol::Report;
use crate::runner::executor::Executor;
use crate::worker;

/// A case that takes part.
#[derive(Debug)]
pub(crate) struct Taker {
    pub(crate) case: &'static Case,
    pub(crate) kind: MachineKind,
    /// How long it takes in the kernel as it is.
    pub(crate) normal: Duration,
    /// What it found there.
    pub(crate) verdict: Verdict,
    /// How many alterations it executes.
    pub(crate) reaches: usize,
}

/// Cases, and for each alteration those that execute it.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) takers: Vec<Taker>,
    /// In the order of [`Grounds::items`]: places in `takers` of cases that hold and execute it, those that execute fewest first.
    pub(crate) by_item: Vec<Vec<usize>>,
    /// Stands for the executable, the kernel, the functions and the cases.
    pub(crate) fingerprint: String,
}

/// Reads what was kept, or finds it out and keeps it.
pub(crate) fn reach(
    grounds: &Grounds,
    cases: &[&'static Case],
    path: &Path,
    threads: usize,
    bar: &ProgressBar,
) -> Result<Reached> {
    let fingerprint = fingerprint(grounds)?;
    let mut kept = match Reach::read(path) {
        Ok(kept) if kept.fingerprint == fingerprint => kept,
        // What was kept of another kernel or executable says nothing about this one.
        _ => Reach { fingerprint: fingerprint.clone(), alterations: names(grounds), cases: BTreeMap::new() },
    };
    let missing: Vec<_> = cases.iter().copied().filter(|case| !kept.cases.contains_key(&case.name())).collect();
    bar.set_length(missing.len() as u64);
    if !missing.is_empty() {
        kept.cases.extend(find_out(grounds, &missing, threads, bar)?);
        kept.write(path).context("what the cases execute could not be kept")?;
    }
    let names: Vec<_> = cases.iter().map(|case| case.name()).collect();
    let whole = config::digest(format!("{fingerprint}\n{}", names.join("\n")).as_bytes());
    Ok(assign(grounds, cases, &kept, whole))
}

fn names(grounds: &Grounds) -> Vec<String> {
    grounds.items.iter().map(|item| item.name.to_string()).collect()
}

/// Of what the answer depends on.
fn fingerprint(grounds: &Grounds) -> Result<String> {
    let executable = std::fs::read(std::env::current_exe()?).context("the own executable cannot be read")?;
    let kernels: Vec<_> = grounds.by_kind.values().map(|ground| ground.hello.version.as_str()).collect();
    let parts = [
        config::digest(&executable),
        kernels.join("\n"),
        grounds.kernel.config_digest().unwrap_or_default(),
        names(grounds).join("\n"),
        grounds.items.iter().map(|item| item.words.as_str()).collect::<Vec<_>>().join("\n"),
    ];
    Ok(config::digest(parts.join("\n").as_bytes()))
}

/// Carries each case out once in a clone that logs what it executes.
fn find_out(
    grounds: &Grounds,
    cases: &[&'static Case],
    threads: usize,
    bar: &ProgressBar,
) -> Result<BTreeMap<String, CaseReach>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| -> Result<()> {
        let work = || -> Result<()> {
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let one =
                    find_out_one(grounds, case).with_context(|| format!("{} could not be traced", case.name()))?;
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(case.name(), one);
                bar.inc(1);
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(anyhow!("a thread panicked"))))
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn find_out_one(grounds: &Grounds, case: &Case) -> Result<CaseReach> {
    let kind = MachineKind::of(case);
    let ground = grounds.by_kind.get(&kind).context("no machine of its kind was booted")?;
    let version = worker::version(&ground.hello.release, &ground.hello.version)?;
    if !case.covers(version) {
        let report = Report::out_of_range(case);
        return Ok(CaseReach { verdict: report.verdict, duration_us: 0, reached: String::new() });
    }
    let (machine, trace) = ground.template.traced_machine(&ground.ranges)?;
    let mut executor = Executor::in_machine(machine, ground.hello.clone(), grounds.kernel.speed())?;
    let report = executor.serve(case).report;
    drop(executor);
    let executed = trace.addresses()?;
    let is_reached =
        |number: &usize| grounds.items[*number].on.get(&kind).is_some_and(|made| made.is_reached(&executed));
    let numbers: Vec<usize> = (0..grounds.items.len()).filter(is_reached).collect();
    Ok(CaseReach { verdict: report.verdict, duration_us: report.duration_us, reached: CaseReach::shorten(&numbers) })
}

/// Turns «which places a case executes» round.
fn assign(grounds: &Grounds, cases: &[&'static Case], kept: &Reach, fingerprint: String) -> Reached {
    let mut takers = Vec::new();
    let mut by_item: Vec<Vec<usize>> = vec![Vec::new(); grounds.items.len()];
    for case in cases {
        let Some(known) = kept.cases.get(&case.name()) else { continue };
        let items = known.numbers(grounds.items.len());
        // Only a claim that holds can stop doing so.
        if known.verdict == Verdict::Holds {
            items.iter().for_each(|item| by_item[*item].push(takers.len()));
        }
        takers.push(Taker {
            case,
            kind: MachineKind::of(case),
            normal: Duration::from_micros(known.duration_us),
            verdict: known.verdict,
            reaches: items.len(),
        });
    }
    for reaching in &mut by_item {
        // By nothing that a clock says: a proof that is done again is the same.
        reaching.sort_by_key(|at| (takers[*at].reaches, *at));
    }
    Reached { takers, by_item, fingerprint }
}
