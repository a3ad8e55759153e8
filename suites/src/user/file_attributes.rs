//! Which extended attributes root of a user namespace can set: `xattr(7)`.

use std::fs::{self, File};

use kit::Behaviour;
use kit::file_capability::FileCapability;
use kit::mounts::{Propagation, mount_kind, tmpfs};
use kit::prelude::*;
use kit::process::{as_user, container, container_with};
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

/// Root of a user namespace cannot set trusted attributes of files that it owns, not even on a file system that the
/// namespace mounted: setxattr() fails with EPERM.
#[claim(
    source = ["xattr(7) Trusted extended attributes", "capabilities(7) CAP_SYS_ADMIN"],
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn trusted_xattrs_refused() -> Verdict {
    file_of(OUTER, (100_000, 100_000), 0o644)?;
    let maps = Maps::range(100_000, 1000);
    let container = container_with(&maps, CLONE_NEWNS, |outside| {
        make_own_file()?;
        expect_errno!(set(OUTER, "trusted.nsproof"), EPERM, "on a file system mounted outside");
        expect_errno!(set(OWN, "trusted.nsproof"), EPERM, "on its own file system");
        // Which requires CAP_SETFCAP over the file, and no more.
        expect_ok!(FileCapability::permitted(CapabilitySet::NET_RAW).write(OUTER), "security.capability");
        outside.go()?;
        outside.wait()
    })?;
    container.recv::<()>()?;
    expect_ok!(set(OUTER, "trusted.nsproof"), "by root outside");
    let own = format!("/proc/{}/root{OWN}", container.pid());
    expect_ok!(set(&own, "trusted.nsproof"), "by root outside, on the container's file system");
    holds()
}

/// Root of a user namespace can set and remove security attributes only on file systems that it mounted; elsewhere the
/// calls fail with EPERM.
#[claim(
    source = [
        "xattr(7) Extended security attributes",
        "capabilities(7) CAP_SYS_ADMIN",
        "security/commoncap.c cap_inode_setxattr",
    ],
    since = "6.11",
    replaces = "security_xattrs_refused_without_bpf_lsm",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn security_xattrs_refused() -> Verdict {
    expect_security_xattrs_refused()
}

/// Without the BPF security module, root of a user namespace can set security attributes only on file systems that it
/// mounted; elsewhere it fails with EPERM.
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

/// With the BPF security module, any process can set and remove security attributes of any file, in the initial user
/// namespace and in others.
///
/// The module's hook allows what no program refuses, and the kernel takes that for the answer of a module that has checked
/// CAP_SYS_ADMIN. Mended in 6.11 and 6.10.3.
#[claim(
    source = "security/security.c security_inode_setxattr",
    since = "5.7",
    until = "6.11",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(BPF_LSM), Behaviour(AT_THE_TOP)],
    erratum = "xattr(7), Extended security attributes: when no security module is loaded, only processes that have \
               CAP_SYS_ADMIN can write them.",
    quote = "write access is limited to processes that have the CAP_SYS_ADMIN capability",
)]
fn security_xattrs_let_through_by_bpf_lsm() -> Verdict {
    let set_and_remove = |whose: &str| {
        expect_ok!(set(OUTER, "security.nsproof"), "{whose}");
        expect_ok!(removexattr(OUTER, "security.nsproof"), "{whose}");
        expect_errno!(set(OUTER, "trusted.nsproof"), EPERM, "{whose}");
        Ok(())
    };
    for owner in [100_000, 0] {
        file_of(OUTER, (owner, owner), 0o600)?;
        inside(|| set_and_remove("root of a user namespace")).doing(format!("a file of user {owner}"))?;
        as_user(100_000, NONE, || set_and_remove("a user outside")).doing(format!("a file of user {owner}"))?;
    }
    holds()
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

/// Runs `body` as root of a new user and mount namespace, which is user 100000 outside and owns the file at [`OWN`].
fn inside(body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    container(100_000, CLONE_NEWNS, || {
        make_own_file()?;
        body()
    })
}

fn make_own_file() -> Outcome<()> {
    tmpfs("/mnt")?;
    File::create(OWN).map(drop).doing("create a file")
}

fn set(path: &str, attribute: &str) -> io::Result<()> {
    setxattr(path, attribute, b"value", XattrFlags::empty())
}
