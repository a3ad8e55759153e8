//! Wrong claims about who one has become and what one may do, and right ones beside them.

use std::fs;
use std::os::unix::fs::MetadataExt;

use kit::prelude::*;
use kit::process::{
    Identity, MapFile, NOBODY, Sets, as_each_inner_root, as_user, as_user_with, container, owned_by, with_only, without,
};
use kit::sys::ns::get_owner_uid;
use kit::uts::{hostname, sethostname};
use nix::unistd::{chroot, getgroups, getresgid, getresuid};
use rustix::thread::CapabilitySet;

pub(crate) const CASES: &[Case] = cases![
    only_one_capability_is_left,
    another_capability_is_left,
    no_capability_is_left,
    lost_capability_is_missing,
    lost_capability_is_left,
    ordinary_user_is_nobody_else,
    ordinary_user_is_root,
    ordinary_user_has_capabilities,
    user_is_another,
    user_keeps_one_capability,
    user_keeps_another_capability,
    capable_user_is_capable,
    capable_user_has_no_capability,
    container_is_mapped,
    container_is_not_mapped,
    container_may_name_the_machine,
    namespace_is_owned,
    namespace_is_owned_by_root,
    inner_root_may_not_name_the_machine,
    inner_root_of_a_user_may,
    inner_root_that_is_root_may,
];

const CHROOT: CapabilitySet = CapabilitySet::SYS_CHROOT;
const ADMIN: CapabilitySet = CapabilitySet::SYS_ADMIN;

/// Asks for what takes CAP_SYS_ADMIN in the user namespace around the UTS namespace, and changes nothing.
fn name_host_again() -> Outcome<nix::Result<()>> {
    Ok(sethostname(hostname()?))
}

/// With CAP_SYS_CHROOT alone a process may chroot, and not set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn only_one_capability_is_left() -> Verdict {
    with_only(CHROOT, NONE, || {
        let sets = Sets::own()?;
        expect_eq!((sets.permitted, sets.effective, sets.inheritable), (CHROOT, CHROOT, CapabilitySet::empty()));
        expect_errno!(name_host_again()?, EPERM);
        expect_ok!(chroot("/"));
        holds()
    })
}

/// With CAP_SYS_CHROOT alone a process may set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn another_capability_is_left() -> Verdict {
    with_only(CHROOT, NONE, || {
        expect_ok!(name_host_again()?);
        holds()
    })
}

/// With CAP_SYS_CHROOT alone a process may not chroot.
#[claim(source = "namespaces(7)", needs = [Root])]
fn no_capability_is_left() -> Verdict {
    with_only(CHROOT, NONE, || {
        expect_errno!(chroot("/"), EPERM);
        holds()
    })
}

/// Without CAP_SYS_ADMIN a process may chroot, and not set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn lost_capability_is_missing() -> Verdict {
    let before = Sets::own()?.permitted;
    without(ADMIN, NONE, || {
        let sets = Sets::own()?;
        expect_eq!((sets.permitted, sets.effective), (before - ADMIN, before - ADMIN));
        expect_errno!(name_host_again()?, EPERM);
        expect_ok!(chroot("/"));
        holds()
    })
}

/// Without CAP_SYS_ADMIN a process may set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn lost_capability_is_left() -> Verdict {
    without(ADMIN, NONE, || {
        expect_ok!(name_host_again()?);
        holds()
    })
}

/// All IDs of an ordinary user's process are that user's, its files in /proc are, and it has no groups beside.
#[claim(source = "namespaces(7)", needs = [Root])]
fn ordinary_user_is_nobody_else() -> Verdict {
    unprivileged(NONE, || {
        let (user, group) = (getresuid()?, getresgid()?);
        expect_eq!([user.real, user.effective, user.saved].map(|id| id.as_raw()), [NOBODY; 3]);
        expect_eq!([group.real, group.effective, group.saved].map(|id| id.as_raw()), [NOBODY; 3]);
        expect!(getgroups()?.is_empty());
        expect!(Sets::own()?.are_void());
        expect_eq!(fs::metadata("/proc/self/uid_map")?.uid(), NOBODY);
        holds()
    })
}

/// An ordinary user is root.
#[claim(source = "namespaces(7)", needs = [Root])]
fn ordinary_user_is_root() -> Verdict {
    unprivileged(NONE, || {
        expect_eq!(getresuid()?.effective.as_raw(), 0);
        holds()
    })
}

