//! The capabilities for making a UTS namespace, joining one and setting its names: `user_namespaces(7)`.

use kit::prelude::*;
use kit::process::{NOBODY, as_user, become_user, try_clone3, with_only, without};
use kit::uts::{Name, Names, Onlooker, hostname, sethostname};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    create_needs_cap_sys_admin,
    create_unprivileged_through_userns,
    setns_needs_cap,
    sethostname_needs_cap_in_owning_userns,
    setdomainname_needs_cap_in_owning_userns,
    ancestor_root_can_rename,
];

/// Making a UTS namespace by unshare(2) or clone3(2) requires CAP_SYS_ADMIN; without it the call fails with EPERM, even
/// for root.
#[claim(
    source = ["unshare(2) CLONE_NEWUTS", "clone(2) ERRORS", "clone(2) CLONE_NEWUTS"],
    needs = [Root],
)]
fn create_needs_cap_sys_admin() -> Verdict {
    let refused = || {
        expect_errno!(unshare(CLONE_NEWUTS), EPERM);
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)), EPERM);
        Ok(())
    };
    unprivileged(NONE, refused)?;
    without(CapabilitySet::SYS_ADMIN, NONE, refused)?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(unshare(CLONE_NEWUTS));
        expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)));
        Ok(())
    })?;
    holds()
}

/// An ordinary user may make a UTS namespace and a user namespace in one call, and then set hostname and domain name.
#[claim(
    source = ["user_namespaces(7)", "namespaces(7) The namespaces API", "Few notes about network namespaces in Linux"],
    needs = [UserNamespaces],
)]
fn create_unprivileged_through_userns() -> Verdict {
    let outside = Names::own()?;
    let wanted = Names::new("named-by-a-user", "user.example");
    let name_it = || {
        for (name, value) in Name::BOTH.into_iter().zip([&wanted.hostname, &wanted.domainname]) {
            expect_ok!(name.set(value));
        }
        Names::own()
    };
    let unshared = unprivileged(NONE, || {
        expect_errno!(unshare(CLONE_NEWUTS), EPERM);
        expect_ok!(unshare(CLONE_NEWUSER | CLONE_NEWUTS));
        name_it()
    })?;
    expect_eq!(unshared, wanted);
    let cloned = unprivileged(NONE, || {
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)), EPERM);
        expect_ok!(try_clone3(&CloneArgs::new(CLONE_NEWUSER | CLONE_NEWUTS)));
        child(CLONE_NEWUSER | CLONE_NEWUTS, name_it)
    })?;
    expect_eq!(cloned, wanted);
    expect_eq!(Names::own()?, outside);
    holds()
}

/// Joining a UTS namespace requires CAP_SYS_ADMIN in the caller's user namespace and in the one that owns it; otherwise
/// setns(2) fails with EPERM.
#[claim(source = "setns(2) Details for specific namespace types", needs = [Root, UserNamespaces])]
fn setns_needs_cap() -> Verdict {
    let ours = Namespace::own(Kind::Uts)?;
    unprivileged(NONE, || {
        expect_errno!(setns(&ours, CLONE_NEWUTS), EPERM);
        unshare(CLONE_NEWUSER)?;
        expect_errno!(setns(&ours, CLONE_NEWUTS), EPERM, "with all capabilities in a user namespace of its own");
        Ok(())
    })?;
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(setns(&ours, CLONE_NEWUTS), EPERM, "by root without the capability");
        Ok(())
    })?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(setns(&ours, CLONE_NEWUTS), "by root with that capability alone");
        Ok(())
    })?;

    // The owner of a user namespace has all capabilities in it from outside, but none in its own user namespace.
    let owned = owned_by_nobody()?;
    let (user, uts) = (owned.process().namespace(Kind::User)?, owned.process().namespace(Kind::Uts)?);
    as_user(NOBODY, NONE, || {
        expect_errno!(setns(&uts, CLONE_NEWUTS), EPERM, "by the owner, from outside");
        setns(&user, CLONE_NEWUSER)?;
        expect_ok!(setns(&uts, CLONE_NEWUTS), "by the owner, from inside");
        Ok(())
    })?;
    holds()
}

/// sethostname(2) requires CAP_SYS_ADMIN in the user namespace that owns the UTS namespace, not in the caller's;
/// otherwise it fails with EPERM.
#[claim(source = ["gethostname(2) ERRORS", "user_namespaces(7)"], needs = [UserNamespaces])]
fn sethostname_needs_cap_in_owning_userns() -> Verdict {
    expect_set_by_owner_only(Name::Host)?;
    holds()
}

/// setdomainname(2) requires CAP_SYS_ADMIN in the user namespace that owns the UTS namespace, not in the caller's;
/// otherwise it fails with EPERM.
#[claim(source = "getdomainname(2) ERRORS", needs = [UserNamespaces])]
fn setdomainname_needs_cap_in_owning_userns() -> Verdict {
    expect_set_by_owner_only(Name::Domain)?;
    holds()
}

/// CAP_SYS_ADMIN in the parent user namespace is enough to join a UTS namespace that a child user namespace owns, and
/// to set its names.
#[claim(source = ["setns(2) DESCRIPTION", "user_namespaces(7)"], needs = [Root, UserNamespaces])]
fn ancestor_root_can_rename() -> Verdict {
    sethostname("parent")?;
    let owned = owned_by_nobody()?;
    let handle = owned.process().namespace(Kind::Uts)?;
    // All capabilities, but in a user namespace beside the one that owns it.
    user_namespace(NONE, || {
        expect_errno!(setns(&handle, CLONE_NEWUTS), EPERM);
        Ok(())
    })?;
    let renamed = Names::new("renamed", "renamed.example");
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(setns(&handle, CLONE_NEWUTS));
        for (name, value) in Name::BOTH.into_iter().zip([&renamed.hostname, &renamed.domainname]) {
            expect_ok!(name.set(value));
        }
        Ok(())
    })?;
    expect_eq!(owned.names()?, renamed);
    expect_eq!(hostname()?, "parent");
    holds()
}

/// A name of a UTS namespace can be set with a capability in the user namespace that owns it, and with no other.
fn expect_set_by_owner_only(name: Name) -> Outcome<()> {
    user_namespace(CLONE_NEWUTS, || {
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_ok!(name.set("set-by-the-owner"));
            Ok(())
        })?;
        without(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(name.set("other"), EPERM, "without the capability");
            Ok(())
        })?;
        user_namespace(NONE, || {
            expect_errno!(name.set("other"), EPERM, "with all capabilities in a child of the owning user namespace");
            Ok(())
        })?;
        expect_eq!(name.get()?, "set-by-the-owner");
        user_namespace(CLONE_NEWUTS, || {
            expect_ok!(name.set("other"), "in a UTS namespace that the child user namespace owns");
            Ok(())
        })
    })
}

/// A process in a user and a UTS namespace that an ordinary user has made.
fn owned_by_nobody() -> Outcome<Onlooker> {
    Onlooker::prepared(NONE, || {
        become_user(NOBODY)?;
        Ok(unshare(CLONE_NEWUSER | CLONE_NEWUTS)?)
    })
}
