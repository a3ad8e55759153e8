//! The table of verdicts on a terminal: words while there is room, letters when there is not, and the columns in
//! several parts when even letters do not fit.

use std::fmt::Write as _;

use crate::grid::{Cell, Grid, Row};
use crate::paint::Paint;
use crate::record::{Kernel, Run};
use crate::text::{escape_line, width};
use crate::verdict::Verdict;

/// The widest word in a cell: `timed out`.
const WORD: usize = 9;

/// What stands for out of range.
const OUT_OF_RANGE: char = '-';

/// How wide a column's head may be.
const LABEL: usize = 12;

/// How the cells are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Words,
    Letters,
}

/// Appends the table of `rows`, a line a claim under its suite, in at most `wide` columns.
pub(crate) fn verdicts(out: &mut String, grid: &Grid<'_>, rows: &[&Row<'_>], wide: usize, paint: Paint) {
    let labels: Vec<_> = grid.columns.iter().map(|column| escape_line(column.label, LABEL)).collect();
    let longest = rows.iter().map(|row| width(row.case.short_name()) + 2).max().unwrap_or(0);
    // A name gets at most half the line as long as there is something to put beside it.
    let name = longest.clamp(12, wide / 2);
    let room = wide - name;
    let column = |style| {
        let cell = if style == Style::Words { WORD } else { 2 };
        2 + labels.iter().map(|label| width(label)).max().unwrap_or(0).max(cell)
    };
    let style = match labels.len() * column(Style::Words) <= room {
        true => Style::Words,
        false => Style::Letters,
    };
    let column = column(style);
    let at_once = (room / column).max(1);
    let all: Vec<usize> = (0..labels.len()).collect();
    for part in all.chunks(at_once) {
        let _ = write!(out, "{:name$}", "");
        for &at in part {
            cell(out, column, &labels[at], &labels[at]);
        }
        end(out);
        let mut suite = "";
        for row in rows {
            if row.case.suite != suite {
                suite = &row.case.suite;
                let _ = writeln!(out, "{}", escape_line(suite, wide));
            }
            let short = escape_line(row.case.short_name(), name - 2);
            let _ = write!(out, "  {short}{:1$}", "", name - 2 - width(&short));
            for &at in part {
                let plain = mark(row, &row.cells[at], style);
                let painted = match row.cells[at].verdict() {
                    Some(verdict) => paint.verdict(verdict, &plain),
                    None => plain.clone(),
                };
                cell(out, column, &plain, &painted);
            }
            end(out);
        }
        out.push('\n');
    }
    legend(out, rows, style, wide);
}

/// Appends a line a kernel with its counts, only verdicts that there are, and its seconds.
pub(crate) fn totals(out: &mut String, grid: &Grid<'_>, wide: usize) {
    let all = grid.counts();
    let verdicts: Vec<_> = Verdict::FOUND.into_iter().filter(|&verdict| all.of(verdict) > 0).collect();
    let columns = verdicts.len() + 1;
    let style = match 20 + columns * (WORD + 2) <= wide {
        true => Style::Words,
        false => Style::Letters,
    };
    let column = if style == Style::Words { WORD + 2 } else { 6 };
    let room = wide.saturating_sub(columns * column).max(8);
    let labels: Vec<_> = grid.columns.iter().map(|column| name(column.run, room)).collect();
    let first = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    let _ = write!(out, "{:first$}", "");
    for &verdict in &verdicts {
        let head = match style {
            Style::Words => verdict.to_string(),
            Style::Letters => letter(verdict).to_string(),
        };
        cell(out, column, &head, &head);
    }
    cell(out, column, "s", "s");
    end(out);
    for (at, label) in labels.iter().enumerate() {
        let counts = grid.column_counts(at);
        let _ = write!(out, "{label}{:1$}", "", first - width(label));
        for &verdict in &verdicts {
            let number = counts.of(verdict).to_string();
            cell(out, column, &number, &number);
        }
        let seconds = format!("{:.1}", grid.columns[at].run.wall.as_secs_f64());
        cell(out, column, &seconds, &seconds);
        end(out);
    }
}

/// A kernel's word, and its release where there is room and it says more.
fn name(run: &Run, room: usize) -> String {
    let Kernel { word, release, .. } = &run.kernel;
    let long = escape_line(&format!("{word} ({release})"), usize::MAX);
    match release.is_empty() || release == word || width(&long) > room {
        true => escape_line(word, room),
        false => long,
    }
}

/// `shown`, which is as wide as `plain`, flush right in a column.
fn cell(out: &mut String, column: usize, plain: &str, shown: &str) {
    let _ = write!(out, "{:1$}{shown}", "", column.saturating_sub(width(plain)));
}

