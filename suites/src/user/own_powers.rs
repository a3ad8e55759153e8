//! What a capability in the caller's own user namespace is enough for: chroot(), filters of system calls, extended
//! attributes. `chroot(2)`, `seccomp(2)`, `xattr(7)`.

use std::fs::File;

use harness::prelude::*;
use harness::process::{container, status, without};
use harness::sys::seccomp::allow_everything;
use nix::mount::{MsFlags, mount};
use nix::unistd::chroot;
use rustix::fs::{XattrFlags, setxattr};
use rustix::io;
use rustix::thread::{CapabilitySet, set_no_new_privs};

use super::files::file_of;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub const CASES: &[Case] =
    cases![chroot_allowed_inside, seccomp_filter_allowed_inside, trusted_and_security_xattrs_refused];

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
            expect!(!std::path::Path::new("/proc").exists(), "after chroot");
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

/// Root of a user namespace can set no trusted attributes, and security ones only on what the namespace has mounted: EPERM.
///
/// The exception is security.capability, which is for whoever has CAP_SETFCAP over the file.
#[claim(
    source = ["xattr(7)", "capabilities(7) CAP_SYS_ADMIN", "security/commoncap.c cap_inode_setxattr"],
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn trusted_and_security_xattrs_refused() -> Verdict {
    let file = file_of("/tmp/file", (100_000, 100_000), 0o644)?;
    container(100_000, CLONE_NEWNS, || {
        expect_errno!(set(&file, "trusted.nsproof"), EPERM, "its own file");
        expect_errno!(set(&file, "security.nsproof"), EPERM, "its own file");
        let capability = harness::file_capability::FileCapability::permitted(CapabilitySet::NET_RAW);
        expect_ok!(capability.write(&file), "its own file");
        mount(Some("own"), "/mnt", Some("tmpfs"), MsFlags::empty(), None::<&str>).doing("mount a tmpfs")?;
        File::create("/mnt/file").doing("create a file")?;
        expect_errno!(set("/mnt/file", "trusted.nsproof"), EPERM, "on its own tmpfs");
        expect_ok!(set("/mnt/file", "security.nsproof"), "on its own tmpfs");
        Ok(())
    })?;
    expect_ok!(set(&file, "trusted.nsproof"), "root outside");
    expect_ok!(set(&file, "security.nsproof"), "root outside");
    holds()
}

fn set(path: &str, attribute: &str) -> io::Result<()> {
    setxattr(path, attribute, b"value", XattrFlags::empty())
}
