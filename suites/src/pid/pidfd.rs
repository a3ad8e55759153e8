//! Descriptors of processes in other PID namespaces: `pidfd_open(2)`, `pidfd_send_signal(2)`, their fdinfo.

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use kit::namespace::Link;
use kit::prelude::*;
use kit::process::{fate, mount_proc};
use kit::sys::{pidfs, raw};
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerPidfd;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getpid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pidfd_open_of_invisible_esrch,
    pidfd_signal_upward_einval,
    pidfd_signal_downward_ok,
    pidfd_fdinfo_pid_fields,
    pidfd_get_info_out_of_scope,
    pidfd_get_info_out_of_scope_was_esrch,
    pidfd_get_pid_namespace,
    so_peerpidfd_across_namespaces,
    setns_child_waitable_by_pidfd,
];

/// pidfd_open(2) of a PID that exists only outside the caller's PID namespace fails with ESRCH.
#[claim(source = "pidfd_open(2) ERRORS", needs = [Root], since = "5.3")]
fn pidfd_open_of_invisible_esrch() -> Verdict {
    let other = waiting(NONE)?;
    expect_ok!(raw::pidfd_open(other.pid(), 0), "in the same namespace");
    child(CLONE_NEWPID, || {
        expect_errno!(raw::pidfd_open(other.pid(), 0), ESRCH, "the same number, inside");
        expect_ok!(raw::pidfd_open(getpid(), 0), "its own number, inside");
        holds()
    })
}

/// pidfd_send_signal(2) to a process in the parent PID namespace or in a sibling fails with EINVAL, even with signal 0.
#[claim(source = "pidfd_send_signal(2) ERRORS", needs = [Root], since = "5.1")]
fn pidfd_signal_upward_einval() -> Verdict {
    for (other, place) in [(waiting(NONE)?, "the parent namespace"), (waiting(CLONE_NEWPID)?, "a sibling")] {
        child(NONE, || {
            expect_ok!(raw::pidfd_send_signal(other.pidfd(), 0), "to {place}, from the parent namespace");
            holds()
        })?;
        child(CLONE_NEWPID, || {
            expect_errno!(raw::pidfd_send_signal(other.pidfd(), 0), EINVAL, "to {place}");
            expect_errno!(raw::pidfd_send_signal(other.pidfd(), libc::SIGKILL), EINVAL, "to {place}");
            expect_ok!(raw::pidfd_send_signal(raw::pidfd_open(getpid(), 0)?, 0), "to itself");
            holds()
        })?;
        expect_eq!(fate(other)?, Ended::Exited(0), "it was not killed");
    }
    holds()
}

/// pidfd_send_signal(2) can signal a process in a nested PID namespace, and its SIGKILL kills even the init there.
#[claim(source = "pidfd_send_signal(2)", needs = [Root], since = "5.1")]
fn pidfd_signal_downward_ok() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    expect_ok!(raw::pidfd_send_signal(init.pidfd(), 0));
    expect_ok!(raw::pidfd_send_signal(init.pidfd(), libc::SIGKILL));
    expect_eq!(fate(init)?, Ended::Signaled(libc::SIGKILL));
    holds()
}

/// Pid and NSpid in a pidfd's fdinfo start with the PID in the procfs's PID namespace: 0 if there is none, -1 after the
/// end.
#[claim(source = "Documentation/filesystems/proc.rst 3.8 /proc/<pid>/fdinfo/<fd> - Information about opened file", needs = [Root])]
fn pidfd_fdinfo_pid_fields() -> Verdict {
    let outer = waiting(NONE)?;
    let inner = waiting(CLONE_NEWPID)?;
    let number = |pid: Pid| (pid.to_string(), pid.to_string());
    expect_eq!(fdinfo(outer.pidfd())?, number(outer.pid()), "a process outside, read outside");
    let both = format!("{}\t1", inner.pid());
    expect_eq!(fdinfo(inner.pidfd())?, (inner.pid().to_string(), both), "a process inside, read outside");
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        expect_eq!(fdinfo(outer.pidfd())?, number(outer.pid()), "a process outside, in the procfs of outside");
        mount_proc()?;
        expect_eq!(fdinfo(outer.pidfd())?, ("0".into(), "0".into()), "a process outside, in the procfs of inside");
        expect_eq!(fdinfo(raw::pidfd_open(getpid(), 0)?)?, ("1".into(), "1".into()), "itself, inside");
        holds()
    })?;
    let pidfd = inner.pidfd().try_clone_to_owned()?;
    inner.go()?;
    inner.wait()?;
    expect_eq!(fdinfo(&pidfd)?, ("-1".into(), "-1".into()), "a process that is gone");
    holds()
}

/// PIDFD_GET_INFO on a process in the parent PID namespace or in a sibling fails with EREMOTE.
#[claim(source = "fs/pidfs.c", needs = [Root], since = "6.18", replaces = "pidfd_get_info_out_of_scope_was_esrch")]
fn pidfd_get_info_out_of_scope() -> Verdict {
    let outer = info_is_told_at_home()?;
    child(CLONE_NEWPID, || {
        for process in &outer {
            expect_errno!(pidfs::info(process.pidfd()), EREMOTE, "process {} of the parent namespace", process.pid());
        }
        holds()
    })
}