/// An ordinary user may set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn ordinary_user_has_capabilities() -> Verdict {
    unprivileged(NONE, || {
        expect_ok!(name_host_again()?);
        holds()
    })
}

/// A process becomes another user than the one that was named.
#[claim(source = "namespaces(7)", needs = [Root])]
fn user_is_another() -> Verdict {
    as_user(1234, NONE, || {
        expect_eq!(getresuid()?.saved.as_raw(), NOBODY);
        holds()
    })
}

/// A user who has kept CAP_SYS_CHROOT may chroot, and not set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn user_keeps_one_capability() -> Verdict {
    as_user_with(NOBODY, CHROOT, || {
        expect_eq!(getresuid()?.real.as_raw(), NOBODY);
        expect_eq!(Sets::own()?.permitted, CHROOT);
        expect_errno!(name_host_again()?, EPERM);
        expect_ok!(chroot("/"));
        holds()
    })
}

/// A user who has kept CAP_SYS_CHROOT may set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn user_keeps_another_capability() -> Verdict {
    as_user_with(NOBODY, CHROOT, || {
        expect_ok!(name_host_again()?);
        holds()
    })
}

/// A capable user may set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn capable_user_is_capable() -> Verdict {
    child(NONE, || {
        Identity::user(NOBODY).ids(NOBODY, 1234, 1234).keeping_all().assume()?;
        let user = getresuid()?;
        expect_eq!((user.real.as_raw(), user.effective.as_raw()), (NOBODY, 1234));
        expect_ok!(name_host_again()?);
        holds()
    })
}

/// A capable user may not set the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn capable_user_has_no_capability() -> Verdict {
    child(NONE, || {
        Identity::user(NOBODY).ids(NOBODY, 1234, 1234).keeping_all().assume()?;
        expect_errno!(name_host_again()?, EPERM);
        holds()
    })
}

/// A container's users begin where they were said to.
#[claim(source = "namespaces(7)", needs = [Root])]
fn container_is_mapped() -> Verdict {
    container(100_000, NONE, || {
        expect_eq!(MapFile::Uid.read("self")?, "0 100000 1000");
        expect_eq!(getresuid()?.real.as_raw(), 0);
        expect_eq!(Sets::own()?.effective, Sets::full()?.effective);
        holds()
    })
}

/// A container's users are those outside.
#[claim(source = "namespaces(7)", needs = [Root])]
fn container_is_not_mapped() -> Verdict {
    container(100_000, NONE, || {
        expect_eq!(MapFile::Uid.read("self")?, "0 0 1000");
        holds()
    })
}

/// A container's root may set the hostname outside.
#[claim(source = "namespaces(7)", needs = [Root])]
fn container_may_name_the_machine() -> Verdict {
    container(100_000, NONE, || {
        expect_ok!(name_host_again()?);
        holds()
    })
}

/// A user namespace is owned by the user who made it.
#[claim(source = "namespaces(7)", needs = [Root])]
fn namespace_is_owned() -> Verdict {
    expect_eq!(owner_of_namespace_of(1234)?, 1234);
    holds()
}

/// A user namespace that another user made is owned by root.
#[claim(source = "namespaces(7)", needs = [Root])]
fn namespace_is_owned_by_root() -> Verdict {
    expect_eq!(owner_of_namespace_of(1234)?, 0);
    holds()
}

fn owner_of_namespace_of(user: u32) -> Outcome<u32> {
    let owned = owned_by(user, None, NONE, |parent| parent.wait())?;
    get_owner_uid(owned.namespace(Kind::User)?).doing("NS_GET_OWNER_UID")
}

/// No root of a user namespace may set the hostname outside.
#[claim(source = "namespaces(7)", needs = [Root])]
fn inner_root_may_not_name_the_machine() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(name_host_again()?, EPERM, "{whose}");
        Ok(())
    })?;
    holds()
}

/// Root of an ordinary user's namespace may set the hostname outside.
#[claim(source = "namespaces(7)", needs = [Root])]
fn inner_root_of_a_user_may() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        if MapFile::Uid.read("self")?.starts_with(&format!("0 {NOBODY}")) {
            expect_ok!(name_host_again()?, "{whose}");
        }
        Ok(())
    })?;
    holds()
}

/// Root of a namespace that is root outside, too, may set the hostname outside.
#[claim(source = "namespaces(7)", needs = [Root])]
fn inner_root_that_is_root_may() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        if MapFile::Uid.read("self")?.starts_with("0 0") {
            expect_ok!(name_host_again()?, "{whose}");
        }
        Ok(())
    })?;
    holds()
}
