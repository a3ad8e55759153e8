//! What two matrices differ in.

use rstest::rstest;

use super::*;
use crate::fixtures::{case, run};
use DifferenceKind as Kind;
use Verdict::{Broken, Crashed, Holds, OutOfRange, TimedOut, Unmet, Violated};

/// A matrix of one claim on one kernel.
fn one(verdict: Option<Verdict>) -> Matrix {
    Matrix { runs: vec![run("6.12", verdict.map(|verdict| case("pid::a", verdict)))] }
}

#[rstest]
#[case::same(Some(Violated), Some(Violated), None)]
#[case::violated(Some(Holds), Some(Violated), Some((Kind::Refuted, true)))]
#[case::was_unmet(Some(Unmet), Some(Violated), Some((Kind::Refuted, true)))]
#[case::was_broken(Some(Broken), Some(TimedOut), Some((Kind::Refuted, true)))]
#[case::now_crashes(Some(Violated), Some(Crashed), Some((Kind::Refuted, true)))]
#[case::new_and_violated(None, Some(Violated), Some((Kind::Refuted, true)))]
#[case::broken(Some(Holds), Some(Broken), Some((Kind::Broken, true)))]
#[case::violated_then_broken(Some(Violated), Some(Broken), Some((Kind::Broken, true)))]
#[case::unmet(Some(Holds), Some(Unmet), Some((Kind::Unmet, true)))]
#[case::never_held(Some(Broken), Some(Unmet), Some((Kind::Unmet, false)))]
#[case::vanished(Some(Holds), None, Some((Kind::Vanished, true)))]
#[case::vanished_unmet(Some(Unmet), None, Some((Kind::Vanished, false)))]
#[case::otherwise(Some(Crashed), Some(Violated), Some((Kind::Otherwise, false)))]
#[case::fixed(Some(Violated), Some(Holds), Some((Kind::Fixed, false)))]
#[case::gained(Some(Unmet), Some(Holds), Some((Kind::Gained, false)))]
#[case::new(None, Some(Holds), Some((Kind::New, false)))]
#[case::the_rule_ended(Some(Holds), Some(OutOfRange), Some((Kind::Ends, false)))]
#[case::the_violated_rule_ended(Some(Violated), Some(OutOfRange), Some((Kind::Ends, false)))]
#[case::the_rule_begins(Some(OutOfRange), Some(Holds), Some((Kind::Begins, false)))]
#[case::the_rule_begins_and_is_broken(Some(OutOfRange), Some(Violated), Some((Kind::Refuted, true)))]
#[case::the_rule_begins_and_cannot_be_asked(Some(OutOfRange), Some(Unmet), Some((Kind::Unmet, false)))]
#[case::as_schema_1_says_it(Some(Unmet), Some(OutOfRange), None)]
#[case::new_and_about_others(None, Some(OutOfRange), None)]
#[case::about_others_and_gone(Some(OutOfRange), None, None)]
fn every_kind(#[case] before: Option<Verdict>, #[case] after: Option<Verdict>, #[case] expected: Option<(Kind, bool)>) {
    let diff = Diff::between(&Baseline::of(&one(before)), &one(after));
    let found: Vec<_> = diff.changes.iter().map(|change| (change.kind, change.worse)).collect();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    assert_eq!(diff.exit_code() == 1, expected.is_some_and(|(_, worse)| worse));
}

#[test]
fn a_selection_makes_nothing_vanish() {
    let before = Baseline::of(&one(Some(Holds)));
    for narrow in [
        |run: &mut crate::Run| run.selection = Some("--suite uts".into()),
        |run: &mut crate::Run| run.shard = Some(crate::Shard { index: 1, count: 2 }),
        |run: &mut crate::Run| run.problem = Some("does not boot".into()),
        |run: &mut crate::Run| run.unfinished = 1,
    ] {
        let mut now = one(None);
        narrow(&mut now.runs[0]);
        assert_eq!(Diff::between(&before, &now).changes, []);
    }
}

#[test]
fn equal_differences_are_joined_over_kernels() {
    let on = |words: &[&str], verdict| Matrix {
        runs: words.iter().map(|word| run(word, [case("pid::a", verdict)])).collect(),
    };
    let before = Baseline::of(&on(&["5.10", "6.1", "6.12"], Holds));
    let diff = Diff::between(&before, &on(&["6.12", "6.1", "6.18"], Violated));
    assert_eq!(diff.changes.len(), 1);
    assert_eq!(diff.changes[0].kernels, ["6.1", "6.12"]);
    assert_eq!((diff.only_before, diff.only_now), (vec!["5.10".into()], vec!["6.18".into()]));
}

