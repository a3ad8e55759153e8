//! Which extended attributes root of a user namespace can set: `xattr(7)`.

use std::fs::{self, File};

use kit::Behaviour;
use kit::file_capability::FileCapability;
use kit::mounts::{Propagation, mount_kind, tmpfs};
use kit::prelude::*;
use kit::process::{as_user, container};
use nix::mount::MsFlags;
use rustix::fs::{XattrFlags, removexattr, setxattr};
use rustix::io;
use rustix::thread::CapabilitySet;

use super::files::file_of;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    trusted_xattrs_refused,
    security_xattrs_refused,
    security_xattrs_refused_without_bpf_lsm,
    security_xattrs_let_through_by_bpf_lsm,
];

/// A file of the containers' root, on a file system mounted outside.
const OUTER: &str = "/tmp/file";

/// Where the containers mount a file system of their own.
const OWN: &str = "/mnt/file";

/// Root of a user namespace cannot set trusted attributes of its own files, whoever mounted what they are on: EPERM.
#[claim(
    source = ["xattr(7) Trusted extended attributes", "capabilities(7) CAP_SYS_ADMIN"],
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn trusted_xattrs_refused() -> Verdict {
    file_of(OUTER, (100_000, 100_000), 0o644)?;
    inside(|| {
        expect_errno!(set(OUTER, "trusted.nsproof"), EPERM, "on a file system mounted outside");
        expect_errno!(set(OWN, "trusted.nsproof"), EPERM, "on its own file system");
        // Which is for whoever has CAP_SETFCAP over the file.
        expect_ok!(FileCapability::permitted(CapabilitySet::NET_RAW).write(OUTER), "security.capability");
        Ok(())
    })?;
    expect_ok!(set(OUTER, "trusted.nsproof"), "root outside");
    holds()
}

/// Root of a user namespace can set and remove security attributes only on what the namespace has mounted: else EPERM.
#[claim(
    source = [
        "xattr(7) Extended security attributes",
        "capabilities(7) CAP_SYS_ADMIN",
        "security/commoncap.c cap_inode_setxattr",
    ],
    since = "6.11",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn security_xattrs_refused() -> Verdict {
    expect_security_xattrs_refused()
}

/// Without the BPF security module, root of a user namespace can set security attributes only on its own mounts: else EPERM.
#[claim(
    source = [
        "xattr(7) Extended security attributes",
        "capabilities(7) CAP_SYS_ADMIN",
        "security/commoncap.c cap_inode_setxattr",
    ],
    until = "6.11",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(WITHOUT_BPF_LSM), Behaviour(AT_THE_TOP)],
)]
fn security_xattrs_refused_without_bpf_lsm() -> Verdict {
    expect_security_xattrs_refused()
}

/// With the BPF security module, whoever owns a file can set its security attributes, in user namespaces as outside.
///
/// Its hook allows what it has no program for, and was taken for one that had asked for the capability. Mended in 6.11
/// (and 6.10.3).
#[claim(
    source = "security/security.c security_inode_setxattr",
    since = "5.7",
    until = "6.11",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(BPF_LSM), Behaviour(AT_THE_TOP)],
    erratum = "xattr(7): without a security module all processes can read security attributes, and those that have \
               CAP_SYS_ADMIN can write them.",
)]
fn security_xattrs_let_through_by_bpf_lsm() -> Verdict {
    file_of(OUTER, (100_000, 100_000), 0o644)?;
    inside(|| {
        expect_ok!(set(OUTER, "security.nsproof"), "by root of a user namespace");
        expect_ok!(removexattr(OUTER, "security.nsproof"), "by root of a user namespace");
        Ok(())
    })?;
    as_user(100_000, NONE, || {
        expect_ok!(set(OUTER, "security.nsproof"), "by its owner, outside");
        expect_errno!(set(OUTER, "trusted.nsproof"), EPERM, "by its owner, outside");
        holds()
    })
}

fn expect_security_xattrs_refused() -> Verdict {
    file_of(OUTER, (100_000, 100_000), 0o644)?;
    expect_ok!(set(OUTER, "security.set-outside"), "root outside");
    inside(|| {
        expect_errno!(set(OUTER, "security.nsproof"), EPERM, "on a file system mounted outside");
        expect_errno!(removexattr(OUTER, "security.set-outside"), EPERM, "on a file system mounted outside");
        expect_ok!(set(OWN, "security.nsproof"), "on its own file system");
        expect_ok!(removexattr(OWN, "security.nsproof"), "on its own file system");
        Ok(())
    })?;
    expect_ok!(removexattr(OUTER, "security.set-outside"), "root outside");
    holds()
}

const BPF_LSM: &Behaviour = &Behaviour {
    what: "runs the BPF security module",
    probe: || active_security_modules().contains(&"bpf".to_owned()),
};

const WITHOUT_BPF_LSM: &Behaviour = &Behaviour {
    what: "tells that it does not run the BPF security module",
    probe: || {
        let active = active_security_modules();
        !active.is_empty() && !active.contains(&"bpf".to_owned())
    },
};

/// The names of the active security modules; none where that cannot be found out. For a probe, whose process may have
/// its own mounts.
fn active_security_modules() -> Vec<String> {
    let folder = "/sys/kernel/security";
    let read = || fs::read_to_string(format!("{folder}/lsm"));
    let text = read().or_else(|_| -> Outcome<_> {
        unshare(CLONE_NEWNS)?;
        Propagation::Private.make_all("/")?;
        mount_kind("securityfs", folder, MsFlags::empty(), None)?;
        Ok(read()?)
    });
    text.unwrap_or_default().trim().split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Runs `body` as root of a new user and mount namespace, who owns both files.
fn inside(body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    container(100_000, CLONE_NEWNS, || {
        tmpfs("/mnt")?;
        File::create(OWN).doing("create a file")?;
        body()
    })
}

fn set(path: &str, attribute: &str) -> io::Result<()> {
    setxattr(path, attribute, b"value", XattrFlags::empty())
}
