//! Who may join a user namespace, and what it opens: `setns(2)`, User namespaces; fd is a PID file descriptor.

use kit::prelude::*;
use kit::process::{
    NOBODY, Sets, as_user, become_user, next_child_pid, owned_by, user_namespace_with, with_only, without,
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

/// Nobody comes back with setns() to the user namespace that he left, nor from any to its parent: EPERM, even for root.
#[claim(
    source = ["user_namespaces(7) Capabilities", "setns(2) Details for specific namespace types", "Linux Namespaces"],
    needs = [Root],
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
    unshare(CLONE_NEWUSER)?;
    expect_errno!(setns(&top, CLONE_NEWUSER), EPERM, "back after unshare");
    holds()
}

/// Joining the user namespace that the caller is in already is EINVAL, whether or not the kind is named.
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

/// Joining a user namespace takes CAP_SYS_ADMIN in it, which its owner and CAP_SYS_ADMIN above it give: else EPERM.
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

/// A privileged process can join a user namespace two levels below at once, and has all capabilities there.
#[claim(source = "setns(2) Details for specific namespace types", needs = [Root])]
fn setns_can_skip_levels() -> Verdict {
    let family = Family::new()?;
    expect_ok!(setns(&family.deepest, CLONE_NEWUSER));
    expect_eq!(own_inode(Kind::User)?, family.deepest.inode()?);
    expect_eq!(Sets::own()?, Sets::full()?);
    expect_errno!(setns(&family.below, CLONE_NEWUSER), EPERM, "the level that was skipped");
    holds()
}

/// The owner of a user namespace joins it by the pidfd of a process in it too, and has all capabilities then.
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

/// One setns() on a pidfd that names user and other namespaces joins the user namespace first, which allows the rest.
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

/// An ordinary user can switch to namespaces that a user namespace of his owns, once he has joined that one: before, EPERM.
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

/// Joining a mount namespace takes CAP_SYS_CHROOT and CAP_SYS_ADMIN in the caller's own user namespace: else EPERM.
#[claim(
    source = ["setns(2) Details for specific namespace types", "setns(2) ERRORS", "capabilities(7) CAP_SYS_CHROOT"],
    needs = [UserNamespaces],
)]
fn mount_namespace_join_needs_chroot_cap() -> Verdict {
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER | CLONE_NEWNS)?;
        let (user, mnt) = (target.namespace(Kind::User)?, target.namespace(Kind::Mnt)?);
        setns(&user, CLONE_NEWUSER)?;
        let both = CapabilitySet::SYS_CHROOT | CapabilitySet::SYS_ADMIN;
        for missing in [CapabilitySet::SYS_CHROOT, CapabilitySet::SYS_ADMIN] {
            without(missing, NONE, || {
                expect_errno!(setns(&mnt, CLONE_NEWNS), EPERM, "with all but {missing:?}");
                Ok(())
            })?;
        }
        with_only(both, NONE, || {
            expect_ok!(setns(&mnt, CLONE_NEWNS), "with these two alone");
            expect_eq!(own_inode(Kind::Mnt)?, mnt.inode()?);
            holds()
        })
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
