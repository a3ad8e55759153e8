//! Which privilege the making of namespaces takes: `unshare(2)`, NOTES; `clone(2)`, ERRORS; `user_namespaces(7)`,
//! Interaction of user namespaces and other types of namespaces.

use kit::Links;
use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::prepared;
use kit::process::{NOBODY, as_user_with, capabilities, try_clone3, with_only};
use kit::uts::{hostname, sethostname};
use nix::unistd::geteuid;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    create_needs_only_sysadmin,
    create_uid0_without_cap_eperm,
    userns_plus_others_unprivileged_unshare,
    userns_plus_others_unprivileged_clone,
];

/// All kinds but user.
pub(super) const OTHERS: [Kind; 7] = [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::Time, Kind::Uts];

/// With CAP_SYS_ADMIN alone an ordinary user can create namespaces of any kind; all other capabilities do not suffice.
///
/// Only user namespaces can be created without it.
#[claim(
    source = ["unshare(2) NOTES", "Linux Namespaces"],
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn create_needs_only_sysadmin() -> Verdict {
    let all = capabilities()?.permitted;
    for kind in OTHERS {
        as_user_with(NOBODY, CapabilitySet::SYS_ADMIN, || allowed(kind, "with CAP_SYS_ADMIN alone"))?;
        as_user_with(NOBODY, all - CapabilitySet::SYS_ADMIN, || refused(kind, "with all but CAP_SYS_ADMIN"))?;
    }
    for held in [CapabilitySet::SYS_ADMIN, all - CapabilitySet::SYS_ADMIN] {
        as_user_with(NOBODY, held, || allowed(Kind::User, &format!("with {held:?}")))?;
    }
    holds()
}

/// For user ID 0 without capabilities, unshare() and clone3() fail with EPERM for all kinds but user.
///
/// With CAP_SYS_ADMIN alone they succeed.
#[claim(
    source = ["unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn create_uid0_without_cap_eperm() -> Verdict {
    for kind in OTHERS {
        with_only(CapabilitySet::empty(), NONE, || refused(kind, "as user 0 without capabilities"))?;
        with_only(CapabilitySet::SYS_ADMIN, NONE, || allowed(kind, "as user 0 with CAP_SYS_ADMIN"))?;
    }
    with_only(CapabilitySet::empty(), NONE, || {
        prepared(geteuid().is_root(), "user ID 0")?;
        allowed(Kind::User, "as user 0 without capabilities")
    })?;
    holds()
}

/// An ordinary user may ask unshare() for any other kind together with a user namespace, and gets exactly these two.
///
/// The kind alone fails with EPERM. All eight kinds at once are allowed, too.
#[claim(
    source = [
        "unshare(2) NOTES",
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
        "namespaces-fun",
    ],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn userns_plus_others_unprivileged_unshare() -> Verdict {
    unprivileged(NONE, || {
        let before = Links::own()?;
        for kind in OTHERS {
            expect_errno!(unshare(kind.flag()), EPERM, "a {kind} namespace alone");
            let links = child(NONE, || {
                expect_ok!(unshare(CLONE_NEWUSER | kind.flag()), "a user and a {kind} namespace");
                Links::own()
            })?;
            let mut expected = [kind.unshared_link(), "user"];
            expected.sort_unstable();
            expect_eq!(links.changed_since(&before), expected);
        }
        expect_errno!(unshare(Kind::flags(&OTHERS)), EPERM, "all without a user namespace");
        expect_ok!(unshare(Kind::flags(&Kind::ALL)), "all at once");
        expect_eq!(Links::own()?.changed_since(&before), Kind::ALL.map(Kind::unshared_link), "all at once");
        holds()
    })
}

/// A child that an ordinary user creates with all eight flags has CAP_SYS_ADMIN over each of its new namespaces.
///
/// Over namespaces that it shares with its parent it has none, although it is in a new user namespace.
#[claim(
    source = "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn userns_plus_others_unprivileged_clone() -> Verdict {
    let mount = || tmpfs("/mnt");
    let join_again = |kind: Kind| Ok::<_, Failure>(setns(Namespace::own(kind)?, kind.flag()));
    unprivileged(NONE, || {
        let before = hostname()?;
        child(CLONE_NEWUSER, || {
            expect_errno!(sethostname("renamed"), EPERM, "with a user namespace alone");
            expect_errno!(mount(), EPERM, "with a user namespace alone");
            for kind in OTHERS {
                expect_errno!(join_again(kind)?, EPERM, "the parent's {kind} namespace");
            }
            Ok(())
        })?;
        let made = expect_ok!(Spawn::new(Kind::flags(&Kind::ALL)).try_start(|_| {
            expect_ok!(sethostname("renamed"), "with all");
            expect_ok!(mount(), "with all");
            for kind in OTHERS {
                expect_ok!(join_again(kind)?, "its own {kind} namespace");
            }
            Ok(())
        })?);
        made.join()?;
        expect_errno!(sethostname("renamed"), EPERM, "by the parent");
        expect_eq!(hostname()?, before, "the parent's");
        holds()
    })
}

/// Neither unshare() nor clone3() makes the caller a namespace of this kind.
fn refused(kind: Kind, who: &str) -> Outcome<()> {
    expect_errno!(try_clone3(&CloneArgs::new(kind.flag())), EPERM, "a {kind} namespace by clone3, {who}");
    expect_errno!(unshare(kind.flag()), EPERM, "a {kind} namespace by unshare, {who}");
    Ok(())
}

/// Both do.
fn allowed(kind: Kind, who: &str) -> Outcome<()> {
    expect_ok!(try_clone3(&CloneArgs::new(kind.flag())), "a {kind} namespace by clone3, {who}");
    expect_ok!(unshare(kind.flag()), "a {kind} namespace by unshare, {who}");
    Ok(())
}
