//! What execve() leaves of the capabilities in a user namespace: `user_namespaces(7)`, Capabilities; `capabilities(7)`.

use kit::file_capability::FileCapability;
use kit::prelude::*;
use kit::process::{NOBODY, Sets, every_capability, raise_ambient, raise_inheritable, user_namespace_with};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, remove_capability_from_bounding_set, set_capabilities_secure_bits,
    set_no_new_privs,
};

use super::executed::{copy_of_ourselves, executed, program_at, status_after, tell_status};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    exec_drops_caps_when_unmapped,
    exec_drops_caps_of_root_when_unmapped,
    exec_keeps_caps_for_uid_0,
    exec_drops_caps_for_nonzero_uid,
    an_inheritable_file_mask_alone_keeps_nothing,
    exec_caps_kept_by_inheritable_pair,
    exec_caps_kept_by_ambient,
    noroot_securebit_stops_exec_caps,
    bounding_set_limits_exec_inside,
    no_new_privs_does_not_block,
];

/// What the cases keep or lose: the kernel gives it no further meaning here.
const ONE: CapabilitySet = CapabilitySet::NET_RAW;

/// execve() by a process whose user ID is not mapped in its user namespace leaves it no capability.
#[claim(source = "user_namespaces(7) Capabilities", needs = [UserNamespaces])]
fn exec_drops_caps_when_unmapped() -> Verdict {
    unprivileged(NONE, expect_caps_lost_when_unmapped)?;
    holds()
}

/// execve() by root in a user namespace that does not map user 0 of its parent leaves it no capability either.
#[claim(source = "user_namespaces(7) Capabilities", needs = [Root, UserNamespaces])]
fn exec_drops_caps_of_root_when_unmapped() -> Verdict {
    expect_caps_lost_when_unmapped()?;
    holds()
}

/// execve() by a process that is user 0 in its user namespace leaves it all capabilities, even if it is an ordinary user
/// outside.
#[claim(source = ["user_namespaces(7) Capabilities", "namespaces-fun"], needs = [UserNamespaces])]
fn exec_keeps_caps_for_uid_0() -> Verdict {
    unprivileged(NONE, || {
        let seen = as_id(0, || executed(&mut tell_status()))?;
        expect_eq!(seen, (0, Sets::full()?));
        let other = as_id(1, || executed(&mut tell_status()))?;
        expect!(other.1.are_void(), "as user 1");
        holds()
    })
}

/// execve() by a process whose user ID is mapped to another one than 0 leaves it no capability.
#[claim(source = "user_namespaces(7) Capabilities", needs = [UserNamespaces])]
fn exec_drops_caps_for_nonzero_uid() -> Verdict {
    unprivileged(NONE, || {
        let (before, after) = as_id(1000, || Ok((Sets::own()?, executed(&mut tell_status())?)))?;
        expect_eq!(before, Sets::full()?, "before");
        expect!(after.1.are_void(), "after: {:?}", after.1);
        expect_eq!(as_id(0, || executed(&mut tell_status()))?.1, before, "as user 0");
        holds()
    })
}

/// On execve() by a user other than 0, a capability that only the file's inheritable set contains is lost: the process's
/// must contain it, too.
#[claim(
    source = "user_namespaces(7) Capabilities",
    needs = [Root, UserNamespaces, Config("TMPFS_XATTR")],
    erratum = "user_namespaces(7), Capabilities: capabilities are lost on execve(2) unless the process has user ID 0 or \
               the executable file has a nonempty inheritable capabilities mask.",
    quote = "the executable file has a nonempty inheritable capabilities mask",
)]
fn an_inheritable_file_mask_alone_keeps_nothing() -> Verdict {
    let (without, with) = after_exec_of_inheriting_file()?;
    expect!(without.are_void(), "with the file's alone: {without:?}");
    expect_eq!(with.effective, ONE, "with the process's too");
    holds()
}

/// A capability in the inheritable sets of both the process and the file is permitted after execve() by a user other than 0.
///
/// It is effective, too, when the file's effective bit is set.
#[claim(
    source = ["user_namespaces(7) Capabilities", "capabilities(7) Transformation of capabilities during execve()"],
    needs = [Root, UserNamespaces, Config("TMPFS_XATTR")],
)]
fn exec_caps_kept_by_inheritable_pair() -> Verdict {
    let (without, with) = after_exec_of_inheriting_file()?;
    expect_eq!((with.permitted, with.effective), (ONE, ONE));
    expect!(without.permitted.is_empty(), "without the process's: {without:?}");
    let plain = unprivileged(NONE, || {
        as_id(1000, || {
            raise_inheritable(ONE)?;
            executed(&mut tell_status())
        })
    })?;
    expect!(plain.1.are_void(), "without the file's: {:?}", plain.1);
    holds()
}

