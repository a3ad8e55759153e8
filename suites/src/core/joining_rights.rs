//! The capabilities that joining takes, and in which user namespaces: `setns(2)`, Details for specific namespace types.
//!
//! The same of UTS, PID, mount and user namespaces is in their own suites.

use kit::joining::{Elsewhere, present};
use kit::prelude::*;
use kit::prepared;
use kit::process::{NOBODY, Sets, as_user_with, become_user, with_only, without};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    joining_cgroup_takes_power_at_home,
    joining_ipc_takes_power_at_home,
    joining_mnt_takes_power_at_home,
    joining_net_takes_power_at_home,
    joining_time_takes_power_at_home,
    joining_cgroup_takes_power_over_it,
    joining_ipc_takes_power_over_it,
    joining_mnt_takes_power_over_it,
    joining_net_takes_power_over_it,
    joining_time_takes_power_over_it,
    sys_admin_suffices_to_join_cgroup,
    sys_admin_suffices_to_join_ipc,
    sys_admin_suffices_to_join_net,
    sys_admin_suffices_to_join_time,
    setns_unprivileged_eperm,
];

/// Joining a cgroup namespace requires CAP_SYS_ADMIN in the caller's own user namespace, besides the one that owns it.
///
/// Without it setns(2) fails with EPERM, even if the caller has all capabilities in the owner.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces])]
fn joining_cgroup_takes_power_at_home() -> Verdict {
    takes_power_at_home(Kind::Cgroup)
}

/// Joining an IPC namespace requires CAP_SYS_ADMIN in the caller's own user namespace, besides the one that owns it.
///
/// Without it setns(2) fails with EPERM, even if the caller has all capabilities in the owner.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces])]
fn joining_ipc_takes_power_at_home() -> Verdict {
    takes_power_at_home(Kind::Ipc)
}

/// Joining a mount namespace requires CAP_SYS_ADMIN in the caller's own user namespace, besides the one that owns it.
///
/// Without it setns(2) fails with EPERM, even if the caller has all capabilities in the owner.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces])]
fn joining_mnt_takes_power_at_home() -> Verdict {
    takes_power_at_home(Kind::Mnt)
}

/// Joining a network namespace requires CAP_SYS_ADMIN in the caller's own user namespace, besides the one that owns it.
///
/// Without it setns(2) fails with EPERM, even if the caller has all capabilities in the owner.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces])]
fn joining_net_takes_power_at_home() -> Verdict {
    takes_power_at_home(Kind::Net)
}

/// Joining a time namespace requires CAP_SYS_ADMIN in the caller's own user namespace, besides the one that owns it.
///
/// Without it setns(2) fails with EPERM, even if the caller has all capabilities in the owner.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces, Config("TIME_NS")])]
fn joining_time_takes_power_at_home() -> Verdict {
    takes_power_at_home(Kind::Time)
}

/// Joining a cgroup namespace requires CAP_SYS_ADMIN in the user namespace that owns it; capabilities in a descendant
/// do not count.
///
/// Without it setns(2) fails with EPERM.
#[claim(
    source = ["setns(2) Details for specific namespace types", "setns(2) ERRORS"],
    needs = [UserNamespaces],
)]
fn joining_cgroup_takes_power_over_it() -> Verdict {
    takes_power_over_it(Kind::Cgroup)
}

/// Joining an IPC namespace requires CAP_SYS_ADMIN in the user namespace that owns it; capabilities in a descendant do
/// not count.
///
/// Without it setns(2) fails with EPERM.
#[claim(
    source = ["setns(2) Details for specific namespace types", "setns(2) ERRORS"],
    needs = [UserNamespaces],
)]
fn joining_ipc_takes_power_over_it() -> Verdict {
    takes_power_over_it(Kind::Ipc)
}

/// Joining a mount namespace requires CAP_SYS_ADMIN in the user namespace that owns it; capabilities in a descendant do
/// not count.
///
/// Without it setns(2) fails with EPERM.
#[claim(
    source = ["setns(2) Details for specific namespace types", "setns(2) ERRORS"],
    needs = [UserNamespaces],
)]
fn joining_mnt_takes_power_over_it() -> Verdict {
    takes_power_over_it(Kind::Mnt)
}

/// Joining a network namespace requires CAP_SYS_ADMIN in the user namespace that owns it; capabilities in a descendant
/// do not count.
///
/// Without it setns(2) fails with EPERM.
#[claim(
    source = ["setns(2) Details for specific namespace types", "setns(2) ERRORS"],
    needs = [UserNamespaces],
)]
fn joining_net_takes_power_over_it() -> Verdict {
    takes_power_over_it(Kind::Net)
}

