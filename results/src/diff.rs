//! What is otherwise than before: the comparison of a matrix with a baseline, or of any two.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::baseline::Baseline;
use crate::chain::Chains;
use crate::difference::{Difference, DifferenceKind, Former, Interlude, join};
use crate::grid::Grid;
use crate::record::{CaseRecord, Matrix};
use crate::verdict::Verdict;

/// What two matrices differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The cells that differ: what got worse first, then by claim.
    pub changes: Vec<Difference>,
    /// Kernels that were tested before and could not be tested now: word, and why. That is for the worse.
    pub untested: Vec<(String, String)>,
    /// Kernels that are another release than before: word (or both words), release then, release now.
    pub releases: Vec<(String, String, String)>,
    /// Kernels that only the baseline has: nothing is said of them.
    pub only_before: Vec<String>,
    /// Kernels that only the new matrix has: nothing is said of them.
    pub only_now: Vec<String>,
}

/// Two matrices whose kernels cannot be put side by side.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the older one is about {}, the newer one about {}, and it is not clear which is to be compared with which: \
     choose one of each with --from and --to",
    list(before),
    list(now)
)]
pub struct NothingInCommon {
    before: Vec<String>,
    now: Vec<String>,
}

/// Two kernels to compare: the word of each.
struct Pair<'a> {
    old: &'a str,
    new: &'a str,
}

/// What is compared, and the claims that it is about.
struct Comparison<'a> {
    before: &'a Baseline,
    after: Baseline,
    now: &'a Matrix,
    grid: Grid<'a>,
    known: HashMap<&'a str, &'a CaseRecord>,
    chains: Chains<'a>,
}

impl Diff {
    /// Compares the matrix `now` with the baseline `before`, on the kernels that both have.
    ///
    /// Worse is: a cell that is newly refuted or broken; one that held and is unmet; a case that held and
    /// vanished. A case that is missing vanished only if `now` was not narrowed to a selection or a shard.
    #[must_use]
    pub fn between(before: &Baseline, now: &Matrix) -> Self {
        Comparison::of(before, &Matrix::default(), now).carry_out(&in_common(before, now))
    }

    /// Compares `now` with `before`: kernels of the same word with each other; if there are none, and each has as many,
    /// the oldest with the oldest and so on.
    ///
    /// # Errors
    /// If no kernel of one can be told to belong to one of the other.
    pub fn of(before: &Matrix, now: &Matrix) -> Result<Self, NothingInCommon> {
        let baseline = Baseline::of(before);
        let mut pairs = in_common(&baseline, now);
        if pairs.is_empty() {
            let words =
                |matrix: &'_ Matrix| -> Vec<String> { matrix.runs.iter().map(|run| run.kernel.word.clone()).collect() };
            if before.runs.len() != now.runs.len() || before.runs.is_empty() {
                return Err(NothingInCommon { before: words(before), now: words(now) });
            }
            let both = before.runs.iter().zip(&now.runs);
            pairs = both.map(|(old, new)| Pair { old: &old.kernel.word, new: &new.kernel.word }).collect();
        }
        Ok(Comparison::of(&baseline, before, now).carry_out(&pairs))
    }

    /// True when something got worse.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        !self.untested.is_empty() || self.changes.iter().any(|change| change.worse)
    }

    /// 1 when something got worse, else 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.is_worse().into()
    }
}

/// The kernels that both have.
fn in_common<'a>(before: &Baseline, now: &'a Matrix) -> Vec<Pair<'a>> {
    let words: BTreeSet<_> = now.runs.iter().map(|run| run.kernel.word.as_str()).collect();
    words
        .into_iter()
        .filter(|word| before.kernels.contains_key(*word))
        .map(|word| Pair { old: word, new: word })
        .collect()
}

impl Pair<'_> {
    /// What stands for the two: the word, if it is the same.
    fn label(&self) -> String {
        if self.old == self.new { self.new.to_owned() } else { format!("{} → {}", self.old, self.new) }
    }
}

impl<'a> Comparison<'a> {
    /// `known` has the claims that `now` does not have any more.
    fn of(before: &'a Baseline, known: &'a Matrix, now: &'a Matrix) -> Self {
        let cases = || known.runs.iter().chain(&now.runs).flat_map(|run| &run.cases);
        Self {
            before,
            after: Baseline::of(now),
            now,
            grid: Grid::of(now),
            known: cases().map(|case| (case.name.as_str(), case)).collect(),
            chains: Chains::of(cases()),
        }
    }

