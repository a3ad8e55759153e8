//! A comparison, for a terminal, a summary page and a machine.

use std::fmt::Write as _;

use crate::counts::count;
use crate::diff::Diff;
use crate::difference::{Difference, DifferenceKind};
use crate::markdown::{cell, code, sentence};
use crate::paint::Paint;
use crate::release::Release;
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

    /// As Markdown: what got worse, what else was answered differently, then the rules that changed, by theme.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = match self.two_kernels() {
            Some((old, new)) => {
                format!("## Namespaces from {} to {}\n\n{}.\n\n", cell(old), cell(new), cell(&self.summary()))
            }
            None => format!("## Compared: {}\n\n", cell(&self.sentence())),
        };
        for note in self.notes() {
            let _ = writeln!(out, "{}\n", cell(&note));
        }
        for (kind, differences) in self.by_kind() {
            if !kind.is_by_rule() && kind != DifferenceKind::New {
                let _ = writeln!(out, "### {} ({})\n", capital(kind.as_str()), differences.len());
                for difference in differences {
                    item(&mut out, difference, self.is_one());
                }
                out.push('\n');
            }
        }
        self.by_theme(&mut out, "Rules that changed", DifferenceKind::is_by_rule);
        self.by_theme(&mut out, "New cases", |kind| kind == DifferenceKind::New);
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    /// The differences of these kinds, below a heading a theme.
    fn by_theme(&self, out: &mut String, title: &str, is_meant: impl Fn(DifferenceKind) -> bool) {
        let mut meant: Vec<_> = self.changes.iter().filter(|change| is_meant(change.kind)).collect();
        if meant.is_empty() {
            return;
        }
        let _ = writeln!(out, "### {title} ({})\n", meant.len());
        let since = |change: &Difference| change.since.as_deref().map(Release::parse);
        meant.sort_by_cached_key(|change| (&change.suite, &change.theme, change.kind, since(change), &change.claim));
        for theme in meant.chunk_by(|a, b| (&a.suite, &a.theme) == (&b.suite, &b.theme)) {
            let (suite, name) = (&theme[0].suite, theme[0].theme.replace('_', " "));
            let heading = [suite.as_str(), &name].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
            let _ = writeln!(out, "#### {}\n", cell(&heading.join(": ")));
            for difference in theme {
                item(out, difference, self.is_one());
            }
            out.push('\n');
        }
    }

    /// As JSON: the fields of [`Diff`], by their names.
    #[must_use]
    pub fn json(&self) -> String {
        format!("{:#}\n", serde_json::json!({ "kind": "diff", "schema": crate::json::SCHEMA, "diff": self }))
    }

    /// The two kernels, if it is no more than two that are compared.
    fn two_kernels(&self) -> Option<(&str, &str)> {
        match self.releases.as_slice() {
            [(label, ..)] if self.is_one() => label.split_once(" → "),
            _ => None,
        }
    }

    /// How much there is of what: `3 rules changed, 5 are new`, then what it comes to.
    fn summary(&self) -> String {
        let many = |kind| self.changes.iter().filter(|change| change.kind == kind).count();
        let rules = match many(DifferenceKind::Changed) {
            0 => None,
            number => Some(format!("{} changed", count(number, "rule"))),
        };
        let others = [(DifferenceKind::Begins, "new"), (DifferenceKind::Ends, "no longer so")];
        let others = others.into_iter().filter(|&(kind, _)| many(kind) > 0);
        let parts: Vec<_> =
            rules.into_iter().chain(others.map(|(kind, what)| format!("{} {what}", many(kind)))).collect();
        let detail = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        format!("{}{detail}", capital(&self.sentence()))
    }

    /// Whether every difference is about the same kernels, so that it need not be said of each.
    fn is_one(&self) -> bool {
        self.changes.windows(2).all(|pair| pair[0].kernels == pair[1].kernels)
            && self.changes.first().is_none_or(|change| change.kernels.len() == 1)
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
    fn by_kind(&self) -> Vec<(DifferenceKind, Vec<&Difference>)> {
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

/// A difference as an item of a list: what is so now, what was so before, and the claims' names.
fn item(out: &mut String, difference: &Difference, is_one: bool) {
    let label = match (difference.kind, &difference.since, &difference.until) {
        (DifferenceKind::Changed, Some(since), _) if difference.was.is_some() => format!("Since {since}"),
        (DifferenceKind::Changed, ..) => "Now".into(),
        (DifferenceKind::Begins, Some(since), _) => format!("New in {since}"),
        (DifferenceKind::Begins, ..) => "New".into(),
        (DifferenceKind::Ends, _, Some(until)) => format!("No longer so since {until}"),
        (DifferenceKind::Ends, ..) => "No longer so".into(),
        _ => step(difference),
    };
    let says = words_of(&difference.says, &difference.claim);
    let says = if difference.kind.is_by_rule() { without_version(says) } else { says.to_owned() };
    let _ = write!(out, "- **{}:** {}", cell(&label), sentence(&says));
    if let Some(was) = &difference.was {
        let _ = write!(out, " *Before:* {}", sentence(&without_version(words_of(&was.says, &was.claim))));
        if was.verdict != Verdict::Holds {
            let _ = write!(out, " ({} there)", was.verdict);
        }
    }
    if !difference.message.is_empty() && !difference.kind.is_by_rule() {
        let _ = write!(out, " *Now:* {}", cell(first_line(&difference.message)));
    }
    let names = [Some(&difference.claim), difference.was.as_ref().map(|was| &was.claim)];
    let names: Vec<_> = names.into_iter().flatten().map(|name| code(name)).collect();
    let _ = write!(out, " ({}", names.join(", before "));
    if !is_one {
        let _ = write!(out, "; on {}", cell(&difference.kernels.join(", ")));
    }
    out.push_str(")\n");
}

/// What a claim says, or its name where that is not known.
fn words_of<'a>(says: &'a str, claim: &'a str) -> &'a str {
    if says.is_empty() { claim } else { says }
}

/// A claim without the version that some begin with, where it has just been named: `Before 6.14, a …`, `Since 7.0, a …`.
fn without_version(says: &str) -> String {
    let rest = ["Before ", "Since ", "On "].iter().find_map(|word| says.strip_prefix(word));
    let is_version = |word: &str| word.trim_end_matches(',').split('.').all(|part| part.parse::<u32>().is_ok());
    match rest
        .and_then(|rest| rest.split_once(' '))
        .filter(|(version, rest)| is_version(version) && !rest.starts_with("too,"))
    {
        Some((_, sentence)) => capital_unless_code(sentence),
        None => says.to_owned(),
    }
}

/// `text` with a capital letter at its beginning, unless it begins with the name of a call or a file.
fn capital_unless_code(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_name = first.contains(['(', '_', '/', '.', '=']);
    if is_name { text.to_owned() } else { capital(text) }
}

/// `  since 6.14`, where the claim has a beginning; `  before 7.1` where it ends.
fn range(difference: &Difference) -> String {
    match (difference.kind, &difference.since, &difference.until) {
        (DifferenceKind::Ends, _, until) => until.as_ref().map(|until| format!("  until {until}")).unwrap_or_default(),
        (_, Some(since), _) => format!("  since {since}"),
        _ => String::new(),
    }
}

/// `text` with a capital letter at its beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
    use crate::record::Matrix;

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

    /// Two kernels between which everything changes that can.
    fn two_kernels() -> Diff {
        use Verdict::{Holds, OutOfRange, Unmet, Violated};
        let about = |name: &str, verdict, since: &str, until: &str, replaces: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            crate::CaseRecord {
                since: some(since),
                until: some(until),
                replaces: some(replaces),
                ..case(name, verdict)
            }
        };
        let on = |word: &str, [old, mid, new, begins, ends, same, other]: [Verdict; 7]| {
            let mut other = case("user::other_answer", other);
            other.claim = "The link `pid` is there.".into();
            crate::fixtures::run(
                word,
                [
                    about("pid::first_rule", old, "", "6.13", ""),
                    about("pid::second_rule", mid, "6.13", "7.0", "pid::first_rule"),
                    about("pid::third_rule", new, "7.0", "", "pid::second_rule"),
                    about("core::begins", begins, "6.19", "", ""),
                    about("core::ends", ends, "", "7.1", ""),
                    case("core::stays", same),
                    other,
                ],
            )
        };
        let old = on("6.12", [Holds, OutOfRange, OutOfRange, OutOfRange, Holds, Holds, Violated]);
        let new = on("7.3", [OutOfRange, OutOfRange, Holds, Holds, OutOfRange, Unmet, Holds]);
        Diff::of(&Matrix { runs: vec![old] }, &Matrix { runs: vec![new] }).unwrap()
    }

    #[test]
    fn two_kernels_read_like_release_notes() {
        insta::assert_snapshot!(two_kernels().markdown());
        insta::assert_snapshot!(two_kernels().table(Terminal { width: 80, colour: false }));
    }

    #[test]
    fn a_version_that_was_named_is_not_named_again() {
        let shown = [
            "Before 6.14, a write fails.",
            "Since 7.0 kill(0) works.",
            "Before 5.11, too, it fails.",
            "On Linux it works.",
        ];
        let shown = shown.map(without_version);
        assert_eq!(shown, ["A write fails.", "kill(0) works.", "Before 5.11, too, it fails.", "On Linux it works."]);
    }

    #[test]
    fn files_have_every_difference() {
        let many = |verdict| {
            let cases = (0..400).map(|number| case(&format!("pid::number_{number}"), verdict));
            Matrix { runs: vec![crate::fixtures::run("6.12", cases)] }
        };
        let diff = Diff::between(&Baseline::of(&many(Verdict::Holds)), &many(Verdict::Violated));
        for text in [diff.markdown(), diff.json()] {
            assert_eq!(text.matches("pid::number_").count(), 400);
        }
        assert!(
            diff.table(Terminal { width: 80, colour: false })
                .contains("… 350 more: --markdown and --json have them all")
        );
    }

    #[test]
    fn nothing_otherwise_is_one_line() {
        let diff = Diff::between(&Baseline::of(&small_matrix()), &small_matrix());
        assert_eq!(diff.table(Terminal { width: 80, colour: false }), "nothing is otherwise\n");
    }
}
