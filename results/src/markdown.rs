//! `matrix.md`: short enough for the summary page of a CI job.

use std::fmt::Write as _;

use crate::changes::{Change, ChangeKind, changes};
use crate::counts::count;
use crate::grid::{Cell, Grid};
use crate::record::Matrix;
use crate::table::on_each;
use crate::text::escape_line;
use crate::verdict::Verdict;

/// How many claims a table shows, and how many reasons; the rest is counted. Summary pages have a limit (1 MiB at
/// the best known of them), readers a lower one.
const ROWS: usize = 100;

/// How many claims of one reason are named before they are only counted.
const NAMED: usize = 3;

/// How many columns of a text a cell shows.
const CELL: usize = 300;

/// `matrix` as Markdown (GitHub's dialect): what has to be looked at, what is unmet and why, totals.
#[must_use]
pub fn markdown(matrix: &Matrix) -> String {
    let grid = Grid::of(matrix);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "## {} on {}: {}\n",
        count(grid.rows.len(), "claim"),
        count(grid.columns.len(), "kernel"),
        grid.counts().sentence()
    );
    for column in &grid.columns {
        for flaw in column.run.flaws() {
            let _ = writeln!(out, "**{}** {}: {}\n", cell(column.label), flaw.says, cell(&flaw.why));
        }
    }
    attention(&mut out, &grid, &Grid::by_rule(matrix));
    changed(&mut out, matrix);
    unmet(&mut out, &grid);
    out_of_range(&mut out, &grid);
    totals(&mut out, &grid);
    out
}

/// The claims that somebody has to look at, by suite, and what was found.
fn attention(out: &mut String, grid: &Grid<'_>, rules: &Grid<'_>) {
    let all = rules.rows.iter().filter(|row| row.needs_attention()).count();
    if all == 0 {
        let _ = writeln!(out, "Every claim that was asked holds or is unmet.\n");
        return;
    }
    let labels = grid.columns.iter().map(|column| cell(column.label));
    let _ = writeln!(out, "### To look at\n");
    head(out, std::iter::once("claim".into()).chain(labels));
    let mut left = ROWS;
    for (suite, rows) in Grid::by_suite(&rules.rows) {
        let mut shown = rows.iter().filter(|row| row.needs_attention()).take(left).peekable();
        if shown.peek().is_some() {
            let _ = writeln!(out, "| **{}** |{}", cell(suite), " |".repeat(grid.columns.len()));
        }
        for row in shown {
            left -= 1;
            let _ = write!(out, "| {} |", code(row.case.short_name()));
            for cell in &row.cells {
                let earlier = if row.is_earlier(cell) { " (the rule before)" } else { "" };
                let _ = write!(out, " {}{earlier} |", mark(cell));
            }
            out.push('\n');
        }
    }
    more(out, all, "claim");
    let _ = writeln!(out);
    let findings = grid.findings();
    for finding in findings.iter().take(ROWS) {
        let case = finding.case;
        let _ = write!(
            out,
            "- **{}** {} on {}: {}",
            case.verdict,
            code(&case.name),
            cell(&grid.labels(&finding.columns)),
            cell(&case.message)
        );
        for (label, text) in [("expected", &case.expected), ("seen", &case.seen)] {
            if let Some(text) = text {
                let _ = write!(out, "; {label} {}", code(text));
            }
        }
        for (at, (source, link)) in case.cited().enumerate() {
            let _ = write!(out, "{} {}", if at == 0 { "; source" } else { "," }, cited(source, link));
        }
        out.push('\n');
    }
    more(out, findings.len(), "finding");
    out.push('\n');
}

