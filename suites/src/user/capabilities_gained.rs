//! The capabilities that come with a user namespace, however it is entered: `user_namespaces(7)`, Capabilities.

use std::fmt::Debug;

use kit::Answer;
use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::process::{NOBODY, Sets, owned_by, raise_ambient, with_only};
use kit::uts::sethostname;
use rustix::io;
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, capabilities_secure_bits, remove_capability_from_bounding_set,
    set_capabilities_secure_bits,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    full_capabilities_after_unshare,
    full_capabilities_after_clone,
    full_capabilities_after_setns,
    capability_bits_above_last_are_zero,
    bounding_set_refilled,
    inheritable_and_ambient_cleared,
    securebits_reset_on_creation,
    all_securebits_reset_on_creation,
    exec_securebits_survive,
    no_capabilities_left_in_parent,
];

/// A process that moves itself into a new user namespace has all capabilities in its permitted, effective and bounding
/// sets there, and none in the other two.
#[claim(
    source = [
        "user_namespaces(7) Capabilities",
        "unshare(2) CLONE_NEWUSER",
        "Linux Namespaces",
        "What's in a name(space)?",
    ],
    needs = [UserNamespaces],
)]
fn full_capabilities_after_unshare() -> Verdict {
    unprivileged(NONE, || {
        expect!(Sets::own()?.are_void(), "before");
        unshare(CLONE_NEWUSER)?;
        expect_eq!(Sets::own()?, Sets::full()?);
        holds()
    })
}

/// A child that is created in a new user namespace starts with full permitted, effective and bounding sets there; its
/// parent gains no capability.
#[claim(
    source = ["user_namespaces(7) Capabilities", "clone(2) CLONE_NEWUSER", "What's in a name(space)?"],
    needs = [UserNamespaces],
)]
fn full_capabilities_after_clone() -> Verdict {
    unprivileged(NONE, || {
        expect!(child(NONE, Sets::own)?.are_void(), "a child in the old user namespace");
        expect_eq!(child(CLONE_NEWUSER, Sets::own)?, Sets::full()?);
        expect!(Sets::own()?.are_void(), "the parent's, afterwards");
        holds()
    })
}

/// A process that joins a user namespace has all capabilities there, whether it may join because it runs as the owner or
/// because it has CAP_SYS_ADMIN.
#[claim(
    source = ["user_namespaces(7) Capabilities", "setns(2) Details for specific namespace types", "Linux Namespaces"],
    needs = [Root, UserNamespaces],
)]
fn full_capabilities_after_setns() -> Verdict {
    let target = owned_by(NOBODY, None, NONE, Peer::wait)?;
    let namespace = target.namespace(Kind::User)?;
    let join = |before: CapabilitySet| {
        expect_eq!(Sets::own()?.effective, before, "before");
        expect_ok!(setns(&namespace, CLONE_NEWUSER));
        expect_eq!(Sets::own()?, Sets::full()?);
        Ok(())
    };
    unprivileged(NONE, || join(CapabilitySet::empty()))?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, || join(CapabilitySet::SYS_ADMIN))?;
    holds()
}

/// Full capability sets contain the last capability, whose number is in `/proc/sys/kernel/cap_last_cap`, and no bit above
/// it.
#[claim(source = ["capabilities(7) NOTES", "capabilities(7) Capability bounding set"], needs = [UserNamespaces])]
fn capability_bits_above_last_are_zero() -> Verdict {
    let last: u32 = kit::sysctl::sysctl("kernel/cap_last_cap")?;
    unprivileged(NONE, || {
        unshare(CLONE_NEWUSER)?;
        let sets = Sets::own()?;
        for set in [sets.permitted, sets.effective, sets.bounding] {
            expect_eq!(set.bits() >> last, 1, "the bits from the last capability up, which is {last}");
        }
        holds()
    })
}

/// A capability that was dropped from the bounding set is in it again in a user namespace that the process creates or
/// joins.
#[claim(source = "kernel/user_namespace.c set_cred_user_ns", needs = [Root, UserNamespaces])]
fn bounding_set_refilled() -> Verdict {
    let drop_one = || remove_capability_from_bounding_set(CapabilitySet::NET_RAW).doing("PR_CAPBSET_DROP");
    let stay = child(NONE, || {
        drop_one()?;
        child(NONE, Sets::own)
    })?;
    expect!(!stay.bounding.contains(CapabilitySet::NET_RAW), "in a child in the same user namespace: {stay:?}");
    let bounding = |sets: Sets| format!("{:?}", sets.bounding);
    expect_after_each_way_in(drop_one, || Ok(bounding(Sets::own()?)), bounding(Sets::full()?))?;
    holds()
}

/// A process that creates or joins a user namespace has empty inheritable and ambient sets there, whatever it had before.
#[claim(source = "kernel/user_namespace.c set_cred_user_ns", needs = [Root, UserNamespaces])]
fn inheritable_and_ambient_cleared() -> Verdict {
    let one = CapabilitySet::NET_RAW;
    let raise = || raise_ambient(one);
    let stay = child(NONE, || {
        raise()?;
        child(NONE, Sets::own)
    })?;
    expect_eq!((stay.inheritable, stay.ambient), (one, one), "in a child in the same user namespace");
    let both = |sets: Sets| (sets.inheritable.bits(), sets.ambient.bits());
    expect_after_each_way_in(raise, || Ok(both(Sets::own()?)), (0, 0))?;
    holds()
}

