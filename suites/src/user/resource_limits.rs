//! Processors and resource limits of processes in user namespaces: `sched_setaffinity(2)`, `getrlimit(2)`.

use kit::prelude::*;
use kit::process::{
    NOBODY, as_user, become_root_inside, become_user, owned_by, try_clone3, waiting_as, with_only, without,
};
use nix::sched::{sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use rustix::process::{Resource, Rlimit, getrlimit, prlimit, setrlimit};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    sched_affinity_by_cap_in_target_userns,
    prlimit_by_cap_in_target_userns,
    rlimit_nproc_not_escaped,
    rlimit_nproc_not_escaped_by_clone,
];

/// sched_setaffinity() on another user's process requires CAP_SYS_NICE in that process's user namespace; without it the call
/// fails with EPERM.
///
/// The owner of the user namespace has it, too.
#[claim(source = "sched_setaffinity(2) ERRORS", needs = [Root, UserNamespaces])]
fn sched_affinity_by_cap_in_target_userns() -> Verdict {
    by_owner_and_root_inside(CapabilitySet::SYS_NICE, |process| {
        let now = sched_getaffinity(process).doing("sched_getaffinity")?;
        Ok(sched_setaffinity(process, &now).portable())
    })
}

/// prlimit() on another user's process requires CAP_SYS_RESOURCE in that process's user namespace; without it the call fails
/// with EPERM.
///
/// The owner of the user namespace has it, too.
#[claim(source = "getrlimit(2) prlimit()", needs = [Root, UserNamespaces])]
fn prlimit_by_cap_in_target_userns() -> Verdict {
    by_owner_and_root_inside(CapabilitySet::SYS_RESOURCE, |process| {
        let process = rustix::process::Pid::from_raw(process.as_raw());
        // The limits that all processes of the case have inherited.
        let same = getrlimit(Resource::Nofile);
        Ok(prlimit(process, Resource::Nofile, same).map(drop).portable())
    })
}

/// For a user with as many processes as RLIMIT_NPROC allows, fork() fails with EAGAIN in a new user namespace as well.
#[claim(source = "kernel/ucount.c", needs = [Root, UserNamespaces])]
fn rlimit_nproc_not_escaped() -> Verdict {
    as_user(lone_user()?, NONE, || {
        let limit = 3;
        limit_processes(limit)?;
        let first = waiting(NONE)?;
        expect_ok!(try_fork(), "below the limit");
        let second = waiting(NONE)?;
        expect_errno!(try_fork(), EAGAIN, "at the limit");
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        expect_errno!(try_fork(), EAGAIN, "at the limit, in a new user namespace");
        drop(second);
        expect_ok!(try_fork(), "below the limit, in a new user namespace");
        drop(first);
        holds()
    })
}

/// For a user with as many processes as RLIMIT_NPROC allows, clone() with CLONE_NEWUSER fails with EAGAIN as well.
#[claim(source = "kernel/ucount.c", needs = [Root, UserNamespaces])]
fn rlimit_nproc_not_escaped_by_clone() -> Verdict {
    as_user(lone_user()?, NONE, || {
        limit_processes(2)?;
        let only = waiting(CLONE_NEWUSER)?;
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUSER)), EAGAIN, "at the limit");
        drop(only);
        expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWUSER)), "below the limit");
        holds()
    })
}

/// The claim says that this call on a process of user 9 inside is allowed to the owner of the user namespace, and inside to
/// a process with this capability alone.
fn by_owner_and_root_inside(
    needed: CapabilitySet,
    call: impl Fn(Pid) -> Outcome<Result<(), Refusal>> + Copy,
) -> Verdict {
    let container = owned_by(NOBODY, Some(&Maps::range(100_000, 10)), NONE, |outside| {
        become_root_inside()?;
        let target = waiting_as(9)?;
        with_only(needed, NONE, || {
            expect_ok!(call(target.pid())?, "by root inside with {needed:?} alone");
            Ok(())
        })?;
        without(needed, NONE, || {
            expect_errno!(call(target.pid())?, EPERM, "by root inside without {needed:?}");
            Ok(())
        })?;
        child(NONE, || {
            become_user(8)?;
            expect_errno!(call(target.pid())?, EPERM, "by another user inside");
            Ok(())
        })?;
        outside.send(&target.pid().as_raw())?;
        outside.wait()
    })?;
    let target = Pid::from_raw(container.recv()?);
    as_user(NOBODY, NONE, || {
        expect_ok!(call(target)?, "by the owner");
        Ok(())
    })?;
    as_user(NOBODY + 1, NONE, || {
        expect_errno!(call(target)?, EPERM, "by a third user");
        holds()
    })
}

/// A user that has no process anywhere on this machine: the limit counts all of them, also those of cases beside this one.
fn lone_user() -> Outcome<u32> {
    const FIRST: u64 = 0x4000_0000;
    // No two mount namespaces have the same number.
    Ok((FIRST + own_inode(Kind::Mnt)? % FIRST) as u32)
}

fn limit_processes(most: u64) -> Outcome<()> {
    setrlimit(Resource::Nproc, Rlimit { current: Some(most), maximum: Some(most) }).doing("set RLIMIT_NPROC")
}
