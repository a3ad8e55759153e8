//! One process, several PIDs: `pid_namespaces(7)`, Nesting PID namespaces; `proc_pid_status(5)`.

use kit::prelude::*;
use kit::process::{mount_proc, ns_pids, status};
use nix::sys::ptrace;
use nix::unistd::{getpid, getppid, setsid};
use procfs::FromRead;
use procfs::process::{Stat, Status};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    process_has_one_pid_per_level,
    nspid_lists_procfs_namespace_first,
    nspid_starts_at_procfs_level,
    nspgid_nssid_zero_for_outer_leader,
    nstgid_vs_nspid_for_threads,
    getppid_zero_for_init,
    getppid_zero_for_setns_child,
    proc_stat_parent_fields_zero_inside,
    tracerpid_zero_for_outer_tracer,
];

/// NSpid shows one PID of a process for each PID namespace from the one of the procfs down to the process's own.
#[claim(
    source = [
        "pid_namespaces(7) Nesting PID namespaces", "proc_pid_status(5) NSpid", "namespaces-fun",
        "What's in a name(space)?",
    ],
    needs = [Root],
)]
fn process_has_one_pid_per_level() -> Verdict {
    // Nothing else is started inside, so a process is 1 in its own namespace, 2 in the one around it, and so on.
    for (depth, below) in [vec![], vec![1], vec![2, 1], vec![3, 2, 1]].into_iter().enumerate() {
        let seen = nested(depth)?;
        expect_eq!(seen[1..].to_vec(), below, "{depth} namespaces deep, after the outermost PID");
    }
    holds()
}

/// NSpid begins with the PID in the namespace of the procfs that is read, and ends with the process's own.
#[claim(
    source = ["proc_pid_status(5) NStgid", "namespaces-fun"],
    needs = [Root],
    erratum = "«namespaces-fun»: NSpid shows the PID inside first, and the one of the host after it.",
)]
fn nspid_lists_procfs_namespace_first() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    expect_eq!(ns_pids(init.pid())?, [init.pid().as_raw(), 1]);
    let seen = child(CLONE_NEWPID, || ns_pids(init.pid()))?;
    expect_eq!(seen, [init.pid().as_raw(), 1], "the reader is in a sibling, not in the procfs's namespace");
    let plain = waiting(NONE)?;
    expect_eq!(ns_pids(plain.pid())?, [plain.pid().as_raw()]);
    holds()
}

/// NSpid in a procfs of a nested PID namespace omits the PIDs that the process has in the outer namespaces.
#[claim(source = ["proc_pid_status(5) NStgid", "pid_namespaces(7) /proc and PID namespaces"], needs = [Root])]
fn nspid_starts_at_procfs_level() -> Verdict {
    let (outer, inner) = child(CLONE_NEWPID | CLONE_NEWNS, || {
        let nested = spawn(CLONE_NEWPID, |parent| {
            parent.send(&ns_pids("self")?)?;
            parent.wait()?;
            ns_pids("self")
        })?;
        let outer: [Vec<i32>; 2] = [ns_pids("self")?, nested.recv()?];
        mount_proc()?;
        nested.go()?;
        Ok((outer, [ns_pids("self")?, nested.join()?]))
    })?;
    expect_eq!(inner, [vec![1], vec![2, 1]]);
    expect_eq!(outer.each_ref().map(Vec::len), [2, 3], "through the outer procfs: {outer:?}");
    expect_eq!(outer.each_ref().map(|pids| &pids[1..]), inner.each_ref().map(|pids| &pids[..]));
    holds()
}

/// NSpgid and NSsid are 0 for a PID namespace in which the leader of the process group or session has no PID.
#[claim(source = ["proc_pid_status(5) NSpgid", "proc_pid_status(5) NSsid"], needs = [Root])]
fn nspgid_nssid_zero_for_outer_leader() -> Verdict {
    let (leader, before, init, after) = child(NONE, || {
        let leader = setsid()?.as_raw();
        let member = spawn(CLONE_NEWPID, |_| {
            let before = group_and_session()?;
            setsid()?;
            Ok((before, group_and_session()?))
        })?;
        let init = member.pid().as_raw();
        let (before, after) = member.join()?;
        Ok((leader, before, init, after))
    })?;
    expect_eq!(before, [Some(vec![leader, 0]), Some(vec![leader, 0])], "led by a process outside");
    expect_eq!(after, [Some(vec![init, 1]), Some(vec![init, 1])], "led by itself, after setsid()");
    holds()
}

/// For a thread, NStgid shows the PIDs of its process and NSpid its own TIDs, one for each PID namespace.
#[claim(source = ["proc_pid_status(5) NStgid", "proc_pid_status(5) NSpid"], needs = [Root])]
fn nstgid_vs_nspid_for_threads() -> Verdict {
    let init = spawn(CLONE_NEWPID, |_| {
        let thread = std::thread::spawn(|| process_and_thread("thread-self"));
        let seen = thread.join().map_err(|_| Failure::broken("the thread panicked"))??;
        Ok([process_and_thread("self")?, seen])
    })?;
    let outside = init.pid().as_raw();
    let [leader, thread] = init.join()?;
    expect_eq!(leader, [Some(vec![outside, 1]), Some(vec![outside, 1])], "the thread group's leader");
    let [process, id] = thread;
    expect_eq!(process, Some(vec![outside, 1]), "NStgid of another thread");
    let id = id.unwrap_or_default();
    expect_eq!(id.get(1..), Some(&[2][..]), "NSpid of another thread");
    expect_ne!(id[0], outside);
    holds()
}

