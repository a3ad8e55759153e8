//! The other way round: claims that have noticed nothing are asked, each by itself, until they notice something.
//!
//! An alteration that many claims' cases execute is noticed by the first that are asked, which says nothing of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use results::Verdict;
use results::proof::{Altered, Asked, Entry, Fate};

use super::ground::Grounds;
use super::order;
use super::reach::Reached;
use super::trial::{Bench, Sign};
use super::work::Kept;

/// How many times as common an alteration counts that is in a file which the claim's suite is not about.
const FOREIGN: usize = 4;

/// The claims that have noticed nothing and were not asked yet: places among those that take part.
pub(super) fn open(reached: &Reached, kept: &Kept) -> Vec<usize> {
    let seen: BTreeSet<&str> = kept.found.values().flat_map(|(altered, _)| &altered.by).map(String::as_str).collect();
    let is_open = |at: &usize| {
        let taker = &reached.takers[*at];
        let name = taker.case.name();
        let was_asked = kept.asked.get(&name).is_some_and(|(_, build)| taker.build <= *build);
        taker.verdict == Verdict::Holds && !seen.contains(name.as_str()) && !was_asked
    };
    (0..reached.takers.len()).filter(is_open).collect()
}

/// Asks one claim.
pub(super) fn one(
    bench: &mut Bench<'_>,
    grounds: &Grounds,
    reached: &Reached,
    at: usize,
    kept: &Mutex<Kept>,
    bar: &ProgressBar,
) -> Result<()> {
    let began = Instant::now();
    let ms = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let taker = &reached.takers[at];
    let claim = taker.case.name();
    let candidates = candidates(grounds, reached, at, &kept.lock().unwrap_or_else(PoisonError::into_inner).found);
    let (mut tried, mut patience) = (0, bench.patience());
    let mut noticed = None;
    for number in candidates {
        let sign = bench.ask_about(number, taker).with_context(|| format!("{claim} could not be asked"))?;
        let Some(sign) = sign else { continue };
        if sign == Sign::Violated {
            noticed = Some(number);
            break;
        }
        tried += 1;
        patience = patience.saturating_sub(sign.costs());
        if patience == 0 {
            break;
        }
    }
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    match noticed.and_then(|number| Some((number, kept.found.get(&number)?.0.clone()))) {
        Some((number, mut altered)) => {
            altered.noticed_by(&claim);
            let function = grounds.items[number].name.function.clone();
            kept.keep(number, Entry { function, altered, ms: ms(), build: reached.build })?;
        }
        None => kept.keep_asked(Asked { claim, tried, ms: ms(), build: reached.build })?,
    }
    bar.inc(1);
    Ok(())
}

/// What a claim is asked about, the most telling first: what a claim of the same file noticed, then what only few execute; of an
/// instruction one alteration.
fn candidates(
    grounds: &Grounds,
    reached: &Reached,
    at: usize,
    found: &BTreeMap<usize, (Altered, usize)>,
) -> Vec<usize> {
    let taker = &reached.takers[at];
    let file = format!("{}::{}", taker.case.suite(), taker.case.theme());
    let files = reached.takers.iter().map(|one| (one.case.name(), (one.case.suite(), one.case.theme())));
    let files: BTreeMap<String, (&str, &str)> = files.collect();
    let is_near = |altered: &Altered| {
        altered.by.iter().any(|name| files.get(name).is_some_and(|(suite, theme)| format!("{suite}::{theme}") == file))
    };
    let mut open: Vec<_> = found
        .iter()
        .filter(|(number, (altered, _))| is_open(altered) && reached.is_reached(**number, taker))
        .map(|(number, (altered, _))| {
            let item = &grounds.items[*number];
            let is_foreign = item.file.and_then(order::suite) != Some(taker.case.suite());
            let common = altered.reached * if is_foreign { FOREIGN } else { 1 };
            (altered.fate != Fate::Noticed, !is_near(altered), common, item.name.kind.is_half(), *number)
        })
        .collect();
    open.sort_unstable();
    let mut instructions = BTreeSet::new();
    let is_new = |number: &usize| {
        let name = &grounds.items[*number].name;
        instructions.insert((name.function.as_str(), name.offset))
    };
    open.into_iter().map(|(.., number)| number).filter(is_new).collect()
}

/// Whether a claim that executes it may not have been asked about it: of what kills the kernel nobody can say more.
fn is_open(altered: &Altered) -> bool {
    match altered.fate {
        Fate::Noticed => true,
        Fate::Survived => altered.tried.is_some(),
        Fate::Fatal | Fate::Unreached => false,
    }
}
