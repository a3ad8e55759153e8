//! A comparison, for a terminal and for a machine.

use std::fmt::Write as _;

use crate::counts::count;
use crate::diff::Diff;
use crate::difference::{Difference, DifferenceKind};
use crate::paint::Paint;
use crate::table::Terminal;
use crate::text::{escape_line, first_line, wrap};
use crate::verdict::Verdict;

/// How many differences of one kind a terminal shows; the rest is counted. Files have them all.
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
                told(&mut out, difference, wide);
            }
            if differences.len() > SHOWN {
                let _ = writeln!(out, "  … {} more: --markdown and --json have them all", differences.len() - SHOWN);
            }
            out.push('\n');
        }
        for line in self.notes().iter().chain([&self.sentence()]) {
            paragraph(&mut out, line, 0, wide);
        }
        out
    }

    /// As JSON: the fields of [`Diff`], by their names.
    #[must_use]
    pub fn json(&self) -> String {
        format!("{:#}\n", serde_json::json!({ "kind": "diff", "schema": crate::json::SCHEMA, "diff": self }))
    }

    /// What it comes to in one sentence.
    pub(crate) fn sentence(&self) -> String {
        let worse = self.changes.iter().filter(|change| change.worse).count();
        let worse = worse + self.untested.len();
        match (worse, self.changes.len() + self.untested.len()) {
            (0, 0) => "nothing is otherwise".into(),
            (0, all) => format!("{}, nothing got worse", count(all, "difference")),
            (worse, all) => format!("{}, {worse} of them for the worse", count(all, "difference")),
        }
    }

    /// What was compared, as far as it is not the same kernels.
    pub(crate) fn notes(&self) -> Vec<String> {
        let untested =
            self.untested.iter().map(|(word, why)| format!("{word} could not be tested: {}", first_line(why)));
        let releases = self.releases.iter().map(|(label, then, now)| match label.split_once(" → ") {
            Some((old, new)) => format!("{old} is {}, {new} is {}", known(then), known(now)),
            None => format!("{label} was {} and is {}", known(then), known(now)),
        });
        let mut notes: Vec<_> = untested.chain(releases).collect();
        for (words, whose) in [(&self.only_before, "the older one"), (&self.only_now, "the newer one")] {
            if !words.is_empty() {
                notes.push(format!("not compared, since only {whose} has it: {}", words.join(", ")));
            }
        }
        notes
    }

    /// The differences, cut where the kind changes.
    pub(crate) fn by_kind(&self) -> Vec<(DifferenceKind, Vec<&Difference>)> {
        let of = |kind| self.changes.iter().filter(|change| change.kind == kind).collect::<Vec<_>>();
        let kinds = DifferenceKind::ALL.into_iter().map(|kind| (kind, of(kind)));
        kinds.filter(|(_, differences)| !differences.is_empty()).collect()
    }
}

/// A difference on a terminal: what the claim says, too.
fn told(out: &mut String, difference: &Difference, wide: usize) {
    let line = match difference.kind.is_by_rule() {
        true => format!("{}{}", difference.claim, range(difference)),
        false => format!("{}  {}", difference.claim, step(difference)),
    };
    let _ = writeln!(out, "  {}", escape_line(&line, wide - 2));
    paragraph(out, &difference.says, 4, wide);
    for passed in difference.between.iter().rev() {
        paragraph(out, &format!("since {}: {}", passed.since, words_of(&passed.says, &passed.claim)), 4, wide);
    }
    if let Some(was) = &difference.was {
        paragraph(out, &format!("before: {}", words_of(&was.says, &was.claim)), 4, wide);
    }
    let mut more = format!("on {}", difference.kernels.join(", "));
    if !difference.message.is_empty() && !difference.kind.is_by_rule() {
        let _ = write!(more, ": {}", first_line(&difference.message));
    }
    paragraph(out, &more, 4, wide);
}

/// `text`, indented, broken between words; nothing for an empty one.
fn paragraph(out: &mut String, text: &str, indent: usize, wide: usize) {
    if !text.is_empty() {
        for line in wrap(&escape_line(text, wide * 8), wide - indent) {
            let _ = writeln!(out, "{:indent$}{line}", "");
        }
    }
}

/// What a claim says, or its name where that is not known.
pub(crate) fn words_of<'a>(says: &'a str, claim: &'a str) -> &'a str {
    if says.is_empty() { claim } else { says }
}

/// `  since 6.14`, where the claim has a beginning; `  before 7.1` where it ends.
fn range(difference: &Difference) -> String {
    match (difference.kind, &difference.since, &difference.until) {
        (DifferenceKind::Ends, _, until) => until.as_ref().map(|until| format!("  until {until}")).unwrap_or_default(),
        (_, Some(since), _) => format!("  since {since}"),
        _ => String::new(),
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
pub(crate) fn step(difference: &Difference) -> String {
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
mod tests;
