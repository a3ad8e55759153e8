//! `CLONE_NEWPID` beside other flags: `pid_namespaces(7)`, Compatibility of CLONE_NEWPID with other CLONE_* flags.

use kit::prelude::*;
use kit::process::{status, try_clone3};
use kit::sys::bare_clone::try_clone3_fields;
use kit::sys::sharing::share_memory;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    vfork_enters_new_pidns,
    newpid_with_clone_thread_einval,
    newpid_with_clone_vm_allowed,
    sighand_child_allowed_after_unshare,
    sighand_sharing_init_death_ignores_parents_sigchld,
    newpid_with_clone_parent_makes_an_init_beside_the_caller,
    ns_init_may_not_use_clone_parent,
];

/// After unshare(CLONE_NEWPID), a child made with the flags of vfork(2) is the first process of the new namespace.
#[claim(source = "pid_namespaces(7) DESCRIPTION", needs = [Root])]
fn vfork_enters_new_pidns() -> Verdict {
    let plain = share_memory(CLONE_VFORK, 0)?;
    expect_eq!(plain.own_pid(), plain.pid(), "without a new namespace");
    unshare(CLONE_NEWPID)?;
    let first = expect_ok!(share_memory(CLONE_VFORK, 0));
    expect_eq!(first.own_pid(), INIT);
    expect_ne!(first.pid(), INIT);
    holds()
}

/// clone(2) and clone3(2) with CLONE_NEWPID and CLONE_THREAD fail with EINVAL.
#[claim(
    source = [
        "pid_namespaces(7) Compatibility of CLONE_NEWPID with other CLONE_* flags", "clone(2) ERRORS",
    ],
    needs = [Root],
)]
fn newpid_with_clone_thread_einval() -> Verdict {
    let thread = CLONE_SIGHAND | CLONE_THREAD;
    expect_errno!(share_memory(thread | CLONE_NEWPID, 0), EINVAL);
    expect_errno!(try_clone3_fields(thread | CLONE_VM | CLONE_NEWPID, 0), EINVAL, "by clone3");
    expect_ok!(try_clone3_fields(thread | CLONE_VM, 0), "a thread by clone3");
    expect_eq!(expect_ok!(share_memory(thread, 0), "a thread").own_pid(), getpid());
    let init = expect_ok!(share_memory(CLONE_SIGHAND | CLONE_NEWPID, 0), "no thread");
    expect_eq!(init.own_pid(), INIT);
    holds()
}

/// CLONE_NEWPID may be combined with CLONE_VM, and with CLONE_SIGHAND, CLONE_FILES and CLONE_FS beside it.
#[claim(source = "pid_namespaces(7) Compatibility of CLONE_NEWPID with other CLONE_* flags", needs = [Root])]
fn newpid_with_clone_vm_allowed() -> Verdict {
    for shared in [NONE, CLONE_SIGHAND, CLONE_SIGHAND | CLONE_FILES | CLONE_FS] {
        let init = expect_ok!(share_memory(CLONE_NEWPID | shared, 0), "CLONE_VM and {shared:?}");
        expect_eq!(init.own_pid(), INIT, "CLONE_VM and {shared:?}");
    }
    expect_errno!(share_memory(CLONE_NEWPID | CLONE_SIGHAND | CLONE_THREAD, 0), EINVAL);
    holds()
}

/// After unshare(CLONE_NEWPID) a child may share memory and signal handlers with its parent; a thread fails with
/// EINVAL.
#[claim(source = "pid_namespaces(7) Compatibility of CLONE_NEWPID with other CLONE_* flags", needs = [Root])]
fn sighand_child_allowed_after_unshare() -> Verdict {
    expect_ok!(share_memory(CLONE_SIGHAND | CLONE_THREAD, 0), "a thread, before unshare").own_pid();
    unshare(CLONE_NEWPID)?;
    expect_errno!(share_memory(CLONE_SIGHAND | CLONE_THREAD, 0), EINVAL, "a thread, after unshare");
    let init = expect_ok!(share_memory(CLONE_SIGHAND, 0));
    expect_eq!(init.own_pid(), INIT);
    holds()
}

