//! Claims for kernels that are altered: one that can notice something, one that only prepares, one of which a loop is needed.

use kit::prelude::*;

pub(crate) const CASES: &[Case] =
    cases![a_new_uts_namespace_is_another, only_prepares_with_a_uts_namespace, a_pid_namespace_can_be_nested];

/// After unshare(CLONE_NEWUTS) the caller is in another UTS namespace.
#[claim(source = "namespaces(7)", needs = [Root])]
fn a_new_uts_namespace_is_another() -> Verdict {
    let before = own_inode(Kind::Uts)?;
    let after = child(NONE, || {
        expect_ok!(unshare(CLONE_NEWUTS));
        own_inode(Kind::Uts)
    })?;
    expect_ne!(after, before);
    holds()
}

/// A UTS namespace is made for nothing.
#[claim(source = "namespaces(7)", needs = [Root])]
fn only_prepares_with_a_uts_namespace() -> Verdict {
    child(NONE, || Ok(unshare(CLONE_NEWUTS)?))?;
    holds()
}

/// A PID namespace is made in another one.
#[claim(source = "namespaces(7)", needs = [Root])]
fn a_pid_namespace_can_be_nested() -> Verdict {
    expect_eq!(child(CLONE_NEWPID, || child(CLONE_NEWPID, || Ok(7)))?, 7);
    holds()
}
