//! What the second argument of `setns(2)` says of a namespace's file: `setns(2)`, fd refers to a /proc/pid/ns/ link.

use kit::Links;
use kit::joining::{Elsewhere, present};
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![setns_nstype_zero, setns_nstype_mismatch_einval, setns_nsfd_two_flags_einval];

/// setns(2) with 0 for the kind takes the file of a namespace of any kind, and joins it.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", needs = [UserNamespaces])]
fn setns_nstype_zero() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        for kind in present() {
            let namespace = other.namespace(kind)?;
            let wrong = if kind == Kind::Uts { CLONE_NEWNET } else { CLONE_NEWUTS };
            expect_errno!(setns(&namespace, wrong), EINVAL, "the file of a {kind} namespace as one of another kind");
            other.expect_joined(&[kind], || setns(&namespace, NONE))?;
        }
        holds()
    })
}

/// setns(2) on the file of a namespace with the flag of another kind fails with EINVAL, whether or not the caller could
/// join it.
#[claim(
    source = ["setns(2) ERRORS", "setns(2) fd refers to a /proc/pid/ns/ link"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn setns_nstype_mismatch_einval() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let before = Links::own()?;
        for kind in Kind::ALL {
            let namespace = other.namespace(kind)?;
            let refused = || {
                for named in Kind::ALL.into_iter().filter(|named| *named != kind) {
                    expect_errno!(setns(&namespace, named.flag()), EINVAL, "a {kind} namespace as a {named} namespace");
                }
                Ok(())
            };
            refused()?;
            user_namespace(NONE, || {
                refused()?;
                expect_errno!(setns(&namespace, kind.flag()), EPERM, "a {kind} namespace as such, from one beside");
                Ok(())
            })?;
            before.expect_unmoved()?;
            other.expect_joined(&[kind], || setns(&namespace, kind.flag()))?;
        }
        holds()
    })
}

/// setns(2) on a namespace's file with the flag of its kind and another flag fails with EINVAL, unlike on a pidfd.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", since = "5.8", needs = [UserNamespaces])]
fn setns_nsfd_two_flags_einval() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let uts = other.namespace(Kind::Uts)?;
        for kind in present().into_iter().filter(|kind| *kind != Kind::Uts) {
            let both = CLONE_NEWUTS | kind.flag();
            expect_errno!(setns(&uts, both), EINVAL, "a UTS namespace as that and a {kind} namespace");
            other
                .expect_joined(&[Kind::Uts, kind], || setns(other.pidfd(), both))
                .doing("the same flags with a pidfd")?;
        }
        expect_errno!(setns(&uts, CLONE_NEWUTS | CLONE_FS), EINVAL, "with a flag of no kind");
        expect_errno!(setns(&uts, CloneFlags::from_bits_retain(u32::MAX.into())), EINVAL, "-1");
        other.expect_joined(&[Kind::Uts], || setns(&uts, CLONE_NEWUTS))?;
        holds()
    })
}
