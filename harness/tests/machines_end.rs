//! Machines end with the run that made them, however it ends, and leave no file behind.
//!
//! These tests boot machines: they need QEMU, and a kernel in the cache or a network to fetch it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use results::{CaseRecord, Verdict};
use rstest::rstest;
use tempfile::TempDir;
use vm::kernels::Cache;

/// A run in a machine, and the only folders that it should write to or could be tempted to.
struct Run {
    child: Child,
    reports: TempDir,
    temporary: TempDir,
    working: TempDir,
}

impl Run {
    /// Starts a case that does not end by itself.
    fn start() -> Self {
        Self::start_with(Stdio::null())
    }

    /// The same with an output to read.
    fn start_with(output: Stdio) -> Self {
        let [reports, temporary, working] = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
        let child = Command::new(env!("CARGO_BIN_EXE_fakes"))
            .args(["--kernel", "6.12", "--accel", "tcg", "--exact", "patient::waits_to_be_killed", "--out"])
            .arg(reports.path())
            .env("TMPDIR", temporary.path())
            .current_dir(working.path())
            .stdout(output)
            .stderr(Stdio::null())
            .spawn()
            .expect("the fake suite runs");
        Self { child, reports, temporary, working }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }

    /// Waits until the moment has come; answers the machines that the run has.
    fn machines_at(&mut self, moment: Moment) -> Vec<i32> {
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let machines: Vec<i32> = children_of(self.pid()).into_iter().filter(|pid| is_machine(*pid)).collect();
            let clones = machines.iter().filter(|pid| has_word(**pid, "-incoming")).count();
            // The second one is made ahead while a case is at work in the first.
            let is_it = match moment {
                Moment::Booting => machines.len() > clones,
                Moment::Working => clones >= 2,
            };
            if is_it {
                return machines;
            }
            assert!(self.child.try_wait().expect("its state").is_none(), "it ended before it had a machine");
            assert!(Instant::now() < end, "no machine came");
            thread::yield_now();
        }
    }

    fn records(&self) -> Vec<CaseRecord> {
        results::read(self.reports.path()).expect("records").runs.into_iter().flat_map(|run| run.cases).collect()
    }
}

/// When something happens to a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The template is booting.
    Booting,
    /// A case is at work in a clone of it.
    Working,
}

fn children_of(pid: Pid) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

fn is_machine(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("qemu-system"))
}

fn has_word(pid: i32, word: &str) -> bool {
    fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.split(|byte| *byte == 0).any(|one| one == word.as_bytes()))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn shared_places() -> Vec<BTreeSet<String>> {
    ["/dev/shm", "/run", "/var/tmp"].iter().map(|place| names(Path::new(place))).collect()
}

#[rstest]
#[case::interrupted_at_boot(Moment::Booting, Signal::SIGINT, Some(130))]
#[case::terminated_at_boot(Moment::Booting, Signal::SIGTERM, Some(143))]
#[case::killed_at_boot(Moment::Booting, Signal::SIGKILL, None)]
#[case::interrupted_at_work(Moment::Working, Signal::SIGINT, Some(130))]
#[case::terminated_at_work(Moment::Working, Signal::SIGTERM, Some(143))]
#[case::killed_at_work(Moment::Working, Signal::SIGKILL, None)]
#[ignore = "boots machines: run with --include-ignored"]
fn no_machine_and_no_file_outlives_a_run(#[case] moment: Moment, #[case] signal: Signal, #[case] code: Option<i32>) {
    let before = shared_places();
    let mut run = Run::start();
    let machines = run.machines_at(moment);

    let began = Instant::now();
    kill(run.pid(), signal).expect("kill");
    assert_eq!(run.child.wait().expect("it ends").code(), code);
    if code.is_some() {
        assert!(began.elapsed() < Duration::from_secs(2), "{signal} took {:?}", began.elapsed());
        assert!(run.reports.path().join("run-6.12.json").exists(), "what was known was written");
    }

    let end = Instant::now() + Duration::from_secs(10);
    while machines.iter().any(|pid| is_machine(*pid)) {
        assert!(Instant::now() < end, "a machine lives on");
        thread::yield_now();
    }
    assert_eq!(names(run.temporary.path()), BTreeSet::new());
    assert_eq!(names(run.working.path()), BTreeSet::new());
    assert_eq!(shared_places(), before);
}