    fn carry_out(&self, pairs: &[Pair<'_>]) -> Diff {
        let changes = pairs.iter().flat_map(|pair| self.as_rules(self.cells(pair))).collect();
        let missing = |words: &mut dyn Iterator<Item = &String>, is_compared: &dyn Fn(&str) -> bool| {
            words.filter(|word| !is_compared(word)).cloned().collect()
        };
        Diff {
            changes: join(changes),
            untested: self.untested(pairs),
            releases: self.releases(pairs),
            only_before: missing(&mut self.before.kernels.keys(), &|word| pairs.iter().any(|pair| pair.old == word)),
            only_now: missing(&mut self.after.kernels.keys(), &|word| pairs.iter().any(|pair| pair.new == word)),
        }
    }

    /// The claims whose cells differ between two kernels.
    fn cells(&self, pair: &Pair<'_>) -> Vec<Difference> {
        let whole = is_whole(self.now, pair.new);
        let could_not_be_tested = self.now.runs.iter().any(|run| run.kernel.word == pair.new && run.problem.is_some());
        let claims: BTreeSet<_> = self.before.claims.keys().chain(self.after.claims.keys()).collect();
        let differences = claims.into_iter().filter_map(|claim| {
            let verdict = |of: &Baseline, word| of.claims.get(claim)?.get(word).copied();
            let (before, after) = (verdict(self.before, pair.old), verdict(&self.after, pair.new));
            let kind = DifferenceKind::of(before, after, whole)?;
            // Every case is broken on a kernel that could not be tested: that is one thing and told as one.
            if kind == DifferenceKind::Broken && could_not_be_tested {
                return None;
            }
            let case = self.known.get(claim.as_str());
            Some(Difference {
                kind,
                worse: kind.is_worse(before),
                claim: claim.clone(),
                says: case.map(|case| case.claim.clone()).unwrap_or_default(),
                suite: case.map(|case| case.suite.clone()).unwrap_or_default(),
                theme: case.map(|case| case.theme.clone()).unwrap_or_default(),
                since: case.and_then(|case| case.since.clone()),
                until: case.and_then(|case| case.until.clone()),
                kernels: vec![pair.label()],
                before,
                after,
                message: message(&self.grid, claim, pair.new),
                between: Vec::new(),
                was: None,
            })
        });
        differences.collect()
    }

    /// Makes one of two claims when the one took the other's place. Which of them is the later rule does not matter: the newer
    /// kernel may be the older version.
    fn as_rules(&self, mut differences: Vec<Difference>) -> Vec<Difference> {
        let went = |difference: &Difference| difference.kind == DifferenceKind::Ends;
        let came = |difference: &Difference| difference.before == Some(Verdict::OutOfRange);
        let place = |claim: &str| self.known.get_key_value(claim).map(|(name, _)| self.chains.first(name));
        let mut formers: HashMap<&str, Former> = HashMap::new();
        for difference in differences.iter().filter(|difference| went(difference)) {
            if let (Some(place), Some(verdict)) = (place(&difference.claim), difference.before) {
                let (claim, says) = (difference.claim.clone(), difference.says.clone());
                formers.insert(place, Former { claim, says, verdict });
            }
        }
        let mut told = BTreeSet::new();
        for difference in differences.iter_mut().filter(|difference| came(difference)) {
            if let Some(was) = place(&difference.claim).and_then(|place| formers.remove(place)) {
                told.insert(was.claim.clone());
                if difference.kind == DifferenceKind::Begins {
                    difference.kind = DifferenceKind::Changed;
                }
                difference.between = self.between(&was.claim, &difference.claim);
                difference.was = Some(was);
            }
        }
        differences.retain(|difference| !told.contains(&difference.claim));
        differences
    }

    /// What was so after the claim `was` and before the claim `is`, the oldest first.
    fn between(&self, was: &str, is: &str) -> Vec<Interlude> {
        let Some(names) = self.chains.between(was, is) else { return Vec::new() };
        let cases = names.iter().filter_map(|name| self.known.get(name));
        let told = |case: &&CaseRecord| Interlude {
            claim: case.name.clone(),
            says: case.claim.clone(),
            since: case.since.clone().unwrap_or_default(),
        };
        cases.map(told).collect()
    }

    /// The kernels that could be tested before, and now could not. Of one that could not either, every case was broken.
    fn untested(&self, pairs: &[Pair<'_>]) -> Vec<(String, String)> {
        let was_tested = |word: &str| {
            let mut verdicts = self.before.claims.values().filter_map(|verdicts| verdicts.get(word));
            verdicts.any(|&verdict| verdict != Verdict::Broken)
        };
        let problems = self.now.runs.iter().filter_map(|run| {
            let problem = run.problem.as_ref()?;
            let pair = pairs.iter().find(|pair| pair.new == run.kernel.word)?;
            was_tested(pair.old).then(|| (pair.label(), problem.clone()))
        });
        problems.collect()
    }

    /// The kernels that are another release than those they are compared with.
    fn releases(&self, pairs: &[Pair<'_>]) -> Vec<(String, String, String)> {
        let releases = pairs.iter().filter_map(|pair| {
            let (then, now) = (self.before.kernels.get(pair.old)?, self.after.kernels.get(pair.new)?);
            (then != now).then(|| (pair.label(), then.clone(), now.clone()))
        });
        releases.collect()
    }
}

/// Words in a row, for a message.
fn list(words: &[String]) -> String {
    if words.is_empty() { "no kernel".to_owned() } else { words.join(", ") }
}

/// True when every case was asked for on the kernel `word`, and it could be tested to the end.
fn is_whole(matrix: &Matrix, word: &str) -> bool {
    let mut runs = matrix.runs.iter().filter(|run| run.kernel.word == word);
    runs.all(crate::Run::is_whole)
}

/// What the new record of a claim says on the kernel `word`.
fn message(grid: &Grid<'_>, claim: &str, word: &str) -> String {
    let column = grid.columns.iter().position(|column| column.label == word);
    let row = grid.rows.iter().find(|row| row.case.name == claim);
    let case = row.zip(column).and_then(|(row, column)| row.cells[column].worst());
    case.map(|case| case.message.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
