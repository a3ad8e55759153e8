//! What `setns(2)` on a pidfd refuses, and that it then joins nothing: `setns(2)`, fd is a PID file descriptor; ERRORS.

use std::os::fd::{AsFd, OwnedFd};

use kit::Links;
use kit::joining::{Elsewhere, expect_joined, present};
use kit::prelude::*;
use kit::process::{with_only, without};
use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{chdir, getcwd};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_pidfd_unknown_bits_einval,
    setns_pidfd_atomic,
    setns_pidfd_atomic_until_the_last,
    setns_pidfd_zombie_esrch,
    setns_pidfd_reaped_esrch,
    setns_pidfd_needs_ptrace,
    setns_pidfd_same_user_einval,
    setns_pidfd_ancestor_pid_einval,
];

/// setns(2) on a pidfd fails with EINVAL if a bit is set that is not the flag of a kind of namespace, alone or beside
/// one.
#[claim(source = "setns(2) ERRORS", since = "5.8", needs = [UserNamespaces, Config("TIME_NS")])]
fn setns_pidfd_unknown_bits_einval() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let before = Links::own()?;
        for bit in (0..32).map(|place| CloneFlags::from_bits_retain(1 << place)) {
            match Kind::ALL.into_iter().find(|kind| kind.flag() == bit) {
                Some(kind) => other.expect_joined(&[kind], || setns(other.pidfd(), bit))?,
                None => {
                    expect_errno!(setns(other.pidfd(), bit), EINVAL, "{bit:?} alone");
                    expect_errno!(setns(other.pidfd(), bit | CLONE_NEWUTS), EINVAL, "{bit:?} and CLONE_NEWUTS");
                }
            }
        }
        expect_errno!(setns(other.pidfd(), CloneFlags::from_bits_retain(u32::MAX.into())), EINVAL, "-1");
        before.expect_unmoved()?;
        holds()
    })
}

/// If one of the namespaces named with a pidfd cannot be joined, setns(2) joins none of the others.
///
/// Tried with the caller's own user namespace (EINVAL), a mount namespace without CAP_SYS_CHROOT (EPERM) and a PID
/// namespace that is no descendant (EINVAL).
#[claim(
    source = ["setns(2) fd is a PID file descriptor", "kernel/nsproxy.c validate_nsset"],
    since = "5.8",
    needs = [UserNamespaces],
)]
fn setns_pidfd_atomic() -> Verdict {
    user_namespace(NONE, || {
        let all_but_user: Vec<Kind> = present().into_iter().filter(|kind| *kind != Kind::User).collect();
        let target = waiting(Kind::flags(&all_but_user))?;
        let there = Links::of(target.proc_pid()?)?;
        none_or_all(&target, &there, &all_but_user, Kind::User, Errno::EINVAL).doing("the user namespace is ours")?;
        without(CapabilitySet::SYS_CHROOT, NONE, || {
            none_or_all(&target, &there, &others(&all_but_user, Kind::Mnt), Kind::Mnt, Errno::EPERM)
        })
        .doing("no right to join a mount namespace")?;
        child(CLONE_NEWPID, || {
            none_or_all(&target, &there, &others(&all_but_user, Kind::Pid), Kind::Pid, Errno::EINVAL)
        })
        .doing("the PID namespace is beside ours")?;
        holds()
    })
}

