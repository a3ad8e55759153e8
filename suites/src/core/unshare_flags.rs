//! Which flags unshare() takes, one by one and together: `unshare(2)`, DESCRIPTION and ERRORS.

use kit::prelude::*;
use kit::sys::vfork::vfork;
use kit::{Links, NO_LINKS};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_zero_noop,
    unshare_invalid_bit_einval,
    unshare_accepted_bits,
    unshare_accepted_bits_with_empty_mntns,
    unshare_combines_what_clone_refuses,
];

/// unshare() without a flag succeeds for everybody and leaves the caller in the namespaces that it is in.
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

/// unshare() with any bit that means nothing to it is EINVAL, whatever stands beside it and whoever calls.
///
/// An ordinary user gets EINVAL, not EPERM, though what stands beside it takes privilege.
#[claim(
    source = ["unshare(2) ERRORS", "Documentation/userspace-api/unshare.rst 5) Functional Specification"],
)]
fn unshare_invalid_bit_einval() -> Verdict {
    unprivileged(NONE, || {
        let before = Links::own()?;
        for bit in MEANINGLESS {
            for valid in [NONE, CLONE_FS, CLONE_NEWNS] {
                expect_errno!(unshare(bit | valid), EINVAL, "{bit:?} and {valid:?}");
            }
        }
        expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "after the refusals");
        expect_ok!(unshare(CLONE_FS), "alone");
        expect_errno!(unshare(CLONE_NEWNS), EPERM, "alone");
        holds()
    })
}

/// Of all single bits root can pass fourteen to unshare(), eight for namespaces and six for what threads share; others are EINVAL.
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

/// unshare() takes a fifteenth bit, 0x100000, for a mount namespace that starts empty.
#[claim(
    source = ["kernel/fork.c check_unshare_flags", "include/uapi/linux/sched.h UNSHARE_EMPTY_MNTNS"],
    since = "7.1",
    needs = [Root, UserNamespaces, Config("TIME_NS")],
)]
fn unshare_accepted_bits_with_empty_mntns() -> Verdict {
    expect_eq!(accepted()?, FOURTEEN | EMPTY_MNTNS);
    holds()
}

/// unshare() takes pairs of flags that clone() refuses with EINVAL, since here both say the same: share no longer.
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

/// Bits that other calls of the family take, but unshare() on no kernel, and bits without a meaning.
const MEANINGLESS: [CloneFlags; 13] = [
    CloneFlags::from_bits_retain(1),
    CLONE_PIDFD,
    CLONE_PTRACE,
    CLONE_VFORK,
    CLONE_PARENT,
    CloneFlags::from_bits_retain(libc::CLONE_SETTLS as u64),
    CLONE_UNTRACED,
    CloneFlags::from_bits_retain(libc::CLONE_CHILD_SETTID as u64),
    CLONE_IO,
    CLONE_CLEAR_SIGHAND,
    CLONE_INTO_CGROUP,
    CloneFlags::from_bits_retain(1 << 40),
    CloneFlags::from_bits_retain(1 << 63),
];

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

/// All single bits with which unshare() succeeds, each tried in a process of its own; with the others it is EINVAL.
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
