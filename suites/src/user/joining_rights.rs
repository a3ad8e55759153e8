//! Which processes may join a user namespace, and what that allows them: `setns(2)`, User namespaces; fd is a PID file
//! descriptor.

use kit::prelude::*;
use kit::process::{
    NOBODY, Sets, as_user, as_user_with, become_user, capabilities, next_child_pid, owned_by, user_namespace_with,
    with_only, without,
};
use nix::unistd::Pid;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cannot_return_to_parent_userns,
    setns_current_userns_einval,
    setns_needs_cap_sys_admin_in_target,
    setns_can_skip_levels,
    setns_userns_by_pidfd,
    setns_pidfd_joins_user_first,
    users_switch_to_what_their_user_namespaces_own,
    mount_namespace_join_needs_chroot_cap,
];

/// What can be joined by a pidfd beside the user namespace. Not every kernel has time namespaces.
const OTHERS: &[Kind] = &[Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::Uts];

/// A process cannot return to a user namespace that it has left, or join the parent of its own: setns() fails with EPERM, even
/// for root.
#[claim(
    source = ["user_namespaces(7) Capabilities", "setns(2) Details for specific namespace types", "Linux Namespaces"],
    needs = [Root, UserNamespaces],
)]
fn cannot_return_to_parent_userns() -> Verdict {
    let top = Namespace::own(Kind::User)?;
    let family = Family::new()?;
    child(NONE, || {
        expect_ok!(setns(&family.below, CLONE_NEWUSER), "down");
        expect_errno!(setns(&top, CLONE_NEWUSER), EPERM, "back up");
        expect_ok!(setns(&family.deepest, CLONE_NEWUSER), "further down");
        expect_errno!(setns(&family.below, CLONE_NEWUSER), EPERM, "up by one");
        expect_errno!(setns(&top, CLONE_NEWUSER), EPERM, "up by two");
        expect_eq!(own_inode(Kind::User)?, family.deepest.inode()?);
        Ok(())
    })?;
    unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
    expect_errno!(setns(&top, CLONE_NEWUSER), EPERM, "back after unshare");
    holds()
}

/// setns() to the user namespace that the caller is a member of fails with EINVAL, whether or not the flag names the kind.
#[claim(source = ["setns(2) ERRORS", "setns(2) Details for specific namespace types"], needs = [UserNamespaces])]
fn setns_current_userns_einval() -> Verdict {
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER)?;
        let other = target.namespace(Kind::User)?;
        let outer = Namespace::own(Kind::User)?;
        for flags in [CLONE_NEWUSER, NONE] {
            expect_errno!(setns(&outer, flags), EINVAL, "its own, with {flags:?}");
            child(NONE, || {
                expect_ok!(setns(&other, flags), "another one, with {flags:?}");
                expect_errno!(setns(&other, flags), EINVAL, "that one again, with all capabilities, with {flags:?}");
                expect_errno!(setns(&outer, flags), EPERM, "the one before, with {flags:?}");
                Ok(())
            })?;
        }
        holds()
    })
}

/// Joining a user namespace requires CAP_SYS_ADMIN in it, which its owner and holders of CAP_SYS_ADMIN above have; without it
/// setns() fails with EPERM.
///
/// The owner has it only as a member of the parent user namespace.
#[claim(
    source = [
        "setns(2) Details for specific namespace types",
        "setns(2) ERRORS",
        "user_namespaces(7) Nested namespaces, namespace membership",
        "user_namespaces(7) Capabilities",
        "capabilities(7) CAP_SYS_ADMIN",
        "What's in a name(space)?",
    ],
    needs = [Root, UserNamespaces],
)]
fn setns_needs_cap_sys_admin_in_target() -> Verdict {
    let target = owned_by(NOBODY, None, NONE, Peer::wait)?;
    let namespace = target.namespace(Kind::User)?;
    let allowed = || {
        expect_ok!(setns(&namespace, CLONE_NEWUSER));
        Ok(())
    };
    let refused = || {
        expect_errno!(setns(&namespace, CLONE_NEWUSER), EPERM);
        Ok(())
    };
    as_user(NOBODY, NONE, allowed).doing("the owner")?;
    as_user(NOBODY + 1, NONE, refused).doing("another user")?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, allowed).doing("root with CAP_SYS_ADMIN alone")?;
    without(CapabilitySet::SYS_ADMIN, NONE, refused).doing("root without CAP_SYS_ADMIN")?;
    as_user(NOBODY, NONE, || user_namespace(NONE, refused)).doing("the owner, in a user namespace beside it")?;
    holds()
}

/// A process with CAP_SYS_ADMIN can join a user namespace two levels below its own at once, and has all capabilities there.
///
/// It cannot join the one in between afterwards.
#[claim(source = "setns(2) Details for specific namespace types", needs = [Root, UserNamespaces])]
fn setns_can_skip_levels() -> Verdict {
    let family = Family::new()?;
    let rest = capabilities()?.permitted - CapabilitySet::SYS_ADMIN;
    // Not as root, which owns both.
    as_user_with(NOBODY, rest, || {
        expect_errno!(setns(&family.deepest, CLONE_NEWUSER), EPERM, "with all capabilities but CAP_SYS_ADMIN");
        Ok(())
    })?;
    as_user_with(NOBODY, CapabilitySet::SYS_ADMIN, || {
        expect_ok!(setns(&family.deepest, CLONE_NEWUSER));
        expect_eq!(own_inode(Kind::User)?, family.deepest.inode()?);
        expect_eq!(Sets::own()?, Sets::full()?);
        expect_errno!(setns(&family.below, CLONE_NEWUSER), EPERM, "the level that was skipped");
        holds()
    })
}

