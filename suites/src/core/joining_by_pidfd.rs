//! What `setns(2)` on a pidfd joins: the namespaces of that process, or thread, whose kinds are named. `setns(2)`, fd is
//! a PID file descriptor.

use std::os::fd::AsFd;

use kit::Links;
use kit::joining::{Elsewhere, expect_joined, present};
use kit::prelude::*;
use kit::prepared;
use kit::sys::raw::pidfd_open;
use nix::unistd::gettid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_pidfd_moves_only_cgroup,
    setns_pidfd_moves_only_ipc,
    setns_pidfd_moves_only_mnt,
    setns_pidfd_moves_only_net,
    setns_pidfd_moves_only_pid,
    setns_pidfd_moves_only_time,
    setns_pidfd_moves_only_user,
    setns_pidfd_moves_only_uts,
    setns_pidfd_several,
    setns_pidfd_pid_uses_active,
    setns_pidfd_time_uses_current,
    setns_pidfd_from_clone,
    setns_pidfd_thread,
];

/// setns(2) with CLONE_NEWCGROUP on a process's pidfd moves the caller to its cgroup namespace, and to no other
/// namespace of it.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_moves_only_cgroup() -> Verdict {
    moves_only(&[Kind::Cgroup])
}

/// setns(2) with CLONE_NEWIPC on a process's pidfd moves the caller to its IPC namespace, and to no other namespace of
/// it.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_moves_only_ipc() -> Verdict {
    moves_only(&[Kind::Ipc])
}

/// setns(2) with CLONE_NEWNS on a process's pidfd moves the caller to its mount namespace, and to no other namespace of
/// it.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_moves_only_mnt() -> Verdict {
    moves_only(&[Kind::Mnt])
}

/// setns(2) with CLONE_NEWNET on a process's pidfd moves the caller to its network namespace, and to no other namespace
/// of it.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_moves_only_net() -> Verdict {
    moves_only(&[Kind::Net])
}

/// setns(2) with CLONE_NEWPID on a process's pidfd moves the caller's next children to its PID namespace; the caller
/// stays.
///
/// The caller's other namespaces stay, too.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_moves_only_pid() -> Verdict {
    moves_only(&[Kind::Pid])
}

/// setns(2) with CLONE_NEWTIME on a process's pidfd moves the caller to its time namespace, and to no other namespace
/// of it.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [UserNamespaces, Config("TIME_NS")])]
fn setns_pidfd_moves_only_time() -> Verdict {
    moves_only(&[Kind::Time])
}

/// setns(2) with CLONE_NEWUSER on a process's pidfd moves the caller to its user namespace, and to no other namespace
/// of it.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_moves_only_user() -> Verdict {
    moves_only(&[Kind::User])
}

/// setns(2) with CLONE_NEWUTS on a process's pidfd moves the caller to its UTS namespace, and to no other namespace of
/// it.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_moves_only_uts() -> Verdict {
    moves_only(&[Kind::Uts])
}

/// setns(2) on a pidfd with several flags joins the process's namespaces of all these kinds at once.
///
/// Tried with two, four and all flags that there are.
#[claim(
    source = ["setns(2) fd is a PID file descriptor", "namespaces-fun", "What's in a name(space)?"],
    since = "5.8",
    needs = [UserNamespaces],
)]
fn setns_pidfd_several() -> Verdict {
    moves_only(&[Kind::Net, Kind::Uts])?;
    moves_only(&[Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Pid])?;
    moves_only(&present())?;
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let before = Links::own()?;
        expect_ok!(setns(other.pidfd(), CLONE_NEWUTS | CLONE_NEWNET));
        before.expect_moved(&[Kind::Uts, Kind::Net], other.memberships())?;
        expect_ok!(setns(other.pidfd(), CLONE_NEWIPC), "one that was left out before");
        before.expect_moved(&[Kind::Uts, Kind::Net, Kind::Ipc], other.memberships())
    })?;
    holds()
}

/// CLONE_NEWPID on a pidfd means the PID namespace that the process itself is in, not the one that its children will be
/// in.
#[claim(source = "kernel 7.3 kernel/nsproxy.c validate_nsset", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_pid_uses_active() -> Verdict {
    user_namespace(NONE, || {
        let target = spawn(CLONE_NEWPID, |outside| {
            unshare(CLONE_NEWPID)?;
            let _init = waiting(NONE)?;
            outside.go()?;
            outside.wait()
        })?;
        target.recv::<()>()?;
        chooses(&target, Kind::Pid, "pid", "pid_for_children")
    })
}

