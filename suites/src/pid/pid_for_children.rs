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

/// After unshare(CLONE_NEWPID) and a fork, `pid_for_children` refers to the child's PID namespace, and `pid` to the
/// caller's as before.
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

/// Between unshare(CLONE_NEWPID) and the first fork, readlink(2), stat(2) and open(2) of `pid_for_children` fail with
/// ENOENT.
///
/// The link itself is there, as `lstat(2)` shows. Since 7.1 it refers to the new namespace at once.
#[claim(
    source = [
        "kernel/pid_namespace.c pidns_for_children_get", "namespaces(7) The /proc/pid/ns/ directory",
        "pid_namespaces(7) setns(2) and unshare(2) semantics",
    ],
    until = "7.1",
    needs = [Root],
    erratum = "namespaces(7), /proc/pid/ns/pid_for_children, and pid_namespaces(7): until the first child has been created, \
               readlink(2) of pid_for_children returns an empty buffer.",
    quote = "readlink(2) of the symbolic link will return an empty buffer",
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

/// From unshare(CLONE_NEWPID) on, even before the first fork, `pid_for_children` refers to the new namespace and can be
/// opened.
#[claim(
    source = [
        "kernel/pid_namespace.c pidns_for_children_get", "namespaces(7) The /proc/pid/ns/ directory",
        "pid_namespaces(7) setns(2) and unshare(2) semantics",
    ],
    since = "7.1",
    replaces = "pid_for_children_enoent_before_first_child",
    needs = [Root],
    erratum = "namespaces(7), /proc/pid/ns/pid_for_children, and pid_namespaces(7): until the first child has been created, \
               readlink(2) of pid_for_children returns an empty buffer.",
    quote = "symbolic link will be empty until the first child is created in the namespace",
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

/// After setns(2) to another process's `pid_for_children`, before anything was forked there, the caller's child is the
/// init.
#[claim(source = "tools/testing/selftests/pid_namespace/pidns_init_via_setns.c", since = "7.1", needs = [Root])]
fn outsider_can_become_init_via_pid_for_children() -> Verdict {
    // The one condition that differs is which of the two forks first.
    for (first, second) in [("outsider", "owner"), ("owner", "outsider")] {
        let owner = spawn(NONE, |case| {
            unshare(CLONE_NEWPID)?;
            forks_when_asked(case)
        })?;
        owner.recv::<()>()?;
        let outsider = spawn(NONE, |case| {
            let theirs = expect_ok!(File::open(format!("/proc/{}/ns/pid_for_children", owner.pid())));
            expect_ok!(setns(&theirs, CLONE_NEWPID));
            forks_when_asked(case)
        })?;
        outsider.recv::<()>()?;
        let mut pids = Vec::new();
        for who in [first, second] {
            let process = if who == "owner" { &owner } else { &outsider };
            process.go()?;
            pids.push(process.recv::<i32>()?);
        }
        expect_eq!(pids, [1, 2], "the children of the {first} and of the {second}");
    }
    holds()
}

/// Says that it is there, has a child when it is asked to, and tells which PID that has for itself. Both stay.
fn forks_when_asked(case: &Peer) -> Outcome<()> {
    case.go()?;
    case.wait()?;
    let process = spawn(NONE, |parent| {
        parent.send(&getpid().as_raw())?;
        parent.wait()
    })?;
    case.send(&process.recv::<i32>()?)?;
    case.wait()
}

/// In the first process of a new PID namespace, `pid_for_children` refers to that namespace, as `pid` does.
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
    holds()
}

/// unshare(CLONE_NEWPID) in one thread changes the PID namespace for that thread's children, not for those of the main
/// thread.
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

/// execve(2) keeps the PID namespace for children: after unshare(CLONE_NEWPID) the first child of the new program has
/// PID 1.
#[claim(
    source = ["credentials(7) Process ID (PID)", "pid_namespaces(7) setns(2) and unshare(2) semantics"],
    needs = [Root],
)]
fn exec_keeps_pid_for_children() -> Verdict {
    expect_eq!(executes_first_child(CLONE_NEWPID)?, Ended::Exited(FIRST_CHILD_IS_INIT));
    expect_eq!(executes_first_child(NONE)?, Ended::Exited(FIRST_CHILD_IS_NOT_INIT));
    holds()
}

/// readlink(2) of a zombie's `ns/pid` succeeds as before; of its `ns/pid_for_children` and `ns/mnt` it fails with
/// ENOENT.
#[claim(source = "kernel/pid_namespace.c pidns_get", needs = [Root])]
fn zombie_keeps_ns_pid_link() -> Verdict {
    let started = waiting(CLONE_NEWPID)?;
    let link = |name: &str| readlink(format!("/proc/{}/ns/{name}", started.pid()).as_str());
    let alive = expect_ok!(link("pid"), "of a living process");
    for name in ["pid_for_children", "mnt"] {
        expect_ok!(link(name), "{name} of a living process");
    }
    started.go()?;
    waitid(Id::PIDFd(started.pidfd().as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    expect_eq!(link("pid"), Ok(alive), "pid of a zombie");
    expect_errno!(link("pid_for_children"), ENOENT, "of a zombie");
    expect_errno!(link("mnt"), ENOENT, "of a zombie");
    started.wait()?;
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
