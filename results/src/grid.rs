//! Claims × kernels: the view of a matrix that all reports are made from.

use std::collections::HashMap;

use crate::counts::{Counts, rank};
use crate::record::{CaseRecord, Matrix, Run};
use crate::verdict::Verdict;

/// A matrix, turned: one row a claim, one column a kernel.
pub(crate) struct Grid<'a> {
    pub(crate) columns: Vec<Column<'a>>,
    pub(crate) rows: Vec<Row<'a>>,
}

/// One kernel.
pub(crate) struct Column<'a> {
    /// What stands over the column: the kernel's word.
    pub(crate) label: &'a str,
    pub(crate) run: &'a Run,
}

/// One claim, or one rule.
#[derive(Clone)]
pub(crate) struct Row<'a> {
    /// The claim's record on the last kernel that has it, for what is the same on all.
    pub(crate) case: &'a CaseRecord,
    /// What was so before, oldest first: the claims that it replaced. Only in a grid of rules.
    pub(crate) earlier: Vec<&'a CaseRecord>,
    /// What was found, one cell a column.
    pub(crate) cells: Vec<Cell<'a>>,
}

/// What was found for one claim on one kernel: nothing, one record, or several when it was carried out again.
#[derive(Clone, Default)]
pub(crate) struct Cell<'a>(Vec<&'a CaseRecord>);

/// One answer that several cells of a row share.
pub(crate) struct Finding<'a> {
    pub(crate) case: &'a CaseRecord,
    /// The columns that gave it.
    pub(crate) columns: Vec<usize>,
}

/// One reason why claims are unmet.
pub(crate) struct Reason<'a> {
    pub(crate) reason: &'a str,
    /// The claims' names.
    pub(crate) claims: Vec<&'a str>,
    /// The columns in which it stands.
    pub(crate) columns: Vec<usize>,
}

impl<'a> Grid<'a> {
    /// Turns `matrix`. Rows stand by suite, theme and line; suites and themes in the order they are met.
    pub(crate) fn of(matrix: &'a Matrix) -> Self {
        let columns: Vec<_> = matrix.runs.iter().map(|run| Column { label: &run.kernel.word, run }).collect();
        let mut rows: Vec<Row<'a>> = Vec::new();
        let mut row_of: HashMap<&str, usize> = HashMap::new();
        let mut rank: HashMap<(&str, &str), usize> = HashMap::new();
        for (column, run) in matrix.runs.iter().enumerate() {
            for case in &run.cases {
                for group in [(case.suite.as_str(), ""), (&case.suite, &case.theme)] {
                    let next = rank.len();
                    rank.entry(group).or_insert(next);
                }
                let row = *row_of.entry(&case.name).or_insert_with(|| {
                    rows.push(Row { case, earlier: Vec::new(), cells: vec![Cell::default(); columns.len()] });
                    rows.len() - 1
                });
                rows[row].case = case;
                rows[row].cells[column].0.push(case);
            }
        }
        rows.sort_by_key(|row| {
            let suite = rank.get(&(row.case.suite.as_str(), ""));
            let theme = rank.get(&(row.case.suite.as_str(), row.case.theme.as_str()));
            (suite.copied(), theme.copied(), row.case.place.line)
        });
        Self { columns, rows }
    }

    /// Turns `matrix`, with one row a rule: claims that replaced each other stand in one, named by the newest of them, and
    /// each cell is that of the claim which covers its kernel.
    pub(crate) fn by_rule(matrix: &'a Matrix) -> Self {
        let mut grid = Self::of(matrix);
        let at: HashMap<&str, usize> =
            grid.rows.iter().enumerate().map(|(at, row)| (row.case.name.as_str(), at)).collect();
        let replaced = |row: &Row<'a>| row.case.replaces.as_deref().and_then(|name| at.get(name).copied());
        let before: Vec<Option<usize>> = grid.rows.iter().map(replaced).collect();
        let mut gone = vec![false; grid.rows.len()];
        for newest in (0..grid.rows.len()).filter(|row| !before.contains(&Some(*row))) {
            let mut older = before[newest];
            while let Some(row) = older.filter(|&row| !gone[row] && grid.rows[newest].takes_in(&grid.rows[row])) {
                gone[row] = true;
                older = before[row];
                let Row { case, cells, .. } = grid.rows[row].clone();
                grid.rows[newest].take_in(case, cells);
            }
        }
        let mut gone = gone.into_iter();
        grid.rows.retain(|_| !gone.next().unwrap_or_default());
        grid
    }

