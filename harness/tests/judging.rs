//! Runs beside a baseline, waivers and other shards: exit codes, what is printed, what is written.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::collections::BTreeSet;

use rstest::rstest;
use support::Desk;

const LATER: &str = "9999-12-31";
const LONG_AGO: &str = "2000-01-01";

fn waiver(claim: &str, expires: &str) -> String {
    format!(
        "[[waiver]]\nclaim = \"{claim}\"\nreason = \"on purpose\"\nlink = \"https://bugs.example/1\"\nexpires = {expires}\n"
    )
}

/// Rewrites a record so that a case has another verdict, as an earlier run might have found it.
fn alter(desk: &Desk, folder: &str, from: &str, to: &str) {
    let name = format!("{folder}/run-host.json");
    let text = desk.read(&name);
    let (from, to) = (format!("\"verdict\": \"{from}\""), format!("\"verdict\": \"{to}\""));
    assert!(text.contains(&from), "{text}");
    desk.put(&name, &text.replace(&from, &to));
}

#[rstest]
#[case::nothing_changed("expects_the_wrong_answer", "violated", "violated", 0, "nothing is otherwise")]
#[case::fixed("holds_always", "holds", "violated", 0, "fixed (1)")]
#[case::violated("expects_the_wrong_answer", "violated", "holds", 1, "newly refuted (1)")]
#[case::unmet("needs_what_nobody_has", "unmet", "holds", 1, "newly unmet (1)")]
#[case::another_version_under_the_same_word(
    "is_about_another_kernel",
    "out-of-range",
    "holds",
    0,
    "rule that ended (1)"
)]
#[case::broken("cannot_prepare", "broken", "holds", 125, "newly broken (1)")]
#[case::broken_before("cannot_prepare", "broken", "broken", 0, "nothing is otherwise")]
fn with_a_baseline_the_exit_code_says_what_got_worse(
    #[case] case: &str,
    #[case] now: &str,
    #[case] before: &str,
    #[case] code: i32,
    #[case] words: &str,
) {
    let desk = Desk::new();
    let case = format!("fake::{case}");
    desk.record("before", &case);
    alter(&desk, "before", now, before);
    let said = desk.nsproof(&["run", "--exact", &case, "--baseline", "before", "--out", "now"]);
    assert_eq!(said.code, Some(code), "{said:?}");
    assert!(said.out.contains("compared with before:"), "{said:?}");
    assert!(said.out.contains(words), "{said:?}");
    assert!(desk.read("now/matrix.md").contains("## Compared"));
    assert!(!desk.read("before/matrix.md").contains("Compared"));
    let door = desk.test_door(&["--exact", &case, "--baseline", "before", "--out", "now"]);
    assert_eq!(door.code, Some(code), "{door:?}");
    assert!(door.out.contains(words), "{door:?}");
}

#[test]
fn a_baseline_that_cannot_be_used_is_told_before_anything_runs() {
    let desk = Desk::new();
    let run = |file: &str| desk.nsproof(&["run", "--exact", "fake::holds_always", "--baseline", file, "--out", "now"]);
    run("none.json").is_refused("failed to read none.json: No such file or directory (os error 2): check the path");
    desk.put("newer.json", r#"{"kind": "baseline", "schema": 99}"#);
    run("newer.json").is_refused("newer.json has schema 99, and this nsproof reads schemas up to 2");
    desk.put(
        "other.json",
        r#"{"kind": "baseline", "schema": 1, "nsproof": "1", "kernels": {"6.12": ""}, "claims": {}}"#,
    );
    run("other.json").is_refused("other.json is about 6.12 and nothing in it can be compared with host: name a kernel");
    assert!(!desk.path("now").exists());
}

#[rstest]
#[case::excused(
    "expects_the_wrong_answer",
    LATER,
    0,
    "waived until 9999-12-31: fake::expects_the_wrong_answer on host"
)]
#[case::expired("expects_the_wrong_answer", LONG_AGO, 1, "expired on 2000-01-01: look at https://bugs.example/1")]
#[case::not_needed("holds_always", LATER, 1, "is no longer needed on host, where the claim holds: take it out")]
#[case::a_hang("never_ends", LATER, 0, "waived until 9999-12-31: fake::never_ends on host")]
#[case::broken_is_not_excused("cannot_prepare", LATER, 125, "")]
fn waivers_excuse_what_is_known(#[case] case: &str, #[case] expires: &str, #[case] code: i32, #[case] words: &str) {
    let desk = Desk::new();
    let case = format!("fake::{case}");
    // Where it is looked for when it is not named.
    desk.put("results/waivers.toml", &waiver(&case, expires));
    for said in [
        desk.nsproof(&["run", "--exact", &case, "--out", "now"]),
        desk.nsproof(&["run", "--exact", &case, "--out", "now", "--waivers", "results/waivers.toml"]),
        desk.test_door(&["--exact", &case, "--out", "now"]),
    ] {
        assert_eq!(said.code, Some(code), "{said:?}");
        // Lines are broken between words.
        assert!(said.out.replace('\n', " ").contains(words), "{said:?}");
    }
    assert_eq!(desk.read("now/matrix.md").contains("### Waivers"), !words.is_empty());
}

