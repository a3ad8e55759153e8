//! Which processes can be named from which PID namespaces: `pid_namespaces(7)`, Nesting PID namespaces.

use kit::expect::HasErrno;
use kit::prelude::*;
use kit::process::{listed_pids, mount_proc, ns_pids};
use kit::sys::{by_pid, raw};
use nix::errno::Errno;
use nix::sched::sched_getaffinity;
use nix::sys::ptrace;
use nix::unistd::{Pid, getpgid, getpid, getsid};
use rustix::process::{Resource, Rlimit, getpriority_process, prlimit, setpriority_process};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    outer_processes_unaddressable_from_inside,
    ancestor_can_operate_on_descendant,
    grandparent_sees_all_levels,
    joined_process_visible_to_members,
];

/// System calls that name a process of an outer PID namespace by the PID it has there fail with ESRCH.
#[claim(source = ["pid_namespaces(7) Nesting PID namespaces", "What's in a name(space)?"], needs = [Root])]
fn outer_processes_unaddressable_from_inside() -> Verdict {
    let target = waiting(NONE)?;
    // Not init's PID, nor that of a child of init: inside, no process has this number.
    let pid = target.pid();
    expect!(pid.as_raw() > 2);
    let outside = child(NONE, || Ok(address(pid)))?;
    let inside = child(CLONE_NEWPID, || Ok(address(pid)))?;
    for ((call, outside), (_, inside)) in outside.into_iter().zip(inside) {
        // What a kernel is built without, it lacks on both sides.
        let is_lacking = outside == Err(Errno::ENOSYS.into());
        expect!(outside.is_ok() || is_lacking, "{call} from outside: {outside:?}");
        let refusal = if is_lacking { Errno::ENOSYS } else { Errno::ESRCH };
        expect_eq!(inside, Err(refusal.into()), "{call} from inside");
    }
    holds()
}

/// A process can renice and kill a member of a nested PID namespace by the PID that the member has in the caller's PID
/// namespace.
#[claim(source = "pid_namespaces(7) Nesting PID namespaces", needs = [Root])]
fn ancestor_can_operate_on_descendant() -> Verdict {
    let init = spawn(CLONE_NEWPID, |parent| {
        setpriority_process(None, 3)?;
        let member = spawn(NONE, |_| {
            parent.send(&ns_pids("self")?)?;
            for _ in 0..2 {
                parent.wait()?;
                parent.send(&getpriority_process(None)?)?;
            }
            parent.wait()
        })?;
        Ok((member.wait()?, getpriority_process(None)?))
    })?;
    let numbers: Vec<i32> = init.recv()?;
    expect_eq!(numbers[1..].to_vec(), [2], "NSpid of the member after its PID here");
    let member = Pid::from_raw(numbers[0]);
    init.go()?;
    expect_eq!(init.recv::<i32>()?, 3, "the member's nice value before");
    expect_ok!(setpriority_process(rustix::process::Pid::from_raw(member.as_raw()), 11));
    init.go()?;
    expect_eq!(init.recv::<i32>()?, 11, "the member's nice value after");
    expect_ok!(raw::kill(member, libc::SIGTERM));
    expect_eq!(init.join()?, (Ended::Signaled(libc::SIGTERM), 3), "the member's end, and its init's nice value");
    holds()
}

