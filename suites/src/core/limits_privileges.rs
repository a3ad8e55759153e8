//! Who may change the limits on the number of namespaces: `namespaces(7)`, The /proc/sys/user directory.

use std::fs::File;
use std::os::unix::fs::FileExt;

use kit::limits::{limit, limit_path, open_limit, set_limit};
use kit::prelude::*;
use kit::process::{with_only, without};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    limits_write_needs_sys_resource,
    limits_of_the_initial_namespace_need_sys_resource,
    limits_write_is_checked_again,
];

/// To open a limit for writing takes CAP_SYS_RESOURCE, whichever other capability one has: without it, it is EACCES.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "kernel 7.3 kernel/ucount.c set_permissions"],
    needs = [UserNamespaces],
)]
fn limits_write_needs_sys_resource() -> Verdict {
    user_namespace(NONE, || {
        for kind in Kind::ALL {
            set_limit(kind, 5).doing("set a limit")?;
            without(CapabilitySet::SYS_RESOURCE, NONE, || {
                expect_errno!(open_limit(kind), EACCES, "{kind} namespaces, with all other capabilities");
                expect_eq!(limit(kind)?, 5, "{kind} namespaces, read without it");
                Ok(())
            })?;
            with_only(CapabilitySet::SYS_RESOURCE, NONE, || {
                expect_ok!(set_limit(kind, 7), "{kind} namespaces, with it alone");
                Ok(())
            })?;
            expect_eq!(limit(kind)?, 7, "{kind} namespaces, in the end");
        }
        holds()
    })
}

/// The limits of the initial user namespace can be opened for writing with CAP_SYS_RESOURCE there alone: not by any user or root without it.
#[claim(
    source = ["namespaces(7) The /proc/sys/user directory", "kernel 7.3 kernel/ucount.c set_permissions"],
    needs = [Root, Capability("CAP_SYS_RESOURCE")],
)]
fn limits_of_the_initial_namespace_need_sys_resource() -> Verdict {
    // Opened only, never written: these are the machine's.
    for kind in Kind::ALL {
        unprivileged(NONE, || {
            expect_errno!(open_limit(kind), EACCES, "{kind} namespaces, as an ordinary user");
            Ok(())
        })?;
        without(CapabilitySet::SYS_RESOURCE, NONE, || {
            expect_errno!(open_limit(kind), EACCES, "{kind} namespaces, with all other capabilities");
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_RESOURCE, NONE, || {
            expect_ok!(open_limit(kind), "{kind} namespaces, with it alone");
            Ok(())
        })?;
    }
    holds()
}

/// Writing a limit takes CAP_SYS_RESOURCE in its user namespace of the writer, too: without it, it is EPERM in spite of an open file.
///
/// The root of a user namespace below has none there.
#[claim(source = "kernel 7.3 fs/proc/proc_sysctl.c proc_sys_call_handler", needs = [UserNamespaces])]
fn limits_write_is_checked_again() -> Verdict {
    user_namespace(NONE, || {
        let kind = Kind::Uts;
        set_limit(kind, 5).doing("set a limit")?;
        let file = File::options().write(true).open(limit_path(kind)).doing("open a limit")?;
        without(CapabilitySet::SYS_RESOURCE, NONE, || {
            expect_errno!(file.write_at(b"6", 0), EPERM, "without the capability");
            Ok(())
        })?;
        user_namespace(NONE, || {
            expect_errno!(file.write_at(b"6", 0), EPERM, "with the capability in a user namespace below");
            expect_ok!(set_limit(kind, 8), "the limit of that one");
            Ok(())
        })?;
        expect_eq!(limit(kind)?, 5, "after the refusals");
        expect_ok!(file.write_at(b"7", 0), "by who opened it");
        expect_eq!(limit(kind)?, 7);
        holds()
    })
}