#[test]
fn what_is_waived_did_not_get_worse() {
    let desk = Desk::new();
    let case = "fake::expects_the_wrong_answer";
    desk.record("before", case);
    alter(&desk, "before", "violated", "holds");
    desk.put("known.toml", &waiver(case, LATER));
    let compare = |more: &[&str]| {
        let words = ["run", "--exact", case, "--baseline", "before", "--out", "now"];
        desk.nsproof(&[&words, more].concat()).code
    };
    assert_eq!(compare(&[]), Some(1));
    assert_eq!(compare(&["--waivers", "known.toml"]), Some(0));
    assert_eq!(desk.nsproof(&["report", "diff", "before", "now"]).code, Some(1));
    assert_eq!(desk.nsproof(&["report", "diff", "before", "now", "--waivers", "known.toml"]).code, Some(0));
}

#[rstest]
#[case::missing(None, "failed to read the waivers known.toml: No such file or directory (os error 2): check the path")]
#[case::no_reason(Some("[[waiver]]\nclaim = \"a::b\"\n"), "known.toml:1: missing field `reason`: mend this waiver")]
fn waivers_that_cannot_be_used_are_told_at_once(#[case] text: Option<&str>, #[case] sentence: &str) {
    let desk = Desk::new();
    if let Some(text) = text {
        desk.put("known.toml", text);
    }
    desk.nsproof(&["run", "--exact", "fake::holds_always", "--waivers", "known.toml"]).is_refused(sentence);
}

#[test]
fn shards_share_the_work_and_join_to_the_whole() {
    let desk = Desk::new();
    let select = ["run", "--suite", "fake", "--skip", "fake::never_ends", "--exact"];
    let mut folders = Vec::new();
    let mut sizes = Vec::new();
    // More shards than some get work for.
    for index in 1..=20 {
        let (folder, shard) = (format!("part-{index}"), format!("{index}/20"));
        let said = desk.nsproof(&[&select[..], &["--shard", &shard, "--out", &folder]].concat());
        let matrix = results::read(&desk.path(&folder)).expect("a record");
        let cases = &matrix.runs[0].cases;
        assert_eq!(cases.is_empty(), said.out.contains("0 claims"), "{said:?}");
        assert!(!cases.is_empty() || said.code == Some(0), "nothing to do is no failure: {said:?}");
        sizes.push(cases.len());
        folders.push(folder);
    }
    assert!(sizes.contains(&0), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 14);

    let merge: Vec<&str> =
        ["report", "merge", "--out", "whole"].into_iter().chain(folders.iter().map(String::as_str)).collect();
    let said = desk.nsproof(&merge);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("report: whole/matrix.html"), "{said:?}");
    let whole = results::read(&desk.path("whole")).expect("the whole");
    let names: BTreeSet<&str> = whole.runs[0].cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!((whole.runs.len(), names.len(), whole.runs[0].shard), (1, 14, None));

    let listed = |more: &[&str]| {
        let said = desk.test_door(&[&["--list", "--format", "terse", "--suite", "fake"], more].concat());
        said.out.lines().count()
    };
    assert_eq!((1..=3).map(|index| listed(&["--shard", &format!("{index}/3")])).sum::<usize>(), listed(&[]));
}

#[rstest]
#[case("5/4")]
#[case("0/4")]
#[case("half")]
fn what_is_no_shard_is_wrong_usage(#[case] shard: &str) {
    let sentence = format!("\"{shard}\" is no shard: type I/N, the part and how many there are, such as 1/4");
    Desk::new().nsproof(&["run", "--shard", shard]).is_refused(&sentence);
}

#[rstest]
#[case::all_is_well("holds_always", &[])]
#[case::violated("expects_the_wrong_answer", &["nsproof explain fake::expects_the_wrong_answer"])]
#[case::broken("panics", &["nsproof run --nocapture --exact fake::panics"])]
fn the_end_says_where_the_report_is_and_what_to_type_next(#[case] case: &str, #[case] commands: &[&str]) {
    let desk = Desk::new();
    let said = desk.nsproof(&["run", "--exact", &format!("fake::{case}"), "--out", "now"]);
    assert!(said.out.contains("\nreport: now/matrix.html\n"), "{said:?}");
    assert_eq!(said.out.contains("next:"), !commands.is_empty(), "{said:?}");
    for command in commands {
        assert!(said.out.contains(command), "{said:?}");
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let code = desk.nsproof(&words).code;
        assert!(matches!(code, Some(0 | 125)), "«{command}» does not work: {code:?}");
    }
}

#[test]
fn a_matrix_without_a_terminal_says_a_line_for_what_is_wrong_and_one_a_kernel() {
    let desk = Desk::new();
    let said = desk.nsproof(&["matrix", "--kernel", "host", "--suite", "fake", "--out", "now", "wrong"]);
    let lines: Vec<&str> = said.out.lines().take(2).collect();
    assert_eq!(
        lines,
        [
            "host  violated fake::expects_the_wrong_answer: answer: expected EPERM (Operation not permitted), saw EINVAL (Invalid argument)",
            "host  1 violated"
        ]
    );
    assert!(!said.out.contains('\x1b') && !said.err.contains('\x1b'), "{said:?}");
}