/// CLONE_NEWTIME on a pidfd means the time namespace that the process itself is in, not the one that its children will
/// be in.
#[claim(
    source = "kernel 7.3 kernel/nsproxy.c validate_nsset",
    since = "5.8",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn setns_pidfd_time_uses_current() -> Verdict {
    user_namespace(NONE, || {
        let target = spawn(CLONE_NEWTIME, |outside| {
            unshare(CLONE_NEWTIME)?;
            outside.go()?;
            outside.wait()
        })?;
        target.recv::<()>()?;
        chooses(&target, Kind::Time, "time", "time_for_children")
    })
}

/// setns(2) takes a pidfd from clone3(2) with CLONE_PIDFD like one from pidfd_open(2), also when it has come over a
/// UNIX socket.
#[claim(
    source = ["setns(2) fd is a PID file descriptor", "pidfd_open(2) NOTES"],
    since = "5.8",
    needs = [UserNamespaces],
)]
fn setns_pidfd_from_clone() -> Verdict {
    user_namespace(NONE, || {
        // Children that are made with any flag get their pidfd by CLONE_PIDFD, others by pidfd_open(2).
        let other = Elsewhere::new()?;
        let opened = pidfd_open(other.process().pid(), 0)?;
        let (one_end, other_end) = Peer::pair()?;
        one_end.send_fd(other.pidfd())?;
        let passed = other_end.recv_fd()?;
        for pidfd in [other.pidfd(), opened.as_fd(), passed.as_fd()] {
            other.expect_joined(&[Kind::Uts], || setns(pidfd, CLONE_NEWUTS))?;
        }
        holds()
    })
}

/// A pidfd opened with PIDFD_THREAD stands for that thread: setns(2) joins its namespaces, not those of the first
/// thread.
#[claim(
    source = ["pidfd_open(2) DESCRIPTION", "setns(2) fd is a PID file descriptor"],
    since = "6.9",
    needs = [UserNamespaces],
)]
fn setns_pidfd_thread() -> Verdict {
    user_namespace(NONE, || {
        let target = spawn(CLONE_NEWUTS, |outside| {
            let (_thread, id) = Thread::start(|| {
                unshare(CLONE_NEWUTS)?;
                Ok(gettid())
            })?;
            outside.send(&id.as_raw())?;
            outside.wait()
        })?;
        let id = nix::unistd::Pid::from_raw(target.recv()?);
        let process = Links::of(target.pid())?;
        let thread = Links::of(format!("{}/task/{id}", target.pid()))?;
        prepared(process != thread, "two threads in different namespaces")?;
        let of_thread = expect_ok!(pidfd_open(id, PIDFD_THREAD), "of the thread");
        let of_first_thread = expect_ok!(pidfd_open(target.pid(), PIDFD_THREAD), "of the first thread");
        for (pidfd, wanted) in
            [(of_thread.as_fd(), &thread), (of_first_thread.as_fd(), &process), (target.pidfd(), &process)]
        {
            expect_joined(wanted, &[Kind::Uts], || setns(pidfd, CLONE_NEWUTS))?;
        }
        holds()
    })
}

/// `PIDFD_THREAD`, which is `O_EXCL`.
const PIDFD_THREAD: u32 = libc::O_EXCL as u32;

/// Joining these of a process that is elsewhere in every respect, by its pidfd.
fn moves_only(kinds: &[Kind]) -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        other.expect_joined(kinds, || setns(other.pidfd(), Kind::flags(kinds)))?;
        holds()
    })
}

/// A pidfd leads to the namespace that this link of the process names, and the other link's file to another one.
fn chooses(target: &Child<()>, kind: Kind, chosen: &str, not_chosen: &str) -> Verdict {
    let link = |name: &str| format!("/proc/{}/ns/{name}", target.pid());
    let childrens = || inode_at(format!("/proc/thread-self/ns/{kind}_for_children"));
    let (current, next) = (inode_at(link(chosen))?, Namespace::at(link(not_chosen))?);
    prepared(current != next.inode()?, "a process whose two links lead to different namespaces")?;
    prepared(childrens()? != current, "a caller in another namespace")?;
    child(NONE, || {
        expect_ok!(setns(&next, kind.flag()), "by the other link's file");
        expect_eq!(childrens()?, next.inode()?, "by the other link's file");
        Ok(())
    })?;
    expect_ok!(setns(target.pidfd(), kind.flag()));
    expect_eq!(childrens()?, current);
    holds()
}