#[test]
fn a_kernel_that_boots_no_more_is_for_the_worse() {
    let before = Baseline::of(&one(Some(Holds)));
    let mut now = one(None);
    now.runs[0].problem = Some("the kernel did not boot".into());
    let diff = Diff::between(&before, &now);
    assert_eq!(diff.untested, [("6.12".into(), "the kernel did not boot".into())]);
    // As a run records it: every case broken, which adds nothing.
    now.runs[0].cases.push(case("pid::a", Broken));
    assert_eq!(Diff::between(&before, &now), diff);
    assert_eq!(diff.exit_code(), 1);
    assert_eq!(Diff::between(&Baseline::of(&one(None)), &now).exit_code(), 0);
    assert_eq!(Diff::between(&Baseline::of(&now), &now).exit_code(), 0, "it did not boot before either");
}

#[test]
fn another_release_is_told() {
    let before = Baseline::of(&one(Some(Holds)));
    let mut now = one(Some(Holds));
    now.runs[0].kernel.release = "6.12.110".into();
    let diff = Diff::between(&before, &now);
    assert_eq!(diff.releases, [("6.12".into(), "6.12.9-cloud-amd64".into(), "6.12.110".into())]);
    assert!(!diff.is_worse());
}

/// The older and the newer claim of one rule on a kernel of each version.
fn rule(word: &str, older: Verdict, newer: Verdict) -> Matrix {
    let mut newer = case("pid::newer", newer);
    newer.replaces = Some("pid::older".into());
    Matrix { runs: vec![run(word, [case("pid::older", older), newer])] }
}

#[rstest]
#[case::upwards(rule("6.12", Holds, OutOfRange), rule("7.3", OutOfRange, Holds), (Kind::Changed, false, "pid::newer", "pid::older"))]
#[case::downwards(rule("7.3", OutOfRange, Holds), rule("6.12", Holds, OutOfRange), (Kind::Changed, false, "pid::older", "pid::newer"))]
#[case::not_kept(rule("6.12", Holds, OutOfRange), rule("7.3", OutOfRange, Violated), (Kind::Refuted, true, "pid::newer", "pid::older"))]
#[case::never_kept(rule("6.12", Violated, OutOfRange), rule("7.3", OutOfRange, Holds), (Kind::Changed, false, "pid::newer", "pid::older"))]
fn the_two_claims_of_a_rule_are_one_change(
    #[case] before: Matrix,
    #[case] now: Matrix,
    #[case] expected: (Kind, bool, &str, &str),
) {
    let diff = Diff::of(&before, &now).unwrap();
    let told = |change: &Difference| {
        let was = change.was.as_ref().map(|was| was.claim.clone()).unwrap_or_default();
        (change.kind, change.worse, change.claim.clone(), was)
    };
    let (kind, worse, claim, was) = expected;
    assert_eq!(diff.changes.iter().map(told).collect::<Vec<_>>(), [(kind, worse, claim.into(), was.into())]);
    assert_eq!(diff.changes[0].kernels, [format!("{} → {}", before.runs[0].kernel.word, now.runs[0].kernel.word)]);
}

#[test]
fn kernels_of_other_words_are_compared_by_position() {
    let on = |words: &[&str], verdict| Matrix {
        runs: words.iter().map(|word| run(word, [case("pid::a", verdict)])).collect(),
    };
    let diff = Diff::of(&on(&["5.10", "base"], Holds), &on(&["5.15", "patched"], Violated)).unwrap();
    assert_eq!(diff.changes[0].kernels, ["5.10 → 5.15", "base → patched"]);
    let diff = Diff::of(&on(&["5.10", "6.12"], Holds), &on(&["6.12", "7.3"], Violated)).unwrap();
    assert_eq!(diff.changes[0].kernels, ["6.12"], "the same word is the same kernel");
    let error = Diff::of(&on(&["5.10", "6.12"], Holds), &on(&["7.3"], Violated)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the older one is about 5.10, 6.12, the newer one about 7.3, and it is not clear which is to be compared \
         with which: choose one of each with --from and --to"
    );
}

#[test]
fn what_vanished_says_what_it_said() {
    let before = one(Some(Holds));
    let diff = Diff::of(&before, &one(None)).unwrap();
    assert_eq!((diff.changes[0].kind, diff.changes[0].says.as_str()), (Kind::Vanished, "What a says is so."));
}
