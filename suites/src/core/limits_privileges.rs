//! What it takes to change the limits on the number of namespaces: `namespaces(7)`, The /proc/sys/user directory.

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

/// Opening a limit file for writing requires CAP_SYS_RESOURCE in its user namespace; without it the call fails with
/// EACCES.
///
/// No other capability is required, and none suffices.
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

/// Opening a limit file of the initial user namespace for writing requires CAP_SYS_RESOURCE there, even of root.
///
/// Without it the call fails with EACCES. No other capability is required, and none suffices.
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

/// write(2) to an open limit file, too, requires CAP_SYS_RESOURCE in its user namespace; without it the call fails with
/// EPERM.
///
/// The capability in a descendant does not count.
#[claim(source = "kernel 7.3 fs/proc/proc_sysctl.c proc_sys_call_handler", needs = [UserNamespaces])]
fn limits_write_is_checked_again() -> Verdict {
    user_namespace(NONE, || {
        for kind in Kind::ALL {
            set_limit(kind, 50).doing("set a limit")?;
            let file = File::options().write(true).open(limit_path(kind)).doing("open a limit")?;
            without(CapabilitySet::SYS_RESOURCE, NONE, || {
                expect_errno!(file.write_at(b"60", 0), EPERM, "{kind} namespaces, with all other capabilities");
                Ok(())
            })?;
            user_namespace(NONE, || {
                expect_errno!(file.write_at(b"60", 0), EPERM, "{kind} namespaces, from a user namespace below");
                expect_ok!(set_limit(kind, 80), "{kind} namespaces, the limit of that one");
                Ok(())
            })?;
            expect_eq!(limit(kind)?, 50, "{kind} namespaces, after the refusals");
            with_only(CapabilitySet::SYS_RESOURCE, NONE, || {
                expect_ok!(file.write_at(b"70", 0), "{kind} namespaces, with CAP_SYS_RESOURCE alone");
                Ok(())
            })?;
            expect_eq!(limit(kind)?, 70, "{kind} namespaces, in the end");
        }
        holds()
    })
}