/// The end of an init that shares signal handlers with its parent sets SIGCHLD to be ignored in the parent.
///
/// The kernel then reaps the init itself, and its parent's wait for it fails with ECHILD.
#[claim(source = "kernel/pid_namespace.c zap_pid_ns_processes", needs = [Root])]
fn sighand_sharing_init_death_ignores_parents_sigchld() -> Verdict {
    for (flags, stays) in [(CLONE_NEWPID, true), (CLONE_SIGHAND, true), (CLONE_NEWPID | CLONE_SIGHAND, false)] {
        child(NONE, || {
            expect!(!ignores_sigchld()?, "before, with {flags:?}");
            let ended = share_memory(flags, 7)?.pid();
            if stays {
                expect_eq!(waitpid(ended, None), Ok(WaitStatus::Exited(ended, 7)), "with {flags:?}");
            } else {
                expect_errno!(waitpid(ended, None), ECHILD, "with {flags:?}");
            }
            expect_eq!(ignores_sigchld()?, !stays, "after, with {flags:?}");
            Ok(())
        })?;
    }
    holds()
}

/// clone(2) with CLONE_NEWPID and CLONE_PARENT makes an init that is the caller's sibling: their parent waits for it.
///
/// Kernels as old as 3.8 refused the two together; `clone(2)` still says so.
#[claim(
    source = "clone(2) ERRORS",
    needs = [Root],
    erratum = "clone(2), ERRORS: CLONE_NEWPID together with CLONE_PARENT fails with EINVAL.",
    quote = "CLONE_NEWPID and one (or both) of CLONE_THREAD or CLONE_PARENT",
)]
fn newpid_with_clone_parent_makes_an_init_beside_the_caller() -> Verdict {
    for (flags, is_ours) in [(CLONE_NEWPID | CLONE_PARENT, true), (CLONE_NEWPID, false)] {
        let caller = spawn(NONE, |parent| {
            let init = expect_ok!(share_memory(flags, 7));
            parent.send(&(init.pid().as_raw(), init.own_pid().as_raw()))?;
            parent.wait()
        })?;
        let (here, inside): (i32, i32) = caller.recv()?;
        expect_eq!(inside, 1, "its PID in the new namespace");
        let here = Pid::from_raw(here);
        if is_ours {
            expect_eq!(waitpid(here, None), Ok(WaitStatus::Exited(here, 7)), "with CLONE_PARENT");
        } else {
            expect_errno!(waitpid(here, None), ECHILD, "without CLONE_PARENT");
        }
    }
    holds()
}

/// clone3(2) with CLONE_PARENT fails with EINVAL in the init of a PID namespace; another member may use it.
#[claim(source = ["clone(2) CLONE_PARENT", "clone(2) ERRORS"], needs = [Root])]
fn ns_init_may_not_use_clone_parent() -> Verdict {
    // clone3(2) wants no exit signal with CLONE_PARENT: it is the caller's own.
    let sibling = CloneArgs { exit_signal: 0, ..CloneArgs::new(CLONE_PARENT) };
    let plain = CloneArgs { flags: NONE, ..sibling };
    child(CLONE_NEWPID, || {
        expect_errno!(try_clone3(&sibling), EINVAL, "by init");
        expect_ok!(try_clone3(&plain), "by init, without CLONE_PARENT");
        child(NONE, || {
            expect_ok!(try_clone3(&sibling), "by another member");
            Ok(())
        })
    })?;
    holds()
}

const INIT: Pid = Pid::from_raw(1);

fn ignores_sigchld() -> Outcome<bool> {
    Ok(status("self")?.sigign & 1 << (libc::SIGCHLD - 1) != 0)
}
