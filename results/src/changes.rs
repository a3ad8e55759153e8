//! What changed from one kernel to the next: the answers that differ, and the rules that begin or end.

use crate::grid::{Cell, Grid, Row};
use crate::record::Matrix;
use crate::release::Release;
use crate::verdict::Verdict;

/// A claim whose answer differs between two kernels that were tested one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The claim's name.
    pub claim: String,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// The word of the last kernel with the old answer.
    pub from: String,
    /// The word of the first kernel with the new answer.
    pub to: String,
    /// What was found on the older of the two.
    pub before: Verdict,
    /// What was found on the newer of the two.
    pub after: Verdict,
}

/// Why a claim's answer differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The kernels answer the same question differently.
    Answer,
    /// The claim covers kernels from a version between the two on.
    Begins,
    /// The claim covers kernels before a version between the two.
    Ends,
    /// A rule changed between the two: another claim covers the newer kernel.
    Rule,
}

impl ChangeKind {
    /// The word for it: `answer`, `begins`, `ends`, `rule`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Begins => "begins",
            Self::Ends => "ends",
            Self::Rule => "rule",
        }
    }
}

/// Every change in `matrix`, rules in the order of its rows, older kernels first. A kernel that does not say
/// what version it is has no place in that order and is left out, and so is a claim's flaky cell.
#[must_use]
pub fn changes(matrix: &Matrix) -> Vec<Change> {
    let grid = Grid::by_rule(matrix);
    let order = Order::of(&grid);
    let label = |column: usize| grid.columns[column].label.to_owned();
    let mut changes = Vec::new();
    for row in &grid.rows {
        for step in order.steps(row) {
            let verdict = |column: usize| row.cells[column].verdict();
            if let (Some(before), Some(after)) = (verdict(step.from), verdict(step.to)) {
                changes.push(Change {
                    claim: row.case.name.clone(),
                    kind: step.kind,
                    from: label(step.from),
                    to: label(step.to),
                    before,
                    after,
                });
            }
        }
    }
    changes
}

/// A grid's columns from the oldest kernel to the newest.
pub(crate) struct Order(Vec<(usize, Release)>);

/// A change in one row: between which columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) kind: ChangeKind,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Order {
    pub(crate) fn of(grid: &Grid<'_>) -> Self {
        let mut order: Vec<_> = grid
            .columns
            .iter()
            .map(|column| Release::of(&column.run.kernel))
            .enumerate()
            .filter(|(_, release)| !release.is_unknown())
            .collect();
        order.sort_by(|(_, a), (_, b)| a.cmp(b));
        Self(order)
    }

    /// Where `row` changes.
    pub(crate) fn steps(&self, row: &Row<'_>) -> Vec<Step> {
        let mut steps = self.answers(row);
        let version = |text: &Option<String>| text.as_deref().map(Release::parse);
        let oldest = row.claims().next().unwrap_or(row.case);
        if let Some(since) = version(&oldest.since) {
            let begun = |release: &Release| release.reaches(&since);
            steps.extend(self.edge(row, ChangeKind::Begins, begun));
        }
        if let Some(until) = version(&row.case.until) {
            let ended = |release: &Release| release.reaches(&until);
            steps.extend(self.edge(row, ChangeKind::Ends, ended));
        }
        steps.sort_by_key(|step| self.0.iter().position(|&(column, _)| column == step.to));
        steps
    }

    /// Between which columns the kernels' answer turns, or the rule that they answer to.
    fn answers(&self, row: &Row<'_>) -> Vec<Step> {
        let answer = |&(column, _): &(usize, Release)| {
            let cell = &row.cells[column];
            Some((column, cell.worst()?.name.as_str(), answer(cell)?))
        };
        let answers: Vec<(usize, &str, bool)> = self.0.iter().filter_map(answer).collect();
        let turns = answers.windows(2).filter_map(|pair| {
            let [(from, rule, before), (to, other, after)] = *pair else { return None };
            let kind = match (rule == other, before == after) {
                (true, true) => return None,
                (true, false) => ChangeKind::Answer,
                (false, _) => ChangeKind::Rule,
            };
            Some(Step { kind, from, to })
        });
        turns.collect()
    }

    /// The first column that is `beyond` a version, if the one before it was tested as well and the one of the two
    /// that the claim covers was answered.
    fn edge(&self, row: &Row<'_>, kind: ChangeKind, beyond: impl Fn(&Release) -> bool) -> Option<Step> {
        let asked: Vec<_> = self.0.iter().filter(|&&(column, _)| row.cells[column].verdict().is_some()).collect();
        let at = asked.iter().position(|(_, release)| beyond(release))?;
        let (from, to) = (asked[at.checked_sub(1)?].0, asked[at].0);
        let covered = if kind == ChangeKind::Begins { to } else { from };
        answer(&row.cells[covered])?;
        Some(Step { kind, from, to })
    }
}

