//! A comparison as Markdown.

use super::*;
use crate::fixtures::{case, run, small_diff};
use crate::record::Matrix;
use crate::table::Terminal;

#[test]
fn in_markdown() {
    insta::assert_snapshot!(small_diff().markdown());
}

/// Two kernels between which everything changes that can.
fn two_kernels() -> Diff {
    use Verdict::{Holds, OutOfRange, Unmet, Violated};
    let about = |name: &str, verdict, since: &str, until: &str, replaces: &str| {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        crate::CaseRecord { since: some(since), until: some(until), replaces: some(replaces), ..case(name, verdict) }
    };
    // A rule that came back, and one of three kinds.
    let again = |name, verdict, since, until, replaces| crate::CaseRecord {
        claim: "It fails with ESRCH.".into(),
        ..about(name, verdict, since, until, replaces)
    };
    let of_kind = |kind: &str, verdict| crate::CaseRecord {
        claim: format!("Opening a {kind} namespace by its handle fails."),
        ..about(&format!("user::{kind}"), verdict, "6.18", "", "")
    };
    let on = |word: &str, [old, mid, new, begins, ends, same, other]: [Verdict; 7]| {
        let mut other = case("user::other_answer", other);
        other.claim = "The link `pid` is there.".into();
        run(
            word,
            [
                about("pid::first_rule", old, "", "6.13", ""),
                about("pid::second_rule", mid, "6.13", "7.0", "pid::first_rule"),
                about("pid::third_rule", new, "7.0", "", "pid::second_rule"),
                about("core::begins", begins, "6.19", "", ""),
                about("core::ends", ends, "", "7.1", ""),
                case("core::stays", same),
                other,
                again("pid::esrch", old, "", "6.14", ""),
                about("pid::einval", mid, "6.14", "7.0", "pid::esrch"),
                again("pid::esrch_again", new, "7.0", "", "pid::einval"),
                of_kind("PID", begins),
                of_kind("time", begins),
                of_kind("UTS", begins),
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
