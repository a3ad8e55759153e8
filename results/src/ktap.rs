//! KTAP version 1, as the kernel's own tools read it (Documentation/dev-tools/ktap.rst): kernels hold suites,
//! suites hold cases.

use std::fmt::Write as _;

use crate::grid::{Cell, Grid};
use crate::record::{Matrix, Run};
use crate::text::escape_line;
use crate::verdict::Verdict;

/// How wide a line of diagnosis may be.
const LINE: usize = 400;

/// `matrix` as KTAP. Unmet is `SKIP` with its reason; out of range is not there, since a reader would count it among what
/// was skipped; violated is `not ok`; crashed and broken are `not ok` with
/// `ERROR`, timed out with `TIMEOUT`: none of them was answered, which is not the same as answered wrong.
#[must_use]
pub fn ktap(matrix: &Matrix) -> String {
    let grid = Grid::of(matrix);
    let mut out = String::from("KTAP version 1\n");
    let _ = writeln!(out, "1..{}", grid.columns.len());
    for (at, column) in grid.columns.iter().enumerate() {
        let (passed, directive) = kernel(&mut out, &grid, at);
        result(&mut out, 0, at + 1, passed, column.label, directive);
    }
    out
}

/// One kernel: whether nothing in it is `not ok`, and what else is to be said of it.
fn kernel(out: &mut String, grid: &Grid<'_>, at: usize) -> (bool, &'static str) {
    let run = grid.columns[at].run;
    let suites: Vec<_> = Grid::by_suite(&grid.rows)
        .filter_map(|(suite, rows)| {
            let cells: Vec<_> = rows
                .iter()
                .map(|row| (row.case.short_name(), &row.cells[at]))
                .filter(|(_, cell)| cell.verdict().is_some_and(|verdict| verdict != Verdict::OutOfRange))
                .collect();
            (!cells.is_empty()).then_some((suite, cells))
        })
        .collect();
    about(out, run);
    line(out, 1, "KTAP version 1");
    line(out, 1, &format!("# Subtest: {}", name(&run.kernel.word)));
    let flaws = run.flaws();
    line(out, 1, &format!("1..{}", suites.len() + flaws.len()));
    let mut passed = true;
    for (number, (suite_name, cells)) in suites.iter().enumerate() {
        let good = suite(out, suite_name, cells);
        passed &= good;
        result(out, 1, number + 1, good, suite_name, "");
    }
    for (number, flaw) in flaws.iter().enumerate() {
        passed = false;
        diagnosis(out, 1, "", &flaw.why);
        result(out, 1, suites.len() + number + 1, false, flaw.name, "ERROR");
    }
    // The kernel's parser takes a kernel without a test for a fault of the report, unless it is skipped.
    let nothing = suites.is_empty() && flaws.is_empty();
    (passed, if nothing { "SKIP nothing was to be asked of this kernel" } else { "" })
}

/// One suite; true when nothing in it is `not ok`.
fn suite(out: &mut String, suite_name: &str, cells: &[(&str, &Cell<'_>)]) -> bool {
    line(out, 2, "KTAP version 1");
    line(out, 2, &format!("# Subtest: {}", name(suite_name)));
    line(out, 2, &format!("1..{}", cells.len()));
    let mut passed = true;
    for (number, (case_name, cell)) in cells.iter().enumerate() {
        let Some(case) = cell.worst() else { continue };
        let good = !case.verdict.needs_attention();
        passed &= good;
        if !good {
            diagnosis(out, 2, "", &case.claim);
            diagnosis(out, 2, &format!("{}: ", case.verdict), &case.message);
            for (label, text) in [("expected: ", &case.expected), ("seen: ", &case.seen)] {
                diagnosis(out, 2, label, text.as_deref().unwrap_or_default());
            }
        }
        let directive = match case.verdict {
            Verdict::Unmet => format!("SKIP {}", escape_line(&case.message, LINE)),
            Verdict::Crashed | Verdict::Broken => "ERROR".into(),
            Verdict::TimedOut => "TIMEOUT".into(),
            Verdict::Holds | Verdict::Violated | Verdict::OutOfRange => String::new(),
        };
        result(out, 2, number + 1, good, case_name, &directive);
    }
    passed
}

/// What kernel it was. This stands before the kernel's own lines: the kernel's parser (kunit_parser.py) takes no
/// plan for one if anything but the name comes before it.
fn about(out: &mut String, run: &Run) {
    let Run { kernel, machine, .. } = run;
    let told = format!("{} from {}, accelerator {}", kernel.release, kernel.origin, machine.accelerator);
    diagnosis(out, 0, &format!("{}: ", name(&kernel.word)), told.trim_start());
}

/// A result line. Level 0 is the outermost.
fn result(out: &mut String, level: usize, number: usize, ok: bool, of: &str, directive: &str) {
    let ok = if ok { "ok" } else { "not ok" };
    let mark = if directive.is_empty() { "" } else { " # " };
    line(out, level, &format!("{ok} {number} {}{mark}{directive}", name(of)));
}

/// A line of diagnosis; nothing for an empty text.
fn diagnosis(out: &mut String, level: usize, label: &str, text: &str) {
    if !text.is_empty() {
        line(out, level, &format!("# {label}{}", escape_line(text, LINE)));
    }
}

/// A line at the given depth; two blanks a level.
fn line(out: &mut String, level: usize, text: &str) {
    let _ = writeln!(out, "{:1$}{text}", "", level * 2);
}

/// A name as KTAP allows it: one line, no `#`, which begins a directive.
fn name(of: &str) -> String {
    escape_line(of, LINE).replace('#', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{case, run, small_matrix};

    #[test]
    fn the_small_matrix() {
        insta::assert_snapshot!(ktap(&small_matrix()));
    }

    #[test]
    fn claims_about_other_versions_have_no_line() {
        let cases = [case("uts::a", Verdict::Holds), case("uts::b", Verdict::OutOfRange)];
        let about_others = run("6.12", [case("uts::b", Verdict::OutOfRange)]);
        insta::assert_snapshot!(ktap(&Matrix { runs: vec![run("6.1", cases), about_others] }), @"
        KTAP version 1
        1..2
        # 6.1: 6.1.9-cloud-amd64 from Debian, accelerator tcg
          KTAP version 1
          # Subtest: 6.1
          1..1
            KTAP version 1
            # Subtest: uts
            1..1
            ok 1 a
          ok 1 uts
        ok 1 6.1
        # 6.12: 6.12.9-cloud-amd64 from Debian, accelerator tcg
          KTAP version 1
          # Subtest: 6.12
          1..0
        ok 2 6.12 # SKIP nothing was to be asked of this kernel
        ");
    }

    #[test]
    fn a_message_cannot_forge_a_result() {
        let mut bad = case("uts::a", Verdict::Unmet);
        bad.message = "x\nok 2 forged\n\x1b[2J".into();
        let ktap = ktap(&Matrix { runs: vec![run("6.1 # SKIP", [bad])] });
        assert!(!ktap.lines().any(|line| line.trim_start().starts_with("ok 2")));
        assert!(ktap.ends_with("ok 1 6.1 _ SKIP\n"), "{ktap}");
        assert!(ktap.bytes().all(|byte| byte == b'\n' || byte >= b' '));
    }
}
