//! What keeps a process from entering a user namespace: a second thread, a file system context that it shares. `setns(2)`
//! and `unshare(2)`, `CLONE_NEWUSER`; `user_namespaces(7)`, Nested namespaces, namespace membership.

use kit::prelude::*;
use kit::sys::vfork::vfork;
use kit::{Links, NO_LINKS};
use nix::unistd::gettid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    multithreaded_setns_einval,
    multithreaded_setns_by_pidfd_einval,
    multithreaded_unshare_einval,
    multithreaded_unshare_of_several_changes_nothing,
    every_thread_is_refused_not_only_the_first,
    multithreaded_processes_join_other_kinds,
    multithreaded_processes_make_other_kinds,
    multithreaded_processes_have_children_in_user_namespaces,
    newuser_with_clone_thread_einval,
    sharing_memory_without_being_a_thread_is_no_hindrance,
    setns_with_shared_fs_einval,
    unshare_newuser_breaks_fs_sharing,
];

/// setns() to a user namespace fails with EINVAL in a process with a second thread, and succeeds once that thread is gone.
#[claim(
    source = ["setns(2) ERRORS", "user_namespaces(7) Nested namespaces, namespace membership", "Linux Namespaces"],
    needs = [UserNamespaces],
)]
fn multithreaded_setns_einval() -> Verdict {
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER)?;
        let namespace = target.namespace(Kind::User)?;
        let own = own_inode(Kind::User)?;
        let thread = Thread::idle()?;
        expect_errno!(setns(&namespace, CLONE_NEWUSER), EINVAL, "two threads");
        expect_errno!(setns(&namespace, NONE), EINVAL, "two threads, and the kind left open");
        expect_eq!(own_inode(Kind::User)?, own, "after the refusals");
        thread.end()?;
        expect_ok!(setns(&namespace, CLONE_NEWUSER), "one thread");
        expect_eq!(own_inode(Kind::User)?, namespace.inode()?);
        holds()
    })
}

/// setns() on a pidfd that names the user namespace among others fails with EINVAL in a process with a second thread, and
/// joins none of them.
#[claim(source = ["setns(2) ERRORS", "kernel/nsproxy.c validate_nsset"], since = "5.8", needs = [UserNamespaces])]
fn multithreaded_setns_by_pidfd_einval() -> Verdict {
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
        let both = CLONE_NEWUSER | CLONE_NEWUTS;
        let before = Links::own()?;
        let thread = Thread::idle()?;
        expect_errno!(setns(target.pidfd(), both), EINVAL, "two threads");
        expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "after the refusal");
        thread.end()?;
        expect_ok!(setns(target.pidfd(), both), "one thread");
        expect_eq!(own_inode(Kind::Uts)?, inode_of(target.pid(), Kind::Uts)?);
        holds()
    })
}

/// unshare(CLONE_NEWUSER) fails with EINVAL in a process with a second thread, and succeeds once that thread is gone.
#[claim(source = ["unshare(2) CLONE_NEWUSER", "unshare(2) ERRORS", "user_namespaces(7)"], needs = [UserNamespaces])]
fn multithreaded_unshare_einval() -> Verdict {
    unprivileged(NONE, || {
        let own = own_inode(Kind::User)?;
        let thread = Thread::idle()?;
        expect_errno!(unshare(CLONE_NEWUSER), EINVAL, "two threads");
        expect_eq!(own_inode(Kind::User)?, own, "after the refusal");
        thread.end()?;
        expect_ok!(unshare(CLONE_NEWUSER), "one thread");
        expect_ne!(own_inode(Kind::User)?, own);
        holds()
    })
}

/// unshare() of a user namespace together with another one fails with EINVAL in a process with a second thread, and creates
/// neither.
#[claim(source = "unshare(2) ERRORS", needs = [Root])]
fn multithreaded_unshare_of_several_changes_nothing() -> Verdict {
    let before = Links::own()?;
    let _thread = Thread::idle()?;
    expect_errno!(unshare(CLONE_NEWUSER | CLONE_NEWUTS), EINVAL);
    expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "after the refusal of both");
    expect_ok!(unshare(CLONE_NEWUTS), "without the user namespace");
    expect_eq!(Links::own()?.changed_since(&before), ["uts"], "without the user namespace");
    holds()
}

