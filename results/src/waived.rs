//! Waivers laid upon a matrix: which cells they excuse, and which of them are expired or no longer needed.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::diff::Diff;
use crate::difference::DifferenceKind;
use crate::grid::Grid;
use crate::markdown::{cell, code};
use crate::outcome::Outcome;
use crate::record::Matrix;
use crate::table::Terminal;
use crate::text::{escape_line, wrap};
use crate::verdict::Verdict;
use crate::waiver::Waiver;

/// What waivers come to on a matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waived {
    /// The cells they excuse.
    pub cells: Vec<WaivedCell>,
    /// The waivers that must go.
    pub problems: Vec<WaiverProblem>,
}

/// A refuted claim that is excused on one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaivedCell {
    /// The kernel's word.
    pub kernel: String,
    /// What excuses it.
    pub waiver: Waiver,
}

/// A waiver that must go. Each is an error: a list of waivers that is not kept hides what it was not made for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaiverProblem {
    /// Its last day is over; it excuses nothing any more.
    #[error("the waiver of {claim} expired on {expires}: look at {link} and give it a new date, or take it out")]
    Expired {
        /// The claim's name.
        claim: String,
        /// Its last day.
        expires: Date,
        /// Where it is kept track of.
        link: String,
    },
    /// The claim holds.
    #[error("the waiver of {claim} is no longer needed on {kernels}, where the claim holds: take it out")]
    NotNeeded {
        /// The claim's name.
        claim: String,
        /// The kernels on which it holds.
        kernels: String,
    },
    /// There is no such claim, though every case was asked for.
    #[error("the waiver of {claim} names a claim that is not there: correct its name, or take it out")]
    NoSuchClaim {
        /// The name that no claim has.
        claim: String,
    },
}

impl Waived {
    /// Lays `waivers` upon `matrix` on the day `today`.
    ///
    /// Only verdicts against the kernel can be excused. A waiver is no longer needed where its claim holds: on any
    /// kernel that it names, or, if it names none, when the claim holds and is nowhere refuted. Claims that were not
    /// asked, unmet or broken say nothing about it.
    #[must_use]
    pub fn of(waivers: &[Waiver], matrix: &Matrix, today: Date) -> Self {
        let grid = Grid::of(matrix);
        let mut waived = Self::default();
        for waiver in waivers {
            if waiver.expires < today {
                waived.problems.push(WaiverProblem::Expired {
                    claim: waiver.claim.clone(),
                    expires: waiver.expires,
                    link: waiver.link.clone(),
                });
                continue;
            }
            waived.lay(waiver, &grid, is_whole(matrix));
        }
        waived
    }

    /// Lays one waiver that is in force.
    fn lay(&mut self, waiver: &Waiver, grid: &Grid<'_>, whole: bool) {
        let claim = &waiver.claim;
        let Some(row) = grid.rows.iter().find(|row| row.case.name == *claim) else {
            if whole {
                self.problems.push(WaiverProblem::NoSuchClaim { claim: claim.clone() });
            }
            return;
        };
        let before = self.cells.len();
        let mut holding = Vec::new();
        for (cell, column) in row.cells.iter().zip(&grid.columns) {
            match cell.verdict() {
                _ if !waiver.covers(column.label) => {}
                Some(verdict) if verdict.is_against_the_kernel() => {
                    self.cells.push(WaivedCell { kernel: column.label.to_owned(), waiver: waiver.clone() });
                }
                Some(Verdict::Holds) => holding.push(column.label),
                _ => {}
            }
        }
        let needed_somewhere = waiver.kernels.is_empty() && self.cells.len() > before;
        if !holding.is_empty() && !needed_somewhere {
            self.problems.push(WaiverProblem::NotNeeded { claim: claim.clone(), kernels: holding.join(", ") });
        }
    }

