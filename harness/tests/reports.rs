//! `nsproof report`, on records of real runs.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use rstest::rstest;
use support::Desk;

const WRONG: &str = "fake::expects_the_wrong_answer";

/// Two runs of one case; in the older one it held.
fn two_runs() -> Desk {
    let desk = Desk::new();
    desk.record("old", WRONG);
    desk.record("new", WRONG);
    let text = desk.read("old/run-host.json").replace("\"verdict\": \"violated\"", "\"verdict\": \"holds\"");
    desk.put("old/run-host.json", &text);
    desk
}

#[test]
fn a_diff_says_what_got_worse_in_three_forms() {
    let desk = two_runs();
    let table = desk.nsproof(&["report", "diff", "old", "new"]);
    assert_eq!(table.code, Some(1), "{table:?}");
    insta::assert_snapshot!(table.out, @"
    compared with old:

    newly refuted (1)
      fake::expects_the_wrong_answer  holds → violated
        The kernel gives another answer than expected.
        on host: answer: expected EPERM (Operation not permitted), saw EINVAL (Invalid argument)

    1 difference, 1 of them for the worse
    ");
    let markdown = desk.nsproof(&["report", "diff", "old", "new", "--markdown"]);
    assert!(markdown.out.starts_with("## Compared: 1 difference, 1 of them for the worse\n"));
    let json = desk.nsproof(&["report", "diff", "old", "new", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["diff"]["changes"][0]["claim"], WRONG);
    let back = desk.nsproof(&["report", "diff", "new", "old"]);
    assert!(back.code == Some(0) && back.out.contains("fixed (1)"), "{back:?}");
    let itself = desk.nsproof(&["report", "diff", "new", "new/run-host.json"]);
    assert!(itself.code == Some(0) && itself.out.contains("nothing is otherwise"), "{itself:?}");
}

#[test]
fn a_baseline_is_small_and_compared_with() {
    let desk = two_runs();
    let said = desk.nsproof(&["report", "baseline", "old", "--out", "kept/host.json"]);
    assert_eq!(said.code, Some(0));
    insta::assert_snapshot!(said.out, @"
    kept/host.json: 1 claim on host
    note: host: not every claim was asked for, only --exact fake::expects_the_wrong_answer
    ");
    let text = desk.read("kept/host.json");
    assert!(text.contains(&format!("\"{WRONG}\": {{\"host\":\"holds\"}}")), "{text}");
    assert_eq!(desk.nsproof(&["report", "diff", "kept/host.json", "new"]).code, Some(1));
    // It has verdicts alone; what the claims say is known all the same.
    let back = desk.nsproof(&["report", "diff", "new", "kept/host.json", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&back.out).expect("JSON");
    assert_eq!((back.code, json["diff"]["changes"][0]["kind"].as_str()), (Some(0), Some("fixed")));
    assert_ne!(json["diff"]["changes"][0]["says"], "");
}

#[test]
fn every_report_is_made_again_from_the_records_alone() {
    let desk = two_runs();
    for name in ["matrix.html", "matrix.md", "junit.xml", "ktap"] {
        std::fs::remove_file(desk.path("new").join(name)).expect("it was there");
    }
    let said = desk.nsproof(&["report", "render", "new"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    insta::assert_snapshot!(said.out, @"
    new/run-host.json
    new/matrix.html
    new/matrix.md
    new/junit.xml
    new/ktap
    ");
    let elsewhere = desk.nsproof(&["report", "render", "new/run-host.json", "--out", "page", "--kcidb", "my_ci"]);
    assert_eq!(elsewhere.code, Some(0), "{elsewhere:?}");
    let names = ["junit.xml", "kcidb.json", "ktap", "matrix.html", "matrix.md", "run-host.json"];
    assert_eq!(desk.names("page"), names);
    assert_eq!(desk.read("page/matrix.html"), desk.read("new/matrix.html"));
    assert!(desk.read("page/kcidb.json").contains("\"origin\": \"my_ci\""));
}

#[test]
fn runs_that_answer_differently_are_flaky() {
    let desk = two_runs();
    let said = desk.nsproof(&["report", "merge", "old", "new", "--out", "both"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(results::read(&desk.path("both")).expect("a record").runs[0].cases.len(), 2);
    assert!(desk.read("both/matrix.md").contains("flaky"), "{}", desk.read("both/matrix.md"));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let desk = two_runs();
    let text = desk.read("old/run-host.json").replace("\"release\": \"", "\"release\": \"0.");
    desk.put("old/run-host.json", &text);
    desk.nsproof(&["report", "merge", "old", "new", "--out", "both"])
        .is_refused("two runs of host differ in their release");
    desk.nsproof(&["report", "merge", "old", "new", "--out", "new"])
        .is_refused("new is one of the parts and would be overwritten: name another folder with --out");
    desk.put("old/run-other.json", &desk.read("new/run-host.json"));
    desk.nsproof(&["report", "render", "old"])
        .is_refused("old holds more than one record of host: `nsproof report merge old --out DIR` joins them");
    assert_eq!(desk.names("old").len(), 6, "nothing was lost");
}

#[rstest]
#[case(&["diff", "none", "new"], "failed to read none: No such file or directory (os error 2): check the path")]
#[case(&["diff", "old", "newer"], "newer/run-host.json has schema 99, and this nsproof reads schemas up to 2: read it with")]
#[case(&["diff", "new/ktap", "new"], "new/ktap is not a whole record of a run (run-<kernel>.json)")]
#[case(&["diff", "old", "empty"], "empty holds no record of a run (run-<kernel>.json): give the folder of a run")]
#[case(&["diff", "old", "new", "--json", "--markdown"], "cannot be used with")]
#[case(&["diff", "old", "new", "--to", "6.12"], "new has no kernel «6.12»: there are host")]
#[case(&["merge", "old", "newer", "--out", "both"], "newer/run-host.json has schema 99")]
#[case(&["merge", "--out", "both"], "<DIR>")]
#[case(&["render", "new/run-host.json"], "new/run-host.json is one record: name a folder for its reports with --out")]
#[case(&["render", "new", "--kcidb", "My CI"], "\"My CI\" is no name of a CI system for KCIDB: use lower-case letters")]
#[case(&["baseline", "new"], "--out <FILE>")]
fn what_cannot_be_done_is_told_in_a_sentence(#[case] words: &[&str], #[case] sentence: &str) {
    let desk = two_runs();
    desk.put("newer/run-host.json", r#"{"kind": "run", "schema": 99}"#);
    desk.put("empty/notes.txt", "");
    desk.nsproof(&[&["report"], words].concat()).is_refused(sentence);
}

/// The two records of a base and a patched kernel, say, or of two versions.
#[test]
fn any_two_records_can_be_compared() {
    let desk = two_runs();
    for (folder, word) in [("old", "6.12"), ("new", "7.3")] {
        let text = desk.read(&format!("{folder}/run-host.json"));
        desk.put(
            &format!("both/run-{word}.json"),
            &text.replace("\"word\": \"host\"", &format!("\"word\": \"{word}\"")),
        );
    }
    let said = desk.nsproof(&["report", "diff", "both/run-6.12.json", "both/run-7.3.json"]);
    assert!(said.code == Some(1) && said.out.contains("on 6.12 → 7.3: answer: expected EPERM"), "{said:?}");
    let chosen = desk.nsproof(&["report", "diff", "both", "both", "--from", "6.12", "--to", "7.3"]);
    assert_eq!((chosen.code, chosen.out.replace("both:", "")), (Some(1), said.out.replace("both/run-6.12.json:", "")));
    desk.nsproof(&["report", "diff", "both", "new"]).is_refused("choose one of each with --from and --to");
}
