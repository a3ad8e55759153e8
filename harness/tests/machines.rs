//! Whatever a case does to a disposable kernel, it gets its own verdict, and the other cases theirs.
//!
//! These tests boot machines: they need QEMU, and a kernel in the cache or a network to fetch it.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use results::{CaseRecord, Verdict};
use rstest::rstest;

/// The whole fake suite in machines, run once: cases that go wrong stand between those that do not.
fn all() -> &'static [CaseRecord] {
    static ALL: OnceLock<Vec<CaseRecord>> = OnceLock::new();
    ALL.get_or_init(|| run(&["--suite", "guest"]))
}

fn run(arguments: &[&str]) -> Vec<CaseRecord> {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let output = Command::new(env!("CARGO_BIN_EXE_fakes"))
        .args(["--kernel", "6.12", "--out"])
        .arg(folder.path())
        .args(arguments)
        .output()
        .expect("the fake suite runs");
    assert!(!output.stdout.contains(&0x1b), "an escape character of the guest's reached the terminal");
    let matrix = results::read(folder.path()).unwrap_or_else(|error| {
        panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr));
    });
    matrix.runs.into_iter().flat_map(|run| run.cases).collect()
}

fn found<'a>(records: &'a [CaseRecord], name: &str) -> &'a CaseRecord {
    let name = format!("guest::{name}");
    records.iter().find(|record| record.name == name).unwrap_or_else(|| panic!("no record of {name}"))
}

#[rstest]
#[case("crashes_the_kernel", Verdict::Crashed, "the kernel died under the case: ")]
#[case("hangs_with_interrupts_off", Verdict::TimedOut, "the kernel went silent: it reported nothing for ")]
#[case("powers_the_machine_off", Verdict::Crashed, "the case powered the machine off")]
#[case("makes_the_kernel_warn", Verdict::Crashed, "the kernel went wrong while the case ran: warning (W)")]
#[case("says_what_is_no_event", Verdict::Broken, "the worker sent something that is no event: ")]
#[case("says_half_a_line", Verdict::Broken, "the worker sent something that is no event: ")]
#[case("speaks_for_another_case", Verdict::Broken, "the worker sent something that is no event: ")]
#[case("floods_the_line", Verdict::Broken, "the worker sent something that is no event: ")]
#[case("floods_the_console", Verdict::TimedOut, "the case did not end before its deadline")]
#[case("leaves_a_mount_behind", Verdict::Holds, "")]
#[case("leaves_a_process_behind", Verdict::Holds, "")]
#[case("touches_the_kernel", Verdict::Holds, "")]
#[case("is_carried_out_by_a_sentry", Verdict::Holds, "")]
#[case("sees_its_options", Verdict::Holds, "")]
#[case(
    "is_killed_by_the_kernel",
    Verdict::Crashed,
    "the kernel went wrong while the case ran: oops (D) (the case said: the case's process was killed by SIGKILL"
)]
#[case(
    "finds_it_and_does_not_end",
    Verdict::Violated,
    "1: expected 2, saw 1; then the stage was killed and is still there after 20 s"
)]
#[case(
    "finds_it_and_waits_for_what_stays",
    Verdict::Violated,
    "1: expected 2, saw 1; then the stage was killed and is still there after 20 s"
)]
#[case(
    "finds_it_where_the_init_stays",
    Verdict::Violated,
    "1: expected 2, saw 1; then the stage was killed and is still there after 20 s"
)]
#[case(
    "does_not_end_though_it_is_well",
    Verdict::TimedOut,
    "the claim holds, but the kernel does not let go of the case: the stage was killed and is still there after 20 s, where one \
     on which nothing was done ends"
)]
#[case(
    "closes_its_descriptors",
    Verdict::Broken,
    "the case took the descriptor away that its deadline is kept by: EBADF"
)]
#[ignore = "boots machines: run with --include-ignored"]
fn each_fault_has_its_verdict(#[case] name: &str, #[case] verdict: Verdict, #[case] message: &str) {
    let record = found(all(), name);
    assert_eq!(record.verdict, verdict, "{}", record.message);
    assert!(record.message.starts_with(message), "{}", record.message);
}

/// The suite of faults that every machine survives, run once.
fn survivable() -> &'static [CaseRecord] {
    static SURVIVABLE: OnceLock<Vec<CaseRecord>> = OnceLock::new();
    SURVIVABLE.get_or_init(|| run(&["--suite", "fake"]))
}