/// Ends a line, without blanks at its end.
fn end(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

/// What a cell says: nothing where nobody asked; flaky ones are marked `~`, answers to the rule of that time `<`.
fn mark(row: &Row<'_>, cell: &Cell<'_>, style: Style) -> String {
    let flaky = if cell.is_flaky() { "~" } else { "" };
    let earlier = if row.is_earlier(cell) { "<" } else { "" };
    match (cell.verdict(), style) {
        (None, _) => String::new(),
        (Some(Verdict::OutOfRange), _) => OUT_OF_RANGE.into(),
        (Some(Verdict::TimedOut), Style::Words) if cell.is_flaky() => "timeout~".into(),
        (Some(Verdict::TimedOut), Style::Words) if row.is_earlier(cell) => "timeout<".into(),
        (Some(verdict), Style::Words) => format!("{verdict}{flaky}{earlier}"),
        (Some(verdict), Style::Letters) => format!("{}{flaky}{earlier}", letter(verdict)),
    }
}

/// A verdict's letter. `holds` is a dot: the others are to be found.
pub(crate) const fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Holds => '.',
        Verdict::Violated => 'V',
        Verdict::Unmet => 'u',
        Verdict::Broken => 'B',
        Verdict::Crashed => 'C',
        Verdict::TimedOut => 'T',
        Verdict::OutOfRange => OUT_OF_RANGE,
    }
}

/// The meaning of the letters and signs that stand in `rows`.
fn legend(out: &mut String, rows: &[&Row<'_>], style: Style, wide: usize) {
    let cells = || rows.iter().flat_map(|row| &row.cells);
    let mut parts: Vec<_> = Verdict::FOUND
        .into_iter()
        .filter(|_| style == Style::Letters)
        .chain([Verdict::OutOfRange])
        .filter(|&verdict| cells().any(|cell| cell.verdict() == Some(verdict)))
        .map(|verdict| format!("{} {verdict}", letter(verdict)))
        .collect();
    if cells().any(Cell::is_flaky) {
        parts.push("~ flaky".into());
    }
    if rows.iter().any(|row| row.cells.iter().any(|cell| row.is_earlier(cell))) {
        parts.push("< the rule of that time".into());
    }
    if parts.is_empty() {
        return;
    }
    let mut used = 0;
    for part in parts {
        let gap = match used {
            0 => "",
            used if used + 3 + width(&part) > wide => "\n",
            _ => "   ",
        };
        used = if gap == "   " { used + 3 } else { 0 } + width(&part);
        let _ = write!(out, "{gap}{part}");
    }
    out.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::fixtures::{case, run, small_matrix, violated};
    use crate::record::{CaseRecord, Matrix};
    use crate::table::{Terminal, table};
    use crate::text::width;
    use crate::verdict::Verdict;

    fn plain(matrix: &Matrix, width: usize) -> String {
        let colour = false;
        table(matrix, Terminal { width, colour })
    }

    #[rstest]
    #[case(120)]
    #[case(80)]
    #[case(60)]
    fn the_small_matrix(#[case] width: usize) {
        insta::assert_snapshot!(format!("table_{width}"), plain(&small_matrix(), width));
    }

    #[rstest]
    #[case::in_words(80, "- out of range\n")]
    #[case::in_letters(40, "V violated   - out of range\n")]
    fn a_claim_about_other_versions_is_a_dash_and_counts_nowhere(#[case] wide: usize, #[case] legend: &str) {
        let of = |word: &str, verdict| run(word, [case("pid::a_rule_since_some_version", verdict)]);
        let words = ["5.10", "5.15", "6.1", "6.6"].map(|word| of(word, Verdict::OutOfRange));
        let runs = words.into_iter().chain([of("6.12", Verdict::Violated)]).collect();
        let text = plain(&Matrix { runs }, wide);
        assert!(text.contains(legend), "{text}");
        assert!(text.contains("out of range, about other kernels"), "{text}");
        assert!(text.ends_with("1 claim on 5 kernels: 1 violated\n"), "{text}");
    }

    #[test]
    fn colour_marks_verdicts_only() {
        let matrix = Matrix { runs: vec![run("6.12", [violated(), case("pid::b", Verdict::Holds)])] };
        let colour = true;
        insta::assert_debug_snapshot!(table(&matrix, Terminal { width: 100, colour }));
    }

    #[test]
    fn when_everything_holds_it_is_one_line() {
        let matrix = Matrix { runs: vec![run("6.12", [case("uts::a", Verdict::Holds)])] };
        assert_eq!(plain(&matrix, 80), "1 claim on 1 kernel: 1 holds\n");
    }

    #[test]
    fn fifty_kernels_and_long_names_fit() {
        let name = "net::a_device_that_is_moved_keeps_its_index_unless_it_is_taken_there_already";
        let flaky = |verdict| vec![case(name, verdict), case(name, Verdict::Holds)];
        let cases = |minor: usize| -> Vec<CaseRecord> {
            match minor % 3 {
                0 => flaky(Verdict::TimedOut),
                1 => flaky(Verdict::Violated),
                _ => vec![case(name, Verdict::Unmet)],
            }
        };
        let matrix = Matrix { runs: (0..50).map(|minor| run(&format!("6.{minor}"), cases(minor))).collect() };
        for wide in [40, 80, 200] {
            for line in plain(&matrix, wide).lines() {
                assert!(width(line) <= wide, "{wide}: {line}");
            }
        }
        insta::assert_snapshot!(plain(&matrix, 80).lines().take(12).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn a_guest_cannot_write_to_the_terminal() {
        let mut bad = violated();
        bad.message = "\x1b]0;owned\x07\n\x1b[2J".into();
        bad.seen = Some("\u{202e}x\r".into());
        let matrix = Matrix { runs: vec![run("6.12\x1b[31m", [bad])] };
        let text = plain(&matrix, 80);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!text.contains('\u{202e}'));
    }
}
