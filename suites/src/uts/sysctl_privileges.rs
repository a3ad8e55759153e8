//! The permission to set the names through `/proc/sys/kernel`: it depends on the user there, not on capabilities.

use std::fs::{self, File, OpenOptions};
use std::io;

use kit::prelude::*;
use kit::process::with_only;
use kit::uts::Name;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    proc_hostname_root_needs_no_capability,
    proc_hostname_denied_to_userns_root,
    proc_hostname_writable_across_userns_by_uid0,
];

/// User 0 of the initial user namespace may write to hostname and domainname in /proc/sys/kernel without any
/// capability.
///
/// Only the files' mode counts; sethostname(2) and setdomainname(2) require CAP_SYS_ADMIN.
#[claim(source = ["proc_sys_kernel(5)", "gethostname(2) ERRORS"], needs = [Root])]
fn proc_hostname_root_needs_no_capability() -> Verdict {
    for name in Name::BOTH {
        name.set("old")?;
        with_only(CapabilitySet::empty(), NONE, || {
            expect_errno!(name.set("new"), EPERM);
            expect_ok!(fs::write(name.file(), "new"));
            Ok(())
        })?;
        expect_eq!(name.get()?, "new");
        unprivileged(NONE, || {
            expect_errno!(open_for_writing(name), EACCES, "as an ordinary user");
            Ok(())
        })?;
    }
    holds()
}

/// Opening hostname or domainname in /proc/sys/kernel for writing as root of an ordinary user's user namespace fails
/// with EACCES.
///
/// That holds even if this user namespace owns the UTS namespace, so that sethostname(2) and setdomainname(2) succeed.
#[claim(source = ["gethostname(2) ERRORS", "user_namespaces(7)"], needs = [Root, UserNamespaces])]
fn proc_hostname_denied_to_userns_root() -> Verdict {
    for name in Name::BOTH {
        unprivileged(NONE, || {
            user_namespace(CLONE_NEWUTS, || {
                expect_ok!(name.set("named-by-its-owner"));
                expect_errno!(open_for_writing(name), EACCES, "an ordinary user, root inside");
                Ok(())
            })
        })?;
        user_namespace(CLONE_NEWUTS, || {
            expect_ok!(open_for_writing(name), "root outside, root inside");
            Ok(())
        })?;
    }
    holds()
}

/// Root may write to hostname in /proc/sys/kernel even from a user namespace in which sethostname(2) fails with EPERM.
///
/// The same is true of domainname and setdomainname(2). For the files it counts that the user is 0 in the initial user
/// namespace, whatever user namespace owns the UTS namespace.
#[claim(source = "gethostname(2) ERRORS", needs = [Root, UserNamespaces])]
fn proc_hostname_writable_across_userns_by_uid0() -> Verdict {
    for name in Name::BOTH {
        name.set("old")?;
        user_namespace(NONE, || {
            expect_errno!(name.set("new"), EPERM);
            expect_ok!(fs::write(name.file(), "new"));
            Ok(())
        })?;
        expect_eq!(name.get()?, "new");
        unprivileged(NONE, || {
            user_namespace(NONE, || {
                expect_errno!(name.set("newer"), EPERM);
                expect_errno!(open_for_writing(name), EACCES, "root inside, an ordinary user outside");
                Ok(())
            })
        })?;
    }
    holds()
}

fn open_for_writing(name: Name) -> io::Result<File> {
    OpenOptions::new().write(true).open(name.file())
}
