//! Signals across user namespaces: `kill(2)`; whose a target is decides, not in whose PID namespace it is.

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

/// Root of a user namespace may signal processes outside of the user that he is there, and no others, root's neither: EPERM.
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
                true => expect_ok!(answer, "by root inside, who is {user} outside, to a process of {of}"),
                false => expect_errno!(answer, EPERM, "by root inside, who is {user} outside, to a process of {of}"),
            }
        }
    }
    holds()
}

/// Root of a user namespace may signal and trace other users' processes in it, in a PID namespace owned outside too.
///
/// It takes CAP_KILL for the one and CAP_SYS_PTRACE for the other: else EPERM.
#[claim(
    source = ["kill(2)", "ptrace(2) Ptrace access mode checking", "user_namespaces(7) Capabilities"],
    needs = [Root, UserNamespaces],
)]
fn cap_kill_inside_own_userns() -> Verdict {
    let pid_namespace = own_inode(Kind::Pid)?;
    let inside = user_namespace_with(&Maps::range(100_000, 10), NONE, |_| {
        become_root_inside()?;
        let target = waiting_as(9)?;
        expect_eq!(inode_of(target.pid(), Kind::Pid)?, pid_namespace, "the PID namespace");
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

/// Root of a user namespace that owns a PID namespace may signal those members that are in his user namespace: else EPERM.
///
/// The user namespace of the target decides; whose the PID namespace is does not matter.
#[claim(
    source = ["kill(2)", "kernel/signal.c kill_ok_by_cred", "What's in a name(space)?"],
    needs = [Root, UserNamespaces, Config("PID_NS")],
    erratum = "«What's in a name(space)?»: whether a process may kill another depends on its user namespace being the owner of the PID namespace.",
)]
fn kill_permission_comes_from_the_targets_userns() -> Verdict {
    let container = user_namespace_with(&Maps::range(100_000, 10), CLONE_NEWPID, |outside| {
        become_root_inside()?;
        let is_owner = pid_namespace_owner()? == own_inode(Kind::User)?;
        let own = waiting_as(5)?;
        outside.send(&is_owner)?;
        let guest = Pid::from_raw(outside.recv()?);
        outside.send(&[guest, own.pid()].map(|target| kill(target, 0).portable()))?;
        outside.wait()
    })?;
    expect!(container.recv::<bool>()?, "the user namespace owns the PID namespace");
    let guest = member(&container.namespace(Kind::Pid)?, |parent| {
        become_user(5)?;
        parent.send(&getpid().as_raw())?;
        parent.wait()
    })?;
    let number: i32 = guest.recv()?;
    container.send(&number)?;
    let [guests, own]: [Result<(), Refusal>; 2] = container.recv()?;
    // The container's first process could not end before this one is reaped.
    drop(guest);
    expect_errno!(guests, EPERM, "a member of the PID namespace that is in the user namespace above");
    expect_ok!(own, "another user's process in the same PID and user namespace");
    holds()
}

/// The user namespace that owns the caller's PID namespace.
fn pid_namespace_owner() -> Outcome<Inode> {
    Namespace::own(Kind::Pid)?.owner().doing("NS_GET_USERNS")?.inode()
}

/// This user and group become root inside.
fn one(user: u32) -> Maps {
    let line = vec![IdMap { inside: 0, outside: user, count: 1 }];
    Maps { uid: line.clone(), gid: line, deny_setgroups: false }
}