/// getppid(2) returns 0 in the init of a PID namespace, whose parent is outside.
#[claim(source = ["pid_namespaces(7) Nesting PID namespaces", "getpid(2) NOTES"], needs = [Root])]
fn getppid_zero_for_init() -> Verdict {
    let (init, its_child) = child(CLONE_NEWPID, || Ok((parent_pid()?, child(NONE, parent_pid)?)))?;
    expect_eq!(init, 0);
    expect_eq!(its_child, 1);
    expect_eq!(child(NONE, parent_pid)?, getpid().as_raw(), "without a new namespace");
    expect_eq!(inits(5)?, [(1, 0); 5], "the PID and the parent's, of five inits below each other");
    holds()
}

/// getppid(2) returns 0 in a process that a parent outside has forked into the PID namespace after setns(2).
#[claim(source = ["pid_namespaces(7) Nesting PID namespaces", "getpid(2) NOTES"], needs = [Root])]
fn getppid_zero_for_setns_child() -> Verdict {
    let init = spawn(CLONE_NEWPID, |parent| {
        parent.wait()?;
        child(NONE, parent_pid)
    })?;
    setns(init.namespace(Kind::Pid)?, CLONE_NEWPID)?;
    let joined = child(NONE, || Ok((getpid().as_raw(), parent_pid()?)))?;
    expect_eq!(joined, (2, 0), "PID and parent's PID of the process that came from outside");
    init.go()?;
    expect_eq!(init.join()?, 1, "the parent's PID of one that was born inside");
    holds()
}

/// In the procfs of a PID namespace, the parent, process group and session of its init are 0 while they are outside the
/// namespace.
#[claim(source = ["proc_pid_stat(5)", "pid_namespaces(7) /proc and PID namespaces"], needs = [Root])]
fn proc_stat_parent_fields_zero_inside() -> Verdict {
    let (outside, through_outer, through_inner, its_child) = child(NONE, || {
        let outside = setsid()?.as_raw();
        child(CLONE_NEWPID | CLONE_NEWNS, || {
            let through_outer = family()?;
            mount_proc()?;
            Ok((outside, through_outer, family()?, child(NONE, family)?))
        })
    })?;
    expect_eq!(through_inner, [0; 4], "PPid of status; ppid, pgrp, session of stat");
    expect_eq!(through_outer, [outside; 4], "the same through the outer procfs");
    expect_eq!(its_child, [1, 1, 0, 0], "a child of that init");
    holds()
}

/// TracerPid is 0 in a procfs whose PID namespace does not contain the tracer.
#[claim(source = "proc_pid_status(5)", needs = [Root])]
fn tracerpid_zero_for_outer_tracer() -> Verdict {
    let init = spawn(CLONE_NEWPID | CLONE_NEWNS, |parent| {
        mount_proc()?;
        let traced_inside = waiting(NONE)?;
        ptrace::seize(traced_inside.pid(), ptrace::Options::empty())?;
        parent.send(&status(traced_inside.pid())?.tracerpid)?;
        for _ in 0..2 {
            parent.send(&status("self")?.tracerpid)?;
            parent.wait()?;
        }
        Ok(())
    })?;
    expect_eq!(init.recv::<i32>()?, 1, "the inner procfs about a process whose tracer is inside");
    expect_eq!((status(init.pid())?.tracerpid, init.recv::<i32>()?), (0, 0), "outer and inner procfs, untraced");
    ptrace::seize(init.pid(), ptrace::Options::empty())?;
    init.go()?;
    let seen = (status(init.pid())?.tracerpid, init.recv::<i32>()?);
    expect_eq!(seen, (getpid().as_raw(), 0), "outer and inner procfs, traced from outside");
    let inner_procfs = format!("{}/root/proc/1", init.pid());
    expect_eq!(status(inner_procfs)?.tracerpid, 0, "inner procfs, read by the tracer");
    holds()
}

/// NSpid of a process so many PID namespaces below the caller, as the caller's procfs shows it.
fn nested(depth: usize) -> Outcome<Vec<i32>> {
    if depth == 0 { ns_pids("self") } else { child(CLONE_NEWPID, || nested(depth - 1)) }
}

type Numbers = Option<Vec<i32>>;

fn group_and_session() -> Outcome<[Numbers; 2]> {
    let Status { nspgid, nssid, .. } = status("self")?;
    Ok([nspgid, nssid])
}

fn process_and_thread(whose: &str) -> Outcome<[Numbers; 2]> {
    let Status { nstgid, nspid, .. } = status(whose)?;
    Ok([nstgid, nspid])
}

/// What the inits of so many PID namespaces, each in the one before, take for their own PID and for their parent's.
fn inits(levels: usize) -> Outcome<Vec<(i32, i32)>> {
    if levels == 0 {
        return Ok(Vec::new());
    }
    child(CLONE_NEWPID, || {
        let mut told = inits(levels - 1)?;
        told.push((getpid().as_raw(), parent_pid()?));
        Ok(told)
    })
}

fn parent_pid() -> Outcome<i32> {
    Ok(getppid().as_raw())
}

/// PPid of `status`, and ppid, pgrp and session of `stat`.
fn family() -> Outcome<[i32; 4]> {
    let stat = Stat::from_file("/proc/self/stat")?;
    Ok([status("self")?.ppid, stat.ppid, stat.pgrp, stat.session])
}
