//! Flags that `clone(2)` and `clone3(2)` do not take together, and what comes first of two refusals: `clone(2)` ERRORS.

use kit::prelude::*;
use kit::process::{with_only, without};
use kit::sys::bare_clone::{try_clone, try_clone3_fields};
use kit::sys::vfork::vfork;
use nix::unistd::getpid;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    clone_newns_fs_einval,
    clone_newipc_sysvsem_einval,
    clone_newuser_thread_einval,
    clone_thread_needs_sighand,
    clone_sighand_needs_vm,
    clone_newuser_vm_sighand_ok,
    clone_thread_other_namespaces_ok,
    clone_conflict_check_before_eperm,
    clone_newipc_sysvsem_unpriv_eperm,
];

/// What a thread shares at the least.
const THREAD: CloneFlags = CLONE_VM.union(CLONE_SIGHAND).union(CLONE_THREAD);

/// clone() and clone3() with both CLONE_NEWNS and CLONE_FS fail with EINVAL.
///
/// A child in a new mount namespace cannot share its root and working directory with its parent.
#[claim(source = "clone(2) ERRORS", needs = [Root])]
fn clone_newns_fs_einval() -> Verdict {
    expect_conflict(CLONE_NEWNS, CLONE_FS)?;
    for other in [CLONE_FILES, CLONE_VM] {
        expect_ok!(asked(CLONE_NEWNS | other), "with {other:?} instead");
    }
    holds()
}

/// clone() and clone3() with both CLONE_NEWIPC and CLONE_SYSVSEM fail with EINVAL.
///
/// A child in a new IPC namespace cannot share semaphore adjustment values with its parent.
#[claim(source = "clone(2) ERRORS", needs = [Root])]
fn clone_newipc_sysvsem_einval() -> Verdict {
    expect_conflict(CLONE_NEWIPC, CLONE_SYSVSEM)?;
    expect_ok!(asked(CLONE_NEWIPC | CLONE_FS), "with CLONE_FS instead");
    expect_ok!(asked(CLONE_NEWUTS | CLONE_SYSVSEM), "with a new UTS namespace instead");
    holds()
}

/// clone() and clone3() with both CLONE_NEWUSER and CLONE_THREAD fail with EINVAL.
///
/// A child that shares memory and signal handlers but is a process of its own can be in a new user namespace.
#[claim(source = "clone(2) ERRORS", needs = [UserNamespaces])]
fn clone_newuser_thread_einval() -> Verdict {
    unprivileged(NONE, || {
        expect_conflict(CLONE_NEWUSER, THREAD)?;
        expect_ok!(asked(CLONE_NEWUSER | CLONE_VM | CLONE_SIGHAND), "a process instead of a thread");
        holds()
    })
}

/// clone() and clone3() with CLONE_THREAD but without CLONE_SIGHAND fail with EINVAL.
#[claim(source = "clone(2) ERRORS", needs = [])]
fn clone_thread_needs_sighand() -> Verdict {
    for without in [CLONE_THREAD, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM | CLONE_FS | CLONE_FILES] {
        expect_errno!(by_clone(without), EINVAL, "{without:?}");
        expect_errno!(by_clone3(without), EINVAL, "{without:?}");
    }
    expect_ok!(asked(THREAD), "with CLONE_SIGHAND");
    expect_ok!(asked(CLONE_VM), "without CLONE_THREAD");
    holds()
}

/// clone() and clone3() with CLONE_SIGHAND but without CLONE_VM fail with EINVAL.
#[claim(source = "clone(2) ERRORS", needs = [])]
fn clone_sighand_needs_vm() -> Verdict {
    for without in [CLONE_SIGHAND, CLONE_SIGHAND | CLONE_THREAD, CLONE_SIGHAND | CLONE_FS | CLONE_FILES] {
        expect_errno!(by_clone(without), EINVAL, "{without:?}");
        expect_errno!(by_clone3(without), EINVAL, "{without:?}");
    }
    expect_ok!(asked(CLONE_SIGHAND | CLONE_VM), "with CLONE_VM");
    expect_ok!(asked(CLONE_FS | CLONE_FILES), "without CLONE_SIGHAND");
    holds()
}

/// A child created with CLONE_NEWUSER may share memory and signal handlers with its parent, unless it is a thread.
#[claim(source = "clone(2) CLONE_NEWUSER", needs = [UserNamespaces])]
fn clone_newuser_vm_sighand_ok() -> Verdict {
    unprivileged(NONE, || {
        let own = own_inode(Kind::User)?;
        for shared in [NONE, CLONE_SIGHAND] {
            let inherited = expect_ok!(vfork(shared, || own_inode(Kind::User)), "CLONE_VM and {shared:?}")?;
            expect_eq!(inherited, own, "without a new namespace, with {shared:?}");
            let new = expect_ok!(vfork(CLONE_NEWUSER | shared, || own_inode(Kind::User)), "CLONE_VM and {shared:?}")?;
            expect_ne!(new, own, "with {shared:?}");
        }
        expect_errno!(vfork(CLONE_NEWUSER | CLONE_SIGHAND | CLONE_THREAD, || ()), EINVAL, "a thread");
        holds()
    })
}