/// In a process with two threads, setns() and unshare() of a user namespace fail with EINVAL in either of them.
#[claim(source = ["setns(2) ERRORS", "unshare(2) CLONE_NEWUSER"], needs = [UserNamespaces])]
fn every_thread_is_refused_not_only_the_first() -> Verdict {
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER)?;
        let namespace = target.namespace(Kind::User)?;
        let file = namespace.fd().try_clone_to_owned()?;
        let in_thread = move || Ok((setns(&file, CLONE_NEWUSER), unshare(CLONE_NEWUSER)));
        let (thread, (joined, made)) = Thread::start(in_thread)?;
        expect_errno!(joined, EINVAL, "setns in the second thread");
        expect_errno!(made, EINVAL, "unshare in the second thread");
        expect_errno!(setns(&namespace, CLONE_NEWUSER), EINVAL, "setns in the first thread");
        expect_errno!(unshare(CLONE_NEWUSER), EINVAL, "unshare in the first thread");
        thread.end()?;
        child(NONE, || {
            expect_ok!(setns(&namespace, CLONE_NEWUSER), "in the only thread of a child");
            Ok(())
        })?;
        expect_ok!(unshare(CLONE_NEWUSER), "in the only thread");
        holds()
    })
}

/// setns() joins cgroup, IPC, network, PID and UTS namespaces in a process with a second thread, too.
///
/// Mount namespaces require that the file system context is not shared, and time namespaces a single thread.
#[claim(source = ["setns(2) ERRORS", "setns(2) Details for specific namespace types"], needs = [Root, UserNamespaces])]
fn multithreaded_processes_join_other_kinds() -> Verdict {
    let target = waiting(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWUSER)?;
    let user = target.namespace(Kind::User)?;
    let _thread = Thread::idle()?;
    for kind in [Kind::Cgroup, Kind::Ipc, Kind::Net, Kind::Pid, Kind::Uts] {
        let namespace = target.namespace(kind)?;
        expect_ok!(setns(&namespace, kind.flag()), "a {kind} namespace");
        let link = if kind == Kind::Pid { "pid_for_children" } else { kind.name() };
        expect_eq!(inode_at(format!("/proc/thread-self/ns/{link}"))?, namespace.inode()?, "the {link} link");
    }
    expect_errno!(setns(&user, CLONE_NEWUSER), EINVAL, "the user namespace of the same process");
    holds()
}

/// In a process with a second thread, unshare() creates namespaces of every kind but user, for the calling thread alone.
#[claim(
    source = ["unshare(2) DESCRIPTION", "unshare(2) CLONE_NEWPID"],
    needs = [Root, Config("TIME_NS")],
    erratum = "unshare(2), CLONE_NEWPID: the flag implies CLONE_THREAD, and so it cannot be used in a multithreaded process.",
    quote = "CLONE_NEWPID automatically implies CLONE_THREAD as well.",
)]
fn multithreaded_processes_make_other_kinds() -> Verdict {
    let at_first = Links::own()?;
    let (_thread, other) = Thread::start(|| Ok(gettid()))?;
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::User) {
        let before = Links::own()?;
        expect_ok!(unshare(kind.flag()), "a {kind} namespace");
        expect_eq!(Links::own()?.changed_since(&before), [kind.unshared_link()], "the calling thread's");
    }
    expect_eq!(Links::of(other)?.changed_since(&at_first), NO_LINKS, "the other thread's");
    expect_errno!(unshare(CLONE_NEWUSER), EINVAL);
    holds()
}

