//! The host is sacred: whatever happens to a run, the machine is as it was before.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::processes::{below, of_a_case, until};

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

fn is_fake(pid: i32) -> bool {
    fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("fakes"))
}

fn start(case: &str) -> (Child, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder for reports");
    let runner = Command::new(env!("CARGO_BIN_EXE_fakes"))
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
    assert_eq!(Machine::now(), before, "after a run that ended well");

    for victim in ["runner", "worker", "innermost"] {
        let (mut runner, _reports) = start("patient::waits_to_be_killed");
        let pid = i32::try_from(runner.id()).expect("a pid");
        until("the case runs", || below(pid).len() >= of_a_case());
        let family = below(pid);
        let target = match victim {
            "runner" => pid,
            "worker" => family[0],
            _ => family[family.len() - 1],
        };
        kill(Pid::from_raw(target), Signal::SIGKILL).expect("kill");
        runner.wait().expect("it ends");
        until("every process is gone", || !family.iter().any(|pid| is_fake(*pid)));
        assert_eq!(Machine::now(), before, "after the {victim} was killed");
    }

    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let (mut runner, reports) = start("patient::waits_to_be_killed");
        let pid = Pid::from_raw(i32::try_from(runner.id()).expect("a pid"));
        until("the case runs", || !below(pid.as_raw()).is_empty());
        let began = Instant::now();
        kill(pid, signal).expect("kill");
        assert_eq!(runner.wait().expect("it ends").code(), Some(code));
        assert!(began.elapsed() < Duration::from_secs(2), "{signal} took {:?}", began.elapsed());
        assert!(reports.path().join("run-host.json").exists(), "what was known was written");
        until("every process is gone", || Machine::now().ours.is_empty());
        assert_eq!(Machine::now(), before, "after {signal}");
    }
}
