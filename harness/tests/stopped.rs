//! Runs that are stopped: what was found by then is kept, and nothing is told of what was not.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use results::{Run, Verdict};
use support::Desk;
use support::processes::{below, of_a_case, until};

/// A run whose case waits, and that case's worker.
fn waiting(desk: &Desk) -> (Child, Pid, Pid) {
    let mut command = desk.command();
    command.arg0("conformance").args(["--exact", "patient::waits_to_be_killed", "--out", "now"]);
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

/// As a service manager does it: each process is asked to end, the runner as well, in no certain order.
#[test]
fn a_case_that_is_interrupted_is_not_called_failed() {
    let desk = Desk::new();
    let (mut child, runner, worker) = waiting(&desk);
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
    let (mut child, _, worker) = waiting(&desk);
    kill(worker, Signal::SIGTERM).expect("kill");
    let text = printed(&mut child, None);
    assert_eq!(child.wait().expect("it ends").code(), Some(125), "{text}");
    let cases = Run::read(&desk.path("now/run-host.json")).expect("a record").cases;
    assert_eq!(cases[0].verdict, Verdict::Broken);
    assert_eq!(cases[0].message, "the worker on this machine ended while the case ran: signal: 15 (SIGTERM)");
}
