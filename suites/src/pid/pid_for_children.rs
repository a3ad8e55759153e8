//! Where the next child goes: `/proc/PID/ns/pid_for_children`, `namespaces(7)` and `pid_namespaces(7)`.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;

use kit::Program;
use kit::prelude::*;
use kit::process::{next_child_pid, program_command};
use nix::fcntl::readlink;
use nix::sys::stat::{lstat, stat};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pid_for_children_follows_unshare,
    pid_for_children_enoent_before_first_child,
    pid_for_children_valid_before_first_child,
    outsider_can_become_init_via_pid_for_children,
    new_member_pid_for_children_equals_own,
    pid_for_children_is_per_thread,
    exec_keeps_pid_for_children,
    zombie_keeps_ns_pid_link,
];

/// The programs that these cases execute.
pub(super) const PROGRAMS: &[Program] = &[Program { name: "first-child", main: first_child }];

const FOR_CHILDREN: &str = "/proc/thread-self/ns/pid_for_children";

/// Once a process has unshared its PID namespace and forked, `pid_for_children` names the child's namespace, not its own.
#[claim(
    source = [
        "pid_namespaces(7) setns(2) and unshare(2) semantics", "namespaces(7) The /proc/pid/ns/ directory",
        "namespaces-fun",
    ],
    needs = [Root],
)]
fn pid_for_children_follows_unshare() -> Verdict {
    let own = own_inode(Kind::Pid)?;
    expect_eq!(inode_at(FOR_CHILDREN)?, own, "before");
    unshare(CLONE_NEWPID)?;
    let first = waiting(NONE)?;
    expect_eq!(own_inode(Kind::Pid)?, own, "its own namespace");
    expect_ne!(inode_of(first.pid(), Kind::Pid)?, own, "its child's namespace");
    expect_eq!(inode_at(FOR_CHILDREN)?, inode_of(first.pid(), Kind::Pid)?);
    expect_eq!(link_text(FOR_CHILDREN)?, link_text(format!("/proc/{}/ns/pid", first.pid()))?);
    holds()
}

/// Between `unshare(CLONE_NEWPID)` and the first fork, `pid_for_children` is listed but cannot be read or opened: ENOENT.
///
/// Since 7.1 it names the new namespace at once.
#[claim(
    source = [
        "kernel/pid_namespace.c pidns_for_children_get", "namespaces(7) The /proc/pid/ns/ directory",
        "pid_namespaces(7) setns(2) and unshare(2) semantics",
    ],
    until = "7.1",
    needs = [Root],
    erratum = "namespaces(7), pid_namespaces(7): until the first child has been created, readlink(2) of \
               pid_for_children returns an empty buffer",
)]
fn pid_for_children_enoent_before_first_child() -> Verdict {
    expect_ok!(readlink(FOR_CHILDREN));
    unshare(CLONE_NEWPID)?;
    expect_errno!(readlink(FOR_CHILDREN), ENOENT);
    expect_errno!(File::open(FOR_CHILDREN), ENOENT);
    expect_errno!(stat(FOR_CHILDREN), ENOENT);
    expect_ok!(lstat(FOR_CHILDREN));
    let first = waiting(NONE)?;
    expect_ok!(readlink(FOR_CHILDREN));
    expect_ok!(File::open(FOR_CHILDREN));
    expect_eq!(inode_at(FOR_CHILDREN)?, inode_of(first.pid(), Kind::Pid)?);
    holds()
}

/// From `unshare(CLONE_NEWPID)` on, even before the first fork, `pid_for_children` names the new namespace and opens.
#[claim(
    source = [
        "kernel/pid_namespace.c pidns_for_children_get", "namespaces(7) The /proc/pid/ns/ directory",
        "pid_namespaces(7) setns(2) and unshare(2) semantics",
    ],
    since = "7.1",
    needs = [Root],
    erratum = "namespaces(7), pid_namespaces(7): until the first child has been created, readlink(2) of \
               pid_for_children returns an empty buffer",
)]
fn pid_for_children_valid_before_first_child() -> Verdict {
    let own = own_inode(Kind::Pid)?;
    unshare(CLONE_NEWPID)?;
    let text = expect_ok!(readlink(FOR_CHILDREN));
    let file = expect_ok!(File::open(FOR_CHILDREN));
    let new = Namespace::from_fd(file.into()).inode()?;
    expect_ne!(new, own);
    expect_eq!(text.to_string_lossy(), format!("pid:[{new}]"));
    let first = waiting(NONE)?;
    expect_eq!(inode_of(first.pid(), Kind::Pid)?, new, "the first child's namespace");
    holds()
}

/// Whoever opens another process's `pid_for_children` before that one's first fork can have the namespace's init for a child.
#[claim(source = "tools/testing/selftests/pid_namespace/pidns_init_via_setns.c", since = "7.1", needs = [Root])]
fn outsider_can_become_init_via_pid_for_children() -> Verdict {
    let owner = spawn(NONE, |parent| {
        unshare(CLONE_NEWPID)?;
        parent.go()?;
        parent.wait()?;
        next_child_pid()
    })?;
    owner.recv::<()>()?;
    let theirs = expect_ok!(File::open(format!("/proc/{}/ns/pid_for_children", owner.pid())));
    expect_ok!(setns(&theirs, CLONE_NEWPID));
    let init = spawn(NONE, |parent| {
        parent.send(&getpid().as_raw())?;
        parent.wait()
    })?;
    expect_eq!(init.recv::<i32>()?, 1, "the PID of the outsider's child");
    owner.go()?;
    expect_eq!(owner.join()?, 2, "the PID of the owner's first child, which comes second");
    holds()
}