    /// The rows, cut where the suite changes.
    pub(crate) fn by_suite<'g>(rows: &'g [Row<'a>]) -> impl Iterator<Item = (&'a str, &'g [Row<'a>])> {
        rows.chunk_by(|a, b| a.case.suite == b.case.suite).map(|rows| (rows[0].case.suite.as_str(), rows))
    }

    /// How many cells of the column have each verdict.
    pub(crate) fn column_counts(&self, column: usize) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            counts.add(row.cells[column].verdict());
        }
        counts
    }

    /// How many cells of all columns have each verdict.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for cell in self.rows.iter().flat_map(|row| &row.cells) {
            counts.add(cell.verdict());
        }
        counts
    }

    /// All that needs attention, the worst verdict first, so that broken cases bury no violation.
    pub(crate) fn findings(&self) -> Vec<Finding<'a>> {
        let mut findings: Vec<_> = self.rows.iter().flat_map(Row::findings).collect();
        findings.sort_by_key(|finding| rank(finding.case.verdict));
        findings
    }

    /// How many claims are about other versions than each column's.
    pub(crate) fn out_of_range(&self) -> Vec<usize> {
        let is_out = |row: &&Row<'_>, column: usize| row.cells[column].verdict() == Some(Verdict::OutOfRange);
        (0..self.columns.len()).map(|column| self.rows.iter().filter(|row| is_out(row, column)).count()).collect()
    }

    /// Why claims are unmet, the reason of the most claims first.
    pub(crate) fn unmet(&self) -> Vec<Reason<'a>> {
        let mut reasons: Vec<Reason<'a>> = Vec::new();
        let mut reason_of: HashMap<&str, usize> = HashMap::new();
        for row in &self.rows {
            for (column, cell) in row.cells.iter().enumerate() {
                let Some(case) = cell.worst().filter(|case| case.verdict == Verdict::Unmet) else {
                    continue;
                };
                let at = *reason_of.entry(&case.message).or_insert_with(|| {
                    reasons.push(Reason { reason: &case.message, claims: Vec::new(), columns: Vec::new() });
                    reasons.len() - 1
                });
                let reason = &mut reasons[at];
                // Rows come one after another: a claim that is there already is the last one.
                if reason.claims.last() != Some(&row.case.name.as_str()) {
                    reason.claims.push(&row.case.name);
                }
                if let Err(at) = reason.columns.binary_search(&column) {
                    reason.columns.insert(at, column);
                }
            }
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.claims.len()));
        reasons
    }

    /// The labels of `columns`, or `every kernel` when it is all of several.
    pub(crate) fn labels(&self, columns: &[usize]) -> String {
        if columns.len() == self.columns.len() && columns.len() > 1 {
            return "every kernel".into();
        }
        let labels: Vec<_> = columns.iter().map(|&at| self.columns[at].label).collect();
        labels.join(", ")
    }
}

impl<'a> Row<'a> {
    /// Whether each kernel is covered by one of the two rows at most, so that nothing is hidden when they are one.
    fn takes_in(&self, older: &Self) -> bool {
        let both = |(a, b): (&Cell<'_>, &Cell<'_>)| a.is_covered() && b.is_covered();
        !self.cells.iter().zip(&older.cells).any(both)
    }

    /// Adds what was so before.
    fn take_in(&mut self, case: &'a CaseRecord, cells: Vec<Cell<'a>>) {
        self.earlier.insert(0, case);
        for (cell, older) in self.cells.iter_mut().zip(cells) {
            if older.is_covered() || cell.verdict().is_none() {
                *cell = older;
            }
        }
    }

    /// The claims of the row, oldest first.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &'a CaseRecord> {
        self.earlier.iter().copied().chain([self.case])
    }

    /// Whether a cell was found for a claim that has been replaced, and not for the one that names the row.
    pub(crate) fn is_earlier(&self, cell: &Cell<'_>) -> bool {
        cell.worst().is_some_and(|case| case.name != self.case.name)
    }

    /// True when somebody has to look at a cell of the row.
    pub(crate) fn needs_attention(&self) -> bool {
        self.cells.iter().any(Cell::needs_attention)
    }

    /// What the row's cells that need attention found, equal answers once.
    pub(crate) fn findings(&self) -> Vec<Finding<'a>> {
        let mut findings: Vec<Finding<'a>> = Vec::new();
        for (column, cell) in self.cells.iter().enumerate() {
            for &case in &cell.0 {
                if !case.verdict.needs_attention() {
                    continue;
                }
                match findings.iter_mut().find(|known| same_answer(known.case, case)) {
                    Some(known) if known.columns.contains(&column) => {}
                    Some(known) => known.columns.push(column),
                    None => findings.push(Finding { case, columns: vec![column] }),
                }
            }
        }
        findings
    }
}

impl<'a> Cell<'a> {
    /// The record whose verdict needs most attention.
    pub(crate) fn worst(&self) -> Option<&'a CaseRecord> {
        self.0.iter().copied().min_by_key(|case| rank(case.verdict))
    }

    /// The cell's verdict; none when the claim was not asked on this kernel.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.worst().map(|case| case.verdict)
    }

    /// True when the claim is about this kernel, and was asked.
    fn is_covered(&self) -> bool {
        self.verdict().is_some_and(|verdict| verdict != Verdict::OutOfRange)
    }

    /// True when the case was carried out again with another verdict.
    pub(crate) fn is_flaky(&self) -> bool {
        self.0.windows(2).any(|pair| pair[0].verdict != pair[1].verdict)
    }

    /// True when somebody has to look at it: neither holds nor unmet nor out of range, or not always the same.
    pub(crate) fn needs_attention(&self) -> bool {
        self.is_flaky() || self.verdict().is_some_and(Verdict::needs_attention)
    }

    /// All records.
    pub(crate) fn records(&self) -> &[&'a CaseRecord] {
        &self.0
    }
}

