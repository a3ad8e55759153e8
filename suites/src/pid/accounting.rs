//! What is kept of processes after their end: core files, `core(5)`, and process accounting, `acct(2)`.

use std::fs::{self, File};
use std::sync::Barrier;
use std::thread;

use kit::mounts::{Propagation, tmpfs};
use kit::prelude::*;
use kit::sysctl::set_sysctl;
use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use nix::sys::signal::{Signal, raise};
use nix::unistd::{Pid, acct};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![core_pattern_p_vs_capital_p, acct_is_per_pid_namespace];

/// In core_pattern, %p and %i become the PID and TID in the process's PID namespace, %P and %I those in the initial
/// one.
#[claim(
    source = "core(5) Naming of core dump files",
    needs = [Root, InitialNamespaces, Disposable, Config("COREDUMP"), Config("PID_NS")],
)]
fn core_pattern_p_vs_capital_p() -> Verdict {
    set_sysctl("kernel/core_pattern", "/tmp/p%p.P%P.i%i.I%I").doing("set kernel.core_pattern")?;
    child(CLONE_NEWNS, || {
        Propagation::Private.make_all("/")?;
        tmpfs("/tmp")?;
        setrlimit(Resource::RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY).doing("allow core files")?;

        let (pid, tid) = crash()?;
        expect_eq!(core_file()?, format!("p{pid}.P{pid}.i{tid}.I{tid}"), "in the initial namespace");

        // Two levels down, so that the namespace in between, where the numbers are 3 and 4, is neither of the two.
        let middle = spawn(CLONE_NEWPID, |us| {
            let init = waiting(CLONE_NEWPID)?;
            us.send_fd(init.namespace(Kind::Pid)?)?;
            us.wait()
        })?;
        setns(middle.peer().recv_fd()?, CLONE_NEWPID).doing("join a nested namespace")?;
        let (pid, tid) = crash()?;
        expect_eq!(core_file()?, format!("p2.P{pid}.i3.I{tid}"), "in a namespace two levels down");
        holds()
    })
}

/// Process accounting that acct(2) starts in a PID namespace records the ends of processes in it and its descendants
/// only, by their PIDs in it.
#[claim(
    source = ["acct(2)", "kernel/acct.c"],
    needs = [Root, Disposable, Config("BSD_PROCESS_ACCT"), Config("BSD_PROCESS_ACCT_V3")]
)]
fn acct_is_per_pid_namespace() -> Verdict {
    let (inner_log, outer_log) = ("/tmp/inner", "/tmp/outer");
    File::create(inner_log)?;
    File::create(outer_log)?;
    let inner = spawn(CLONE_NEWPID, |parent| {
        acct::enable(inner_log).doing("acct() inside")?;
        for _ in 0..2 {
            parent.send(&ended_child()?)?;
            parent.wait()?;
        }
        child(CLONE_NEWPID, || Ok(()))?;
        parent.go()?;
        parent.wait()
    })?;
    let first: i32 = inner.recv()?;
    expect_eq!(accounted(inner_log)?, [first], "a process inside has ended");
    ended_child()?;
    expect_eq!(accounted(inner_log)?, [2], "a process outside has ended");

    acct::enable(outer_log).doing("acct() outside")?;
    let ours = ended_child()?;
    expect_eq!(accounted(outer_log)?, [ours], "another process outside has ended");
    inner.go()?;
    let second: i32 = inner.recv()?;
    expect_eq!(accounted(inner_log)?, [2, second], "another process inside has ended");
    // Nobody else forks in the stage, so it had the next number outside.
    expect_eq!(accounted(outer_log)?, [ours, ours + 1], "it is recorded outside too, by its number there");
    inner.go()?;
    inner.recv::<()>()?;
    expect_eq!(accounted(inner_log)?, [2, 3, 4], "the init of a namespace below has ended");
    acct::disable().doing("acct() off")?;
    holds()
}

/// Crashes in the second thread of a child, and gives the child's PID and the thread's TID in the caller's namespace.
fn crash() -> Outcome<(Pid, i32)> {
    let crasher = spawn(NONE, |parent| {
        let both = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                both.wait();
                parent.wait().and_then(|()| Ok(raise(Signal::SIGABRT)?))
            });
            both.wait();
            parent.go()
        })
    })?;
    crasher.recv::<()>()?;
    let pid = crasher.pid();
    let mut threads = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task")).doing("list the child's threads")? {
        threads.push(entry?.file_name().to_string_lossy().parse::<i32>()?);
    }
    threads.retain(|thread| *thread != pid.as_raw());
    crasher.go()?;
    let ended = crasher.wait()?;
    if ended != Ended::Signaled(libc::SIGABRT) || threads.len() != 1 {
        return Err(Failure::broken(format!("a child with the threads {pid} and {threads:?} {ended}")));
    }
    Ok((pid, threads[0]))
}

/// Takes the one core file there is, and gives its name.
fn core_file() -> Outcome<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir("/tmp")? {
        let entry = entry?;
        fs::remove_file(entry.path()).doing("remove a core file")?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names.join(" "))
}

/// A child that has ended: its PID.
fn ended_child() -> Outcome<i32> {
    let ended = waiting(NONE)?;
    let pid = ended.pid().as_raw();
    ended.go()?;
    ended.wait()?;
    Ok(pid)
}

/// The PIDs in a file of process accounting: `struct acct_v3` of `acct(5)`.
fn accounted(path: &str) -> Outcome<Vec<i32>> {
    let log = fs::read(path).doing(format!("read {path}"))?;
    let (records, rest) = log.as_chunks::<64>();
    if !rest.is_empty() || records.iter().any(|record| record[1] & 0x0f != 3) {
        return Err(Failure::broken(format!("{path} is not made of records of version 3: {log:?}")));
    }
    Ok(records.iter().map(|record| i32::from_ne_bytes([record[16], record[17], record[18], record[19]])).collect())
}