/// Whether the claim holds; none when the cell is no answer: not asked, unmet, out of range, broken or flaky.
fn answer(cell: &Cell<'_>) -> Option<bool> {
    match cell.verdict()? {
        Verdict::Unmet | Verdict::OutOfRange | Verdict::Broken => None,
        _ if cell.is_flaky() => None,
        verdict => Some(verdict == Verdict::Holds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{case, run};
    use Verdict::{Broken, Holds, OutOfRange, Unmet, Violated};

    /// A matrix of one claim with the given verdicts, and what changes in it.
    fn of(words: &[(&str, Verdict)], since: Option<&str>, until: Option<&str>) -> Vec<String> {
        let runs = words.iter().map(|&(word, verdict)| {
            let mut case = case("pid::a", verdict);
            case.since = since.map(String::from);
            case.until = until.map(String::from);
            run(word, [case])
        });
        let matrix = Matrix { runs: runs.collect() };
        let tell = |change: &Change| {
            let Change { from, to, .. } = change;
            format!("{} {from} → {to}", change.kind.as_str())
        };
        changes(&matrix).iter().map(tell).collect()
    }

    #[test]
    fn an_answer_that_turns_twice_is_two_changes() {
        let words = [("5.10", Holds), ("6.1", Violated), ("6.12", Violated), ("6.18", Holds)];
        assert_eq!(of(&words, None, None), ["answer 5.10 → 6.1", "answer 6.12 → 6.18"]);
    }

    #[test]
    fn kernels_stand_by_age_and_not_by_column() {
        let words = [("6.12", Violated), ("5.10", Holds), ("6.1", Holds)];
        assert_eq!(of(&words, None, None), ["answer 6.1 → 6.12"]);
    }

    #[test]
    fn what_is_no_answer_changes_nothing() {
        let words = [("5.10", Holds), ("6.1", Unmet), ("6.12", Broken), ("6.18", Holds)];
        assert_eq!(of(&words, None, None), [""; 0]);
    }

    #[test]
    fn rules_begin_and_end() {
        let words = [("6.12", OutOfRange), ("6.13", Holds), ("6.14", Holds), ("6.15", OutOfRange)];
        assert_eq!(of(&words, Some("6.13"), Some("6.15")), ["begins 6.12 → 6.13", "ends 6.14 → 6.15"]);
        assert_eq!(of(&words[1..3], Some("6.13"), Some("6.15")), [""; 0]);
    }

    #[test]
    fn a_rule_that_changed_is_one_change() {
        let on = |word, older, newer| {
            let mut newer = case("pid::newer", newer);
            (newer.since, newer.replaces) = (Some("6.14".into()), Some("pid::older".into()));
            let mut older = case("pid::older", older);
            older.until = Some("6.14".into());
            run(word, [older, newer])
        };
        let matrix = Matrix {
            runs: vec![on("6.1", Holds, OutOfRange), on("6.12", Violated, OutOfRange), on("6.18", OutOfRange, Holds)],
        };
        let told: Vec<_> =
            changes(&matrix).iter().map(|change| (change.kind, change.claim.clone(), change.to.clone())).collect();
        assert_eq!(
            told,
            [
                (ChangeKind::Answer, "pid::newer".to_owned(), "6.12".to_owned()),
                (ChangeKind::Rule, "pid::newer".to_owned(), "6.18".to_owned())
            ]
        );
    }

    #[test]
    fn a_range_between_the_kernels_changes_nothing() {
        let words = [("6.12", OutOfRange), ("6.18", OutOfRange)];
        assert_eq!(of(&words, Some("6.13"), Some("6.18")), [""; 0]);
    }

    #[test]
    fn a_flaky_cell_is_no_answer() {
        let both = [case("pid::a", Holds), case("pid::a", Violated)];
        let matrix = Matrix {
            runs: vec![run("6.1", [case("pid::a", Holds)]), run("6.12", both), run("6.18", [case("pid::a", Holds)])],
        };
        assert_eq!(changes(&matrix), []);
    }
}
