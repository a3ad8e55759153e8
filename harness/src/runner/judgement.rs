//! What a matrix comes to beside known deviations and what was found before.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use results::{Baseline, Date, Diff, DifferenceKind, Matrix, Outcome, Terminal, Timestamp, Verdict, Waived, Waiver};

use super::options::Unmet;

/// Where waivers are that nobody named.
const WAIVERS: &str = "results/waivers.toml";

/// The exit code for: nothing could be tested. `git bisect run` passes such a commit over.
pub(crate) const UNTESTED: u8 = 125;

/// The exit code for: something speaks against a kernel.
pub(crate) const REFUTED: u8 = 1;

/// Why a run in which nothing went wrong could not be tested.
const UNANSWERED: &str = "no claim was answered: all are unmet or about other kernels";

/// What is said where unmet is more than it is by default.
const UNMET_FAILS: &str = "claims are unmet, which --unmet takes for a failure";
const UNMET_SKIPS: &str = "claims are unmet, which --unmet takes for a kernel that could not be tested";

/// What matrices are measured by.
#[derive(Debug, Default)]
pub(crate) struct Yardstick {
    waivers: Vec<Waiver>,
    baseline: Option<(PathBuf, Baseline)>,
    /// What a claim that is unmet comes to; where nothing is said it is no fault as long as another was answered.
    unmet: Option<Unmet>,
    /// It is none either when no claim was answered.
    each_alone: bool,
}

impl Yardstick {
    /// Reads the files; waivers that were not named from where they usually are, if they are.
    pub(crate) fn read(waivers: Option<&Path>, baseline: Option<&Path>) -> Result<Self> {
        let usual = Path::new(WAIVERS);
        Ok(Self {
            waivers: match waivers.or_else(|| usual.exists().then_some(usual)) {
                Some(path) => Waiver::read(path)?,
                None => Vec::new(),
            },
            baseline: match baseline {
                Some(path) => Some((path.to_owned(), Baseline::read(path)?)),
                None => None,
            },
            ..Self::default()
        })
    }

    /// The waivers of this file, if there is one, and nothing to compare with.
    pub(crate) fn of_waivers(waivers: Option<&Path>) -> Result<Self> {
        Ok(Self { waivers: waivers.map(Waiver::read).transpose()?.unwrap_or_default(), ..Self::default() })
    }

    /// The same, with another meaning of unmet.
    pub(crate) fn with_unmet(self, unmet: Option<Unmet>) -> Self {
        Self { unmet, ..self }
    }

    /// The same for a runner that asks for one case a process: it would take a case that is unmet for one that failed.
    pub(crate) fn of_each_alone(self, each_alone: bool) -> Self {
        Self { each_alone, ..self }
    }

    /// Refuses a comparison that would compare nothing, and so find that nothing got worse.
    pub(crate) fn refuse_other_kernels<'a>(&self, words: impl Iterator<Item = &'a str>) -> Result<()> {
        let Some((path, baseline)) = &self.baseline else { return Ok(()) };
        let words: Vec<&str> = words.collect();
        if words.iter().any(|word| baseline.kernels.contains_key(*word)) {
            return Ok(());
        }
        let known: Vec<&str> = baseline.kernels.keys().map(String::as_str).collect();
        bail!(
            "{} is about {} and nothing in it can be compared with {}: name a kernel that it has, or make a baseline of \
             your own with `nsproof report baseline`",
            path.display(),
            or_nothing(&known),
            or_nothing(&words)
        )
    }

    /// Measures a matrix.
    pub(crate) fn judge(&self, matrix: &Matrix) -> Judgement {
        match &self.baseline {
            Some((path, baseline)) => self.judge_beside(path, Diff::between(baseline, matrix), matrix),
            None => {
                let waived = Waived::of(&self.waivers, matrix, today());
                let (exit_code, remark) = self.alone(waived.outcome(matrix), matrix);
                Judgement { waived, diff: None, against: String::new(), remark, exit_code }
            }
        }
    }

    /// Measures a matrix by what it differs in from that at `path`.
    pub(crate) fn judge_beside(&self, path: &Path, diff: Diff, matrix: &Matrix) -> Judgement {
        let waived = Waived::of(&self.waivers, matrix, today());
        let diff = waived.excuse(diff);
        let exit_code = compared(&diff, &waived);
        Judgement { waived, diff: Some(diff), against: path.display().to_string(), remark: "", exit_code }
    }

    /// The exit code where there is nothing to compare with, and why it is what nobody can see in the verdicts.
    fn alone(&self, outcome: Outcome, matrix: &Matrix) -> (u8, &'static str) {
        let has = |verdict| matrix.runs.iter().flat_map(|run| &run.cases).any(|case| case.verdict == verdict);
        match (outcome, self.unmet) {
            (Outcome::Refuted, _) => (outcome.exit_code(), ""),
            (_, Some(Unmet::Fail)) if has(Verdict::Unmet) => (Outcome::Refuted.exit_code(), UNMET_FAILS),
            (_, Some(Unmet::Skip)) if has(Verdict::Unmet) => (UNTESTED, UNMET_SKIPS),
            (Outcome::Untested, _) if is_unanswered(matrix) => match self.each_alone || is_part(matrix) {
                true => (0, ""),
                false => (UNTESTED, UNANSWERED),
            },
            (outcome, _) => (outcome.exit_code(), ""),
        }
    }
}

