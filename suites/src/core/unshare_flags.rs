//! Which flags unshare() takes, one by one and together: `unshare(2)`, DESCRIPTION and ERRORS.

use kit::prelude::*;
use kit::process::with_only;
use kit::sys::vfork::vfork;
use kit::{Links, NO_LINKS};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_zero_noop,
    unshare_invalid_bit_einval,
    unshare_accepted_bits,
    unshare_accepted_bits_with_empty_mntns,
    unshare_combines_what_clone_refuses,
];

/// unshare(0) succeeds without privilege and leaves the caller in the namespaces that it is in.
#[claim(source = "unshare(2) DESCRIPTION", needs = [UserNamespaces])]
fn unshare_zero_noop() -> Verdict {
    let before = Links::own()?;
    expect_ok!(unshare(NONE));
    expect_eq!(Links::own()?.changed_since(&before), NO_LINKS);
    unprivileged(NONE, || {
        expect_ok!(unshare(NONE), "by an ordinary user");
        expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "an ordinary user's");
        unshare(CLONE_NEWUSER)?;
        expect_eq!(Links::own()?.changed_since(&before), ["user"], "with a flag");
        holds()
    })
}

/// unshare() fails with EINVAL if a bit is set that means nothing to it, whatever other flags and privileges there are.
///
/// Without CAP_SYS_ADMIN it fails with EINVAL, not EPERM, although CLONE_NEWNS beside the bit requires the capability.
#[claim(
    source = ["unshare(2) ERRORS", "Documentation/userspace-api/unshare.rst 5) Functional Specification"],
    // Where these are not for all, Debian's kernels ask for CAP_SYS_ADMIN before they look at the other bits.
    needs = [Root, UserNamespaces],
)]
fn unshare_invalid_bit_einval() -> Verdict {
    let refused = || {
        let before = Links::own()?;
        let bits = (0..u64::BITS).map(|place| CloneFlags::from_bits_retain(1 << place));
        for bit in bits.filter(|bit| !(FOURTEEN | EMPTY_MNTNS).contains(*bit)) {
            for valid in [NONE, CLONE_FS, CLONE_NEWNS] {
                expect_errno!(unshare(bit | valid), EINVAL, "{bit:?} and {valid:?}");
            }
        }
        for all in [u32::MAX.into(), u64::MAX] {
            expect_errno!(unshare(CloneFlags::from_bits_retain(all)), EINVAL, "{all:#x}");
        }
        expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "after the refusals");
        expect_ok!(unshare(CLONE_FS), "alone");
        Ok(())
    };
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        refused()?;
        expect_ok!(unshare(CLONE_NEWNS), "alone, with CAP_SYS_ADMIN");
        Ok(())
    })?;
    unprivileged(NONE, || {
        refused()?;
        expect_errno!(unshare(CLONE_NEWNS), EPERM, "alone, without CAP_SYS_ADMIN");
        holds()
    })
}

/// unshare() accepts fourteen flags, eight for namespaces and six for what threads share; any other bit fails with
/// EINVAL.
///
/// Since 7.1 there is one more.
#[claim(
    source = ["unshare(2) DESCRIPTION", "kernel/fork.c check_unshare_flags"],
    until = "7.1",
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn unshare_accepted_bits() -> Verdict {
    expect_eq!(accepted()?, FOURTEEN);
    holds()
}

/// unshare() accepts a fifteenth flag, 0x100000, for a mount namespace that starts empty; any other bit fails with
/// EINVAL.
#[claim(
    source = ["kernel/fork.c check_unshare_flags", "include/uapi/linux/sched.h UNSHARE_EMPTY_MNTNS"],
    since = "7.1",
    replaces = "unshare_accepted_bits",
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn unshare_accepted_bits_with_empty_mntns() -> Verdict {
    expect_eq!(accepted()?, FOURTEEN | EMPTY_MNTNS);
    holds()
}

/// unshare() accepts pairs of flags that clone() refuses with EINVAL, since here both mean to share no longer.
#[claim(
    source = ["unshare(2) DESCRIPTION", "kernel/fork.c ksys_unshare"],
    needs = [Root, UserNamespaces],
)]
fn unshare_combines_what_clone_refuses() -> Verdict {
    let thread = CLONE_THREAD | CLONE_SIGHAND;
    for (one, other) in [
        (CLONE_NEWNS, CLONE_FS),
        (CLONE_NEWUSER, CLONE_FS),
        (CLONE_NEWUSER, thread),
        (CLONE_NEWIPC, CLONE_SYSVSEM),
        (CLONE_NEWPID, thread),
    ] {
        // A process that has had a thread may still count as one of two when the thread is past its last instruction.
        child(NONE, || {
            for alone in [one, other] {
                expect_ok!(vfork(alone, || ()), "a child with {alone:?}");
            }
            expect_errno!(vfork(one | other, || ()), EINVAL, "a child with {one:?} and {other:?}");
            Ok(())
        })?;
        child(NONE, || {
            let before = Links::own()?;
            // The very flags that were refused, CLONE_VM among them.
            expect_ok!(unshare(one | other | CLONE_VM), "{one:?} and {other:?}");
            expect_eq!(Links::own()?.changed_since(&before).len(), 1, "{one:?} and {other:?}");
            Ok(())
        })?;
    }
    holds()
}

const EMPTY_MNTNS: CloneFlags = CloneFlags::from_bits_retain(0x10_0000);

const FOURTEEN: CloneFlags = CLONE_NEWTIME
    .union(CLONE_VM)
    .union(CLONE_FS)
    .union(CLONE_FILES)
    .union(CLONE_SIGHAND)
    .union(CLONE_THREAD)
    .union(CLONE_NEWNS)
    .union(CLONE_SYSVSEM)
    .union(CLONE_NEWCGROUP)
    .union(CLONE_NEWUTS)
    .union(CLONE_NEWIPC)
    .union(CLONE_NEWUSER)
    .union(CLONE_NEWPID)
    .union(CLONE_NEWNET);

/// All single bits with which unshare() succeeds, each tried in a process of its own; with each other bit it fails with EINVAL.
fn accepted() -> Outcome<CloneFlags> {
    let mut all = NONE;
    for number in 0..u64::BITS {
        let bit = CloneFlags::from_bits_retain(1 << number);
        let is_accepted = child(NONE, || match unshare(bit) {
            Ok(()) => Ok(true),
            refused => {
                expect_errno!(refused, EINVAL, "{bit:?}");
                Ok(false)
            }
        })?;
        all.set(bit, is_accepted);
    }
    Ok(all)
}