/// Joining a time namespace requires CAP_SYS_ADMIN in the user namespace that owns it; capabilities in a descendant do
/// not count.
///
/// Without it setns(2) fails with EPERM.
#[claim(
    source = ["setns(2) Details for specific namespace types", "setns(2) ERRORS"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn joining_time_takes_power_over_it() -> Verdict {
    takes_power_over_it(Kind::Time)
}

/// CAP_SYS_ADMIN alone suffices to join a cgroup namespace; without it setns(2) fails with EPERM whatever other
/// capabilities there are.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces])]
fn sys_admin_suffices_to_join_cgroup() -> Verdict {
    sys_admin_suffices(Kind::Cgroup)
}

/// CAP_SYS_ADMIN alone suffices to join an IPC namespace; without it setns(2) fails with EPERM whatever other
/// capabilities there are.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces])]
fn sys_admin_suffices_to_join_ipc() -> Verdict {
    sys_admin_suffices(Kind::Ipc)
}

/// CAP_SYS_ADMIN alone suffices to join a network namespace; without it setns(2) fails with EPERM whatever other
/// capabilities there are.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces])]
fn sys_admin_suffices_to_join_net() -> Verdict {
    sys_admin_suffices(Kind::Net)
}

/// CAP_SYS_ADMIN alone suffices to join a time namespace; without it setns(2) fails with EPERM whatever other
/// capabilities there are.
#[claim(source = "setns(2) Details for specific namespace types", needs = [UserNamespaces, Config("TIME_NS")])]
fn sys_admin_suffices_to_join_time() -> Verdict {
    sys_admin_suffices(Kind::Time)
}

/// setns(2) by an ordinary user fails with EPERM, even on a namespace's file that root has opened and passed to it.
///
/// With CAP_SYS_ADMIN and CAP_SYS_CHROOT the same user joins the namespace.
#[claim(source = ["setns(2) ERRORS", "Few notes about network namespaces in Linux"], needs = [Root])]
fn setns_unprivileged_eperm() -> Verdict {
    let other = Elsewhere::new()?;
    for kind in present() {
        let namespace = other.namespace(kind)?;
        let user = spawn(NONE, |root| {
            become_user(NOBODY)?;
            let received = root.recv_fd()?;
            for flags in [kind.flag(), NONE] {
                expect_errno!(setns(&received, flags), EPERM, "a {kind} namespace");
            }
            Ok(())
        })?;
        user.peer().send_fd(&namespace)?;
        user.join()?;
        as_user_with(NOBODY, CapabilitySet::SYS_ADMIN | CapabilitySet::SYS_CHROOT, || {
            other.expect_joined(&[kind], || setns(&namespace, kind.flag()))
        })
        .doing("the same user with two capabilities")?;
    }
    holds()
}

/// The owner of a user namespace has every capability in it, whatever it lacks in its own.
fn takes_power_at_home(kind: Kind) -> Verdict {
    user_namespace(NONE, || {
        let owned = waiting(CLONE_NEWUSER | kind.flag())?;
        let (user, namespace) = (owned.namespace(Kind::User)?, owned.namespace(kind)?);
        without(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(setns(&namespace, kind.flag()), EPERM, "the owner, with all but CAP_SYS_ADMIN at home");
            setns(&user, CLONE_NEWUSER).doing("join the user namespace, as its owner")?;
            expect_ok!(setns(&namespace, kind.flag()), "the same process, from inside");
            Ok(())
        })?;
        expect_ok!(setns(&namespace, kind.flag()), "with CAP_SYS_ADMIN at home");
        expect_eq!(own_inode(kind)?, namespace.inode()?);
        holds()
    })
}

/// The caller has every capability in its own user namespace; the namespace belongs to the one around that.
fn takes_power_over_it(kind: Kind) -> Verdict {
    user_namespace(NONE, || {
        let target = waiting(kind.flag())?;
        let namespace = target.namespace(kind)?;
        user_namespace(NONE, || {
            prepared(
                Sets::own()?.effective == Sets::full()?.effective,
                "all capabilities in the user namespace below",
            )?;
            expect_errno!(setns(&namespace, kind.flag()), EPERM, "from a user namespace below");
            let own = waiting(kind.flag())?;
            expect_ok!(setns(own.namespace(kind)?, kind.flag()), "one that belongs to the user namespace below");
            Ok(())
        })?;
        expect_ok!(setns(&namespace, kind.flag()), "from the user namespace that it belongs to");
        expect_eq!(own_inode(kind)?, namespace.inode()?);
        holds()
    })
}

fn sys_admin_suffices(kind: Kind) -> Verdict {
    user_namespace(NONE, || {
        let target = waiting(kind.flag())?;
        let namespace = target.namespace(kind)?;
        without(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(setns(&namespace, kind.flag()), EPERM, "with all the others");
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_ok!(setns(&namespace, kind.flag()), "with this one alone");
            expect_eq!(own_inode(kind)?, namespace.inode()?);
            Ok(())
        })?;
        holds()
    })
}
