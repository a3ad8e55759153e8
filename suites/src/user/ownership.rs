//! The owner of a user namespace, and what it may do there from outside: `user_namespaces(7)`, Capabilities.

use kit::prelude::*;
use kit::process::{Identity, NOBODY, Sets, as_user, as_user_with, become_user, map_self, owned_by};
use kit::sys::ns::get_owner_uid;
use kit::sys::raw::kill;
use kit::sysctl::sysctl;
use nix::sys::ptrace;
use nix::unistd::{Pid, Uid, setfsuid};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    capability_holds_in_descendants,
    owner_has_all_capabilities,
    owner_rule_uses_effective_uid,
    owner_rule_reaches_grandchildren,
    owner_is_creators_euid,
    owner_uid_translated_for_reader,
];

/// Capabilities for three things that one process can do to another.
const LONE: [CapabilitySet; 3] = [CapabilitySet::KILL, CapabilitySet::SYS_PTRACE, CapabilitySet::SYS_ADMIN];

/// A user beside [`NOBODY`].
const OTHER: u32 = NOBODY + 1;

/// A capability that a process has in its user namespace it has in those below as well, children as grandchildren.
///
/// Each of three capabilities allows what needs it, and nothing of what needs the others.
#[claim(source = ["user_namespaces(7) Capabilities", "What's in a name(space)?"], needs = [Root, UserNamespaces])]
fn capability_holds_in_descendants() -> Verdict {
    let child_of_ours = owned_by(NOBODY, Some(&Maps::range(100_000, 10)), NONE, |outside| {
        become_user(5)?;
        let inner = waiting(CLONE_NEWUSER)?;
        outside.send(&inner.pid().as_raw())?;
        outside.wait()
    })?;
    let grandchild = Pid::from_raw(child_of_ours.recv()?);
    for target in [child_of_ours.pid(), grandchild] {
        let namespace = Namespace::of(target, Kind::User)?;
        for held in [CapabilitySet::empty()].into_iter().chain(LONE) {
            as_other_with(held, || {
                for (needed, answer) in uses(target, &namespace)? {
                    if held == needed {
                        expect_ok!(answer, "what needs {needed:?}, with it");
                    } else {
                        expect_errno!(answer, EPERM, "what needs {needed:?}, with {held:?}");
                    }
                }
                Ok(())
            })?;
        }
    }
    holds()
}

/// From the parent namespace, the owner of a user namespace has all capabilities in it although it has none in its own: kill(),
/// ptrace() and setns() succeed.
///
/// For another user they fail with EPERM. The process that is acted on is a third user's, so that nothing but a capability
/// can allow it.
#[claim(source = "user_namespaces(7) Capabilities", needs = [Root, UserNamespaces])]
fn owner_has_all_capabilities() -> Verdict {
    let inside = owned_by(NOBODY, Some(&Maps::range(100_000, 10)), NONE, |outside| {
        become_user(5)?;
        outside.go()?;
        outside.wait()
    })?;
    inside.recv::<()>()?;
    let namespace = inside.namespace(Kind::User)?;
    as_user(OTHER, NONE, || {
        for (needed, answer) in uses(inside.pid(), &namespace)? {
            expect_errno!(answer, EPERM, "another user, what needs {needed:?}");
        }
        Ok(())
    })?;
    as_user(NOBODY, NONE, || {
        expect!(Sets::own()?.are_void());
        for (needed, answer) in uses(inside.pid(), &namespace)? {
            expect_ok!(answer, "the owner, what needs {needed:?}");
        }
        Ok(())
    })?;
    holds()
}

/// The owner of a user namespace is recognized by its effective user ID; the real, saved and filesystem IDs do not count.
#[claim(source = "user_namespaces(7) Capabilities", needs = [Root, UserNamespaces])]
fn owner_rule_uses_effective_uid() -> Verdict {
    let target = owned_by(NOBODY, None, NONE, Peer::wait)?;
    let namespace = target.namespace(Kind::User)?;
    child(NONE, || {
        Identity::user(NOBODY).ids(NOBODY, OTHER, NOBODY).assume()?;
        setfsuid(Uid::from_raw(NOBODY));
        expect_errno!(
            setns(&namespace, CLONE_NEWUSER),
            EPERM,
            "with the owner's ID in all places but the effective one"
        );
        Ok(())
    })?;
    child(NONE, || {
        Identity::user(OTHER).ids(OTHER, NOBODY, OTHER).assume()?;
        setfsuid(Uid::from_raw(OTHER));
        expect_ok!(setns(&namespace, CLONE_NEWUSER), "with the owner's ID as the effective one alone");
        Ok(())
    })?;
    holds()
}