/// setns(2) on a pidfd joins none of several namespaces if the time namespace, which the kernel looks at last, is
/// refused.
#[claim(
    source = ["setns(2) fd is a PID file descriptor", "kernel/nsproxy.c validate_nsset"],
    since = "5.8",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn setns_pidfd_atomic_until_the_last() -> Verdict {
    user_namespace(NONE, || {
        let all_but_user: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| *kind != Kind::User).collect();
        let target = waiting(Kind::flags(&all_but_user))?;
        let there = Links::of(target.proc_pid()?)?;
        let _thread = Thread::idle()?;
        chdir("/usr").doing("chdir")?;
        unshare(CLONE_FS).doing("unshare(CLONE_FS)")?;
        let others = others(&all_but_user, Kind::Time);
        let before = Links::own()?;
        expect_errno!(setns(target.pidfd(), Kind::flags(&all_but_user)), EUSERS, "with two threads");
        before.expect_unmoved()?;
        expect_eq!(getcwd()?.to_string_lossy(), "/usr");
        expect_ok!(setns(target.pidfd(), Kind::flags(&others)), "without the time namespace");
        before.expect_moved(&others, &there)?;
        expect_eq!(getcwd()?.to_string_lossy(), "/");
        holds()
    })
}

/// setns(2) on the pidfd of a process that has ended but has not been waited for fails with ESRCH.
///
/// If no kind is named, it fails with EINVAL.
#[claim(
    source = ["setns(2) ERRORS", "kernel/nsproxy.c validate_nsset"],
    since = "5.8",
    needs = [UserNamespaces],
    erratum = "setns(2), ERRORS: ESRCH says that the process no longer exists, that is, it has terminated and been \
               waited on.",
    quote = "it has terminated and been waited on",
)]
fn setns_pidfd_zombie_esrch() -> Verdict {
    user_namespace(NONE, || {
        let (other, there) = one_elsewhere()?;
        let pidfd = leads_everywhere(&other, &there)?;
        other.kill(libc::SIGKILL)?;
        waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).doing("wait, and do not reap")?;
        leads_nowhere(&pidfd)
    })
}

/// setns(2) on the pidfd of a process that has ended and has been waited for fails with ESRCH.
///
/// If no kind is named, it fails with EINVAL.
#[claim(source = "setns(2) ERRORS", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_reaped_esrch() -> Verdict {
    user_namespace(NONE, || {
        let (other, there) = one_elsewhere()?;
        let pidfd = leads_everywhere(&other, &there)?;
        other.kill(libc::SIGKILL)?;
        other.wait()?;
        leads_nowhere(&pidfd)
    })
}

/// setns(2) on a pidfd requires ptrace access to the process (PTRACE_MODE_READ_REALCREDS); without it the call fails
/// with EPERM.
///
/// CAP_SYS_ADMIN does not give that, but suffices to join the same namespace by its file.
#[claim(source = "kernel 7.3 kernel/nsproxy.c validate_nsset", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_needs_ptrace() -> Verdict {
    user_namespace(NONE, || {
        let admin = CapabilitySet::SYS_ADMIN;
        let target = waiting(CLONE_NEWUTS)?;
        let (file, there) = (target.namespace(Kind::Uts)?, Links::of(target.pid())?);
        let joins = |fd: &dyn AsFd| expect_joined(&there, &[Kind::Uts], || setns(fd.as_fd(), CLONE_NEWUTS));
        with_only(admin, NONE, || {
            expect_errno!(setns(target.pidfd(), CLONE_NEWUTS), EPERM, "a process with more capabilities");
            joins(&file).doing("by file")
        })?;
        with_only(admin | CapabilitySet::SYS_PTRACE, NONE, || joins(&target.pidfd())).doing("with CAP_SYS_PTRACE")?;
        let equal = spawn(NONE, |outside| {
            unshare(CLONE_NEWUTS)?;
            with_only(admin, NONE, || {
                outside.send(&nix::unistd::getpid().as_raw())?;
                outside.wait()
            })
        })?;
        let pid = nix::unistd::Pid::from_raw(equal.recv()?);
        let pidfd = kit::sys::raw::pidfd_open(pid, 0)?;
        let there = Links::of(pid)?;
        with_only(admin, NONE, || expect_joined(&there, &[Kind::Uts], || setns(&pidfd, CLONE_NEWUTS)))
            .doing("a process with no more capabilities than ours")?;
        holds()
    })
}

