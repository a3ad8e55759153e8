//! What a capability in the caller's own user namespace is enough for: `chroot(2)`, `seccomp(2)`.

use std::path::Path;

use kit::prelude::*;
use kit::process::{status, without};
use kit::sys::seccomp::allow_everything;
use nix::unistd::chroot;
use rustix::thread::{CapabilitySet, set_no_new_privs};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![chroot_allowed_inside, seccomp_filter_allowed_inside];

/// CAP_SYS_CHROOT in the caller's own user namespace is enough for chroot(), whoever mounted what it changes to.
#[claim(source = "chroot(2)", needs = [UserNamespaces])]
fn chroot_allowed_inside() -> Verdict {
    unprivileged(NONE, || {
        expect_errno!(chroot("/tmp"), EPERM, "outside");
        user_namespace(NONE, || {
            without(CapabilitySet::SYS_CHROOT, NONE, || {
                expect_errno!(chroot("/tmp"), EPERM, "inside, without the capability");
                Ok(())
            })?;
            expect_ok!(chroot("/tmp"), "inside");
            expect!(!Path::new("/proc").exists(), "after chroot");
            holds()
        })
    })
}

/// CAP_SYS_ADMIN in the caller's own user namespace is enough for a filter of system calls; without it, EACCES.
///
/// Outside, the same user has to set no_new_privs first.
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
            expect_ok!(allow_everything(), "inside");
            expect!(filtered()?, "inside");
            expect_eq!(status("self")?.nonewprivs, Some(0), "no_new_privs inside");
            Ok(())
        })?;
        set_no_new_privs(true).doing("PR_SET_NO_NEW_PRIVS")?;
        expect_ok!(allow_everything(), "outside, with no_new_privs");
        holds()
    })
}