/// The owner of a user namespace has its capabilities in a namespace below that one as well, even if another user created it.
#[claim(source = "user_namespaces(7) Capabilities", needs = [Root, UserNamespaces])]
fn owner_rule_reaches_grandchildren() -> Verdict {
    let between = owned_by(NOBODY, Some(&Maps::range(100_000, 10)), NONE, |outside| {
        become_user(5)?;
        let inner = waiting(CLONE_NEWUSER)?;
        outside.send(&inner.pid().as_raw())?;
        outside.wait()
    })?;
    let inner = Pid::from_raw(between.recv()?);
    let namespace = Namespace::of(inner, Kind::User)?;
    expect_eq!(expect_ok!(get_owner_uid(&namespace)), 100_005, "the owner of the inner one");
    for (user, is_above) in [(NOBODY, true), (OTHER, false)] {
        as_user(user, NONE, || {
            for (needed, answer) in uses(inner, &namespace)? {
                if is_above {
                    expect_ok!(answer, "the owner of the one between, what needs {needed:?}");
                } else {
                    expect_errno!(answer, EPERM, "another user, what needs {needed:?}");
                }
            }
            Ok(())
        })?;
    }
    holds()
}

/// The owner of a user namespace is the effective user of the process that created it, as NS_GET_OWNER_UID tells.
#[claim(
    source = [
        "user_namespaces(7) Capabilities",
        "ioctl_nsfs(2) NS_GET_OWNER_UID",
        "NS_GET_OWNER_UID(2const)",
    ],
    needs = [Root, UserNamespaces],
)]
fn owner_is_creators_euid() -> Verdict {
    for [real, effective, saved] in [[OTHER, NOBODY, OTHER + 1], [OTHER; 3], [NOBODY, OTHER, NOBODY]] {
        let maker = spawn(NONE, |root| {
            Identity::user(real).ids(real, effective, saved).assume()?;
            setfsuid(Uid::from_raw(real));
            let cloned = waiting(CLONE_NEWUSER)?;
            unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
            root.send(&cloned.pid().as_raw())?;
            root.wait()
        })?;
        let cloned = Namespace::of(Pid::from_raw(maker.recv()?), Kind::User)?;
        for (how, namespace) in [("by clone3", cloned), ("by unshare", maker.namespace(Kind::User)?)] {
            expect_eq!(
                expect_ok!(get_owner_uid(&namespace)),
                effective,
                "{how} with user IDs {real}, {effective}, {saved}"
            );
        }
    }
    holds()
}

/// NS_GET_OWNER_UID tells the owner's user ID as it is in the caller's user namespace, and the overflow ID if it is not mapped
/// there.
#[claim(
    source = [
        "ioctl_nsfs(2) NS_GET_OWNER_UID",
        "include/uapi/linux/nsfs.h",
        "kernel 7.3 fs/nsfs.c",
    ],
    needs = [UserNamespaces],
)]
fn owner_uid_translated_for_reader() -> Verdict {
    let overflow: u32 = sysctl("kernel/overflowuid")?;
    unprivileged(NONE, || {
        let target = waiting(CLONE_NEWUSER)?;
        let namespace = target.namespace(Kind::User)?;
        let own = Uid::current().as_raw();
        expect_eq!(expect_ok!(get_owner_uid(&namespace)), own, "where it was made");
        for mapped in [7, 0] {
            child(NONE, || {
                let maps = Maps::own_as(mapped);
                unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
                expect_eq!(expect_ok!(get_owner_uid(&namespace)), overflow, "where the owner is not mapped");
                map_self(&maps)?;
                expect_eq!(expect_ok!(get_owner_uid(&namespace)), mapped, "where the owner is user {mapped}");
                Ok(())
            })?;
        }
        holds()
    })
}

/// Tries a signal, a ptrace, and joining the user namespace, in children; with what each needs.
fn uses(process: Pid, namespace: &Namespace) -> Outcome<[(CapabilitySet, Result<(), Refusal>); 3]> {
    let answer = |call: &dyn Fn() -> nix::Result<()>| child(NONE, || Ok(call().portable()));
    let [signal, trace, join] = LONE;
    Ok([
        (signal, answer(&|| kill(process, 0))?),
        (trace, answer(&|| ptrace::seize(process, ptrace::Options::empty()))?),
        (join, answer(&|| setns(namespace, CLONE_NEWUSER))?),
    ])
}

/// Runs `body` as a user beside root and [`NOBODY`], with these capabilities.
pub(super) fn as_other_with(held: CapabilitySet, body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    as_user_with(OTHER, held, body)
}