/// The owner of a user namespace can join it by a pidfd of a process in it, and then has all capabilities.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [Root, UserNamespaces])]
fn setns_userns_by_pidfd() -> Verdict {
    let target = owned_by(NOBODY, None, NONE, Peer::wait)?;
    as_user(NOBODY + 1, NONE, || {
        expect_errno!(setns(target.pidfd(), CLONE_NEWUSER), EPERM, "another user");
        Ok(())
    })?;
    let inode = inode_of(target.pid(), Kind::User)?;
    as_user(NOBODY, NONE, || {
        expect!(Sets::own()?.are_void(), "the owner, before");
        expect_ok!(setns(target.pidfd(), CLONE_NEWUSER));
        expect_eq!(Sets::own()?, Sets::full()?);
        expect_eq!(own_inode(Kind::User)?, inode);
        Ok(())
    })?;
    holds()
}

/// setns() on a pidfd that names the user namespace and others joins the user namespace first, which allows it to join the
/// others.
#[claim(source = "setns(2) fd is a PID file descriptor", since = "5.8", needs = [Root, UserNamespaces])]
fn setns_pidfd_joins_user_first() -> Verdict {
    let others = Kind::flags(OTHERS);
    let owner = spawn(NONE, |root| {
        become_user(NOBODY)?;
        let target = waiting(CLONE_NEWUSER | others)?;
        root.send_fd(target.pidfd())?;
        root.wait()?;
        for kind in OTHERS {
            expect_errno!(setns(target.pidfd(), kind.flag()), EPERM, "the {kind} namespace alone");
        }
        expect_errno!(setns(target.pidfd(), others), EPERM, "all but the user namespace");
        expect_ok!(setns(target.pidfd(), CLONE_NEWUSER | others));
        expect_eq!(next_child_pid()?, 2);
        for kind in Kind::ALL.into_iter().filter(|kind| ![Kind::Pid, Kind::Time].contains(kind)) {
            expect_eq!(own_inode(kind)?, inode_of(target.pid(), kind)?, "the {kind} namespace");
        }
        Ok(())
    })?;
    let pidfd = owner.peer().recv_fd()?;
    as_user(NOBODY + 1, NONE, || {
        expect_errno!(setns(&pidfd, CLONE_NEWUSER | others), EPERM, "another user");
        Ok(())
    })?;
    owner.go()?;
    owner.join()?;
    holds()
}

/// An unprivileged process can join a namespace that belongs to a user namespace of its user after joining that one; before,
/// setns() fails with EPERM.
#[claim(
    source = ["setns(2) DESCRIPTION", "user_namespaces(7) Capabilities", "Few notes about network namespaces in Linux"],
    needs = [UserNamespaces],
    erratum = "«Few notes about network namespaces in Linux»: regular user processes cannot switch namespaces.",
)]
fn users_switch_to_what_their_user_namespaces_own() -> Verdict {
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER | CLONE_NEWUTS)?;
        let (user, uts) = (target.namespace(Kind::User)?, target.namespace(Kind::Uts)?);
        let outer = Namespace::own(Kind::Uts)?;
        expect_errno!(setns(&uts, CLONE_NEWUTS), EPERM, "before");
        expect_ok!(setns(&user, CLONE_NEWUSER));
        expect_ok!(setns(&uts, CLONE_NEWUTS));
        expect_eq!(own_inode(Kind::Uts)?, uts.inode()?);
        expect_errno!(setns(&outer, CLONE_NEWUTS), EPERM, "one that the user namespace does not own");
        holds()
    })
}

/// Joining a mount namespace requires CAP_SYS_CHROOT and CAP_SYS_ADMIN in the caller's own user namespace; without one of
/// them setns() fails with EPERM.
///
/// The owner of the user namespace that owns the mount namespace has all capabilities in that one, which do not count.
#[claim(
    source = ["setns(2) Details for specific namespace types", "setns(2) ERRORS", "capabilities(7) CAP_SYS_CHROOT"],
    needs = [Root, UserNamespaces],
)]
fn mount_namespace_join_needs_chroot_cap() -> Verdict {
    let target = owned_by(NOBODY, None, CLONE_NEWNS, Peer::wait)?;
    let mnt = target.namespace(Kind::Mnt)?;
    let (chroot, admin) = (CapabilitySet::SYS_CHROOT, CapabilitySet::SYS_ADMIN);
    let all = capabilities()?.permitted;
    for held in [CapabilitySet::empty(), chroot, admin, all - chroot, all - admin] {
        as_user_with(NOBODY, held, || {
            expect_errno!(setns(&mnt, CLONE_NEWNS), EPERM, "the owner, with {held:?} in its own user namespace");
            Ok(())
        })?;
    }
    as_user_with(NOBODY, chroot | admin, || {
        expect_ok!(setns(&mnt, CLONE_NEWNS), "the owner, with these two alone");
        expect_eq!(own_inode(Kind::Mnt)?, mnt.inode()?);
        holds()
    })
}

/// A user namespace and one below it.
struct Family {
    below: Namespace,
    deepest: Namespace,
    _member: Child<()>,
}

impl Family {
    fn new() -> Outcome<Self> {
        let member = user_namespace_with(&Maps::range(0, 10), NONE, |outside| {
            let inner = waiting(CLONE_NEWUSER)?;
            outside.send(&inner.pid().as_raw())?;
            outside.wait()
        })?;
        let inner = Pid::from_raw(member.recv()?);
        Ok(Self { below: member.namespace(Kind::User)?, deepest: Namespace::of(inner, Kind::User)?, _member: member })
    }
}