    /// What `matrix` comes to when the excused cells are passed over. A waiver that must go counts as refuted.
    #[must_use]
    pub fn outcome(&self, matrix: &Matrix) -> Outcome {
        let mut rest = matrix.clone();
        for run in &mut rest.runs {
            for case in &mut run.cases {
                // As good as held: a matrix of excused cells alone was answered all the same.
                if case.verdict.is_against_the_kernel() && self.excuses(&case.name, &run.kernel.word) {
                    case.verdict = Verdict::Holds;
                }
            }
        }
        match self.problems.is_empty() {
            true => Outcome::of(&rest),
            false => Outcome::Refuted,
        }
    }

    /// `diff` without the refuted cells that are excused.
    #[must_use]
    pub fn excuse(&self, mut diff: Diff) -> Diff {
        for change in &mut diff.changes {
            if matches!(change.kind, DifferenceKind::Refuted | DifferenceKind::Otherwise) {
                // Of two kernels that are compared, what is found on the newer one is excused.
                let newer =
                    |kernel: &String| kernel.rsplit(" → ").next().is_some_and(|word| self.excuses(&change.claim, word));
                change.kernels.retain(|kernel| !newer(kernel));
            }
        }
        diff.changes.retain(|change| !change.kernels.is_empty());
        diff
    }

    /// What is excused and what must go, as plain text that fits `terminal`. Empty when there is neither.
    #[must_use]
    pub fn table(&self, terminal: Terminal) -> String {
        let wide = terminal.width.max(40);
        let mut out = String::new();
        let excused = self.cells.iter().map(|WaivedCell { kernel, waiver }| {
            let Waiver { claim, reason, link, expires, .. } = waiver;
            format!("waived until {expires}: {claim} on {kernel}: {reason} ({link})")
        });
        for text in excused.chain(self.problems.iter().map(ToString::to_string)) {
            for line in wrap(&escape_line(&text, wide * 8), wide) {
                let _ = writeln!(out, "{line}");
            }
        }
        out
    }

    /// What is excused and what must go, in Markdown. Empty when there is neither.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        for problem in &self.problems {
            let _ = writeln!(out, "- **error**: {}", cell(&problem.to_string()));
        }
        for WaivedCell { kernel, waiver } in &self.cells {
            let Waiver { claim, reason, link, expires, .. } = waiver;
            let (claim, kernel, reason) = (code(claim), cell(kernel), cell(reason));
            let _ = writeln!(out, "- {claim} on {kernel}, waived until {expires}: {reason} ({})", cell(link));
        }
        match out.is_empty() {
            true => out,
            false => format!("### Waivers\n\n{out}"),
        }
    }

    /// True when the claim is excused on the kernel.
    fn excuses(&self, claim: &str, kernel: &str) -> bool {
        self.cells.iter().any(|cell| cell.kernel == kernel && cell.waiver.claim == claim)
    }
}