/// Each securebit that is set outside, even each lock, is clear in a user namespace that the process creates or joins.
///
/// Those for the execution of programs, which there are since 6.14, are another claim's.
#[claim(source = "user_namespaces(7) Capabilities", needs = [Root, UserNamespaces])]
fn securebits_reset_on_creation() -> Verdict {
    for bits in each_and_all(OLD_BITS) {
        expect_securebits_inside(bits, 0)?;
    }
    holds()
}

/// The securebits for the execution of programs and their locks are clear in a user namespace that the process creates or
/// joins.
#[claim(source = "user_namespaces(7) Capabilities", since = "6.14", until = "7.3", needs = [Root])]
fn all_securebits_reset_on_creation() -> Verdict {
    for bits in each_and_all(EXEC_BITS) {
        expect_securebits_inside(bits, 0)?;
    }
    expect_securebits_inside(EXEC_BITS | OLD_BITS, 0)?;
    holds()
}

/// The securebits for the execution of programs and their locks stay set in a user namespace that the process creates or
/// joins; the others are cleared.
///
/// Before 7.3 these are cleared too, which makes a user namespace a way around them.
#[claim(
    source = "kernel/user_namespace.c set_cred_user_ns",
    since = "7.3",
    replaces = "all_securebits_reset_on_creation",
    needs = [Root],
    erratum = "user_namespaces(7), Capabilities: entering a user namespace sets all securebits flags to their default, off.",
    quote = "sets the securebits flags to their default values (all flags disabled)",
)]
fn exec_securebits_survive() -> Verdict {
    for bits in each_and_all(EXEC_BITS) {
        expect_securebits_inside(bits, bits)?;
    }
    expect_securebits_inside(EXEC_BITS | OLD_BITS, EXEC_BITS)?;
    holds()
}

/// Once in a new user namespace, even root has no power over namespaces that the old one owns: sethostname(), mount() and
/// setns() fail with EPERM.
#[claim(
    source = ["user_namespaces(7) Capabilities", "Linux Namespaces", "What's in a name(space)?"],
    needs = [Root, UserNamespaces],
)]
fn no_capabilities_left_in_parent() -> Verdict {
    let uses = || -> Outcome<[Answer; 3]> {
        let mnt = Namespace::own(Kind::Mnt)?;
        Ok([sethostname("renamed").portable(), tmpfs("/mnt"), setns(&mnt, CLONE_NEWNS).portable()])
    };
    child(NONE, || {
        for answer in uses()? {
            expect_ok!(answer, "in the user namespace that owns it");
        }
        Ok(())
    })?;
    unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
    for answer in uses()? {
        expect_errno!(answer, EPERM, "in a new user namespace");
    }
    unshare(CLONE_NEWUTS | CLONE_NEWNS).doing("unshare namespaces for it to own")?;
    for answer in uses()? {
        expect_ok!(answer, "in the new user namespace, with namespaces that it owns");
    }
    holds()
}

/// The four securebits of before 6.14 and the locks of each.
const OLD_BITS: u32 = 0xff;

/// `SECBIT_EXEC_RESTRICT_FILE`, `SECBIT_EXEC_DENY_INTERACTIVE` and the locks of both.
const EXEC_BITS: u32 = 0xf00;

/// Each bit of a mask by itself, and the mask.
fn each_and_all(mask: u32) -> impl Iterator<Item = u32> {
    (0..u32::BITS).map(|bit| 1 << bit).filter(move |bit| mask & bit != 0).chain([mask])
}

/// Securebits that were `set` outside are `left` inside a user namespace, while a child outside has them all.
fn expect_securebits_inside(set: u32, left: u32) -> Outcome<()> {
    let set_them = || set_securebits(set).doing("PR_SET_SECUREBITS");
    let read = || Ok(capabilities_secure_bits().doing("PR_GET_SECUREBITS")?.bits());
    let stay = child(NONE, || {
        set_them()?;
        child(NONE, read)
    })?;
    expect_eq!(stay, set, "in a child in the same user namespace");
    expect_after_each_way_in(set_them, read, left)
}

fn set_securebits(bits: u32) -> io::Result<()> {
    set_capabilities_secure_bits(CapabilitiesSecureBits::from_bits_retain(bits))
}

/// The claim says that a process that has done `first`, and then enters a user namespace by unshare(), clone3() or setns(),
/// reads `expected`.
fn expect_after_each_way_in<T>(
    first: impl Fn() -> Outcome<()>,
    read: impl Fn() -> Outcome<T>,
    expected: T,
) -> Outcome<()>
where
    T: Serialize + DeserializeOwned + Debug + PartialEq,
{
    let target = waiting(CLONE_NEWUSER)?;
    let namespace = target.namespace(Kind::User)?;
    let after = |enter: &dyn Fn() -> nix::Result<()>| {
        child(NONE, || {
            first()?;
            enter().doing("enter a user namespace")?;
            read()
        })
    };
    expect_eq!(after(&|| unshare(CLONE_NEWUSER))?, expected, "after unshare");
    expect_eq!(after(&|| setns(&namespace, CLONE_NEWUSER))?, expected, "after setns");
    let cloned = child(NONE, || {
        first()?;
        child(CLONE_NEWUSER, &read)
    })?;
    expect_eq!(cloned, expected, "in a cloned child");
    Ok(())
}