/// What is otherwise from one kernel to the next: the answers that no rule explains, and how many rules changed.
fn changed(out: &mut String, matrix: &Matrix) {
    let changes = changes(matrix);
    if changes.is_empty() {
        return;
    }
    let _ = writeln!(out, "### Changed from one kernel to the next\n");
    let unexpected: Vec<_> = changes.iter().filter(|change| change.kind == ChangeKind::Answer).collect();
    for change in unexpected.iter().take(ROWS) {
        let Change { claim, from, to, before, after, .. } = change;
        let _ = writeln!(out, "- {}: {before} on {}, {after} on {}", code(claim), cell(from), cell(to));
    }
    more(out, unexpected.len(), "change");
    if !unexpected.is_empty() {
        out.push('\n');
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let by_rule = || changes.iter().filter(|change| change.kind != ChangeKind::Answer);
    for run in &matrix.runs {
        pairs.extend(
            by_rule().map(|change| (change.from.as_str(), change.to.as_str())).filter(|pair| pair.1 == run.kernel.word),
        );
    }
    // In the order of the kernels, each pair once.
    let mut seen = std::collections::HashSet::new();
    pairs.retain(|pair| seen.insert(*pair));
    if pairs.is_empty() {
        return;
    }
    head(out, ["between", "rules changed", "new", "no longer so"].map(String::from).into_iter());
    for (from, to) in pairs {
        let of =
            |kind| by_rule().filter(|change| (change.kind, &*change.from, &*change.to) == (kind, from, to)).count();
        let counts = [ChangeKind::Rule, ChangeKind::Begins, ChangeKind::Ends].map(of);
        let [rules, new, gone] = counts;
        let _ = writeln!(out, "| {} and {} | {rules} | {new} | {gone} |", cell(from), cell(to));
    }
    out.push('\n');
}

/// Why claims are unmet, a line a reason.
fn unmet(out: &mut String, grid: &Grid<'_>) {
    let reasons = grid.unmet();
    if reasons.is_empty() {
        return;
    }
    let _ = writeln!(out, "### Unmet: skipped, because something is missing\n");
    head(out, ["reason", "claims", "kernels"].map(String::from).into_iter());
    for reason in reasons.iter().take(ROWS) {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            cell(reason.reason),
            claims(&reason.claims),
            cell(&grid.labels(&reason.columns))
        );
    }
    more(out, reasons.len(), "reason");
    out.push('\n');
}

/// How many claims are about other versions: nothing to look at, but without it the numbers do not add up.
fn out_of_range(out: &mut String, grid: &Grid<'_>) {
    let others = grid.out_of_range();
    if others.iter().any(|&count| count > 0) {
        let told = cell(&on_each(grid, &others));
        let _ = writeln!(out, "Out of range (-), because the claim is about other kernels: {told}.\n");
    }
}

/// How many cells have which verdict, a line a kernel.
fn totals(out: &mut String, grid: &Grid<'_>) {
    let _ = writeln!(out, "### Totals\n");
    let verdicts = Verdict::FOUND.iter().map(ToString::to_string);
    head(out, ["kernel", "release"].map(String::from).into_iter().chain(verdicts));
    for (at, column) in grid.columns.iter().enumerate() {
        let counts = grid.column_counts(at);
        let _ = write!(out, "| {} | {} |", cell(column.label), cell(&column.run.kernel.release));
        for verdict in Verdict::FOUND {
            let _ = write!(out, " {} |", counts.of(verdict));
        }
        out.push('\n');
    }
    if grid.columns.len() > 1 {
        let counts = grid.counts();
        let _ = write!(out, "| all | |");
        for verdict in Verdict::FOUND {
            let _ = write!(out, " {} |", counts.of(verdict));
        }
        out.push('\n');
    }
}

/// The names of claims, or how many there are.
fn claims(names: &[&str]) -> String {
    match names.len() {
        0..=NAMED => names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", "),
        many => many.to_string(),
    }
}

/// A source, a link if it can be opened.
fn cited(source: &str, link: Option<&str>) -> String {
    // An address in angle brackets ends at the first `>`, and at a line's end.
    match link.filter(|link| !link.contains(|c: char| c.is_control() || "<>\\|".contains(c))) {
        Some(link) => format!("[{}](<{link}>)", cell(source)),
        None => cell(source),
    }
}

/// The head of a table.
fn head(out: &mut String, labels: impl Iterator<Item = String>) {
    let labels: Vec<_> = labels.collect();
    let _ = writeln!(out, "| {} |", labels.join(" | "));
    let _ = writeln!(out, "|{}", " --- |".repeat(labels.len()));
}

/// A last word when a table was cut.
fn more(out: &mut String, all: usize, noun: &str) {
    if all > ROWS {
        let rest = count(all - ROWS, noun);
        let _ = writeln!(out, "\nThe report of this run has {rest} more.");
    }
}

/// A verdict as a word; those to look at are bold, so that they are found among the others. `-` is out of range.
fn mark(cell: &Cell<'_>) -> String {
    let verdict = match cell.verdict() {
        None => return String::new(),
        Some(Verdict::OutOfRange) => return "-".into(),
        Some(verdict) => verdict,
    };
    let flaky = if cell.is_flaky() { " (flaky)" } else { "" };
    match verdict.needs_attention() {
        true => format!("**{verdict}**{flaky}"),
        false => format!("{verdict}{flaky}"),
    }
}

/// `text` for a table's cell: one line in which no character means anything to Markdown or HTML.
pub(crate) fn cell(text: &str) -> String {
    let mut clean = String::new();
    let line = escape_line(text, CELL);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let is_inside =
            clean.ends_with(char::is_alphanumeric) && chars.peek().is_some_and(|next| next.is_alphanumeric());
        match c {
            // Within a word it means nothing.
            '_' if is_inside => clean.push(c),
            '<' => clean.push_str("&lt;"),
            '&' => clean.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '~' | '$' | '\\' | '#' => {
                clean.push('\\');
                clean.push(c);
            }
            c => clean.push(c),
        }
    }
    clean
}