/// A process with a second thread can create a child in a new user namespace, as the child has only one thread.
#[claim(source = "clone(2) CLONE_NEWUSER", needs = [UserNamespaces])]
fn multithreaded_processes_have_children_in_user_namespaces() -> Verdict {
    unprivileged(NONE, || {
        let own = own_inode(Kind::User)?;
        let _thread = Thread::idle()?;
        let made = expect_ok!(Spawn::new(CLONE_NEWUSER).try_start(|parent| parent.wait())?);
        expect_ne!(inode_of(made.pid(), Kind::User)?, own);
        expect_errno!(unshare(CLONE_NEWUSER), EINVAL, "by the process itself");
        holds()
    })
}

/// clone() with both CLONE_NEWUSER and CLONE_THREAD fails with EINVAL: a thread cannot be in another user namespace than
/// its process.
#[claim(source = ["clone(2) ERRORS", "clone(2) CLONE_NEWUSER"], needs = [UserNamespaces])]
fn newuser_with_clone_thread_einval() -> Verdict {
    unprivileged(NONE, || {
        expect_errno!(vfork(CLONE_NEWUSER | CLONE_SIGHAND | CLONE_THREAD, || ()), EINVAL);
        expect_ok!(vfork(CLONE_NEWUSER | CLONE_SIGHAND, || ()), "not a thread");
        expect_ok!(vfork(CLONE_SIGHAND | CLONE_THREAD, || ()), "not in a new user namespace");
        holds()
    })
}

/// A process that shares its memory with another process, but is no thread of it, can join and create user namespaces.
#[claim(source = "kernel/user_namespace.c userns_install", needs = [UserNamespaces])]
fn sharing_memory_without_being_a_thread_is_no_hindrance() -> Verdict {
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER)?;
        let namespace = target.namespace(Kind::User)?;
        let (joined, own) = vfork(NONE, || (setns(&namespace, CLONE_NEWUSER), own_inode(Kind::User)))?;
        expect_ok!(joined);
        expect_eq!(own?, namespace.inode()?);
        expect_ok!(vfork(NONE, || unshare(CLONE_NEWUSER))?);
        let as_thread = || (setns(&namespace, CLONE_NEWUSER), unshare(CLONE_NEWUSER));
        let (joined, made) = vfork(CLONE_SIGHAND | CLONE_THREAD, as_thread)?;
        expect_errno!(joined, EINVAL, "as a thread");
        expect_errno!(made, EINVAL, "as a thread");
        holds()
    })
}

/// setns() to a user namespace fails with EINVAL in a process that shares its root and working directory with another one.
#[claim(source = "setns(2) ERRORS", needs = [UserNamespaces])]
fn setns_with_shared_fs_einval() -> Verdict {
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER)?;
        let namespace = target.namespace(Kind::User)?;
        let sharer = waiting(CLONE_FS)?;
        expect_errno!(setns(&namespace, CLONE_NEWUSER), EINVAL, "shared with a child");
        drop(sharer);
        expect_ok!(setns(&namespace, CLONE_NEWUSER), "shared no more");
        holds()
    })
}

/// unshare(CLONE_NEWUSER) succeeds in a process that shares its root and working directory with another one, and ends the
/// sharing.
#[claim(source = "unshare(2) CLONE_NEWUSER", needs = [UserNamespaces])]
fn unshare_newuser_breaks_fs_sharing() -> Verdict {
    unprivileged(NONE, || {
        let working_directory = || -> Outcome<String> { Ok(nix::unistd::getcwd()?.display().to_string()) };
        let sharer = spawn(CLONE_FS, |other| {
            for _ in 0..2 {
                other.wait()?;
                other.send(&working_directory()?)?;
            }
            Ok(())
        })?;
        let seen = |directory: &str| -> Outcome<String> {
            nix::unistd::chdir(directory).doing("chdir")?;
            sharer.go()?;
            sharer.recv()
        };
        expect_eq!(seen("/tmp")?, "/tmp", "the other process's, while it is shared");
        expect_ok!(unshare(CLONE_NEWUSER));
        expect_eq!(seen("/usr")?, "/tmp", "the other process's, after unshare");
        expect_eq!(working_directory()?, "/usr", "our own");
        holds()
    })
}