/// A new thread can be in a new UTS, IPC, network, mount or cgroup namespace, while the other threads stay in theirs.
///
/// No page says so: clone(2) only leaves these kinds out where it says what CLONE_THREAD does not go with.
#[claim(source = ["clone(2) ERRORS", "kernel/fork.c copy_process"], needs = [Root])]
fn clone_thread_other_namespaces_ok() -> Verdict {
    let thread = CLONE_SIGHAND | CLONE_THREAD;
    for kind in [Kind::Uts, Kind::Ipc, Kind::Net, Kind::Mnt, Kind::Cgroup] {
        let own = own_inode(kind)?;
        let look = || Ok::<_, Failure>((getpid(), own_inode(kind)?));
        expect_eq!(expect_ok!(vfork(thread, look), "a thread")?, (getpid(), own), "a thread without the flag");
        let (process, new) = expect_ok!(vfork(thread | kind.flag(), look), "a thread in a new {kind} namespace")?;
        expect_eq!(process, getpid(), "the process that the thread is of");
        expect_ne!(new, own, "the thread's {kind} namespace");
        expect_eq!(own_inode(kind)?, own, "the {kind} namespace of the thread that made it");
    }
    holds()
}

/// Without CAP_SYS_ADMIN, CLONE_NEWNS with CLONE_FS and CLONE_NEWPID with CLONE_THREAD fail with EINVAL, not with
/// EPERM.
///
/// That the flags exclude each other is found out before the privilege is looked at.
#[claim(source = "kernel/fork.c copy_process", needs = [])]
fn clone_conflict_check_before_eperm() -> Verdict {
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        for (new, other) in [(CLONE_NEWNS, CLONE_FS), (CLONE_NEWPID, THREAD)] {
            expect_errno!(by_clone(new | other), EINVAL, "{new:?} with {other:?}");
            expect_errno!(by_clone3(new | other), EINVAL, "{new:?} with {other:?}");
            expect_errno!(by_clone(new), EPERM, "{new:?} alone");
            expect_errno!(by_clone3(new), EPERM, "{new:?} alone");
            expect_ok!(asked(other), "{other:?} alone");
        }
        holds()
    })
}

/// Without CAP_SYS_ADMIN, CLONE_NEWIPC with CLONE_SYSVSEM fails with EPERM; with it, with EINVAL.
///
/// For these two flags the privilege is looked at first.
#[claim(source = "kernel/nsproxy.c copy_namespaces", needs = [UserNamespaces])]
fn clone_newipc_sysvsem_unpriv_eperm() -> Verdict {
    let both = CLONE_NEWIPC | CLONE_SYSVSEM;
    user_namespace(NONE, || {
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(by_clone(both), EINVAL, "with CAP_SYS_ADMIN alone");
            expect_errno!(by_clone3(both), EINVAL, "with CAP_SYS_ADMIN alone");
            expect_ok!(asked(CLONE_NEWIPC), "with CAP_SYS_ADMIN alone, and CLONE_NEWIPC alone");
            Ok(())
        })?;
        without(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(by_clone(both), EPERM, "without CAP_SYS_ADMIN");
            expect_errno!(by_clone3(both), EPERM, "without CAP_SYS_ADMIN");
            expect_ok!(asked(CLONE_SYSVSEM), "without CAP_SYS_ADMIN, and CLONE_SYSVSEM alone");
            holds()
        })
    })
}

/// The claim says that each of the two flags works without the other, and that both together fail with EINVAL.
fn expect_conflict(new: CloneFlags, other: CloneFlags) -> Outcome<()> {
    expect_errno!(by_clone(new | other), EINVAL, "{new:?} with {other:?}");
    expect_errno!(by_clone3(new | other), EINVAL, "{new:?} with {other:?}");
    expect_ok!(asked(new), "{new:?} alone");
    expect_ok!(asked(other), "{other:?} alone");
    Ok(())
}

/// Whether such a child can be made by both calls.
fn asked(flags: CloneFlags) -> nix::Result<()> {
    by_clone(flags).and_then(|()| by_clone3(flags))
}

fn by_clone(flags: CloneFlags) -> nix::Result<()> {
    try_clone(flags, libc::SIGCHLD as u8)
}

fn by_clone3(flags: CloneFlags) -> nix::Result<()> {
    // A thread's end is told to nobody, and clone3(2) wants to hear nothing else.
    let signal = if flags.contains(CLONE_THREAD) { 0 } else { libc::SIGCHLD as u64 };
    try_clone3_fields(flags, signal)
}