/// True when every case was asked for on every kernel.
fn is_whole(matrix: &Matrix) -> bool {
    !matrix.runs.is_empty() && matrix.runs.iter().all(crate::Run::is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Baseline;
    use crate::fixtures::{case, run};
    use Verdict::{Broken, Crashed, Holds, Unmet, Violated};

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn waiver(kernels: &[&str]) -> Waiver {
        Waiver {
            claim: "pid::a".into(),
            kernels: kernels.iter().copied().map(String::from).collect(),
            reason: "a patch".into(),
            link: "https://bugs.example/1".into(),
            expires: day("2026-01-31"),
        }
    }

    fn matrix(cells: &[(&str, Verdict)]) -> Matrix {
        Matrix { runs: cells.iter().map(|&(word, verdict)| run(word, [case("pid::a", verdict)])).collect() }
    }

    /// What a waiver of these kernels comes to on this matrix: the kernels excused, the problems, the exit code.
    fn laid(kernels: &[&str], cells: &[(&str, Verdict)]) -> (Vec<String>, Vec<String>, u8) {
        let matrix = matrix(cells);
        let waived = Waived::of(&[waiver(kernels)], &matrix, day("2026-01-31"));
        let excused = waived.cells.iter().map(|cell| cell.kernel.clone()).collect();
        let problems = waived.problems.iter().map(ToString::to_string).collect();
        (excused, problems, waived.outcome(&matrix).exit_code())
    }

    #[test]
    fn a_refuted_claim_is_excused_where_it_is_waived_and_nowhere_else() {
        let cells = [("6.1", Violated), ("6.12", Crashed)];
        assert_eq!(laid(&["6.1", "6.12"], &cells), (vec!["6.1".into(), "6.12".into()], vec![], 0));
        assert_eq!(laid(&[], &cells), (vec!["6.1".into(), "6.12".into()], vec![], 0));
        assert_eq!(laid(&["6.1"], &cells), (vec!["6.1".into()], vec![], 1));
    }

    #[test]
    fn broken_is_not_excused() {
        assert_eq!(laid(&["6.1"], &[("6.1", Broken)]), (vec![], vec![], 125));
    }

    #[test]
    fn a_waiver_that_is_no_longer_needed_is_an_error() {
        let sentence =
            vec!["the waiver of pid::a is no longer needed on 6.12, where the claim holds: take it out".to_owned()];
        let cells = [("6.1", Violated), ("6.12", Holds)];
        assert_eq!(laid(&["6.1", "6.12"], &cells), (vec!["6.1".into()], sentence.clone(), 1));
        assert_eq!(laid(&["6.12"], &cells[1..]), (vec![], sentence.clone(), 1));
        assert_eq!(laid(&[], &cells[1..]), (vec![], sentence, 1));
        assert_eq!(laid(&[], &cells), (vec!["6.1".into()], vec![], 0));
    }

    #[test]
    fn what_was_not_answered_does_not_end_a_waiver() {
        assert_eq!(laid(&["6.1"], &[("6.1", Unmet)]), (vec![], vec![], 125));
        assert_eq!(laid(&["6.18"], &[("6.1", Holds)]), (vec![], vec![], 0));
    }

    #[test]
    fn an_expired_waiver_excuses_nothing_and_is_an_error() {
        let matrix = matrix(&[("6.1", Violated)]);
        let waived = Waived::of(&[waiver(&["6.1"])], &matrix, day("2026-02-01"));
        assert_eq!(waived.cells, []);
        assert_eq!(
            waived.problems[0].to_string(),
            "the waiver of pid::a expired on 2026-01-31: look at https://bugs.example/1 and give it a new date, or take it out"
        );
        assert_eq!(waived.outcome(&matrix).exit_code(), 1);
    }

    #[test]
    fn a_waiver_of_no_claim_is_an_error_unless_cases_were_selected() {
        let mut matrix = Matrix { runs: vec![run("6.1", [case("uts::b", Holds)])] };
        let waivers = [waiver(&[])];
        let today = day("2026-01-01");
        assert_eq!(
            Waived::of(&waivers, &matrix, today).problems[0].to_string(),
            "the waiver of pid::a names a claim that is not there: correct its name, or take it out"
        );
        matrix.runs[0].selection = Some("--suite uts".into());
        assert_eq!(Waived::of(&waivers, &matrix, today), Waived::default());
    }

    #[test]
    fn a_waived_cell_is_no_regression() {
        let before = Baseline::of(&matrix(&[("6.1", Holds), ("6.12", Holds)]));
        let now = matrix(&[("6.1", Violated), ("6.12", Violated)]);
        let today = day("2026-01-01");
        let diff = Diff::between(&before, &now);
        let one = Waived::of(&[waiver(&["6.1"])], &now, today).excuse(diff.clone());
        assert_eq!((one.changes[0].kernels.as_slice(), one.exit_code()), (["6.12".to_owned()].as_slice(), 1));
        assert_eq!(Waived::of(&[waiver(&[])], &now, today).excuse(diff).exit_code(), 0);
    }

    #[test]
    fn is_told_to_people() {
        let matrix = matrix(&[("6.1", Violated), ("6.12", Holds)]);
        let waived = Waived::of(&[waiver(&["6.1", "6.12"])], &matrix, day("2026-01-01"));
        insta::assert_snapshot!(waived.table(Terminal { width: 60, colour: false }));
        insta::assert_snapshot!(waived.markdown());
    }
}
