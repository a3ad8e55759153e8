//! What a capability in the caller's own user namespace is enough for: `chroot(2)`, `seccomp(2)`.

use std::path::Path;

use kit::prelude::*;
use kit::process::{status, with_only, without};
use kit::sys::seccomp::allow_everything;
use nix::unistd::chroot;
use rustix::thread::{CapabilitySet, set_no_new_privs};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![chroot_allowed_inside, seccomp_filter_allowed_inside];

/// CAP_SYS_CHROOT in the caller's user namespace is enough for chroot(); without it the call fails with EPERM.
#[claim(source = "chroot(2)", needs = [UserNamespaces])]
fn chroot_allowed_inside() -> Verdict {
    unprivileged(NONE, || {
        expect_errno!(chroot("/tmp"), EPERM, "outside");
        user_namespace(NONE, || {
            without(CapabilitySet::SYS_CHROOT, NONE, || {
                expect_errno!(chroot("/tmp"), EPERM, "inside, without the capability");
                Ok(())
            })?;
            with_only(CapabilitySet::SYS_CHROOT, NONE, || {
                expect_ok!(chroot("/tmp"), "inside, with the capability alone");
                expect!(!Path::new("/proc").exists(), "after chroot");
                holds()
            })
        })
    })
}

/// CAP_SYS_ADMIN in the caller's user namespace is enough to install a seccomp filter; without it, and without no_new_privs,
/// the call fails with EACCES.
#[claim(source = "seccomp(2) ERRORS", needs = [UserNamespaces, Config("SECCOMP_FILTER")])]
fn seccomp_filter_allowed_inside() -> Verdict {
    let filtered = || -> Outcome<bool> { Ok(status("self")?.seccomp == Some(2)) };
    unprivileged(NONE, || {
        expect_errno!(allow_everything(), EACCES, "outside");
        expect!(!filtered()?, "outside");
        user_namespace(NONE, || {
            without(CapabilitySet::SYS_ADMIN, NONE, || {
                expect_errno!(allow_everything(), EACCES, "inside, without CAP_SYS_ADMIN");
                Ok(())
            })?;
            with_only(CapabilitySet::SYS_ADMIN, NONE, || {
                expect_ok!(allow_everything(), "inside, with CAP_SYS_ADMIN alone");
                expect!(filtered()?, "inside");
                expect_eq!(status("self")?.nonewprivs, Some(0), "no_new_privs inside");
                Ok(())
            })
        })?;
        set_no_new_privs(true).doing("PR_SET_NO_NEW_PRIVS")?;
        expect_ok!(allow_everything(), "outside, with no_new_privs");
        holds()
    })
}
