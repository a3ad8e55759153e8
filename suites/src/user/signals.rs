//! Signals across user namespaces: `kill(2)`. The target's user namespace decides, not the one that owns the PID namespace.

use kit::prelude::*;
use kit::process::{
    NOBODY, become_root_inside, become_user, member, owned_by, user_namespace_with, waiting_as, with_only,
};
use kit::sys::raw::kill;
use nix::sys::ptrace;
use nix::unistd::{Pid, getpid};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![kill_by_uid_works_across_userns, cap_kill_inside_own_userns, kill_permission_comes_from_the_targets_userns,];

/// Root of a user namespace can signal processes outside that run with its own user ID there; for others, root's included,
/// kill() fails with EPERM.
#[claim(source = ["kill(2)", "user_namespaces(7) Capabilities"], needs = [Root, UserNamespaces])]
fn kill_by_uid_works_across_userns() -> Verdict {
    let (same, other, roots) = (waiting_as(NOBODY)?, waiting_as(NOBODY + 1)?, waiting(NONE)?);
    for user in [NOBODY, NOBODY + 1] {
        let inside = owned_by(user, Some(&one(user)), NONE, |_| {
            become_root_inside()?;
            Ok([&same, &other, &roots].map(|target| kill(target.pid(), 0).portable()))
        })?;
        for (answer, of) in inside.join()?.into_iter().zip([NOBODY, NOBODY + 1, 0]) {
            match of == user {
                true => expect_ok!(answer, "by root inside, which is {user} outside, to a process of {of}"),
                false => expect_errno!(answer, EPERM, "by root inside, which is {user} outside, to a process of {of}"),
            }
        }
    }
    holds()
}

/// In a user namespace, CAP_KILL allows to signal and CAP_SYS_PTRACE to trace other users' processes, even in a PID namespace
/// that is owned outside.
///
/// Each of them alone is enough; without it the calls fail with EPERM.
#[claim(
    source = ["kill(2)", "ptrace(2) Ptrace access mode checking", "user_namespaces(7) Capabilities"],
    needs = [Root, UserNamespaces],
)]
fn cap_kill_inside_own_userns() -> Verdict {
    let inside = user_namespace_with(&Maps::range(100_000, 10), NONE, |_| {
        become_root_inside()?;
        let target = waiting_as(9)?;
        for (kept, may_kill, may_trace) in [
            (CapabilitySet::all(), true, true),
            (CapabilitySet::KILL, true, false),
            (CapabilitySet::SYS_PTRACE, false, true),
            (CapabilitySet::empty(), false, false),
        ] {
            let [killed, traced] = with_only(kept, NONE, || {
                let answers = [kill(target.pid(), 0), ptrace::seize(target.pid(), ptrace::Options::empty())];
                Ok(answers.map(Portable::portable))
            })?;
            for (call, answer, allowed) in [("a signal", killed, may_kill), ("ptrace", traced, may_trace)] {
                match allowed {
                    true => expect_ok!(answer, "{call} with {kept:?}"),
                    false => expect_errno!(answer, EPERM, "{call} with {kept:?}"),
                }
            }
        }
        holds()
    })?;
    inside.join()
}

/// For root of a user namespace that owns the PID namespace, kill() of a member that is in another user namespace fails with
/// EPERM.
///
/// The target's user namespace decides, not the one that owns the PID namespace.
#[claim(
    source = ["kill(2)", "kernel/signal.c kill_ok_by_cred", "What's in a name(space)?"],
    needs = [Root, UserNamespaces, Config("PID_NS")],
    erratum = "«What's in a name(space)?»: whether a process may kill another depends on its user namespace being the owner of the PID namespace.",
)]
fn kill_permission_comes_from_the_targets_userns() -> Verdict {
    let container = user_namespace_with(&Maps::range(100_000, 10), CLONE_NEWPID, |outside| {
        become_root_inside()?;
        let own = waiting_as(5)?;
        outside.go()?;
        let guest = Pid::from_raw(outside.recv()?);
        outside.send(&[guest, own.pid()].map(|target| kill(target, 0).portable()))?;
        outside.wait()
    })?;
    container.recv::<()>()?;
    // Of the same user, as seen outside, as the container's own process.
    let guest = member(&container.namespace(Kind::Pid)?, |parent| {
        become_user(100_005)?;
        parent.send(&getpid().as_raw())?;
        parent.wait()
    })?;
    let number: i32 = guest.recv()?;
    container.send(&number)?;
    let [guests, own]: [Result<(), Refusal>; 2] = container.recv()?;
    // The container's first process could not end before this one is reaped.
    drop(guest);
    expect_errno!(guests, EPERM, "a member of the PID namespace that is in the user namespace above");
    expect_ok!(own, "a process of the same user in the same PID and user namespace");
    holds()
}

/// This user and group become root inside.
fn one(user: u32) -> Maps {
    let line = vec![IdMap { inside: 0, outside: user, count: 1 }];
    Maps { uid: line.clone(), gid: line, deny_setgroups: false }
}