/// A QEMU that dies is nobody's verdict on the kernel.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_machine_that_is_killed_makes_its_case_broken() {
    let mut run = Run::start();
    for machine in run.machines_at(Moment::Working) {
        kill(Pid::from_raw(machine), Signal::SIGKILL).expect("kill");
    }
    assert_eq!(run.child.wait().expect("it ends").code(), Some(125));
    let records = run.records();
    assert_eq!(records[0].verdict, Verdict::Broken);
    assert!(
        records[0].message.contains("SIGKILL") || records[0].message.contains("signal 9"),
        "{}",
        records[0].message
    );
}

/// Who stops a service signals all its processes: a QEMU that heeds it before the run does is no fault of the case.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_case_that_is_interrupted_with_its_machine_is_not_called_failed() {
    let mut run = Run::start_with(Stdio::piped());
    for machine in run.machines_at(Moment::Working) {
        kill(Pid::from_raw(machine), Signal::SIGTERM).expect("kill");
    }
    let qemus = |run: &Run| children_of(run.pid()).into_iter().filter(|pid| is_machine(*pid)).count();
    let end = Instant::now() + Duration::from_secs(10);
    while qemus(&run) > 0 {
        assert!(Instant::now() < end, "a machine lives on");
        thread::yield_now();
    }
    kill(run.pid(), Signal::SIGTERM).expect("kill");
    let mut text = String::new();
    run.child.stdout.take().expect("its output").read_to_string(&mut text).expect("text");
    assert_eq!(run.child.wait().expect("it ends").code(), Some(143), "{text}");
    assert!(!text.contains("FAILED"), "{text}");
    assert_eq!(run.records(), []);
}

/// One kernel that cannot be tested is told of, and the others are.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_template_that_does_not_come_up_costs_only_its_own_kernel() {
    let programs = tempfile::tempdir().expect("a folder");
    let qemu = programs.path().join("qemu-system-x86_64");
    fs::write(&qemu, "#!/bin/sh\necho 'no such machine' >&2\nexit 1\n").expect("a script");
    for path in [programs.path(), &qemu] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(path, mode).expect("chmod");
    }
    let reports = tempfile::tempdir().expect("a folder");
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").expect("PATH"));
    let output = Command::new(env!("CARGO_BIN_EXE_fakes"))
        .args(["--kernel", "6.12", "--kernel", "host", "--accel", "tcg", "--exact", "fake::holds_always", "--out"])
        .arg(reports.path())
        .env("PATH", path)
        .output()
        .expect("the fake suite runs");
    assert_eq!(output.status.code(), Some(125), "{}", String::from_utf8_lossy(&output.stderr));
    let matrix = results::read(reports.path()).expect("records");
    let found = |word: &str| {
        let run = matrix.runs.iter().find(|run| run.kernel.word == word).expect("a column");
        (run.cases[0].verdict, run.problem.clone().unwrap_or_default())
    };
    assert_eq!(found("host"), (Verdict::Holds, String::new()));
    let (verdict, problem) = found("6.12");
    assert_eq!(verdict, Verdict::Broken);
    assert!(problem.contains("no such machine"), "{problem}");
}

/// Every file system but the cache's and the reports' is read-only for it.
#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_run_needs_no_place_but_its_cache_and_its_reports() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("needs root, to make file systems read-only");
        return;
    }
    let reports = tempfile::tempdir().expect("a folder");
    // In a mount namespace of its own; what shows the kernel's own state has no files to leave.
    let script = r#"
        mount --make-rprivate /
        for place in "$CACHE" "$REPORTS"; do mount --bind "$place" "$place"; done
        cut -d' ' -f5 /proc/self/mountinfo | while read -r place; do
            case $place in
                "$CACHE"|"$REPORTS"|/proc|/proc/*|/sys|/sys/*|/dev/pts) ;;
                *) mount -o remount,bind,ro "$place" || exit ;;
            esac
        done
        if (: > /tmp/written) 2>/dev/null; then echo "not read-only" >&2; exit 99; fi
        exec "$0" --kernel 6.12 --accel tcg --exact fake::holds_always --out "$REPORTS"
    "#;
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_fakes")])
        .env("CACHE", Cache::open(None).expect("the cache").root())
        .env("REPORTS", reports.path())
        .output()
        .expect("unshare(1) runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
