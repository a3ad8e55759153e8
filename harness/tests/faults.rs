//! Every way in which a case can go wrong ends in the right verdict, with words a stranger understands, and the cases
//! after it still run.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use results::{CaseRecord, Verdict};
use rstest::rstest;

/// Runs the fake suite; answers its records and what it printed.
fn run(arguments: &[&str]) -> (Vec<CaseRecord>, Output) {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let output = Command::new(env!("CARGO_BIN_EXE_fakes"))
        .args(arguments)
        .arg("--out")
        .arg(folder.path())
        .output()
        .expect("the fake suite runs");
    (records(folder.path()), output)
}

fn records(folder: &Path) -> Vec<CaseRecord> {
    let matrix = results::read(folder).expect("the record can be read");
    matrix.runs.into_iter().flat_map(|run| run.cases).collect()
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[rstest]
#[case("holds_always", Verdict::Holds, "")]
#[case(
    "expects_the_wrong_answer",
    Verdict::Violated,
    "answer: expected EPERM (Operation not permitted), saw EINVAL (Invalid argument)"
)]
#[case("cannot_prepare", Verdict::Broken, "mount something: EPERM: Operation not permitted")]
#[case("panics", Verdict::Broken, "the case panicked: something was none after all")]
#[case("never_ends", Verdict::TimedOut, "the case did not end before its deadline")]
#[case("exits_without_a_word", Verdict::Broken, "the case's process exited with status 3 without a verdict")]
#[case("is_killed", Verdict::Broken, "the case's process was killed by SIGKILL without a verdict")]
#[case("floods_its_output", Verdict::Broken, "on purpose")]
#[case("fails_in_a_grandchild", Verdict::Violated, "1: expected 2, saw 1")]
#[case("is_about_another_kernel", Verdict::OutOfRange, "is about kernels since 99.0")]
#[case("needs_what_nobody_has", Verdict::Unmet, "needs the program a-program-that-nobody-has, which is not in PATH")]
fn each_fault_has_its_verdict(#[case] name: &str, #[case] verdict: Verdict, #[case] message: &str) {
    let (records, _) = run(&["--exact", &format!("fake::{name}")]);
    let [record] = records.as_slice() else { panic!("{} records", records.len()) };
    assert_eq!((record.verdict, record.message.as_str()), (verdict, message));
}

#[test]
fn a_case_that_ends_its_init_is_broken() {
    let (records, _) = run(&["--exact", "fake::ends_its_init"]);
    let expected = if is_root() {
        (Verdict::Broken, "the stage's PID 1 was killed by SIGHUP while the case ran, and took the case along")
    } else {
        (Verdict::Unmet, "needs root: run with sudo, or in a disposable kernel (--kernel)")
    };
    assert_eq!((records[0].verdict, records[0].message.as_str()), expected);
}

/// An ordinary user's limit may come first.
#[test]
fn a_case_that_makes_too_many_processes_is_ended() {
    let (records, _) = run(&["--exact", "patient::makes_ever_more_processes"]);
    assert_eq!(records[0].verdict, Verdict::Broken, "{}", records[0].message);
    assert!(records[0].message.len() < 10_000, "{}", records[0].message.len());
    if is_root() {
        let told = "the case had more than 2000 processes and threads, and was ended for the machine's sake";
        assert_eq!(records[0].message, told);
        assert!(
            records[0].evidence.iter().any(|evidence| evidence.text.ends_with(" more\n")),
            "{:?}",
            records[0].evidence
        );
    }
}

#[test]
fn a_process_left_behind_goes_with_its_stage() {
    let (records, _) = run(&["--exact", "fake::leaves_a_process_behind"]);
    if is_root() {
        assert_eq!(records[0].verdict, Verdict::Holds);
    } else {
        assert_eq!(records[0].verdict, Verdict::Broken);
        assert!(records[0].message.contains("processes left behind"), "{}", records[0].message);
    }
}

#[rstest]
#[case::one_at_a_time("1")]
#[case::side_by_side("4")]
fn the_cases_after_a_fault_still_run(#[case] threads: &str) {
    let (records, output) = run(&["--suite", "fake", "--test-threads", threads]);
    assert_eq!(records.len(), 15);
    let holding: Vec<_> = records.iter().filter(|record| record.name.contains("holds_")).collect();
    assert_eq!(holding.len(), 3);
    assert!(holding.iter().all(|record| record.verdict == Verdict::Holds), "{holding:?}");
    assert_eq!(output.status.code(), Some(1), "a violated claim is exit code 1");
}

#[test]
fn what_a_case_prints_is_kept_bounded_and_shown_escaped() {
    let (records, output) = run(&["--exact", "fake::floods_its_output"]);
    let kept = records[0].evidence.iter().find(|evidence| evidence.label == "output").expect("the output is kept");
    assert!(kept.text.len() <= 16 * 1024 && kept.text.contains("line 49999"), "{}", kept.text.len());
    assert!(!output.stdout.contains(&0x1b), "an escape character reached the terminal");
}

#[rstest]
#[case::only_broken("fake::panics", 125)]
#[case::violated("fake::expects_the_wrong_answer", 1)]
#[case::timed_out("fake::never_ends", 1)]
#[case::holds("fake::holds_always", 0)]
#[case::unmet("fake::needs_what_nobody_has", 125)]
#[case::about_other_kernels("fake::is_about_another_kernel", 125)]
fn the_exit_code_says_who_is_to_blame(#[case] name: &str, #[case] code: i32) {
    assert_eq!(run(&["--exact", name]).1.status.code(), Some(code));
}