fn or_nothing(words: &[&str]) -> String {
    if words.is_empty() { "no kernel".to_owned() } else { words.join(", ") }
}

fn today() -> Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// True when nothing went wrong, but nothing was answered either.
fn is_unanswered(matrix: &Matrix) -> bool {
    let no_answer = |verdict| matches!(verdict, Verdict::Unmet | Verdict::OutOfRange);
    matrix.runs.iter().all(|run| run.problem.is_none() && run.cases.iter().all(|case| no_answer(case.verdict)))
}

/// True for shards alone. A part of a small choice may well be nothing, or nothing that can be asked: that is no failure.
fn is_part(matrix: &Matrix) -> bool {
    matrix.runs.iter().all(|run| run.shard.is_some())
}

/// The exit code of a comparison. One worse answer wins over whatever could not be asked any more; that alone is not
/// an answer, so that `git bisect run` is not led astray by a tree that does not boot.
fn compared(diff: &Diff, waived: &Waived) -> u8 {
    let worse_answer = diff.changes.iter().any(|change| change.worse && change.kind != DifferenceKind::Broken);
    match (worse_answer || !waived.problems.is_empty(), diff.is_worse()) {
        (true, _) => Outcome::Refuted.exit_code(),
        (false, true) => UNTESTED,
        (false, false) => 0,
    }
}

/// What a matrix comes to.
#[derive(Debug)]
pub(crate) struct Judgement {
    waived: Waived,
    /// Without what is waived.
    diff: Option<Diff>,
    /// What it was compared with.
    against: String,
    /// What else explains the exit code; may be empty.
    remark: &'static str,
    /// The command's exit code.
    pub(crate) exit_code: u8,
}

impl Judgement {
    /// For a terminal; empty when there is nothing to say.
    pub(crate) fn table(&self, terminal: Terminal) -> String {
        let mut text = self.waived.table(terminal);
        if let Some(diff) = &self.diff {
            let gap = if text.is_empty() { "" } else { "\n" };
            let against = results::escape_line(&self.against, terminal.width.max(40));
            text.push_str(&format!("{gap}compared with {against}:\n\n{}", diff.table(terminal)));
        }
        if !self.remark.is_empty() {
            text.push_str(&format!("{}\n", self.remark));
        }
        text
    }

