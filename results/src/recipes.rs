//! `recipes.md`: the lines that cases typed at a shell's prompt, what they printed, and what the kernel did, to be copied.

use std::fmt::Write as _;

use crate::grid::{Grid, Row};
use crate::markdown::{cell, sentence};
use crate::record::{CaseRecord, Evidence, Matrix};
use crate::text::escape_block;
use crate::verdict::Verdict;

/// The most bytes that are shown of what one claim's case typed and saw.
const SESSION: usize = 6 * 1024;

/// The sessions of `matrix` as Markdown: of each claim that holds, the one on the newest kernel. Empty when there are none.
pub(crate) fn recipes(matrix: &Matrix) -> String {
    let grid = Grid::of(matrix);
    let mut out = String::new();
    let mut suite = "";
    let mut theme = "";
    for row in &grid.rows {
        let Some((column, case)) = shown(row) else { continue };
        if out.is_empty() {
            out.push_str(
                "# Recipes\n\nLines to copy, what they printed when a case typed them, and what the kernel did: the claim that the case \
                 found to hold. A variable is set before the lines that have it, to what stood for it.\n",
            );
        }
        if (suite, theme) != (case.suite.as_str(), case.theme.as_str()) {
            (suite, theme) = (&case.suite, &case.theme);
            let _ = writeln!(out, "\n## {}: {}", cell(suite), cell(&theme.replace('_', " ")));
        }
        let holds: Vec<_> = (0..grid.columns.len()).filter(|&at| is_so(row, at)).collect();
        let _ = writeln!(out, "\n### {}\n", sentence(&case.claim));
        if !case.detail.is_empty() {
            let _ = writeln!(out, "{}\n", sentence(&case.detail));
        }
        let text = session(case);
        let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
        let _ = writeln!(out, "{fence}console\n{}\n{fence}\n", text.trim_end());
        let label = grid.columns[column].label;
        let _ =
            writeln!(out, "As printed on {}. `{}` holds on {}.", cell(label), case.name, cell(&grid.labels(&holds)));
    }
    out
}

/// The record of a row that has a session to show, of the newest kernel on which the claim holds, and its column.
pub(crate) fn shown<'a>(row: &Row<'a>) -> Option<(usize, &'a CaseRecord)> {
    (0..row.cells.len()).rev().filter(|&at| is_so(row, at)).find_map(|at| {
        let mut records = row.cells[at].records().iter();
        records.find(|case| prompts(case).next().is_some()).map(|case| (at, *case))
    })
}

/// All that a case typed, and what that printed, made fit to be shown.
pub(crate) fn session(case: &CaseRecord) -> String {
    let text: String = prompts(case).map(|evidence| format!("{}\n", evidence.text.trim_end())).collect();
    escape_block(&text, SESSION)
}

fn prompts(case: &CaseRecord) -> impl Iterator<Item = &Evidence> {
    case.evidence.iter().filter(|evidence| evidence.label == Evidence::PROMPT)
}

fn is_so(row: &Row<'_>, column: usize) -> bool {
    row.cells[column].verdict() == Some(Verdict::Holds)
}

/// How many of the letter stand in a row at the most.
fn longest_run(text: &str, letter: char) -> usize {
    text.split(|other| other != letter).map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{case, run};

    fn typed(name: &str, verdict: Verdict, text: &str) -> CaseRecord {
        let prompt = |text: &str| Evidence { label: Evidence::PROMPT.into(), text: text.into() };
        let mut case = case(name, verdict);
        case.evidence =
            vec![prompt(text), prompt("$ true\n"), Evidence { label: "output".into(), text: "no prompt".into() }];
        case
    }

    #[test]
    fn a_recipe_is_the_session_on_the_newest_kernel_where_it_holds() {
        let matrix = Matrix {
            runs: vec![
                run("6.1", [typed("recipes::a", Verdict::Holds, "$ id -u\nold\n"), case("pid::b", Verdict::Holds)]),
                run("6.12", [typed("recipes::a", Verdict::Holds, "$ id -u\nnew `` ```\u{1b}[1m\n")]),
                run("7.3", [typed("recipes::a", Verdict::Violated, "$ id -u\nwrong\n")]),
            ],
        };
        insta::assert_snapshot!(recipes(&matrix), @r"
        # Recipes

        Lines to copy, what they printed when a case typed them, and what the kernel did: the claim that the case found to hold. A variable is set before the lines that have it, to what stood for it.

        ## recipes: basics

        ### What a says is so.

        ````console
        $ id -u
        new `` ```\x1b[1m
        $ true
        ````

        As printed on 6.12. `recipes::a` holds on 6.1, 6.12.
        ");
    }

    #[test]
    fn without_a_session_there_is_no_page() {
        let matrix = Matrix { runs: vec![run("6.1", [case("pid::b", Verdict::Holds)])] };
        assert_eq!(recipes(&matrix), "");
    }
}