#[rstest]
#[case::unasked(&[], 0)]
#[case::skips(&["--unmet", "skip"], 125)]
#[case::fails(&["--unmet", "fail"], 1)]
fn unmet_beside_an_answer_is_what_one_makes_of_it(#[case] more: &[&str], #[case] code: i32) {
    // «needs_what_nobody_has» and «is_about_another_kernel» are left beside those that hold.
    let faults = ["wrong", "cannot", "panics", "never", "exits", "killed", "ends_", "floods", "fails", "leaves"];
    let skips: Vec<&str> = faults.iter().flat_map(|part| ["--skip", part]).collect();
    let (records, output) = run(&[more, &["--suite", "fake"], &skips].concat());
    let verdicts: BTreeSet<_> = records.iter().map(|record| record.verdict).collect();
    assert_eq!(verdicts, BTreeSet::from([Verdict::Holds, Verdict::Unmet, Verdict::OutOfRange]), "{records:?}");
    assert_eq!(output.status.code(), Some(code));
}

/// A runner that starts a process for each case knows passed and failed alone.
#[rstest]
#[case("fake::needs_what_nobody_has", 0)]
#[case("fake::cannot_prepare", 125)]
fn unmet_is_no_failure_to_a_runner_of_single_cases(#[case] case: &str, #[case] code: i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fakes"));
    let output = command.args(["--exact", case]).env("NEXTEST", "1").output().expect("the fake suite runs");
    assert_eq!(output.status.code(), Some(code), "{output:?}");
}

#[rstest]
#[case::suite(&["--suite", "pit"], "there is no suite «pit»: there are altered, fake, guest, misuse, patient, turning")]
#[case::filter(&["no_such_case"], "no case in any suite has «no_such_case» in its name")]
#[case::near_the_name(&["holds_alwayz"], "no case in any suite has «holds_alwayz» in its name (did you mean fake::holds_always?)")]
#[case::exact(&["--exact", "nonsense"], "no case in any suite is named «nonsense»: `nsproof list` shows the names")]
#[case::without_its_suite(&["--exact", "holds_always"], "no case in any suite is named «holds_always» (did you mean fake::holds_always?)")]
#[case::in_two_suites(&["--exact", "leaves_a_process_behind"], "(did you mean fake::leaves_a_process_behind or guest::leaves_a_process_behind?)")]
#[case::one_of_several(&["--exact", "fake::holds_always", "fake::holds_alway"], "is named «fake::holds_alway» (did you mean fake::holds_always?)")]
#[case::the_kernels_word(&["host"], "no case in any suite has «host» in its name")]
#[case::several(&["no_such", "nor_such"], "no case in any suite is left by these filters")]
#[case::skip(&["--skip", "::"], "no case in any suite is left by these filters")]
fn a_choice_that_leaves_nothing_is_wrong_usage(#[case] arguments: &[&str], #[case] sentence: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_fakes")).args(arguments).output().expect("the fake suite runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(sentence), "{said}");
}

#[test]
fn test_tools_can_list_and_pick_cases() {
    let list = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_fakes"))
            .args(["--list", "--format", "terse"])
            .args(more)
            .output()
            .expect("the fake suite runs");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("names are text")
    };
    assert_eq!(list(&["good"]), "");
    assert_eq!(list(&["ds_as", "ds_at"]), "fake::holds_at_once: test\nfake::holds_as_well: test\n");
    assert_eq!(list(&["holds_"]), "fake::holds_at_once: test\nfake::holds_always: test\nfake::holds_as_well: test\n");
    let ignored = list(&["--suite", "fake", "--ignored"]);
    assert_eq!(ignored, "fake::is_about_another_kernel: test\n", "what nextest asks for next, and skips");
}

/// A case's last word counts also when it is said, and its process gone, before anybody looks.
#[test]
fn a_quick_case_is_heard() {
    let unprivileged = is_root().then_some(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    for _ in 0..20 {
        let folder = tempfile::tempdir_in("/tmp").expect("a folder for reports");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("chmod");
        // An ordinary user's cases have no stage whose PID 1 would slow them down.
        let mut command = match &unprivileged {
            None => Command::new(env!("CARGO_BIN_EXE_fakes")),
            Some(words) => {
                // Everybody may execute a copy; not one of ours, which a child of another test's could still hold open
                // for writing: ETXTBSY.
                let copy = folder.path().join("fakes");
                let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_fakes")).arg(&copy).status();
                assert!(copied.is_ok_and(|status| status.success()), "a copy of the fake suite");
                let mut command = Command::new("setpriv");
                command.args(words).arg(copy);
                command
            }
        };
        let status = command
            .args(["--suite", "fake", "--test-threads", "2", "holds_", "--out"])
            .arg(folder.path().join("reports"))
            .stdout(Stdio::null())
            .status()
            .expect("the fake suite runs");
        assert_eq!(status.code(), Some(0), "{:?}", records(&folder.path().join("reports")));
    }
}

/// A reader that leaves, such as `head`, takes no verdict along.
#[test]
fn a_reader_that_leaves_ends_no_run() {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut runner = Command::new(env!("CARGO_BIN_EXE_fakes"))
        .args(["--suite", "fake", "holds_", "--out"])
        .arg(folder.path())
        .stdout(writer)
        .spawn()
        .expect("the fake suite runs");
    drop(reader);
    assert_eq!(runner.wait().expect("it ends").code(), Some(0));
    assert_eq!(records(folder.path()).len(), 3);
}
