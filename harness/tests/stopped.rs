//! Runs that are stopped: what was found by then is kept, and nothing is told of what was not.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::process::{Child, Stdio};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use results::{Run, Verdict};
use rstest::rstest;
use support::Desk;
use support::processes::{below, of_a_case, until};

/// A run whose case waits, and that case's worker.
fn waiting(desk: &Desk, more: &[&str]) -> (Child, Pid, Pid) {
    let mut command = desk.command();
    command.args(["--exact", "patient::waits_to_be_killed", "--out", "now"]).args(more);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the fake suite runs");
    let pid = i32::try_from(child.id()).expect("a pid");
    until("the case runs", || below(pid).len() >= of_a_case());
    (child, Pid::from_raw(pid), Pid::from_raw(below(pid)[0]))
}

/// What a run prints from now on until it ends, or within so many milliseconds.
fn printed(child: &mut Child, milliseconds: Option<u16>) -> String {
    let out = child.stdout.as_mut().expect("its output");
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        if let Some(patience) = milliseconds
            && poll(&mut [PollFd::new(out.as_fd(), PollFlags::POLLIN)], patience) == Ok(0)
        {
            return text;
        }
        match out.read(&mut bytes).expect("its output") {
            0 => return text,
            count => text.push_str(&String::from_utf8_lossy(&bytes[..count])),
        }
    }
}

/// Every verdict is on disk soon after it was found, whatever becomes of the run.
#[test]
fn a_run_that_is_killed_keeps_what_it_had() {
    let desk = Desk::new();
    let mut command = desk.command();
    command.args([
        "--exact",
        "fake::holds_at_once",
        "patient::waits_to_be_killed",
        "--test-threads",
        "1",
        "--out",
        "now",
    ]);
    let mut child = command.stdout(Stdio::null()).spawn().expect("the fake suite runs");
    let pid = i32::try_from(child.id()).expect("a pid");
    until("the first verdict is kept", || desk.path("now/run-host.json").exists());
    until("the second case runs", || below(pid).len() >= of_a_case());
    let family = below(pid);
    child.kill().expect("kill");
    child.wait().expect("it ends");
    until("every process is gone", || !family.iter().any(|pid| fs::exists(format!("/proc/{pid}")).unwrap_or(false)));

    let run = Run::read(&desk.path("now/run-host.json")).expect("a record");
    let names: Vec<_> = run.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!((names, run.unfinished), (vec!["fake::holds_at_once"], 1));
    assert_eq!(desk.nsproof(&["report", "render", "now"]).code, Some(0));
    let told = "was not tested to the end: 1 claim had not been asked when this was written";
    assert!(desk.read("now/matrix.md").contains(told), "{}", desk.read("now/matrix.md"));
}

#[test]
fn a_report_that_cannot_be_written_takes_no_verdict_along() {
    let desk = Desk::new();
    desk.put("gone/junit.xml", "");
    let (mut child, _, worker) = waiting(&desk, &["--junit", "gone/junit.xml"]);
    fs::remove_dir_all(desk.path("gone")).expect("no folder");
    kill(worker, Signal::SIGKILL).expect("kill");
    let text = printed(&mut child, None);
    let mut said = String::new();
    child.stderr.take().expect("its errors").read_to_string(&mut said).expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(125), "{text}");
    assert!(said.contains("the JUnit file could not be written: failed to write gone/junit.xml"), "{said}");
    assert!(text.contains("broken patient::waits_to_be_killed") && text.contains("report: now/matrix.html"), "{text}");
    assert_eq!(desk.names("now"), ["junit.xml", "ktap", "matrix.html", "matrix.md", "run-host.json"]);
}

/// Before anything is run.
#[rstest]
#[case(&["--junit", "no/such/junit.xml"], "the JUnit file has no place: failed to write no/such/junit.xml: No such file or")]
#[case(&["--junit", "."], "the JUnit file has no place: failed to write .: is a directory: a folder is in the way")]
#[case(&["--out", "used"], "the reports have no place: failed to write used/run-host.json: is a directory: a folder is in the way")]
#[case(&["--out", "file/now"], "the reports have no place: failed to write file/now: Not a directory")]
#[case(&["--logfile", "no/log"], "the log has no place: failed to write no/log: No such file or directory")]
fn a_path_that_cannot_be_written_is_told_before_anything_runs(#[case] words: &[&str], #[case] sentence: &str) {
    let desk = Desk::new();
    desk.put("file", "");
    desk.put("used/run-host.json/file", "");
    let said = desk.test_door(&[&["--exact", "fake::holds_always"], words].concat());
    said.is_refused(sentence);
    assert_eq!((said.out.as_str(), desk.names(".")), ("", vec!["file".to_owned(), "used".to_owned()]));
    assert_eq!(desk.names("used"), ["run-host.json"]);
    let said = desk.nsproof(&["hunt", "holds_always", "--out", "file/now"]);
    said.is_refused("the reports have no place: failed to write file/now: Not a directory");
}

/// As a service manager does it: each process is asked to end, the runner as well, in no certain order.
#[test]
fn a_case_that_is_interrupted_is_not_called_failed() {
    let desk = Desk::new();
    let (mut child, runner, worker) = waiting(&desk, &[]);
    kill(worker, Signal::SIGTERM).expect("kill");
    let mut text = printed(&mut child, Some(300));
    kill(runner, Signal::SIGTERM).expect("kill");
    text.push_str(&printed(&mut child, None));
    assert_eq!(child.wait().expect("it ends").code(), Some(143), "{text}");
    assert!(!text.contains("FAILED") && !text.contains("broken"), "{text}");
    assert_eq!(Run::read(&desk.path("now/run-host.json")).expect("a record").cases, []);
}

#[test]
fn a_worker_that_alone_is_ended_leaves_its_case_broken() {
    let desk = Desk::new();
    let (mut child, _, worker) = waiting(&desk, &[]);
    kill(worker, Signal::SIGTERM).expect("kill");
    let text = printed(&mut child, None);
    assert_eq!(child.wait().expect("it ends").code(), Some(125), "{text}");
    let cases = Run::read(&desk.path("now/run-host.json")).expect("a record").cases;
    assert_eq!(cases[0].verdict, Verdict::Broken);
    assert_eq!(cases[0].message, "the worker on this machine ended while the case ran: signal: 15 (SIGTERM)");
}