/// A capability that a process has raised in its ambient set in a user namespace is kept on execve() by a user other than 0.
#[claim(source = "capabilities(7) Transformation of capabilities during execve()", needs = [UserNamespaces])]
fn exec_caps_kept_by_ambient() -> Verdict {
    unprivileged(NONE, || {
        for (ambient, left) in [(true, ONE), (false, CapabilitySet::empty())] {
            let (_, seen) = as_id(1000, || {
                if ambient {
                    raise_ambient(ONE)?
                } else {
                    raise_inheritable(ONE)?
                }
                executed(&mut tell_status())
            })?;
            expect_eq!((seen.permitted, seen.effective, seen.ambient), (left, left, left), "ambient: {ambient}");
        }
        holds()
    })
}

/// With SECBIT_NOROOT set in a user namespace, execve() by its user 0 leaves the process no capability.
#[claim(source = "capabilities(7) The securebits flags: establishing a capabilities-only environment", needs = [UserNamespaces])]
fn noroot_securebit_stops_exec_caps() -> Verdict {
    unprivileged(NONE, || {
        let seen = |bits| {
            as_id(0, || {
                set_capabilities_secure_bits(bits).doing("PR_SET_SECUREBITS")?;
                executed(&mut tell_status())
            })
        };
        let without = seen(CapabilitiesSecureBits::NO_ROOT)?;
        expect!(without.1.are_void(), "with SECBIT_NOROOT: {:?}", without.1);
        expect_eq!(seen(CapabilitiesSecureBits::empty())?, (0, Sets::full()?), "without it");
        holds()
    })
}

/// A capability that user 0 of a user namespace drops from its bounding set is missing after execve(), and no other one is.
#[claim(source = "capabilities(7) Capability bounding set", needs = [UserNamespaces])]
fn bounding_set_limits_exec_inside() -> Verdict {
    unprivileged(NONE, || {
        let (_, seen) = as_id(0, || {
            remove_capability_from_bounding_set(ONE).doing("PR_CAPBSET_DROP")?;
            expect!(Sets::own()?.effective.contains(ONE), "before execve");
            executed(&mut tell_status())
        })?;
        let rest = every_capability()? - ONE;
        expect_eq!((seen.permitted, seen.effective, seen.bounding), (rest, rest, rest));
        holds()
    })
}

/// A process with no_new_privs can create a user namespace, and keeps all capabilities there on execve() by its user 0.
///
/// The flag stays set. Its effect is seen outside: a set-user-ID program does not change the user ID.
#[claim(source = "kernel/user_namespace.c create_user_ns", needs = [Root, UserNamespaces])]
fn no_new_privs_does_not_block() -> Verdict {
    let set_user_id = copy_of_ourselves("/tmp/set-user-id", 0o4755)?;
    unprivileged(NONE, || {
        let mut run = program_at(&set_user_id);
        expect_eq!(status_after(&mut run)?.euid, 0, "a set-user-ID program, without the flag");
        set_no_new_privs(true).doing("PR_SET_NO_NEW_PRIVS")?;
        expect_eq!(status_after(&mut run)?.euid, NOBODY, "a set-user-ID program, with the flag");
        let inside = as_id(0, || {
            let status = status_after(&mut tell_status())?;
            Ok((status.nonewprivs, Sets::shown(&status)))
        })?;
        expect_eq!(inside, (Some(1), Sets::full()?));
        holds()
    })
}

/// In a user namespace without maps the caller keeps all capabilities until execve() and none after it.
fn expect_caps_lost_when_unmapped() -> Outcome<()> {
    let (before, (_, after)) = child(CLONE_NEWUSER, || Ok((Sets::own()?, executed(&mut tell_status())?)))?;
    expect_eq!(before, Sets::full()?, "before");
    expect!(after.are_void(), "after: {after:?}");
    let mapped = as_id(0, || executed(&mut tell_status()))?;
    expect_eq!(mapped, (0, before), "mapped to user 0");
    Ok(())
}

/// Runs `body` in a new user namespace in which the caller is user and group `id`.
fn as_id<T>(id: u32, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    user_namespace_with(&Maps::own_as(id), NONE, |_| body())?.join()
}

/// What a user other than 0 has after execve() of a file with an inheritable capability: without it in its own
/// inheritable set, and with it.
fn after_exec_of_inheriting_file() -> Outcome<(Sets, Sets)> {
    let file = copy_of_ourselves("/tmp/inheriting", 0o755)?;
    FileCapability::inheritable(ONE).write(&file).doing("set a file capability")?;
    unprivileged(NONE, || {
        let without = as_id(1000, || executed(&mut program_at(&file)))?;
        let with = as_id(1000, || {
            raise_inheritable(ONE)?;
            executed(&mut program_at(&file))
        })?;
        Ok((without.1, with.1))
    })
}