/// True when two records of a claim say the same.
fn same_answer(a: &CaseRecord, b: &CaseRecord) -> bool {
    (a.verdict, &a.message, &a.expected, &a.seen, &a.at) == (b.verdict, &b.message, &b.expected, &b.seen, &b.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{case, run, small_matrix};

    #[test]
    fn rows_stand_by_suite_theme_and_line_whatever_the_order_of_records() {
        let at = |name: &str, theme: &str, line| {
            let mut case = case(name, Verdict::Holds);
            case.theme = theme.into();
            case.place.line = line;
            case
        };
        let matrix = Matrix {
            runs: vec![
                run("6.1", [at("uts::b", "x", 9), at("pid::a", "x", 1)]),
                run("6.12", [at("uts::c", "y", 1), at("uts::a", "x", 3)]),
            ],
        };
        let grid = Grid::of(&matrix);
        let names: Vec<_> = grid.rows.iter().map(|row| row.case.name.as_str()).collect();
        assert_eq!(names, ["uts::a", "uts::b", "uts::c", "pid::a"]);
        assert_eq!(grid.rows[0].cells[0].verdict(), None);
    }

    #[test]
    fn a_cell_with_two_answers_shows_the_worse_one_and_is_flaky() {
        let matrix =
            Matrix { runs: vec![run("6.1", [case("uts::a", Verdict::Holds), case("uts::a", Verdict::Violated)])] };
        let grid = Grid::of(&matrix);
        assert!(grid.rows[0].cells[0].is_flaky());
        assert_eq!(grid.rows[0].cells[0].verdict(), Some(Verdict::Violated));
        assert_eq!(grid.counts().sentence(), "1 violated");
    }

    #[test]
    fn unmet_claims_are_grouped_by_reason() {
        let matrix = small_matrix();
        let grid = Grid::of(&matrix);
        let reasons: Vec<_> = grid
            .unmet()
            .iter()
            .map(|reason| (reason.reason, reason.claims.len(), grid.labels(&reason.columns)))
            .collect();
        assert_eq!(reasons, [("needs the module veth", 2, "5.10, 6.12".into()), ("needs root", 1, "6.18".into())]);
    }

    /// A kernel of each of three versions, and a rule that changed twice.
    fn changing() -> Matrix {
        use Verdict::{Holds, OutOfRange, Violated};
        let on = |word, verdicts: [Verdict; 3]| {
            let names = ["pid::first", "pid::second", "pid::third"];
            let cases = names.iter().zip(verdicts).enumerate().map(|(at, (name, verdict))| {
                let mut case = case(name, verdict);
                case.replaces = at.checked_sub(1).map(|before| names[before].to_owned());
                case
            });
            run(word, cases)
        };
        let old = on("6.1", [Holds, OutOfRange, OutOfRange]);
        let middle = on("6.12", [OutOfRange, Violated, OutOfRange]);
        Matrix { runs: vec![old, middle, on("7.3", [OutOfRange, OutOfRange, Holds])] }
    }

    #[test]
    fn a_rule_that_changed_is_one_row_with_its_history() {
        let matrix = changing();
        let grid = Grid::by_rule(&matrix);
        let [row] = grid.rows.as_slice() else { panic!("{} rows", grid.rows.len()) };
        assert_eq!(row.claims().map(|case| case.short_name()).collect::<Vec<_>>(), ["first", "second", "third"]);
        let found: Vec<_> =
            row.cells.iter().map(|cell| (cell.worst().unwrap().short_name(), row.is_earlier(cell))).collect();
        assert_eq!(found, [("first", true), ("second", true), ("third", false)]);
        assert_eq!(row.cells[1].verdict(), Some(Verdict::Violated));
    }

    #[test]
    fn claims_that_are_both_about_a_kernel_stay_apart() {
        let mut matrix = changing();
        matrix.runs[2].cases[0].verdict = Verdict::Holds;
        let grid = Grid::by_rule(&matrix);
        assert_eq!(grid.rows.iter().map(|row| row.case.short_name()).collect::<Vec<_>>(), ["first", "third"]);
    }

    #[test]
    fn equal_answers_are_told_once() {
        let matrix = small_matrix();
        let grid = Grid::of(&matrix);
        let row = grid.rows.iter().find(|row| row.case.name == "pid::nesting_stops_at_depth_32");
        let findings = row.unwrap().findings();
        assert_eq!(findings.len(), 1);
        assert_eq!(grid.labels(&findings[0].columns), "6.12, 6.18");
    }
}
