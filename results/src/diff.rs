//! What is otherwise than before: the comparison of a matrix with a baseline, or of any two.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::baseline::Baseline;
use crate::chain::Chains;
use crate::difference::{Difference, DifferenceKind, Former};
use crate::grid::Grid;
use crate::record::{CaseRecord, Matrix};
use crate::release::Release;
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
            let kind = kind(before, after, whole)?;
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
                difference.was = Some(was);
            }
        }
        differences.retain(|difference| !told.contains(&difference.claim));
        differences
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

/// How a cell differs; none when it does not, or when nothing can be said.
fn kind(before: Option<Verdict>, after: Option<Verdict>, whole: bool) -> Option<DifferenceKind> {
    let was_against = before.is_some_and(Verdict::is_against_the_kernel);
    match (before, after) {
        (None, None) => None,
        (Some(before), Some(after)) if before == after => None,
        // Nothing was to be asked before or is now. Records of schema 1 say unmet of both.
        (None | Some(Verdict::Unmet), Some(Verdict::OutOfRange)) | (Some(Verdict::OutOfRange), None) => None,
        (Some(_), Some(Verdict::OutOfRange)) => Some(DifferenceKind::Ends),
        (Some(_), None) => whole.then_some(DifferenceKind::Vanished),
        (_, Some(Verdict::Crashed)) => Some(DifferenceKind::Refuted),
        (_, Some(Verdict::Violated | Verdict::TimedOut)) if was_against => Some(DifferenceKind::Otherwise),
        (_, Some(Verdict::Violated | Verdict::TimedOut)) => Some(DifferenceKind::Refuted),
        (_, Some(Verdict::Broken)) => Some(DifferenceKind::Broken),
        (None, Some(Verdict::Holds | Verdict::Unmet)) => Some(DifferenceKind::New),
        (Some(_), Some(Verdict::Unmet)) => Some(DifferenceKind::Unmet),
        (Some(Verdict::OutOfRange), Some(Verdict::Holds)) => Some(DifferenceKind::Begins),
        (Some(_), Some(Verdict::Holds)) if was_against => Some(DifferenceKind::Fixed),
        (Some(_), Some(Verdict::Holds)) => Some(DifferenceKind::Gained),
    }
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

/// Makes one of what is the same on several kernels, and puts the worst first.
fn join(cells: Vec<Difference>) -> Vec<Difference> {
    let mut joined: Vec<Difference> = Vec::new();
    for cell in cells {
        let same = |known: &&mut Difference| {
            (&known.claim, known.kind, known.before, known.after, &known.message, &known.was)
                == (&cell.claim, cell.kind, cell.before, cell.after, &cell.message, &cell.was)
        };
        match joined.iter_mut().find(same) {
            Some(known) => known.kernels.extend(cell.kernels),
            None => joined.push(cell),
        }
    }
    for difference in &mut joined {
        difference.kernels.sort_by_key(|word| Release::parse(word));
    }
    let place = |of: &Difference| (!of.worse, of.kind, of.suite.clone(), of.theme.clone(), of.claim.clone());
    joined.sort_by_cached_key(place);
    joined
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::fixtures::{case, run};
    use DifferenceKind as Kind;
    use Verdict::{Broken, Crashed, Holds, OutOfRange, TimedOut, Unmet, Violated};

    /// A matrix of one claim on one kernel.
    fn one(verdict: Option<Verdict>) -> Matrix {
        Matrix { runs: vec![run("6.12", verdict.map(|verdict| case("pid::a", verdict)))] }
    }

    #[rstest]
    #[case::same(Some(Violated), Some(Violated), None)]
    #[case::violated(Some(Holds), Some(Violated), Some((Kind::Refuted, true)))]
    #[case::was_unmet(Some(Unmet), Some(Violated), Some((Kind::Refuted, true)))]
    #[case::was_broken(Some(Broken), Some(TimedOut), Some((Kind::Refuted, true)))]
    #[case::now_crashes(Some(Violated), Some(Crashed), Some((Kind::Refuted, true)))]
    #[case::new_and_violated(None, Some(Violated), Some((Kind::Refuted, true)))]
    #[case::broken(Some(Holds), Some(Broken), Some((Kind::Broken, true)))]
    #[case::violated_then_broken(Some(Violated), Some(Broken), Some((Kind::Broken, true)))]
    #[case::unmet(Some(Holds), Some(Unmet), Some((Kind::Unmet, true)))]
    #[case::never_held(Some(Broken), Some(Unmet), Some((Kind::Unmet, false)))]
    #[case::vanished(Some(Holds), None, Some((Kind::Vanished, true)))]
    #[case::vanished_unmet(Some(Unmet), None, Some((Kind::Vanished, false)))]
    #[case::otherwise(Some(Crashed), Some(Violated), Some((Kind::Otherwise, false)))]
    #[case::fixed(Some(Violated), Some(Holds), Some((Kind::Fixed, false)))]
    #[case::gained(Some(Unmet), Some(Holds), Some((Kind::Gained, false)))]
    #[case::new(None, Some(Holds), Some((Kind::New, false)))]
    #[case::the_rule_ended(Some(Holds), Some(OutOfRange), Some((Kind::Ends, false)))]
    #[case::the_violated_rule_ended(Some(Violated), Some(OutOfRange), Some((Kind::Ends, false)))]
    #[case::the_rule_begins(Some(OutOfRange), Some(Holds), Some((Kind::Begins, false)))]
    #[case::the_rule_begins_and_is_broken(Some(OutOfRange), Some(Violated), Some((Kind::Refuted, true)))]
    #[case::the_rule_begins_and_cannot_be_asked(Some(OutOfRange), Some(Unmet), Some((Kind::Unmet, false)))]
    #[case::as_schema_1_says_it(Some(Unmet), Some(OutOfRange), None)]
    #[case::new_and_about_others(None, Some(OutOfRange), None)]
    #[case::about_others_and_gone(Some(OutOfRange), None, None)]
    fn every_kind(
        #[case] before: Option<Verdict>,
        #[case] after: Option<Verdict>,
        #[case] expected: Option<(Kind, bool)>,
    ) {
        let diff = Diff::between(&Baseline::of(&one(before)), &one(after));
        let found: Vec<_> = diff.changes.iter().map(|change| (change.kind, change.worse)).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        assert_eq!(diff.exit_code() == 1, expected.is_some_and(|(_, worse)| worse));
    }

    #[test]
    fn a_selection_makes_nothing_vanish() {
        let before = Baseline::of(&one(Some(Holds)));
        for narrow in [
            |run: &mut crate::Run| run.selection = Some("--suite uts".into()),
            |run: &mut crate::Run| run.shard = Some(crate::Shard { index: 1, count: 2 }),
            |run: &mut crate::Run| run.problem = Some("does not boot".into()),
            |run: &mut crate::Run| run.unfinished = 1,
        ] {
            let mut now = one(None);
            narrow(&mut now.runs[0]);
            assert_eq!(Diff::between(&before, &now).changes, []);
        }
    }

    #[test]
    fn equal_differences_are_joined_over_kernels() {
        let on = |words: &[&str], verdict| Matrix {
            runs: words.iter().map(|word| run(word, [case("pid::a", verdict)])).collect(),
        };
        let before = Baseline::of(&on(&["5.10", "6.1", "6.12"], Holds));
        let diff = Diff::between(&before, &on(&["6.12", "6.1", "6.18"], Violated));
        assert_eq!(diff.changes.len(), 1);
        assert_eq!(diff.changes[0].kernels, ["6.1", "6.12"]);
        assert_eq!((diff.only_before, diff.only_now), (vec!["5.10".into()], vec!["6.18".into()]));
    }

    #[test]
    fn a_kernel_that_boots_no_more_is_for_the_worse() {
        let before = Baseline::of(&one(Some(Holds)));
        let mut now = one(None);
        now.runs[0].problem = Some("the kernel did not boot".into());
        let diff = Diff::between(&before, &now);
        assert_eq!(diff.untested, [("6.12".into(), "the kernel did not boot".into())]);
        // As a run records it: every case broken, which adds nothing.
        now.runs[0].cases.push(case("pid::a", Broken));
        assert_eq!(Diff::between(&before, &now), diff);
        assert_eq!(diff.exit_code(), 1);
        assert_eq!(Diff::between(&Baseline::of(&one(None)), &now).exit_code(), 0);
        assert_eq!(Diff::between(&Baseline::of(&now), &now).exit_code(), 0, "it did not boot before either");
    }

    #[test]
    fn another_release_is_told() {
        let before = Baseline::of(&one(Some(Holds)));
        let mut now = one(Some(Holds));
        now.runs[0].kernel.release = "6.12.110".into();
        let diff = Diff::between(&before, &now);
        assert_eq!(diff.releases, [("6.12".into(), "6.12.9-cloud-amd64".into(), "6.12.110".into())]);
        assert!(!diff.is_worse());
    }

    /// The older and the newer claim of one rule on a kernel of each version.
    fn rule(word: &str, older: Verdict, newer: Verdict) -> Matrix {
        let mut newer = case("pid::newer", newer);
        newer.replaces = Some("pid::older".into());
        Matrix { runs: vec![run(word, [case("pid::older", older), newer])] }
    }

    #[rstest]
    #[case::upwards(rule("6.12", Holds, OutOfRange), rule("7.3", OutOfRange, Holds), (Kind::Changed, false, "pid::newer", "pid::older"))]
    #[case::downwards(rule("7.3", OutOfRange, Holds), rule("6.12", Holds, OutOfRange), (Kind::Changed, false, "pid::older", "pid::newer"))]
    #[case::not_kept(rule("6.12", Holds, OutOfRange), rule("7.3", OutOfRange, Violated), (Kind::Refuted, true, "pid::newer", "pid::older"))]
    #[case::never_kept(rule("6.12", Violated, OutOfRange), rule("7.3", OutOfRange, Holds), (Kind::Changed, false, "pid::newer", "pid::older"))]
    fn the_two_claims_of_a_rule_are_one_change(
        #[case] before: Matrix,
        #[case] now: Matrix,
        #[case] expected: (Kind, bool, &str, &str),
    ) {
        let diff = Diff::of(&before, &now).unwrap();
        let told = |change: &Difference| {
            let was = change.was.as_ref().map(|was| was.claim.clone()).unwrap_or_default();
            (change.kind, change.worse, change.claim.clone(), was)
        };
        let (kind, worse, claim, was) = expected;
        assert_eq!(diff.changes.iter().map(told).collect::<Vec<_>>(), [(kind, worse, claim.into(), was.into())]);
        assert_eq!(diff.changes[0].kernels, [format!("{} → {}", before.runs[0].kernel.word, now.runs[0].kernel.word)]);
    }

    #[test]
    fn kernels_of_other_words_are_compared_by_position() {
        let on = |words: &[&str], verdict| Matrix {
            runs: words.iter().map(|word| run(word, [case("pid::a", verdict)])).collect(),
        };
        let diff = Diff::of(&on(&["5.10", "base"], Holds), &on(&["5.15", "patched"], Violated)).unwrap();
        assert_eq!(diff.changes[0].kernels, ["5.10 → 5.15", "base → patched"]);
        let diff = Diff::of(&on(&["5.10", "6.12"], Holds), &on(&["6.12", "7.3"], Violated)).unwrap();
        assert_eq!(diff.changes[0].kernels, ["6.12"], "the same word is the same kernel");
        let error = Diff::of(&on(&["5.10", "6.12"], Holds), &on(&["7.3"], Violated)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the older one is about 5.10, 6.12, the newer one about 7.3, and it is not clear which is to be compared \
             with which: choose one of each with --from and --to"
        );
    }

    #[test]
    fn what_vanished_says_what_it_said() {
        let before = one(Some(Holds));
        let diff = Diff::of(&before, &one(None)).unwrap();
        assert_eq!((diff.changes[0].kind, diff.changes[0].says.as_str()), (Kind::Vanished, "What a says is so."));
    }
}
