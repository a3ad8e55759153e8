//! Who may set the names through `/proc/sys/kernel`: users are asked for there, not capabilities.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;

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

/// User 0 of the initial user namespace renames its UTS namespace through /proc/sys/kernel without any capability.
///
/// The files' mode is all that is asked; sethostname(2) and setdomainname(2) ask for CAP_SYS_ADMIN.
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

/// Root of an ordinary user's user namespace cannot open /proc/sys/kernel/hostname to write, even if it owns the name.
#[claim(source = ["gethostname(2) ERRORS", "user_namespaces(7)"], needs = [Root, UserNamespaces])]
fn proc_hostname_denied_to_userns_root() -> Verdict {
    let nobody: u32 = fs::read_to_string("/proc/sys/kernel/overflowuid")?.trim().parse()?;
    for name in Name::BOTH {
        unprivileged(NONE, || {
            user_namespace(CLONE_NEWUTS, || {
                expect_ok!(name.set("named-by-its-owner"));
                expect_errno!(open_for_writing(name), EACCES);
                expect_eq!(fs::metadata(name.file())?.uid(), nobody, "the owner of the file, seen from inside");
                Ok(())
            })
        })?;
        // The same where root inside is root outside.
        user_namespace(CLONE_NEWUTS, || {
            expect_ok!(open_for_writing(name));
            expect_eq!(fs::metadata(name.file())?.uid(), 0);
            Ok(())
        })?;
    }
    holds()
}

/// Root renames through /proc/sys/kernel even out of a user namespace in which sethostname(2) is refused.
///
/// Who is user 0 outside is so to the file, whatever user namespace owns the UTS namespace.
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
