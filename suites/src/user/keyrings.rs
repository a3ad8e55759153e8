//! Keyrings and user namespaces: `keyrings(7)`, `persistent-keyring(7)`.
//!
//! All keys are made in user namespaces, also those of the outer side: the initial one would keep some for good.

use kit::prelude::*;
use kit::process::{become_root_inside, become_user, user_namespace_with};
use kit::sys::keys::{
    self, OWN_USER, SESSION, Serial, USER, USER_SESSION, join_session_keyring, keyring_id, persistent_keyring,
    set_permissions,
};
use nix::errno::Errno;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    user_keyrings_are_per_userns,
    named_session_keyrings_are_per_userns,
    possessed_keys_usable_after_unshare,
    persistent_keyring_per_userns,
    persistent_keyring_of_others_needs_cap_setuid,
];

/// In each user namespace a user has a user keyring and a user session keyring of its own, the same ones for all processes
/// there.
#[claim(
    source = ["user_namespaces(7) DESCRIPTION", "keyrings(7)"],
    since = "5.3",
    needs = [UserNamespaces, Config("KEYS")],
)]
fn user_keyrings_are_per_userns() -> Verdict {
    for special in [USER, USER_SESSION] {
        differs_between_namespaces(&|| keyring_id(special)).doing(format!("keyring {special}"))?;
    }
    holds()
}

/// KEYCTL_JOIN_SESSION_KEYRING finds a keyring by its name only within the caller's user namespace; in another one it
/// creates a new keyring.
///
/// The permissions of the keyring allow every process to search it.
#[claim(
    source = ["keyrings(7)", "security/keys/keyring.c find_keyring_by_name"],
    since = "5.3",
    needs = [UserNamespaces, Config("KEYS")],
)]
fn named_session_keyrings_are_per_userns() -> Verdict {
    differs_between_namespaces(&|| {
        let keyring = join_session_keyring(Some(c"nsproof"))?;
        set_permissions(keyring, EVERYTHING)?;
        Ok(keyring)
    })?;
    holds()
}

/// A key in the caller's session keyring can still be read after unshare(CLONE_NEWUSER); without possession, reading it
/// fails with EACCES.
#[claim(source = "keyrings(7)", needs = [UserNamespaces, Config("KEYS")])]
fn possessed_keys_usable_after_unshare() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            join_session_keyring(None).doing("join a new session keyring")?;
            let key = keys::add(c"nsproof", b"content", SESSION).doing("add a key")?;
            expect_eq!(expect_ok!(keys::read(key), "before"), b"content");
            child(NONE, || {
                join_session_keyring(None).doing("join another session keyring")?;
                expect_errno!(keys::read(key), EACCES, "by a process that does not possess it");
                Ok(())
            })?;
            unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
            expect_eq!(expect_ok!(keys::read(key), "after unshare"), b"content");
            join_session_keyring(None).doing("join another session keyring")?;
            expect_errno!(keys::read(key), EACCES, "after unshare, no longer possessed");
            holds()
        })
    })
}

/// In each user namespace a user has a persistent keyring (KEYCTL_GET_PERSISTENT) of its own, the same one for all processes
/// there.
#[claim(
    source = ["KEYCTL_GET_PERSISTENT(2const)", "persistent-keyring(7)"],
    needs = [UserNamespaces, Config("PERSISTENT_KEYRINGS")],
)]
fn persistent_keyring_per_userns() -> Verdict {
    differs_between_namespaces(&|| {
        join_session_keyring(None)?;
        persistent_keyring(OWN_USER)
    })?;
    holds()
}

/// KEYCTL_GET_PERSISTENT for another user requires CAP_SETUID in the caller's user namespace; without it the call fails with
/// EPERM.
///
/// For a user that is not mapped it fails with EINVAL.
#[claim(
    source = ["KEYCTL_GET_PERSISTENT(2const)", "persistent-keyring(7)"],
    needs = [Root, UserNamespaces, Config("PERSISTENT_KEYRINGS")],
)]
fn persistent_keyring_of_others_needs_cap_setuid() -> Verdict {
    let inside = user_namespace_with(&Maps::range(100_000, 10), NONE, |_| {
        become_root_inside()?;
        join_session_keyring(None).doing("join a new session keyring")?;
        let sixth = expect_ok!(persistent_keyring(6), "user 6's, by root inside");
        kit::process::without(CapabilitySet::SETUID, NONE, || {
            expect_errno!(persistent_keyring(6), EPERM, "user 6's, by root inside without CAP_SETUID");
            expect_ok!(persistent_keyring(0), "its own, without CAP_SETUID");
            Ok(())
        })?;
        expect_errno!(persistent_keyring(10), EINVAL, "an unmapped user's, by root inside");
        child(NONE, || {
            become_user(6)?;
            join_session_keyring(None).doing("join a new session keyring")?;
            expect_eq!(expect_ok!(persistent_keyring(6), "by user 6"), sixth);
            expect_eq!(expect_ok!(persistent_keyring(OWN_USER), "by user 6, as its own"), sixth);
            expect_errno!(persistent_keyring(5), EPERM, "user 5's, by user 6");
            expect_errno!(persistent_keyring(10), EINVAL, "an unmapped user's, by user 6");
            holds()
        })
    })?;
    inside.join()
}

/// Possessor, owner, group and others have all permissions.
const EVERYTHING: u32 = 0x3f3f_3f3f;

/// The claim says that two processes of a user namespace get the same keyring, and one in another user namespace of the
/// same user another, whether that one is below, or beside.
fn differs_between_namespaces(ask: &dyn Fn() -> nix::Result<Serial>) -> Outcome<()> {
    let holder = || {
        spawn(NONE, |parent| {
            parent.send(&tried(ask)?)?;
            parent.wait()
        })
    };
    unprivileged(NONE, || {
        let beside = user_namespace_with(&Maps::own_as_root(), NONE, |outside| {
            outside.send(&tried(ask)?)?;
            outside.wait()
        })?;
        let there: Serial = beside.recv()?;
        user_namespace(NONE, || {
            let first = holder()?;
            let here: Serial = first.recv()?;
            expect_eq!(holder()?.recv::<Serial>()?, here, "by a second process of the same user namespace");
            expect_ne!(here, there, "in a user namespace beside it");
            let below = user_namespace(NONE, || tried(ask))?;
            expect!(![here, there].contains(&below), "in a user namespace below it: {below}, not {here} or {there}");
            Ok(())
        })
    })
}

fn tried(ask: &dyn Fn() -> nix::Result<Serial>) -> Outcome<Serial> {
    ask().map_err(|errno: Errno| Failure::from(errno)).doing("ask for a keyring")
}
