//! The processes below this one: reaping, ending and describing them.

use std::collections::HashMap;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use kit::process::Ended;
use kit::sys::raw;
use kit::{Failure, Outcome};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use procfs::ProcError;
use procfs::process::{Process, all_processes};

/// How many processes are told of.
const SHOWN: usize = 50;

/// As an init: reaps every child that ends, until the one behind `pidfd` has ended.
pub(super) fn reap_until(pidfd: BorrowedFd<'_>) -> Outcome<Ended> {
    loop {
        match waitid(Id::PIDFd(pidfd), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG) {
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => {}
            answer => return Ended::from_status(answer?),
        }
        // Sleeps until some child ends, without reaping it: it may be the one that is waited for.
        match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Ok(status) => {
                if let Some(pid) = status.pid()
                    && !is_behind(pid, pidfd)
                {
                    let _ = waitpid(pid, Some(WaitPidFlag::WNOHANG));
                }
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Failure::from(errno)),
        }
    }
}

fn is_behind(pid: Pid, pidfd: BorrowedFd<'_>) -> bool {
    matches!(waitid(Id::PIDFd(pidfd), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT),
        Ok(status) if status.pid() == Some(pid))
}

/// What a case without a stage left behind.
pub(crate) struct Left {
    /// The processes there were, in words.
    pub(super) leak: Option<String>,
    /// Those that are still there although they were killed, in words.
    pub(crate) stuck: Option<String>,
}

/// Ends every process that descends from this one, orphans included: this process is an init or a subreaper.
pub(crate) fn end_descendants() -> Left {
    let mut found: Vec<String> = Vec::new();
    let mut kill = |living: &[Process]| {
        for process in living {
            found.push(in_words(process));
            let _ = raw::kill(Pid::from_raw(process.pid), libc::SIGKILL);
        }
    };
    // Some end by themselves once the case has, as those do whose line to it is gone.
    let staying = await_ends(Instant::now() + crate::deadlines::LEAVE, |_| {});
    let stuck =
        if staying.is_empty() { staying } else { await_ends(Instant::now() + crate::deadlines::REAP, &mut kill) };
    found.sort();
    found.dedup();
    let list = |processes: &[String]| (!processes.is_empty()).then(|| few(processes, "; "));
    let stuck: Vec<String> = stuck.iter().map(in_words).collect();
    Left {
        leak: list(&found).map(|found| format!("processes left behind: {found}")),
        stuck: list(&stuck).map(|stuck| format!("a process of the case {}: {stuck}", still_there())),
    }
}

/// What is said of something that was killed and does not end.
pub(super) fn still_there() -> String {
    format!("was killed and is still there after {} s", crate::deadlines::REAP.as_secs())
}

/// Waits until all processes below this one have ended, or for as long as none of them does; `each` is done with those that are
/// there, again after each end. Answers which have not.
fn await_ends(until: Instant, mut each: impl FnMut(&[Process])) -> Vec<Process> {
    loop {
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
        let living = descendants();
        let left = until.saturating_duration_since(Instant::now());
        if living.is_empty() || left.is_zero() {
            return living;
        }
        each(&living);
        // One that cannot be watched has gone, and the list is out of date.
        let watched: Result<Vec<_>, _> =
            living.iter().map(|process| raw::pidfd_open(Pid::from_raw(process.pid), 0)).collect();
        let Ok(watched) = watched else { continue };
        let mut ends: Vec<_> = watched.iter().map(|pidfd| PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)).collect();
        match poll(&mut ends, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
            Ok(0) | Err(_) => return living,
            Ok(_) => {}
        }
    }
}

/// The processes below this one, one a line: what they are doing. Of very many, the first.
pub(super) fn descendants_in_words() -> String {
    let all: Vec<String> = descendants().iter().map(in_words).collect();
    if all.is_empty() { String::new() } else { few(&all, "\n") + "\n" }
}

/// A list; of a very long one, its beginning.
fn few(all: &[String], between: &str) -> String {
    let shown = all[..all.len().min(SHOWN)].join(between);
    match all.len() - all.len().min(SHOWN) {
        0 => shown,
        more => format!("{shown}{between}and {more} more"),
    }
}

/// How many processes and threads there are below this one, those among them that ended and were not waited for.
pub(super) fn crowd() -> usize {
    let mut below: HashMap<i32, Vec<(i32, usize)>> = HashMap::new();
    for stat in all_processes().into_iter().flatten().flatten().filter_map(|process| process.stat().ok()) {
        let threads = usize::try_from(stat.num_threads).unwrap_or(1).max(1);
        below.entry(stat.ppid).or_default().push((stat.pid, threads));
    }
    let mut parents = vec![std::process::id() as i32];
    let mut count = 0;
    while let Some(parent) = parents.pop() {
        for (pid, threads) in below.remove(&parent).unwrap_or_default() {
            count += threads;
            parents.push(pid);
        }
    }
    count
}

fn in_words(process: &Process) -> String {
    let (name, state) = match process.stat() {
        Ok(stat) => (stat.comm, stat.state),
        Err(ProcError::NotFound(_)) => return format!("{} (ended)", process.pid),
        Err(_) => return process.pid.to_string(),
    };
    let place = fs::read_to_string(format!("/proc/{}/wchan", process.pid)).unwrap_or_default();
    let place = if place.is_empty() || place == "0" { String::new() } else { format!(" in {place}") };
    format!("{} {name} ({state}{place})", process.pid)
}

fn descendants() -> Vec<Process> {
    let me = std::process::id() as i32;
    let Ok(processes) = all_processes() else {
        return Vec::new();
    };
    let all: Vec<(Process, i32)> = processes
        .filter_map(Result::ok)
        .filter_map(|process| process.stat().ok().filter(|stat| stat.state != 'Z').map(|stat| (process, stat.ppid)))
        .collect();
    let mut family = vec![me];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        family.extend(all.iter().filter(|(_, ppid)| *ppid == parent).map(|(process, _)| process.pid));
        at += 1;
    }
    all.into_iter()
        .map(|(process, _)| process)
        .filter(|process| process.pid != me && family.contains(&process.pid))
        .collect()
}