    /// For a summary page; empty when there is nothing to say.
    pub(crate) fn markdown(&self) -> String {
        let remark = if self.remark.is_empty() { String::new() } else { format!("**{}**\n", self.remark) };
        let parts = [remark, self.waived.markdown(), self.diff.as_ref().map(Diff::markdown).unwrap_or_default()];
        parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// What the waivers came to.
    pub(crate) fn waived(&self) -> &Waived {
        &self.waived
    }

    /// What is otherwise than in the baseline, if there was one.
    pub(crate) fn diff(&self) -> Option<&Diff> {
        self.diff.as_ref()
    }

    /// Whether somebody should look at this cell: it is not waived, and, if there was a baseline, it got worse.
    pub(crate) fn concerns(&self, claim: &str, verdict: Verdict, kernel: &str) -> bool {
        match &self.diff {
            Some(diff) => diff.changes.iter().any(|change| {
                change.worse && change.claim == claim && change.kernels.iter().any(|word| word == kernel)
            }),
            None => {
                let waived = |cell: &results::WaivedCell| cell.kernel == kernel && cell.waiver.claim == claim;
                verdict.needs_attention() && !self.waived.cells.iter().any(waived)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use results::{CaseRecord, Kernel, Machine, Run, Shard};
    use rstest::rstest;

    use super::*;
    use Verdict::{Broken, Crashed, Holds, OutOfRange, Violated};

    fn matrix(verdicts: &[Verdict]) -> Matrix {
        let cases = verdicts.iter().zip('a'..).map(|(verdict, name)| CaseRecord::new(format!("pid::{name}"), *verdict));
        let run = Run {
            nsproof: String::new(),
            kernel: Kernel { word: "6.12".into(), release: "6.12.1".into(), ..Kernel::default() },
            machine: Machine::default(),
            started: Timestamp::UNIX_EPOCH,
            wall: std::time::Duration::ZERO,
            selection: None,
            shard: None,
            problem: None,
            unfinished: 0,
            cases: cases.collect(),
        };
        Matrix { runs: vec![run] }
    }

    fn waiver(claim: &str, expires: &str) -> Waiver {
        Waiver {
            claim: claim.into(),
            kernels: Vec::new(),
            reason: "a patch".into(),
            link: "https://bugs.example/1".into(),
            expires: expires.parse().unwrap(),
        }
    }

    fn against(before: &[Verdict]) -> Yardstick {
        let baseline = Some((PathBuf::from("old.json"), Baseline::of(&matrix(before))));
        Yardstick { baseline, ..Yardstick::default() }
    }

    #[rstest]
    #[case::nothing_changed(&[Holds, Violated], &[Holds, Violated], 0)]
    #[case::violated_before_and_holds(&[Violated], &[Holds], 0)]
    #[case::still_broken(&[Broken], &[Broken], 0)]
    #[case::newly_violated(&[Holds], &[Violated], 1)]
    #[case::now_crashes(&[Violated], &[Crashed], 1)]
    #[case::held_and_is_unmet(&[Holds], &[Verdict::Unmet], 1)]
    #[case::vanished(&[Holds, Holds], &[Holds], 1)]
    #[case::newly_broken(&[Holds], &[Broken], 125)]
    #[case::a_worse_answer_wins(&[Holds, Holds], &[Broken, Violated], 1)]
    fn a_comparison_says_what_got_worse(#[case] before: &[Verdict], #[case] now: &[Verdict], #[case] code: u8) {
        assert_eq!(against(before).judge(&matrix(now)).exit_code, code);
    }

    #[test]
    fn a_kernel_that_boots_no_more_could_not_be_tested() {
        let mut now = matrix(&[Broken]);
        now.runs[0].problem = Some("does not boot".into());
        let judgement = against(&[Holds]).judge(&now);
        assert_eq!(judgement.exit_code, UNTESTED);
        insta::assert_snapshot!(judgement.table(Terminal { width: 80, colour: false }), @"
        compared with old.json:

        6.12 could not be tested: does not boot
        1 difference, 1 of them for the worse
        ");
    }

    #[rstest]
    #[case::waived("9999-12-31", 0)]
    #[case::expired("2000-01-01", 1)]
    fn waivers_go_before_the_comparison(#[case] expires: &str, #[case] code: u8) {
        let mut yardstick = against(&[Holds]);
        yardstick.waivers.push(waiver("pid::a", expires));
        assert_eq!(yardstick.judge(&matrix(&[Violated])).exit_code, code);
        yardstick.baseline = None;
        assert_eq!(yardstick.judge(&matrix(&[Violated])).exit_code, code);
    }

    #[test]
    fn a_waiver_that_must_go_is_an_error_though_nothing_got_worse() {
        let mut yardstick = against(&[Holds]);
        yardstick.waivers.push(waiver("pid::a", "9999-12-31"));
        assert_eq!(yardstick.judge(&matrix(&[Holds])).exit_code, 1);
    }

    #[rstest]
    #[case::no_work(&[])]
    #[case::nothing_to_be_asked(&[Verdict::Unmet, OutOfRange])]
    fn nothing_answered_is_no_success_but_of_a_shard(#[case] verdicts: &[Verdict]) {
        let mut nothing = matrix(verdicts);
        let judgement = Yardstick::default().judge(&nothing);
        assert_eq!(judgement.exit_code, UNTESTED);
        for text in [judgement.table(Terminal { width: 80, colour: false }), judgement.markdown()] {
            assert!(text.contains("no claim was answered: all are unmet or about other kernels"), "{text}");
        }
        assert_eq!(Yardstick::default().of_each_alone(true).judge(&nothing).exit_code, 0);
        nothing.runs[0].shard = Some(Shard { index: 1, count: 9 });
        assert_eq!(Yardstick::default().judge(&nothing).exit_code, 0);
    }

    #[rstest]
    #[case::fails(Unmet::Fail, &[Holds, Verdict::Unmet], 1)]
    #[case::fails_alone(Unmet::Fail, &[Verdict::Unmet], 1)]
    #[case::skips(Unmet::Skip, &[Holds, Verdict::Unmet], 125)]
    #[case::violated_is_not_skipped(Unmet::Skip, &[Violated, Verdict::Unmet], 1)]
    #[case::broken_stays_what_it_is(Unmet::Skip, &[Broken], 125)]
    #[case::about_others_is_not_unmet(Unmet::Fail, &[Holds, OutOfRange], 0)]
    fn unmet_can_be_more(#[case] how: Unmet, #[case] verdicts: &[Verdict], #[case] code: u8) {
        assert_eq!(Yardstick::default().with_unmet(Some(how)).judge(&matrix(verdicts)).exit_code, code);
    }

    #[test]
    fn kernels_that_cannot_be_compared_are_refused() {
        let error = against(&[Holds]).refuse_other_kernels(["host", "."].into_iter()).unwrap_err();
        insta::assert_snapshot!(error, @"old.json is about 6.12 and nothing in it can be compared with host, .: name a kernel that it has, or make a baseline of your own with `nsproof report baseline`");
        assert!(against(&[Holds]).refuse_other_kernels(["host", "6.12"].into_iter()).is_ok());
        assert!(Yardstick::default().refuse_other_kernels(["host"].into_iter()).is_ok());
    }
}
