//! `pid_for_children` by other ways than its own process's: `namespaces(7)`, `linux/pidfd.h`.

use std::fs::{self, File};

use kit::namespace::Link;
use kit::prelude::*;
use kit::process::{next_child_pid, try_fork};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![pidforchildren_pidfd_ioctl_before_child, pidforchildren_names_a_namespace_without_init,];

/// PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE opens a PID namespace that has no process yet, and another process can fork its
/// PID 1.
///
/// The process that has unshared it then has a child with PID 2.
#[claim(source = "kernel 7.3 fs/pidfs.c", since = "6.11", needs = [Root])]
fn pidforchildren_pidfd_ioctl_before_child() -> Verdict {
    let before = own_inode(Kind::Pid)?;
    let owner = spawn(NONE, |case| {
        case.wait()?;
        unshare(CLONE_NEWPID)?;
        case.go()?;
        case.wait()?;
        next_child_pid()
    })?;
    expect_eq!(
        Namespace::from_fd(expect_ok!(Link::PidForChildren.of_pidfd(owner.pidfd()))).inode()?,
        before,
        "at first"
    );
    owner.go()?;
    owner.recv::<()>()?;
    let new = Namespace::from_fd(expect_ok!(Link::PidForChildren.of_pidfd(owner.pidfd()), "after unshare"));
    expect_ne!(new.inode()?, before);
    expect_ok!(setns(&new, CLONE_NEWPID));
    let init = spawn(NONE, |case| {
        case.send(&getpid().as_raw())?;
        case.wait()
    })?;
    expect_eq!(init.recv::<i32>()?, 1, "the PID of a third process's child");
    expect_eq!(inode_of(init.pid(), Kind::Pid)?, new.inode()?);
    owner.go()?;
    expect_eq!(owner.join()?, 2, "the PID of the owner's first child, which comes second");
    holds()
}

/// When the init of its children's PID namespace is dead, a process's pid_for_children still names and opens that
/// namespace.
///
/// Though fork() fails with ENOMEM.
#[claim(source = "kernel 7.3 kernel/pid_namespace.c pidns_for_children_get", needs = [Root])]
fn pidforchildren_names_a_namespace_without_init() -> Verdict {
    const FOR_CHILDREN: &str = "/proc/self/ns/pid_for_children";
    unshare(CLONE_NEWPID)?;
    let first = waiting(NONE)?;
    let namespace = inode_of(first.pid(), Kind::Pid)?;
    let text = link_text(FOR_CHILDREN)?;
    first.go()?;
    first.join()?;
    expect_errno!(try_fork(), ENOMEM);
    expect_eq!(expect_ok!(fs::read_link(FOR_CHILDREN)).to_string_lossy(), text);
    expect_eq!(Namespace::from_fd(expect_ok!(File::open(FOR_CHILDREN)).into()).inode()?, namespace);
    holds()
}
