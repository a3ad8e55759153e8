//! What is otherwise than before: the comparison of a matrix with a baseline.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::baseline::Baseline;
use crate::difference::{Difference, DifferenceKind};
use crate::grid::Grid;
use crate::record::Matrix;
use crate::release::Release;
use crate::verdict::Verdict;

/// What a matrix and a baseline of it differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The cells that differ: what got worse first, then by claim.
    pub changes: Vec<Difference>,
    /// Kernels that were tested before and could not be tested now: word, and why. That is for the worse.
    pub untested: Vec<(String, String)>,
    /// Kernels that are another release than before: word, release then, release now.
    pub releases: Vec<(String, String, String)>,
    /// Kernels that only the baseline has: nothing is said of them.
    pub only_before: Vec<String>,
    /// Kernels that only the new matrix has: nothing is said of them.
    pub only_now: Vec<String>,
}

impl Diff {
    /// Compares the matrix `now` with the baseline `before`, on the kernels that both have.
    ///
    /// Worse is: a cell that is newly refuted or broken; one that held and is unmet; a case that held and
    /// vanished. A case that is missing vanished only if `now` was not narrowed to a selection or a shard.
    #[must_use]
    pub fn between(before: &Baseline, now: &Matrix) -> Self {
        let after = Baseline::of(now);
        let grid = Grid::of(now);
        let mut changes = Vec::new();
        for word in after.kernels.keys().filter(|word| before.kernels.contains_key(*word)) {
            let whole = is_whole(now, word);
            let could_not_be_tested = now.runs.iter().any(|run| run.kernel.word == *word && run.problem.is_some());
            for claim in before.claims.keys().chain(after.claims.keys()).collect::<BTreeSet<_>>() {
                let verdict = |of: &Baseline| of.claims.get(claim)?.get(word).copied();
                let (before, after) = (verdict(before), verdict(&after));
                let Some(kind) = kind(before, after, whole) else {
                    continue;
                };
                // Every case is broken on a kernel that could not be tested: that is one thing and told as one.
                if kind == DifferenceKind::Broken && could_not_be_tested {
                    continue;
                }
                changes.push(Difference {
                    kind,
                    worse: kind.is_worse(before),
                    claim: claim.clone(),
                    kernels: vec![word.clone()],
                    before,
                    after,
                    message: message(&grid, claim, word),
                });
            }
        }
        let missing = |of: &Baseline, from: &Baseline| {
            let words = of.kernels.keys().filter(|word| !from.kernels.contains_key(*word));
            words.cloned().collect()
        };
        Self {
            changes: join(changes),
            untested: untested(before, now),
            releases: releases(before, &after),
            only_before: missing(before, &after),
            only_now: missing(&after, before),
        }
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

/// How a cell differs; none when it does not, or when nothing can be said.
fn kind(before: Option<Verdict>, after: Option<Verdict>, whole: bool) -> Option<DifferenceKind> {
    let was_against = before.is_some_and(Verdict::is_against_the_kernel);
    match (before, after) {
        (None, None) => None,
        (Some(before), Some(after)) if before == after => None,
        // Nothing was to be asked before or is now. Records of schema 1 say unmet of both.
        (None | Some(Verdict::Unmet), Some(Verdict::OutOfRange)) | (Some(Verdict::OutOfRange), None) => None,
        (Some(_), Some(Verdict::OutOfRange)) => Some(DifferenceKind::OutOfRange),
        (Some(_), None) => whole.then_some(DifferenceKind::Vanished),
        (_, Some(Verdict::Crashed)) => Some(DifferenceKind::Refuted),
        (_, Some(Verdict::Violated | Verdict::TimedOut)) if was_against => Some(DifferenceKind::Otherwise),
        (_, Some(Verdict::Violated | Verdict::TimedOut)) => Some(DifferenceKind::Refuted),
        (_, Some(Verdict::Broken)) => Some(DifferenceKind::Broken),
        (None, Some(Verdict::Holds | Verdict::Unmet)) => Some(DifferenceKind::New),
        (Some(_), Some(Verdict::Unmet)) => Some(DifferenceKind::Unmet),
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
            (&known.claim, known.before, known.after, &known.message)
                == (&cell.claim, cell.before, cell.after, &cell.message)
        };
        match joined.iter_mut().find(same) {
            Some(known) => known.kernels.extend(cell.kernels),
            None => joined.push(cell),
        }
    }
    for difference in &mut joined {
        difference.kernels.sort_by_key(|word| Release::parse(word));
    }
    joined.sort_by(|a, b| (!a.worse, a.kind, &a.claim).cmp(&(!b.worse, b.kind, &b.claim)));
    joined
}

/// The kernels that could be tested before, and now could not. Of one that could not either, every case was broken.
fn untested(before: &Baseline, now: &Matrix) -> Vec<(String, String)> {
    let was_tested = |word: &str| {
        let mut verdicts = before.claims.values().filter_map(|verdicts| verdicts.get(word));
        verdicts.any(|&verdict| verdict != Verdict::Broken)
    };
    let problems = now.runs.iter().filter_map(|run| {
        let problem = run.problem.as_ref()?;
        was_tested(&run.kernel.word).then(|| (run.kernel.word.clone(), problem.clone()))
    });
    problems.collect()
}

/// The kernels that are another release under the same word.
fn releases(before: &Baseline, after: &Baseline) -> Vec<(String, String, String)> {
    let pairs = after.kernels.iter().filter_map(|(word, now)| {
        let then = before.kernels.get(word)?;
        (then != now).then(|| (word.clone(), then.clone(), now.clone()))
    });
    pairs.collect()
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
    #[case::the_rule_ended(Some(Holds), Some(OutOfRange), Some((Kind::OutOfRange, false)))]
    #[case::the_violated_rule_ended(Some(Violated), Some(OutOfRange), Some((Kind::OutOfRange, false)))]
    #[case::the_rule_begins(Some(OutOfRange), Some(Holds), Some((Kind::Gained, false)))]
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
}
