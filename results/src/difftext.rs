//! The comparison with a baseline, for a terminal, a summary page and a machine.

use std::fmt::Write as _;

use crate::counts::count;
use crate::diff::Diff;
use crate::difference::{Difference, DifferenceKind};
use crate::markdown::{cell, code};
use crate::paint::Paint;
use crate::table::Terminal;
use crate::text::{escape_line, first_line, wrap};
use crate::verdict::Verdict;

/// How many differences of one kind are told; the rest is counted.
const SHOWN: usize = 50;

impl Diff {
    /// As plain text that fits `terminal`. Every line ends in a line break.
    #[must_use]
    pub fn table(&self, terminal: Terminal) -> String {
        let wide = terminal.width.max(40);
        let paint = Paint { on: terminal.colour };
        let mut out = String::new();
        for (kind, differences) in self.by_kind() {
            let head = format!("{} ({})", kind.as_str(), differences.len());
            let head = match worst(&differences) {
                Some(verdict) => paint.verdict(verdict, &head),
                None => head,
            };
            let _ = writeln!(out, "{head}");
            for difference in differences.iter().take(SHOWN) {
                let line = format!("{}  {}", difference.claim, step(difference));
                let _ = writeln!(out, "  {}", escape_line(&line, wide - 2));
                let mut more = format!("on {}", difference.kernels.join(", "));
                if !difference.message.is_empty() {
                    let _ = write!(more, ": {}", first_line(&difference.message));
                }
                for line in wrap(&escape_line(&more, wide * 4), wide - 4) {
                    let _ = writeln!(out, "    {line}");
                }
            }
            if differences.len() > SHOWN {
                let _ = writeln!(out, "  … {} more", differences.len() - SHOWN);
            }
            out.push('\n');
        }
        for line in self.notes().iter().chain([&self.sentence()]) {
            for line in wrap(&escape_line(line, wide * 8), wide) {
                let _ = writeln!(out, "{line}");
            }
        }
        out
    }

    /// As Markdown, short enough for the summary page of a CI job.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("## Compared with the baseline: {}\n\n", cell(&self.sentence()));
        for (kind, differences) in self.by_kind() {
            let _ = writeln!(out, "### {} ({})\n", kind.as_str(), differences.len());
            let _ = writeln!(out, "| claim | kernels | before | now | |\n| --- | --- | --- | --- | --- |");
            for difference in differences.iter().take(SHOWN) {
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {} | {} |",
                    code(&difference.claim),
                    cell(&difference.kernels.join(", ")),
                    word(difference.before),
                    word(difference.after),
                    cell(first_line(&difference.message))
                );
            }
            if differences.len() > SHOWN {
                let _ = writeln!(out, "\nand {} more", differences.len() - SHOWN);
            }
            out.push('\n');
        }
        for note in self.notes() {
            let _ = writeln!(out, "{}\n", cell(&note));
        }
        out
    }

    /// As JSON: the fields of [`Diff`], by their names.
    #[must_use]
    pub fn json(&self) -> String {
        format!("{:#}\n", serde_json::json!({ "kind": "diff", "schema": crate::json::SCHEMA, "diff": self }))
    }

    /// What it comes to in one sentence.
    fn sentence(&self) -> String {
        let worse = self.changes.iter().filter(|change| change.worse).count();
        let worse = worse + self.untested.len();
        match (worse, self.changes.len() + self.untested.len()) {
            (0, 0) => "nothing is otherwise".into(),
            (0, all) => format!("{}, nothing got worse", count(all, "difference")),
            (worse, all) => format!("{}, {worse} of them for the worse", count(all, "difference")),
        }
    }

    /// What was compared, as far as it is not the same kernels.
    fn notes(&self) -> Vec<String> {
        let untested =
            self.untested.iter().map(|(word, why)| format!("{word} could not be tested: {}", first_line(why)));
        let releases =
            self.releases.iter().map(|(word, then, now)| format!("{word} was {} and is {}", known(then), known(now)));
        let mut notes: Vec<_> = untested.chain(releases).collect();
        for (words, whose) in [(&self.only_before, "the baseline"), (&self.only_now, "this matrix")] {
            if !words.is_empty() {
                notes.push(format!("not compared, since only {whose} has it: {}", words.join(", ")));
            }
        }
        notes
    }

    /// The differences, cut where the kind changes.
    fn by_kind(&self) -> Vec<(DifferenceKind, Vec<&Difference>)> {
        let of = |kind| self.changes.iter().filter(|change| change.kind == kind).collect::<Vec<_>>();
        let kinds = DifferenceKind::ALL.into_iter().map(|kind| (kind, of(kind)));
        kinds.filter(|(_, differences)| !differences.is_empty()).collect()
    }
}

/// A release, which a kernel that never came up does not have.
fn known(release: &str) -> &str {
    match release {
        "" => "unknown",
        release => release,
    }
}

/// `holds → violated`.
fn step(difference: &Difference) -> String {
    format!("{} → {}", word(difference.before), word(difference.after))
}

/// A verdict's word, or a dash where there is none.
fn word(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("–", Verdict::as_str)
}

/// The colour of a heading: that of the verdicts below it, if there are any.
fn worst(differences: &[&Difference]) -> Option<Verdict> {
    let verdicts = || differences.iter().filter_map(|difference| difference.after);
    Verdict::FOUND.into_iter().find(|&verdict| verdicts().any(|found| found == verdict))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Baseline;
    use crate::fixtures::{case, small_matrix};

    /// The small matrix compared with an earlier one in which much was otherwise.
    fn diff() -> Diff {
        let mut earlier = small_matrix();
        for run in &mut earlier.runs {
            run.kernel.release = run.kernel.release.replace(".9", ".8");
            for case in &mut run.cases {
                case.verdict = match case.verdict {
                    Verdict::Holds if case.suite == "uts" => Verdict::Violated,
                    Verdict::TimedOut => Verdict::Violated,
                    _ => Verdict::Holds,
                };
            }
        }
        earlier.runs[0].cases.push(case("uts::old_case", Verdict::Holds));
        earlier.runs[1].cases.remove(0);
        earlier.runs.remove(3);
        Diff::between(&Baseline::of(&earlier), &small_matrix())
    }

    #[test]
    fn on_a_terminal() {
        insta::assert_snapshot!(diff().table(Terminal { width: 80, colour: false }));
        for width in [40, 80] {
            let text = diff().table(Terminal { width, colour: false });
            assert!(text.lines().all(|line| crate::text::width(line) <= width), "{text}");
        }
    }

    #[test]
    fn in_markdown() {
        insta::assert_snapshot!(diff().markdown());
    }

    #[test]
    fn in_json() {
        let json: serde_json::Value = serde_json::from_str(&diff().json()).unwrap();
        insta::assert_snapshot!(format!("{:#}", json["diff"]["changes"][0]));
        assert_eq!(json["diff"]["only_now"][0], "7.3");
    }

    #[test]
    fn nothing_otherwise_is_one_line() {
        let diff = Diff::between(&Baseline::of(&small_matrix()), &small_matrix());
        assert_eq!(diff.table(Terminal { width: 80, colour: false }), "nothing is otherwise\n");
    }
}