/// A PID namespace's procfs and kill(2) reach the processes of its child and grandchild namespaces, but not the other
/// way round.
#[claim(source = ["pid_namespaces(7) Nesting PID namespaces", "What's in a name(space)?"], needs = [Root])]
fn grandparent_sees_all_levels() -> Verdict {
    let views: Vec<View> = child(CLONE_NEWPID | CLONE_NEWNS, || {
        let middle = spawn(CLONE_NEWPID | CLONE_NEWNS, |parent| {
            let innermost = spawn(CLONE_NEWPID | CLONE_NEWNS, |parent| {
                let seen = view()?;
                parent.send(&seen)?;
                parent.wait()
            })?;
            let lowest: View = innermost.recv()?;
            parent.send(&[view()?, lowest])?;
            parent.wait()
        })?;
        let [second, lowest]: [View; 2] = middle.recv()?;
        Ok(vec![view()?, second, lowest])
    })?;
    let seen = |pids: &[&[i32]]| pids.iter().map(|pids| pids.to_vec()).collect::<Vec<_>>();
    expect_eq!(views[0], (seen(&[&[1], &[2, 1], &[3, 2, 1]]), Ok(())), "seen at the top");
    expect_eq!(views[1], (seen(&[&[1], &[2, 1]]), Err(Errno::ESRCH.into())), "seen in the middle");
    expect_eq!(views[2], (seen(&[&[1]]), Err(Errno::ESRCH.into())), "seen at the bottom");
    holds()
}

/// A process that is forked into a PID namespace after setns(2) has a PID there, by which init can kill it.
#[claim(source = "pid_namespaces(7) setns(2) and unshare(2) semantics", needs = [Root])]
fn joined_process_visible_to_members() -> Verdict {
    let init = spawn(CLONE_NEWPID, |parent| {
        for signal in [0, libc::SIGTERM] {
            parent.send(&answer(raw::kill(Pid::from_raw(2), signal)))?;
            parent.wait()?;
        }
        Ok(())
    })?;
    expect_errno!(
        init.recv::<Result<(), Refusal>>()?,
        ESRCH,
        "kill(2, 0) in a namespace whose only process is its init"
    );
    setns(init.namespace(Kind::Pid)?, CLONE_NEWPID)?;
    let joined = spawn(NONE, |parent| {
        parent.send(&getpid().as_raw())?;
        parent.wait()
    })?;
    expect_eq!(joined.recv::<i32>()?, 2);
    init.go()?;
    expect_ok!(init.recv::<Result<(), Refusal>>()?, "kill(2, SIGTERM) when another process has been forked into it");
    expect_eq!(joined.wait()?, Ended::Signaled(libc::SIGTERM));
    holds()
}

/// What system calls that name a process say of this one.
fn address(pid: Pid) -> Vec<(String, Result<(), Refusal>)> {
    static HERE: u8 = 0;
    let number = rustix::process::Pid::from_raw(pid.as_raw());
    let lowest = Rlimit { current: Some(0), maximum: Some(0) };
    let answers = [
        ("kill", answer(raw::kill(pid, 0))),
        ("tgkill", answer(by_pid::tgkill(pid, pid, 0))),
        ("pidfd_open", answer(raw::pidfd_open(pid, 0))),
        ("getpgid", answer(getpgid(Some(pid)))),
        ("getsid", answer(getsid(Some(pid)))),
        ("getpriority", answer(getpriority_process(number))),
        ("setpriority", answer(setpriority_process(number, 10))),
        ("sched_getaffinity", answer(sched_getaffinity(pid))),
        ("prlimit", answer(prlimit(number, Resource::Core, lowest))),
        ("ptrace", answer(ptrace::seize(pid, ptrace::Options::empty()))),
        ("process_vm_readv", answer(by_pid::peek(pid, &HERE))),
        ("kcmp", answer(by_pid::same_memory(pid, getpid()))),
    ];
    answers.map(|(call, answer)| (call.to_owned(), answer)).to_vec()
}

/// NSpid of each process in `/proc`, and what `kill(3, 0)` says.
type View = (Vec<Vec<i32>>, Result<(), Refusal>);

/// What a procfs of the caller's own shows, and whether the caller can name the third process.
fn view() -> Outcome<View> {
    mount_proc()?;
    let shown: Outcome<Vec<_>> = listed_pids()?.into_iter().map(ns_pids).collect();
    Ok((shown?, answer(raw::kill(Pid::from_raw(3), 0))))
}

fn answer<T, E: HasErrno>(answer: Result<T, E>) -> Result<(), Refusal> {
    answer.map(drop).portable()
}