/// What goes wrong with a case is told in the same words as on a host, whether its own process can still say it or not.
#[rstest]
#[case("holds_always", Verdict::Holds, "")]
#[case("expects_the_wrong_answer", Verdict::Violated, "answer: expected EPERM (Operation not permitted), saw EINVAL")]
#[case("panics", Verdict::Broken, "the case panicked: something was none after all")]
#[case("never_ends", Verdict::TimedOut, "the case did not end before its deadline")]
#[case("exits_without_a_word", Verdict::Broken, "the case's process exited with status 3 without a verdict")]
#[case("is_killed", Verdict::Broken, "the case's process was killed by SIGKILL without a verdict")]
#[case("ends_its_init", Verdict::Broken, "the stage's PID 1 was killed by SIGHUP while the case ran")]
#[case("floods_its_output", Verdict::Broken, "on purpose")]
#[case("is_about_another_kernel", Verdict::OutOfRange, "is about kernels since 99.0")]
#[case("needs_what_nobody_has", Verdict::Unmet, "needs the program a-program-that-nobody-has")]
#[ignore = "boots machines: run with --include-ignored"]
fn a_fault_is_told_as_on_a_host(#[case] name: &str, #[case] verdict: Verdict, #[case] message: &str) {
    let name = format!("fake::{name}");
    let record = survivable().iter().find(|record| record.name == name).expect("a record of it");
    assert_eq!(record.verdict, verdict, "{}", record.message);
    assert!(record.message.starts_with(message), "{}", record.message);
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_crash_keeps_the_consoles_last_lines() {
    let record = found(all(), "crashes_the_kernel");
    let console = record.evidence.iter().find(|evidence| evidence.label == "console").expect("the console is kept");
    assert!(console.text.contains("Kernel panic - not syncing"), "{}", console.text);
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn every_case_gets_a_verdict_of_its_own() {
    assert_eq!(all().len(), 27);
}

/// Two kernels are booted, and what boots them is found out, and told, when the first one is.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn the_accelerator_is_told_once_in_a_line() {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let output = Command::new(env!("CARGO_BIN_EXE_fakes"))
        .args(["--kernel", "6.12", "--kernel", "7.3", "--exact", "guest::touches_the_kernel", "--out"])
        .arg(folder.path())
        .output()
        .expect("the fake suite runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let told: Vec<_> = said.lines().filter(|line| line.contains("accelerator")).collect();
    assert!(matches!(told.as_slice(), [line] if line.starts_with("accelerator: ")), "{said}");
}

/// In one kernel for all, a case sees what another left; in a kernel of its own it does not.
#[rstest]
#[case::fresh("fresh", Verdict::Holds)]
#[case::shared("shared", Verdict::Violated)]
#[ignore = "boots machines: run with --include-ignored"]
fn isolation_is_what_it_says(#[case] isolation: &str, #[case] verdict: Verdict) {
    let both = ["--isolation", isolation, "--test-threads", "1", "--suite", "guest", "touch"];
    let records = run(&both);
    assert_eq!(found(&records, "touches_the_kernel").verdict, Verdict::Holds);
    assert_eq!(found(&records, "is_the_first_to_touch_the_kernel").verdict, verdict);
}

/// What is left in a kernel of the case's own goes with it; in one that others use, it is the case's fault.
#[rstest]
#[case("leaves_a_mount_behind", Verdict::Broken, "the case left its stage: mounts left behind: ")]
#[case("leaves_a_process_behind", Verdict::Broken, "the case left its stage: processes left behind: ")]
#[case(
    "finds_it_and_leaves_the_frozen",
    Verdict::Violated,
    "1: expected 2, saw 1; then the case left its stage: processes left behind: "
)]
#[case(
    "finds_it_and_takes_the_kernel_along",
    Verdict::Crashed,
    "the kernel died under the case: sysrq: Trigger a crash"
)]
#[ignore = "boots machines: run with --include-ignored"]
fn what_a_case_leaves_to_others_is_told(#[case] name: &str, #[case] verdict: Verdict, #[case] message: &str) {
    let records = run(&["--isolation", "shared", "--suite", "guest", "--exact", &format!("guest::{name}")]);
    let record = found(&records, name);
    assert_eq!(record.verdict, verdict, "{}", record.message);
    assert!(record.message.starts_with(message), "{}", record.message);
    if name.starts_with("finds_it") {
        assert!(record.message.contains("1: expected 2, saw 1"), "{}", record.message);
        assert_eq!((record.expected.as_deref(), record.seen.as_deref()), (Some("2"), Some("1")));
    }
}

/// What is said on standard error, such as which accelerator it is, needs no reader.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_run_goes_on_when_nobody_reads_its_notes() {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = Command::new(env!("CARGO_BIN_EXE_fakes"))
        .args(["--kernel", "6.12", "--suite", "fake", "holds_at_once", "--out"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(writer)
        .status()
        .expect("the fake suite runs");
    assert_eq!(status.code(), Some(0));
}

/// Two clones of one template are the same to the last number.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn two_clones_show_the_same_numbers() {
    let told = |name| {
        let record = found(all(), name);
        assert_eq!(record.verdict, Verdict::Holds, "{}", record.message);
        record.evidence[0].text.clone()
    };
    assert_eq!(told("tells_its_numbers"), told("tells_its_numbers_again"));
    assert_eq!(told("tells_its_stages_numbers"), told("tells_its_stages_numbers_again"));
}