/// In a process that was forked into a new PID namespace, `pid_for_children` is that namespace, like `ns/pid`.
#[claim(source = "namespaces(7) The /proc/pid/ns/ directory", needs = [Root])]
fn new_member_pid_for_children_equals_own() -> Verdict {
    let outer = own_inode(Kind::Pid)?;
    unshare(CLONE_NEWPID)?;
    let init = spawn(NONE, |parent| {
        parent.send(&(own_inode(Kind::Pid)?, inode_at(FOR_CHILDREN)?))?;
        parent.wait()
    })?;
    let (own, for_children): (Inode, Inode) = init.recv()?;
    expect_eq!(for_children, own, "inside");
    expect_ne!(own, outer);
    expect_eq!((own_inode(Kind::Pid)?, inode_at(FOR_CHILDREN)?), (outer, own), "its parent's two links");
    holds()
}

/// `unshare(CLONE_NEWPID)` in one thread redirects the children that this thread forks, and no other thread's.
#[claim(source = ["setns(2) NAME", "kernel/nsproxy.c", "Few notes about network namespaces in Linux"], needs = [Root])]
fn pid_for_children_is_per_thread() -> Verdict {
    let own = own_inode(Kind::Pid)?;
    let thread = std::thread::spawn(|| {
        unshare(CLONE_NEWPID)?;
        // It lives on, so that another thread's child could still get into its namespace.
        let init = waiting(NONE)?;
        Ok::<_, Failure>((inode_of(init.pid(), Kind::Pid)?, inode_at(FOR_CHILDREN)?, init))
    });
    let (namespace, for_children, _init) = thread.join().map_err(|_| Failure::broken("the thread panicked"))??;
    expect_ne!(namespace, own, "where the thread's child is");
    expect_eq!(for_children, namespace, "the thread's link");
    expect_eq!(inode_at(FOR_CHILDREN)?, own, "the main thread's link");
    expect_eq!(child(NONE, || own_inode(Kind::Pid))?, own, "where the main thread's child is");
    holds()
}

/// `execve(2)` keeps a redirection of children: the first child of the new program is PID 1 of the new namespace.
#[claim(
    source = ["credentials(7) Process ID (PID)", "pid_namespaces(7) setns(2) and unshare(2) semantics"],
    needs = [Root],
)]
fn exec_keeps_pid_for_children() -> Verdict {
    expect_eq!(executes_first_child(CLONE_NEWPID)?, Ended::Exited(FIRST_CHILD_IS_INIT));
    expect_eq!(executes_first_child(NONE)?, Ended::Exited(FIRST_CHILD_IS_NOT_INIT));
    holds()
}

/// A zombie keeps its links `ns/pid` and `ns/user`; `pid_for_children` and `ns/uts` fail with ENOENT.
#[claim(source = "kernel/pid_namespace.c pidns_get", needs = [Root])]
fn zombie_keeps_ns_pid_link() -> Verdict {
    let started = waiting(CLONE_NEWPID)?;
    let link = |name: &str| readlink(format!("/proc/{}/ns/{name}", started.pid()).as_str());
    let alive = [link("pid"), link("user")];
    for name in ["pid", "user", "pid_for_children", "uts"] {
        expect_ok!(link(name), "{name} of a living process");
    }
    started.go()?;
    waitid(Id::PIDFd(started.pidfd().as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    expect_eq!([link("pid"), link("user")], alive, "pid and user of a zombie");
    expect_errno!(link("pid_for_children"), ENOENT, "of a zombie");
    expect_errno!(link("uts"), ENOENT, "of a zombie");
    let path = format!("/proc/{}", started.pid());
    expect_ok!(stat(path.as_str()), "a zombie's directory");
    started.wait()?;
    expect_errno!(stat(path.as_str()), ENOENT, "the directory of a process that has been waited for");
    holds()
}

const FIRST_CHILD_IS_INIT: i32 = 41;
const FIRST_CHILD_IS_NOT_INIT: i32 = 42;

fn first_child(_: &[String]) -> i32 {
    match next_child_pid() {
        Ok(1) => FIRST_CHILD_IS_INIT,
        Ok(_) => FIRST_CHILD_IS_NOT_INIT,
        Err(_) => 1,
    }
}

/// How the program `first-child` ends, executed by a process that has unshared these namespaces.
fn executes_first_child(flags: CloneFlags) -> Outcome<Ended> {
    let program = spawn(NONE, |parent| {
        unshare(flags)?;
        parent.go()?;
        Err::<(), _>(program_command("first-child").exec().into())
    })?;
    program.recv::<()>()?;
    match program.wait()? {
        ended @ Ended::Exited(FIRST_CHILD_IS_INIT | FIRST_CHILD_IS_NOT_INIT) => Ok(ended),
        ended => Err(Failure::broken(format!("the program first-child {ended}"))),
    }
}