/// setns(2) with CLONE_NEWUSER on the pidfd of a process in the caller's own user namespace fails with EINVAL.
///
/// With or without other flags.
#[claim(source = "setns(2) ERRORS", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_same_user_einval() -> Verdict {
    user_namespace(NONE, || {
        let here = waiting(CLONE_NEWUTS)?;
        let below = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
        let before = Links::own()?;
        for named in [CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWUTS] {
            expect_errno!(setns(here.pidfd(), named), EINVAL, "a process beside us");
            before.expect_unmoved()?;
        }
        expect_joined(&Links::of(here.pid())?, &[Kind::Uts], || setns(here.pidfd(), CLONE_NEWUTS))?;
        expect_joined(&Links::of(below.pid())?, &[Kind::User], || setns(below.pidfd(), CLONE_NEWUSER))?;
        holds()
    })
}

/// setns(2) with CLONE_NEWPID on the pidfd of a process in an ancestor of the caller's PID namespace fails with EINVAL.
///
/// With other flags, too, and then joins nothing.
#[claim(source = "setns(2) ERRORS", since = "5.8", needs = [UserNamespaces])]
fn setns_pidfd_ancestor_pid_einval() -> Verdict {
    // One that belongs to the caller's user namespace: for others it would have no right.
    user_namespace(CLONE_NEWPID, || {
        let outer = waiting(CLONE_NEWUTS)?;
        let there = Links::of(outer.proc_pid()?)?;
        let both = [Kind::Uts, Kind::Pid];
        child(CLONE_NEWPID, || {
            let before = Links::own()?;
            for named in [CLONE_NEWPID, Kind::flags(&both)] {
                expect_errno!(setns(outer.pidfd(), named), EINVAL, "from a PID namespace below");
                before.expect_unmoved()?;
            }
            expect_joined(&there, &[Kind::Uts], || setns(outer.pidfd(), CLONE_NEWUTS))
        })?;
        expect_joined(&there, &both, || setns(outer.pidfd(), Kind::flags(&both)))
            .doing("from the same PID namespace")?;
        holds()
    })
}

/// With one more kind, which cannot be joined, none of these is joined; without it they all are.
fn none_or_all(target: &Child<()>, there: &Links, kinds: &[Kind], hindrance: Kind, errno: Errno) -> Outcome<()> {
    let before = Links::own()?;
    let answer = setns(target.pidfd(), Kind::flags(kinds) | hindrance.flag());
    expect_eq!(answer, Err(errno), "joining {kinds:?} and {hindrance}");
    before.expect_unmoved()?;
    expect_joined(there, kinds, || setns(target.pidfd(), Kind::flags(kinds)))
}

fn others(kinds: &[Kind], left_out: Kind) -> Vec<Kind> {
    kinds.iter().copied().filter(|kind| *kind != left_out).collect()
}

/// A process in new namespaces of every kind, and where it is.
fn one_elsewhere() -> Outcome<(Child<()>, Links)> {
    let process = waiting(Kind::flags(&present()))?;
    let there = Links::of(process.proc_pid()?)?;
    Ok((process, there))
}

/// Joins each namespace of a living process by its pidfd, and returns that.
fn leads_everywhere(process: &Child<()>, there: &Links) -> Outcome<OwnedFd> {
    for kind in present() {
        expect_joined(there, &[kind], || setns(process.pidfd(), kind.flag())).doing("while it lives")?;
    }
    Ok(process.pidfd().try_clone_to_owned()?)
}

/// Expects that a dead process's namespaces cannot be joined by its pidfd.
fn leads_nowhere(pidfd: &OwnedFd) -> Verdict {
    for kind in present() {
        expect_errno!(setns(pidfd, kind.flag()), ESRCH, "a {kind} namespace");
    }
    expect_errno!(setns(pidfd, CLONE_NEWUTS | CLONE_NEWNET), ESRCH, "two namespaces");
    for named in [NONE, CLONE_FS] {
        expect_errno!(setns(pidfd, named), EINVAL, "with {named:?}");
    }
    holds()
}