/// A claim's sentence: what stands between backticks is code, all else as in [`cell`].
pub(crate) fn sentence(text: &str) -> String {
    let parts: Vec<_> = text.split('`').collect();
    // A backtick that has no other is one.
    if parts.len() % 2 == 0 {
        return cell(text);
    }
    let part = |(at, part): (usize, &&str)| if at % 2 == 1 { code(part) } else { spaced(part) };
    parts.iter().enumerate().map(part).collect()
}

/// As [`cell`], with the blanks at its ends.
fn spaced(text: &str) -> String {
    let blank = |is: bool| if is { " " } else { "" };
    let (before, after) = (text.starts_with(' '), text.ends_with(' ') && text.trim() != "");
    format!("{}{}{}", blank(before), cell(text.trim()), blank(after))
}

/// `text` as a span of code in a table's cell: GitHub wants `|` escaped there too, and a span cannot hold the
/// backtick that ends it.
pub(crate) fn code(text: &str) -> String {
    let clean = escape_line(text, CELL).replace('`', "'").replace('|', "\\|");
    match clean.trim() {
        "" => String::new(),
        clean => format!("`{clean}`"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::fixtures::{case, run, small_matrix};

    #[test]
    fn the_small_matrix() {
        insta::assert_snapshot!(markdown(&small_matrix()));
    }

    #[test]
    fn a_run_that_was_stopped_is_told() {
        let mut stopped = run("6.12", [case("uts::a", Verdict::Holds)]);
        stopped.unfinished = 2;
        let markdown = markdown(&Matrix { runs: vec![stopped] });
        assert!(
            markdown
                .contains("**6.12** was not tested to the end: 2 claims had not been asked when this was written\n"),
            "{markdown}"
        );
    }

    #[test]
    fn when_everything_holds_it_is_short() {
        let matrix = Matrix { runs: vec![run("6.12", [case("uts::a", Verdict::Holds)])] };
        insta::assert_snapshot!(markdown(&matrix));
    }

    #[rstest]
    #[case("a|b", "a\\|b")]
    #[case("`x` *y* _z_", "\\`x\\` \\*y\\* \\_z\\_")]
    #[case("<img src=x>", "&lt;img src=x>")]
    #[case("[a](b)\n# c", "\\[a\\](b)\\\\n\\# c")]
    #[case("\x1b[2J", "\\\\x1b\\[2J")]
    fn cells_mean_nothing_to_markdown(#[case] text: &str, #[case] clean: &str) {
        assert_eq!(cell(text), clean);
    }

    #[rstest]
    #[case("the link `pid_for_children` is *there*.", "the link `pid_for_children` is \\*there\\*.")]
    #[case("`a` and `b`", "`a` and `b`")]
    #[case("a ` alone", "a \\` alone")]
    fn a_sentence_keeps_its_code(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(sentence(text), shown);
    }

    #[rstest]
    #[case("a|`b`", "`a\\|'b'`")]
    #[case("a\nb", "`a\\nb`")]
    #[case(" ", "")]
    fn code_stays_in_its_span(#[case] text: &str, #[case] clean: &str) {
        assert_eq!(code(text), clean);
    }

    #[rstest]
    #[case::a_link(Some("https://a.org/b.html#c%28d%29"), "[f(2) e_g](<https://a.org/b.html#c%28d%29>)")]
    #[case::none(None, "f(2) e_g")]
    #[case::no_address(Some("https://a.org/> <img>"), "f(2) e_g")]
    #[case::two_lines(Some("https://a.org/\n# b"), "f(2) e_g")]
    fn a_source_is_a_link_if_it_can_be(#[case] link: Option<&str>, #[case] shown: &str) {
        assert_eq!(cited("f(2) e_g", link), shown);
    }

    #[test]
    fn a_disaster_stays_within_a_summary_page() {
        let cases = |_| {
            (0..1000).map(|number| {
                let mut bad = case(&format!("uts::claim_{number}"), Verdict::Violated);
                bad.message = format!("{number} {}", "|".repeat(2_000));
                bad
            })
        };
        let matrix = Matrix { runs: (0..50).map(|minor| run(&format!("6.{minor}"), cases(minor))).collect() };
        let markdown = markdown(&matrix);
        assert!(markdown.len() < 256 * 1024, "{} bytes", markdown.len());
        assert!(markdown.contains("900 claims more"));
    }
}
