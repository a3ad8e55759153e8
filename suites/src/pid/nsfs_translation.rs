//! PIDs translated from namespace to namespace by `ioctl(2)` on a namespace's file: `linux/nsfs.h`.

use std::fs;
use std::sync::mpsc;
use std::thread;

use kit::prelude::*;
use kit::process::ns_pids;
use kit::sys::ns_pids::{pid_from, pid_in, tgid_from, tgid_in};
use nix::errno::Errno;
use nix::unistd::{getpid, gettid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsfs_pid_translation_ioctls,
    nsfs_translation_into_namespace_of_outsider_esrch,
    nsfs_pid_translation_unknown_pid_esrch,
    nsfs_pid_translation_unknown_pid_refused,
    nsfs_pid_translation_unknown_pid_esrch_again,
];

/// NS_GET_PID_FROM_PIDNS, NS_GET_PID_IN_PIDNS and the two with TGID in their names translate PIDs between a PID
/// namespace and the caller's.
#[claim(source = "include/uapi/linux/nsfs.h", needs = [Root], since = "6.11")]
fn nsfs_pid_translation_ioctls() -> Verdict {
    // Two levels down, so that the caller's namespace is not the parent of the other.
    let middle = spawn(CLONE_NEWPID, |us| {
        let init = spawn(CLONE_NEWPID, |parent| {
            beside_another_thread(|| {
                us.send(&ns_pids("self")?)?;
                parent.go()?;
                parent.wait()
            })
        })?;
        init.recv::<()>()?;
        us.send_fd(init.namespace(Kind::Pid)?)?;
        us.wait()
    })?;
    let numbers: Vec<i32> = middle.recv()?;
    let namespace = Namespace::from_fd(middle.peer().recv_fd()?);
    let leader = numbers[0];
    let thread = other_thread(leader)?;
    for (outside, inside) in [(leader, 1), (thread, 2)] {
        expect_eq!(expect_ok!(pid_from(&namespace, inside)), outside, "the thread {inside} of inside");
        expect_eq!(expect_ok!(pid_in(&namespace, outside)), inside, "the thread {outside} of outside");
        expect_eq!(expect_ok!(tgid_from(&namespace, inside)), leader, "the process of thread {inside} of inside");
        expect_eq!(expect_ok!(tgid_in(&namespace, outside)), 1, "the process of thread {outside} of outside");
    }
    let own = Namespace::own(Kind::Pid)?;
    expect_eq!(expect_ok!(pid_in(&own, thread)), thread, "from and to the same namespace");
    holds()
}

/// NS_GET_PID_IN_PIDNS and NS_GET_TGID_IN_PIDNS fail with ESRCH for a process that has no PID in the given PID
/// namespace.
#[claim(source = "fs/nsfs.c", needs = [Root], since = "6.11")]
fn nsfs_translation_into_namespace_of_outsider_esrch() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let nested = init.namespace(Kind::Pid)?;
    let own = getpid().as_raw();
    expect_errno!(pid_in(&nested, own), ESRCH, "ourselves, in a nested namespace");
    expect_errno!(tgid_in(&nested, own), ESRCH, "ourselves, in a nested namespace");
    expect_eq!(expect_ok!(pid_in(Namespace::own(Kind::Pid)?, own)), own, "ourselves, in our own");
    expect_eq!(expect_ok!(pid_in(&nested, init.pid().as_raw())), 1, "the nested namespace's init");
    holds()
}

/// NS_GET_PID_FROM_PIDNS and the three ioctls like it fail with ESRCH for a PID that does not exist.
#[claim(source = "fs/nsfs.c", needs = [Root], since = "6.11", until = "6.13")]
fn nsfs_pid_translation_unknown_pid_esrch() -> Verdict {
    unknown_pid_is_refused_with(&[Errno::ESRCH])
}

/// From 6.13 on, NS_GET_PID_FROM_PIDNS and the three ioctls like it fail with ESRCH or ENOTTY for a PID that does not
/// exist.
///
/// ENOTTY, as if the operation did not exist, is what most of these releases return; later ones of 6.18 return ESRCH.
#[claim(
    source = "fs/nsfs.c",
    needs = [Root],
    since = "6.13",
    replaces = "nsfs_pid_translation_unknown_pid_esrch",
    until = "7.0",
)]
fn nsfs_pid_translation_unknown_pid_refused() -> Verdict {
    unknown_pid_is_refused_with(&[Errno::ESRCH, Errno::ENOTTY])
}

/// Since 7.0, NS_GET_PID_FROM_PIDNS and the three ioctls like it fail with ESRCH for a PID that does not exist.
#[claim(source = "fs/nsfs.c", needs = [Root], since = "7.0", replaces = "nsfs_pid_translation_unknown_pid_refused")]
fn nsfs_pid_translation_unknown_pid_esrch_again() -> Verdict {
    unknown_pid_is_refused_with(&[Errno::ESRCH])
}

/// Asks for a number that exists outside a nested namespace and not in it, and for numbers that exist nowhere, by all
/// four operations.
fn unknown_pid_is_refused_with(allowed: &[Errno]) -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let namespace = init.namespace(Kind::Pid)?;
    let outer_number = init.pid().as_raw();
    for unknown in [outer_number, 0, 99_999_999] {
        for answer in [pid_from(&namespace, unknown), tgid_from(&namespace, unknown)] {
            expect!(answer.is_err_and(|errno| allowed.contains(&errno)), "expected {allowed:?}, saw {answer:?}");
        }
    }
    for unknown in [0, 99_999_999] {
        for answer in [pid_in(&namespace, unknown), tgid_in(&namespace, unknown)] {
            expect!(answer.is_err_and(|errno| allowed.contains(&errno)), "expected {allowed:?}, saw {answer:?}");
        }
    }
    expect_eq!(expect_ok!(pid_from(&namespace, 1)), outer_number, "a number that exists in it");
    expect_eq!(expect_ok!(pid_in(&namespace, outer_number)), 1, "a number that exists outside");
    let own = Namespace::own(Kind::Pid)?;
    expect_eq!(expect_ok!(pid_from(&own, outer_number)), outer_number, "the same number in our own");
    holds()
}

/// Runs `body` while the process has a second thread.
fn beside_another_thread<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let (started, is_started) = mpsc::channel();
    let (end, is_over) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let _ = started.send(gettid());
            // Returns when the other end is dropped.
            let _ = is_over.recv();
        });
        is_started.recv()?;
        let outcome = body();
        drop(end);
        outcome
    })
}

/// The TID, as `/proc` has it, of the thread of process `pid` that is not its first.
fn other_thread(pid: i32) -> Outcome<i32> {
    let path = format!("/proc/{pid}/task");
    for entry in fs::read_dir(&path).doing(format!("list {path}"))? {
        let thread: i32 = entry?.file_name().to_string_lossy().parse()?;
        if thread != pid {
            return Ok(thread);
        }
    }
    Err(Failure::broken(format!("{path} shows one thread only")))
}
