//! The matrix on a terminal: what speaks against a kernel first, what was skipped and why second, totals last.

use std::fmt::Write as _;

use crate::columns::{totals, verdicts};
use crate::counts::count;
use crate::grid::{Finding, Grid};
use crate::paint::Paint;
use crate::record::Matrix;
use crate::text::{escape_line, first_line, push_block, width, wrap};
use crate::verdict::Verdict;

/// What the table is written for.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// How many columns a line may have; at least 40 are used.
    pub width: usize,
    /// Whether to colour verdicts. The caller decides, by `NO_COLOR` and by where it writes to.
    pub colour: bool,
}

/// How many claims of one reason are named before they are only counted.
const NAMED: usize = 3;

/// How many lines of a message are shown.
const LINES: usize = 8;

/// How many answers are told in full. Past that something is wrong that they have in common.
const FINDINGS: usize = 40;

/// `matrix` as plain text that fits `terminal`. Every line ends in a line break.
#[must_use]
pub fn table(matrix: &Matrix, terminal: Terminal) -> String {
    let grid = Grid::of(matrix);
    let page = Page { matrix, grid: &grid, width: terminal.width.max(40), paint: Paint { on: terminal.colour } };
    let mut out = String::new();
    page.attention(&mut out);
    page.unmet(&mut out);
    page.out_of_range(&mut out);
    page.totals(&mut out);
    out
}

/// One rendering.
struct Page<'a> {
    matrix: &'a Matrix,
    grid: &'a Grid<'a>,
    width: usize,
    paint: Paint,
}

impl Page<'_> {
    /// The claims that somebody has to look at: the table, then each with what was found.
    fn attention(&self, out: &mut String) {
        for column in &self.grid.columns {
            for flaw in column.run.flaws() {
                let head = format!("{} {}", escape_line(column.label, 40), flaw.says);
                let _ = writeln!(out, "{}", self.paint.verdict(Verdict::Broken, &head));
                self.text(out, 2, &flaw.why);
                out.push('\n');
            }
        }
        let rules = Grid::by_rule(self.matrix);
        let rows: Vec<_> = rules.rows.iter().filter(|row| row.needs_attention()).collect();
        if rows.is_empty() {
            return;
        }
        verdicts(out, &rules, &rows, self.width, self.paint);
        let findings = self.grid.findings();
        for finding in findings.iter().take(FINDINGS) {
            self.finding(out, finding);
        }
        if findings.len() > FINDINGS {
            let rest = count(findings.len() - FINDINGS, "finding");
            let _ = writeln!(out, "… {rest} more in the report\n");
        }
    }

    /// One answer to look at, with all that its reader needs.
    fn finding(&self, out: &mut String, finding: &Finding<'_>) {
        let case = finding.case;
        let verdict = case.verdict.as_str();
        let room = self.width.saturating_sub(width(verdict) + 1);
        let head = self.paint.verdict(case.verdict, verdict);
        let _ = writeln!(out, "{head} {}", escape_line(&case.name, room));
        self.text(out, 2, &case.claim);
        self.labelled(out, "on", &self.grid.labels(&finding.columns));
        self.labelled(out, "because", &case.message);
        for (label, text) in [("call", &case.call), ("expected", &case.expected), ("seen", &case.seen)] {
            self.labelled(out, label, text.as_deref().unwrap_or_default());
        }
        self.labelled(out, "source", &case.sources.join(", "));
        let place = case.at.as_ref().unwrap_or(&case.place);
        self.labelled(out, "at", &place.to_string());
        out.push('\n');
    }

    /// How many claims are about other versions: nothing to look at, but without it the numbers do not add up.
    fn out_of_range(&self, out: &mut String) {
        let others = self.grid.out_of_range();
        if others.iter().any(|&count| count > 0) {
            self.text(out, 0, &format!("out of range, about other kernels: {}", on_each(self.grid, &others)));
            out.push('\n');
        }
    }

    /// Why claims were skipped: one line a reason, so that many of one kind bury nothing.
    fn unmet(&self, out: &mut String) {
        let reasons = self.grid.unmet();
        if reasons.is_empty() {
            return;
        }
        let _ = writeln!(out, "unmet: something is missing");
        let counts: Vec<_> = reasons.iter().map(|reason| count(reason.claims.len(), "claim")).collect();
        let wide = counts.iter().map(|count| width(count)).max().unwrap_or(0);
        for (reason, count) in reasons.iter().zip(&counts) {
            let on = self.grid.labels(&reason.columns);
            let line = format!("  {count:>wide$}  {}", first_line(reason.reason));
            let _ = writeln!(out, "{}", escape_line(&line, self.width));
            let names = match reason.claims.len() {
                0..=NAMED => format!(": {}", reason.claims.join(", ")),
                _ => String::new(),
            };
            self.text(out, wide + 4, &format!("on {on}{names}"));
        }
        out.push('\n');
    }

    /// A line a kernel, then one for all.
    fn totals(&self, out: &mut String) {
        if self.grid.columns.len() > 1 {
            totals(out, self.grid, self.width);
        }
        let head = format!("{} on {}:", count(self.grid.rows.len(), "claim"), count(self.grid.columns.len(), "kernel"));
        let counts = self.grid.counts();
        let worst = Verdict::FOUND.into_iter().find(|&verdict| counts.of(verdict) > 0);
        // Wrapped before it is coloured: colours have no width.
        for line in wrap(&format!("{head} {}", counts.sentence()), self.width) {
            let (head, counts) = match line.strip_prefix(&head) {
                Some(counts) => (head.as_str(), counts),
                None => ("", line.as_str()),
            };
            let painted = worst.map_or(counts.into(), |verdict| self.paint.verdict(verdict, counts));
            let _ = writeln!(out, "{head}{painted}");
        }
    }

    /// A label and its text, the text's further lines under its first; nothing for an empty text.
    fn labelled(&self, out: &mut String, label: &str, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let from = out.len();
        self.text(out, 12, text);
        out.replace_range(from..from + 12, &format!("  {label:<10}"));
    }

    /// `text`, indented, broken between words where it does not fit.
    fn text(&self, out: &mut String, indent: usize, text: &str) {
        let mut clean = String::new();
        push_block(&mut clean, text.trim());
        let room = self.width.saturating_sub(indent).max(20);
        let lines: Vec<_> = clean.lines().flat_map(|line| wrap(line, room)).collect();
        for line in lines.iter().take(LINES) {
            let _ = writeln!(out, "{:indent$}{line}", "");
        }
        if lines.len() > LINES {
            let _ = writeln!(out, "{:indent$}… {} more lines", "", lines.len() - LINES);
        }
    }
}

/// `19 on 5.10, 7 on 6.12`: the counts of columns, equal ones together.
pub(crate) fn on_each(grid: &Grid<'_>, counts: &[usize]) -> String {
    let mut parts: Vec<(usize, Vec<usize>)> = Vec::new();
    for (column, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
        match parts.iter_mut().find(|(known, _)| *known == count) {
            Some((_, columns)) => columns.push(column),
            None => parts.push((count, vec![column])),
        }
    }
    let parts: Vec<_> = parts
        .iter()
        .map(|(count, columns)| {
            let each = if columns.len() > 1 && columns.len() < grid.columns.len() { " each" } else { "" };
            format!("{count} on {}{each}", grid.labels(columns))
        })
        .collect();
    parts.join("; ")
}
