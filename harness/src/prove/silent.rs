//! The other way round: claims are asked, each by itself, until they notice something.
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
use super::kept::Kept;
use super::order;
use super::reach::Reached;
use super::sign::Sign;
use super::trial::Bench;
use crate::code::kind::Kind;

/// How many times as common an alteration counts that is in a file which the claim's suite is not about.
const FOREIGN: usize = 4;

/// Claims to be asked, and what there is to ask them about.
pub(super) struct Silence<'a> {
    grounds: &'a Grounds,
    reached: &'a Reached,
    /// About how many alterations a claim is asked at most.
    most: usize,
    /// How many claims' cases execute each alteration.
    common: Vec<usize>,
    /// Where claims stand: suite and theme.
    files: BTreeMap<String, (&'static str, &'static str)>,
}

impl<'a> Silence<'a> {
    pub(super) fn new(grounds: &'a Grounds, reached: &'a Reached, most: usize) -> Self {
        let common = (0..grounds.items.len()).map(|number| reached.reaching(number).len()).collect();
        let file = |taker: &super::reach::Taker| (taker.case.name(), (taker.case.suite(), taker.case.theme()));
        Self { grounds, reached, most, common, files: reached.takers.iter().map(file).collect() }
    }

    /// The claims that have noticed nothing and were not asked yet: places among those that take part.
    pub(super) fn open(&self, kept: &Kept) -> Vec<usize> {
        let seen = kept.found.values().filter(|(altered, _)| altered.fate == Fate::Noticed);
        let seen: BTreeSet<&str> = seen.flat_map(|(altered, _)| &altered.by).map(String::as_str).collect();
        let is_open = |at: &usize| {
            let taker = &self.reached.takers[*at];
            let name = taker.case.name();
            let was_asked = kept
                .asked
                .get(&name)
                .is_some_and(|asked| taker.build <= asked.build && (asked.left == 0 || asked.tried >= self.most));
            taker.verdict == Verdict::Holds && !seen.contains(name.as_str()) && !was_asked
        };
        (0..self.reached.takers.len()).filter(is_open).collect()
    }

    /// Asks one claim.
    pub(super) fn ask(&self, bench: &mut Bench<'_>, at: usize, kept: &Mutex<Kept>, bar: &ProgressBar) -> Result<()> {
        let began = Instant::now();
        let ms = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
        let taker = &self.reached.takers[at];
        let claim = taker.case.name();
        let candidates = self.candidates(at, &lock().found);
        let mut left = candidates.len();
        let (mut tried, mut patience, mut is_silent) = (0, self.most, true);
        for number in candidates {
            let answer = bench.ask_about(number, taker).with_context(|| format!("{claim} could not be asked"))?;
            left -= 1;
            let Some((sign, how)) = answer else { continue };
            tried += 1;
            if matches!(sign, Sign::Violated | Sign::Fatal) {
                let mut kept = lock();
                let altered = self.told(number, &kept.found, sign, &claim, how);
                let function = self.grounds.items[number].name.function.clone();
                kept.keep(number, Entry { function, altered, ms: 0, build: self.reached.build })?;
            }
            is_silent = sign != Sign::Violated;
            patience = patience.saturating_sub(sign.costs());
            if !is_silent || patience == 0 {
                break;
            }
        }
        // Of one that was heard it is kept how long that took.
        let tried = if is_silent { tried } else { 0 };
        lock().keep_asked(Asked { claim, tried, left, ms: ms(), build: self.reached.build })?;
        bar.inc(1);
        Ok(())
    }

    /// What is known of an alteration now.
    fn told(
        &self,
        number: usize,
        found: &BTreeMap<usize, (Altered, usize)>,
        sign: Sign,
        claim: &str,
        how: String,
    ) -> Altered {
        let known = found.get(&number).map(|(altered, _)| altered.clone());
        let mut altered = known.unwrap_or_else(|| self.grounds.items[number].unknown(self.common[number]));
        match sign {
            Sign::Violated => altered.noticed_by(claim),
            _ => altered.fatal_under(claim, how),
        }
        altered
    }

    /// What a claim is asked about, the most telling first: what a claim of the same file noticed, then what only few execute; of
    /// an instruction one alteration.
    fn candidates(&self, at: usize, found: &BTreeMap<usize, (Altered, usize)>) -> Vec<usize> {
        let taker = &self.reached.takers[at];
        let file = (taker.case.suite(), taker.case.theme());
        let is_near = |altered: &Altered| {
            altered.fate == Fate::Noticed && altered.by.iter().any(|name| self.files.get(name) == Some(&file))
        };
        let mut open = Vec::new();
        for (number, item) in self.grounds.items.iter().enumerate() {
            let known = found.get(&number).map(|(altered, _)| altered);
            if !known.is_none_or(is_open) || !self.reached.is_reached(number, taker) {
                continue;
            }
            let is_foreign = item.file.and_then(order::suite) != Some(file.0);
            let common = self.common[number] * if is_foreign { FOREIGN } else { 1 };
            // What waits for a reference that nobody gives back waits long.
            let is_slow = item.name.kind == Kind::Skip;
            open.push((!known.is_some_and(is_near), is_slow, common, item.name.kind.is_half(), number));
        }
        open.sort_unstable();
        let mut instructions = BTreeSet::new();
        let is_new = |number: &usize| {
            let name = &self.grounds.items[*number].name;
            instructions.insert((name.function.as_str(), name.offset))
        };
        open.into_iter().map(|(.., number)| number).filter(is_new).collect()
    }
}

/// Whether a claim that executes it may not have been asked about it: of what kills the kernel nobody can say more.
fn is_open(altered: &Altered) -> bool {
    match altered.fate {
        Fate::Noticed => true,
        Fate::Survived => altered.tried.is_some(),
        Fate::Fatal | Fate::Unreached => false,
    }
}
