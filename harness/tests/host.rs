//! The host is sacred: whatever happens to a run, the machine is as it was before.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::processes::{below, of_a_case, until};

/// How long it may take on a busy machine until all is as before.
const PATIENCE: Duration = Duration::from_secs(30);

/// Less than the case that a signal ends would go on, however busy the machine is.
const PROMPTLY: Duration = Duration::from_secs(20);

/// What the machine shows of itself, as far as a case could change it.
#[derive(Debug, PartialEq, Eq)]
struct Machine {
    hostname: String,
    mounts: String,
    devices: Vec<String>,
    files: BTreeSet<String>,
    ours: Vec<i32>,
}

impl Machine {
    /// As it is now.
    fn now() -> Self {
        // Only our own: other people's processes come and go. A namespace that no process is in and that no mount shows
        // is gone with its last open file, and so with its last process.
        let ours = processes().into_iter().filter(|pid| is_fake(*pid)).collect();
        let names = |folder: &str| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        let mut devices = names("/sys/class/net");
        devices.sort();
        Self {
            hostname: fs::read_to_string("/proc/sys/kernel/hostname").expect("hostname"),
            mounts: fs::read_to_string("/proc/self/mountinfo").expect("mounts"),
            devices,
            files: names("/dev/shm").into_iter().chain(names("/run")).collect(),
            ours,
        }
    }
}

fn processes() -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).collect()
}

/// The fake suite under a name of this test's: others, of this tree or of another, may run their own at the same time.
fn fakes() -> &'static Path {
    static FAKES: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("fakes");
        // Not a copy of our own making, which a child of another thread's could still hold open for writing: ETXTBSY.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_fakes")).arg(&copy).status();
        assert!(copied.is_ok_and(|status| status.success()), "a copy of the fake suite");
        (folder, copy)
    });
    &FAKES.1
}

fn is_fake(pid: i32) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == fakes())
}

/// What goes with a run may go a moment after it, and other people's files come and go; what stays is a fault.
fn until_as_before(before: &Machine, when: &str) {
    let end = Instant::now() + PATIENCE;
    while Machine::now() != *before && Instant::now() < end {
        std::thread::yield_now();
    }
    assert_eq!(Machine::now(), *before, "{when}");
}

fn start(case: &str) -> (Child, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let runner = Command::new(fakes())
        .args(["--exact", case, "--out"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the fake suite runs");
    (runner, folder)
}

/// One test, since two would see each other's processes.
#[test]
fn the_machine_is_the_same_after_a_run_however_it_ends() {
    let before = Machine::now();

    let (mut whole, _reports) = start("fake::holds_always");
    assert!(whole.wait().expect("it ends").success());
    until_as_before(&before, "after a run that ended well");

    for victim in ["runner", "worker", "innermost"] {
        let (mut runner, _reports) = start("patient::waits_to_be_killed");
        let pid = i32::try_from(runner.id()).expect("a pid");
        until("the case runs", || below(pid).len() >= of_a_case());
        let family = below(pid);
        assert!(family.iter().all(|pid| is_fake(*pid)), "{family:?}");
        let target = match victim {
            "runner" => pid,
            "worker" => family[0],
            _ => family[family.len() - 1],
        };
        kill(Pid::from_raw(target), Signal::SIGKILL).expect("kill");
        runner.wait().expect("it ends");
        until_as_before(&before, &format!("after the {victim} was killed"));
    }

    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let (mut runner, reports) = start("patient::waits_to_be_killed");
        let pid = Pid::from_raw(i32::try_from(runner.id()).expect("a pid"));
        until("the case runs", || !below(pid.as_raw()).is_empty());
        let began = Instant::now();
        kill(pid, signal).expect("kill");
        assert_eq!(runner.wait().expect("it ends").code(), Some(code));
        assert!(began.elapsed() < PROMPTLY, "{signal} took {:?}", began.elapsed());
        assert!(reports.path().join("run-host.json").exists(), "what was known was written");
        until_as_before(&before, &format!("after {signal}"));
    }
}
