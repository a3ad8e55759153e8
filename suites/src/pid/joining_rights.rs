//! What it takes to join a PID namespace: privileges, and the pidfd of a living process: `setns(2)`.

use std::os::fd::AsFd;

use kit::prelude::*;
use kit::process::{NOBODY, as_user, next_child_pid, user_namespace_with, with_only, without};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_pidns_needs_cap_in_both_userns,
    setns_pidfd_joins_pidns,
    setns_pidfd_zero_nstype_einval,
    setns_pidfd_of_dead_process_esrch,
];

/// Joining a PID namespace requires CAP_SYS_ADMIN in the caller's user namespace and in the one that owns it; otherwise
/// setns(2) fails with EPERM.
#[claim(source = "setns(2) Details for specific namespace types", needs = [Root, UserNamespaces])]
fn setns_pidns_needs_cap_in_both_userns() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let ours = init.namespace(Kind::Pid)?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(setns(&ours, CLONE_NEWPID), "with no capability but CAP_SYS_ADMIN");
        Ok(())
    })?;
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(setns(&ours, CLONE_NEWPID), EPERM, "with all capabilities but CAP_SYS_ADMIN");
        Ok(())
    })?;
    user_namespace(NONE, || {
        expect_errno!(setns(&ours, CLONE_NEWPID), EPERM, "with all capabilities, but only in a user namespace below");
        let own = waiting(CLONE_NEWPID)?;
        expect_ok!(setns(own.namespace(Kind::Pid)?, CLONE_NEWPID), "the same process, one that it made there");
        Ok(())
    })?;
    as_user(NOBODY, NONE, || {
        let theirs = user_namespace_with(&Maps::own_as_root(), CLONE_NEWPID, |parent| parent.wait())?;
        let (user, pid) = (theirs.namespace(Kind::User)?, theirs.namespace(Kind::Pid)?);
        expect_errno!(setns(&pid, CLONE_NEWPID), EPERM, "by the owner of its user namespace, from outside of that");
        expect_ok!(setns(&user, CLONE_NEWUSER));
        expect_ok!(setns(&pid, CLONE_NEWPID), "by the same user, inside");
        expect_eq!(next_child_pid()?, 2);
        Ok(())
    })?;
    holds()
}

/// setns(2) with a process's pidfd and CLONE_NEWPID puts the caller's later children into that process's PID namespace.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [Root])]
fn setns_pidfd_joins_pidns() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    expect_ok!(setns(init.pidfd(), CLONE_NEWPID));
    expect_ne!(own_inode(Kind::Pid)?, inode_of(init.pid(), Kind::Pid)?);
    let (pid, inode) = child(NONE, || Ok((nix::unistd::getpid().as_raw(), own_inode(Kind::Pid)?)))?;
    expect_eq!((pid, inode), (2, inode_of(init.pid(), Kind::Pid)?));
    holds()
}

/// setns(2) on a pidfd fails with EINVAL if nstype is 0; on the file of a namespace 0 is allowed.
#[claim(source = "setns(2) ERRORS", since = "5.8", needs = [Root])]
fn setns_pidfd_zero_nstype_einval() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    expect_errno!(setns(init.pidfd(), NONE), EINVAL);
    expect_ok!(setns(init.namespace(Kind::Pid)?, NONE));
    expect_ok!(setns(init.pidfd(), CLONE_NEWPID));
    holds()
}

/// setns(2) on the pidfd of a process that has ended fails with ESRCH, before and after its parent has waited for it.
#[claim(source = "setns(2) ERRORS", since = "5.8", needs = [Root])]
fn setns_pidfd_of_dead_process_esrch() -> Verdict {
    let started = waiting(CLONE_NEWPID)?;
    let pidfd = started.pidfd().try_clone_to_owned()?;
    child(NONE, || {
        expect_ok!(setns(&pidfd, CLONE_NEWPID), "alive");
        Ok(())
    })?;
    started.go()?;
    waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    expect_errno!(setns(&pidfd, CLONE_NEWPID), ESRCH, "a zombie");
    started.wait()?;
    expect_errno!(setns(&pidfd, CLONE_NEWPID), ESRCH, "reaped");
    holds()
}