/// PIDFD_GET_INFO on a process in the parent PID namespace or in a sibling fails with ESRCH.
#[claim(source = "fs/pidfs.c", needs = [Root], since = "6.13", until = "6.18")]
fn pidfd_get_info_out_of_scope_was_esrch() -> Verdict {
    let outer = info_is_told_at_home()?;
    child(CLONE_NEWPID, || {
        for process in &outer {
            expect_errno!(pidfs::info(process.pidfd()), ESRCH, "process {} of the parent namespace", process.pid());
        }
        holds()
    })
}

/// PIDFD_GET_PID_NAMESPACE opens the PID namespace of a process even outside the caller's; of a reaped process it fails
/// with ESRCH.
#[claim(source = "fs/pidfs.c pidfd_ioctl", needs = [Root], since = "6.11")]
fn pidfd_get_pid_namespace() -> Verdict {
    let (outer, inner) = (waiting(NONE)?, waiting(CLONE_NEWPID)?);
    let (ours, nested) = (own_inode(Kind::Pid)?, inode_of(inner.pid(), Kind::Pid)?);
    expect_ne!(ours, nested);
    let opened = || {
        let outer = Namespace::from_fd(expect_ok!(Link::Pid.of_pidfd(outer.pidfd()), "of the process outside"));
        let inner = Namespace::from_fd(expect_ok!(Link::Pid.of_pidfd(inner.pidfd()), "of the process inside"));
        Ok((outer.inode()?, inner.inode()?))
    };
    expect_eq!(opened()?, (ours, nested), "asked outside");
    expect_eq!(child(CLONE_NEWPID, opened)?, (ours, nested), "asked in a namespace beside");
    let pidfd = inner.pidfd().try_clone_to_owned()?;
    inner.go()?;
    inner.wait()?;
    expect_errno!(Link::Pid.of_pidfd(&pidfd), ESRCH, "when it is gone");
    holds()
}

/// SO_PEERPIDFD returns a pidfd even for a peer outside the caller's PID namespace, in whose procfs its fdinfo shows
/// PID 0.
#[claim(source = "unix(7)", needs = [Root], since = "6.5")]
fn so_peerpidfd_across_namespaces() -> Verdict {
    let (socket, _other) = UnixStream::pair()?;
    let own = getpid().to_string();
    let peer = || {
        let pidfd = expect_ok!(getsockopt(&socket, PeerPidfd));
        Ok(fdinfo(pidfd)?.0)
    };
    expect_eq!(child(NONE, peer)?, own, "in the same namespace");
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        expect_eq!(peer()?, own, "inside, in the procfs of outside");
        mount_proc()?;
        expect_eq!(peer()?, "0", "inside, in the procfs of inside");
        holds()
    })
}

/// A process can wait by pidfd, as by PID, for a child that it has forked into a PID namespace after setns(2).
#[claim(source = "pidfd_open(2)", needs = [Root], since = "5.4")]
fn setns_child_waitable_by_pidfd() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let namespace = init.namespace(Kind::Pid)?;
    setns(&namespace, CLONE_NEWPID).doing("join the namespace")?;
    let joined = spawn(NONE, |_| -> Outcome<()> { raw::exit_now(if getpid().as_raw() == 2 { 9 } else { 1 }) })?;
    let (pid, pidfd) = joined.forget();
    let left = WaitStatus::Exited(pid, 9);
    let keep = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    expect_eq!(expect_ok!(waitid(Id::PIDFd(pidfd.as_fd()), keep)), left, "by pidfd");
    expect_eq!(expect_ok!(waitpid(pid, None)), left, "by PID");
    expect_errno!(waitid(Id::PIDFd(pidfd.as_fd()), keep), ECHILD, "when it has been waited for");
    holds()
}

/// A process beside the caller and one in a nested namespace, after the caller has been told about both.
fn info_is_told_at_home() -> Outcome<[Child<()>; 2]> {
    let (outer, inner) = (waiting(NONE)?, waiting(CLONE_NEWPID)?);
    for process in [&outer, &inner] {
        let told = expect_ok!(pidfs::info(process.pidfd()));
        let pid = process.pid().as_raw() as u32;
        expect_eq!(told, pidfs::Info { pid, tgid: pid, ppid: getpid().as_raw() as u32 });
    }
    enter_by(inner.pidfd(), CLONE_NEWPID, || {
        let told = expect_ok!(pidfs::info(inner.pidfd()), "asked inside");
        expect_eq!(told, pidfs::Info { pid: 1, tgid: 1, ppid: 0 }, "asked inside");
        holds()
    })?;
    Ok([outer, inner])
}

/// The fields Pid and NSpid of a pidfd's fdinfo, in the procfs at `/proc`.
fn fdinfo(pidfd: impl AsFd) -> Outcome<(String, String)> {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_fd().as_raw_fd());
    let text = fs::read_to_string(&path).doing(format!("read {path}"))?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
    match (field("Pid:"), field("NSpid:")) {
        (Some(pid), Some(inner)) => Ok((pid, inner)),
        _ => Err(Failure::broken(format!("{path} has no numbers of a process: {text}"))),
    }
}
