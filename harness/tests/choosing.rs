//! Which claims are chosen, listed, explained and run: by name, by what they say, by who says so, by what they need.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use rstest::rstest;
use support::Desk;

#[rstest]
#[case::a_name(&["holds_a"], "fake::holds_at_once fake::holds_always fake::holds_as_well")]
#[case::two_names(&["holds_at", "holds_as"], "fake::holds_at_once fake::holds_as_well")]
#[case::what_is_said(&["--suite", "guest", "--text", "and the stage stays"], "guest::finds_it_and_does_not_end guest::does_not_end_though_it_is_well")]
#[case::a_need(&["--suite", "fake", "--needs", "program a-program"], "fake::needs_what_nobody_has")]
#[case::narrowed_twice(&["--suite", "fake", "--source", "namespaces(7)", "--needs", "nothing", "always"], "fake::holds_always")]
fn claims_are_listed(#[case] words: &[&str], #[case] names: &str) {
    let said = Desk::new().nsproof(&[&["list"], words].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.out.lines().collect::<Vec<_>>().join(" "), names);
}

#[rstest]
#[case(&["list", "no_such"], "no claim in any suite has «no_such» in its name")]
#[case(&["list", "--suite", "fake", "holds_alwayz"], "no claim in suite fake has «holds_alwayz» in its name (did you mean fake::holds_always?)")]
#[case(&["list", "--suite", "pit"], "there is no suite «pit»")]
#[case(&["list", "--source", "namespace(7)"], "no claim cites «namespace(7)» (did you mean namespaces(7)?)")]
#[case(&["list", "--needs", "nothing", "--suite", "fake", "--text", "stage stays"], "no claim in suite fake (--text 'stage stays' --needs nothing) is left")]
#[case(&["run", "--source", "namespaces(7)", "--text", "no words of ours"], "no claim says «no words of ours»")]
#[case(&["run", "--suite", "fake", "--text", "stage stays"], "no case in suite fake (--text 'stage stays') is left by these filters")]
#[case(&["list", "--guards", "copy_pid_ns"], "there is no proof in results/proof: `nsproof prove --kernel 6.12 --functions copy_pid_ns` makes the one that --guards is")]
#[case(&["list", "--guards", "copy_pid_ns", "--proofs", "."], "there is no proof in .: `nsproof prove --kernel 6.12")]
#[case(&["explain", "fake::holds_always", "no_such"], "no claim has «no_such» in its name")]
#[case(&["explain"], "<CLAIM>")]
fn what_chooses_nothing_is_told(#[case] words: &[&str], #[case] sentence: &str) {
    let said = Desk::new().nsproof(words);
    said.is_refused(sentence);
    assert_eq!(said.out, "");
}

/// What narrowed a run stands in its record, as it is typed.
#[test]
fn a_run_is_narrowed_like_a_list() {
    let desk = Desk::new();
    let words = [
        "--suite",
        "fake",
        "--needs",
        "nothing",
        "--text",
        "nothing is done",
        "--text",
        "child of its own",
        "--out",
        "now",
    ];
    let said = desk.nsproof(&[&["run"], &words[..]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let run = &results::read(&desk.path("now")).expect("a record").runs[0];
    let names: Vec<_> = run.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names, ["fake::holds_at_once", "fake::holds_as_well"]);
    let typed = "--suite fake --text 'nothing is done' --text 'child of its own' --needs nothing";
    assert_eq!(run.selection.as_deref(), Some(typed));
}

#[test]
fn each_of_several_claims_is_explained() {
    let said = Desk::new().nsproof(&["explain", "holds_always", "fake::holds_at_once"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let heads: Vec<_> = said.out.lines().filter(|line| line.starts_with("fake::")).collect();
    assert_eq!(heads, ["fake::holds_always", "fake::holds_at_once"]);
}

#[test]
fn a_part_of_many_names_tells_what_each_says() {
    let said = Desk::new().nsproof(&["explain", "i"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let (head, rest) = said.out.split_once('\n').expect("lines");
    let count = rest.lines().filter(|line| line.starts_with("  ") && line.contains("::") && !line.starts_with("   "));
    assert_eq!(head, format!("{} claims have «i» in their names", count.count()));
    assert!(
        rest.contains("\n  guest::finds_it_and_does_not_end\n    A wrong answer is seen, and the stage stays.\n"),
        "{rest}"
    );
    // The same function in two suites.
    let said = Desk::new().nsproof(&["explain", "leaves_a_process_behind"]);
    assert!(
        said.out.contains("fake::leaves_a_process_behind\n") && said.out.contains("\nguest::leaves_a_process_behind\n")
    );
}
