//! Who opens a namespace by its handle: `fs/nsfs.c`, where privilege is asked for as `ioctl_nsfs(2)` never does.

use std::fmt::Display;
use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{NOBODY, as_user_with, capabilities, user_namespace_with, with_only, without};
use kit::sys::file_handle::{FileHandle, Mount, handle_at, open_by_handle};
use nix::fcntl::{AtFlags, OFlag};
use rustix::thread::CapabilitySet;

use super::creating_rights::OTHERS;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    fh_open_own_unprivileged,
    fh_open_foreign_cgroup_refused,
    fh_open_foreign_ipc_refused,
    fh_open_foreign_mnt_refused,
    fh_open_foreign_net_refused,
    fh_open_foreign_pid_refused,
    fh_open_foreign_time_refused,
    fh_open_foreign_user_refused,
    fh_open_foreign_uts_refused,
    fh_open_needs_initial_pidns,
    fh_open_needs_initial_userns,
    fh_open_needs_power_over_owner,
];

/// open_by_handle_at() opens the namespaces that the caller is in by their handles, without any privilege.
///
/// Handles of namespaces that an unprivileged caller is not in fail with ESTALE.
#[claim(
    source = ["kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry", "name_to_handle_at(2) ERRORS"],
    since = "6.18",
    needs = [UserNamespaces, Config("TIME_NS"), Config("FHANDLE")],
    erratum = "name_to_handle_at(2), ERRORS: open_by_handle_at() fails with EPERM if the caller does not have \
               CAP_DAC_READ_SEARCH.",
    quote = "The caller does not have the CAP_DAC_READ_SEARCH capability.",
)]
fn fh_open_own_unprivileged() -> Verdict {
    unprivileged(NONE, || {
        let handles = handles_of("self", &Kind::ALL)?;
        for (kind, handle) in &handles {
            let opened = Namespace::from_fd(expect_ok!(open(handle), "{kind}"));
            expect_eq!(opened.inode()?, own_inode(*kind)?, "{kind}");
        }
        // Its child's capabilities are those of a user namespace that owns nothing of this.
        child(Kind::flags(&Kind::ALL), || {
            expect_stale(&handles, "which the caller's parent is in")?;
            expect_opened(&handles_of("self", &Kind::ALL)?, "which the caller is in")
        })
    })?;
    holds()
}

/// Opening a cgroup namespace that the caller is not in by its handle requires CAP_SYS_ADMIN; without it the call fails
/// with ESTALE.
///
/// Nothing else is required in the initial user and PID namespaces.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_open_foreign_cgroup_refused() -> Verdict {
    foreign_is_refused(Kind::Cgroup)
}

/// Opening an IPC namespace that the caller is not in by its handle requires CAP_SYS_ADMIN; without it the call fails
/// with ESTALE.
///
/// Nothing else is required in the initial user and PID namespaces.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_open_foreign_ipc_refused() -> Verdict {
    foreign_is_refused(Kind::Ipc)
}

/// Opening a mount namespace that the caller is not in by its handle requires CAP_SYS_ADMIN; without it the call fails
/// with ESTALE.
///
/// Nothing else is required in the initial user and PID namespaces.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_open_foreign_mnt_refused() -> Verdict {
    foreign_is_refused(Kind::Mnt)
}

/// Opening a network namespace that the caller is not in by its handle requires CAP_SYS_ADMIN; without it the call
/// fails with ESTALE.
///
/// Nothing else is required in the initial user and PID namespaces.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_open_foreign_net_refused() -> Verdict {
    foreign_is_refused(Kind::Net)
}

/// Opening a PID namespace that the caller is not in by its handle requires CAP_SYS_ADMIN; without it the call fails
/// with ESTALE.
///
/// Nothing else is required in the initial user and PID namespaces.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_open_foreign_pid_refused() -> Verdict {
    foreign_is_refused(Kind::Pid)
}

/// Opening a time namespace that the caller is not in by its handle requires CAP_SYS_ADMIN; without it the call fails
/// with ESTALE.
///
/// Nothing else is required in the initial user and PID namespaces.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_open_foreign_time_refused() -> Verdict {
    foreign_is_refused(Kind::Time)
}

/// Opening a user namespace that the caller is not in by its handle requires CAP_SYS_ADMIN; without it the call fails
/// with ESTALE.
///
/// Nothing else is required in the initial user and PID namespaces.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_open_foreign_user_refused() -> Verdict {
    foreign_is_refused(Kind::User)
}

/// Opening a UTS namespace that the caller is not in by its handle requires CAP_SYS_ADMIN; without it the call fails
/// with ESTALE.
///
/// Nothing else is required in the initial user and PID namespaces.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_open_foreign_uts_refused() -> Verdict {
    foreign_is_refused(Kind::Uts)
}

/// In a PID namespace other than the initial one, even root opens no namespaces by their handles but those that it is
/// in.
///
/// For handles of others open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c may_see_all_namespaces",
    since = "6.19",
    needs = [Root, InitialNamespaces, Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_open_needs_initial_pidns() -> Verdict {
    let other = waiting(Kind::flags(&Kind::ALL))?;
    let handles = handles_of(other.pid(), &Kind::ALL)?;
    child(NONE, || expect_opened(&handles, "another process's, from the initial PID namespace"))?;
    child(CLONE_NEWPID, || {
        expect_stale(&handles, "another process's, from a new PID namespace")?;
        expect_opened(&handles_of("self", &Kind::ALL)?, "its own, from a new PID namespace")
    })?;
    holds()
}

/// Capabilities in a user namespace other than the initial one do not help to open the namespaces that it owns by their
/// handles.
///
/// open_by_handle_at() fails with ESTALE, as without any privilege: only those open that the caller is in.
#[claim(
    source = "kernel 7.3 fs/nsfs.c may_see_all_namespaces",
    since = "6.19",
    replaces = "fh_open_needs_power_over_owner",
    needs = [Root, UserNamespaces, InitialNamespaces, Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_open_needs_initial_userns() -> Verdict {
    let owned = user_namespace_with(&Maps::own_as_root(), Kind::flags(&OTHERS), Peer::wait)?;
    let handles = handles_of(owned.pid(), &OTHERS)?;
    expect_opened(&handles, "by root of the initial user namespace")?;
    enter(owned.pid(), &[Kind::User], || {
        expect_stale(&handles, "with all capabilities in the user namespace that owns them")?;
        expect_opened(&handles_of("self", &Kind::ALL)?, "the caller's own")
    })?;
    holds()
}

/// On 6.18, CAP_SYS_ADMIN in the user namespace that owns a namespace suffices to open it by its handle, and is
/// required.
///
/// Without it open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 6.18 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    until = "6.19",
    needs = [Root, UserNamespaces, Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_open_needs_power_over_owner() -> Verdict {
    let owned = user_namespace_with(&Maps::own_as_root(), Kind::flags(&OTHERS), Peer::wait)?;
    let elsewhere = waiting(Kind::flags(&OTHERS))?;
    let (owned_here, owned_above) = (handles_of(owned.pid(), &OTHERS)?, handles_of(elsewhere.pid(), &OTHERS)?);
    enter(owned.pid(), &[Kind::User], || {
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_opened(&owned_here, "with CAP_SYS_ADMIN alone, in the owner")?;
            expect_stale(&owned_above, "with CAP_SYS_ADMIN alone, in a child of the owner")
        })?;
        without(CapabilitySet::SYS_ADMIN, NONE, || expect_stale(&owned_here, "without CAP_SYS_ADMIN, in the owner"))
    })?;
    holds()
}

/// Shows that CAP_SYS_ADMIN alone is what opens the handle of a namespace of this kind that the caller is not in.
fn foreign_is_refused(kind: Kind) -> Verdict {
    let other = waiting(kind.flag())?;
    let (handles, inode) = (handles_of(other.pid(), &[kind])?, inode_of(other.pid(), kind)?);
    let all = capabilities()?.permitted;
    as_user_with(NOBODY, CapabilitySet::SYS_ADMIN, || {
        for (_, handle) in &handles {
            let opened = Namespace::from_fd(expect_ok!(open(handle), "with CAP_SYS_ADMIN alone"));
            expect_eq!(opened.inode()?, inode);
        }
        Ok(())
    })?;
    as_user_with(NOBODY, all - CapabilitySet::SYS_ADMIN, || {
        expect_stale(&handles, "with all capabilities but CAP_SYS_ADMIN")?;
        expect_opened(&handles_of("self", &[kind])?, "the caller's own")
    })?;
    holds()
}

/// The handles of a process's namespaces of these kinds.
fn handles_of(process: impl Display, kinds: &[Kind]) -> Outcome<Vec<(Kind, FileHandle)>> {
    kinds.iter().map(|kind| Ok((*kind, handle_of(&process, *kind)?))).collect()
}

/// The claim says that the caller opens all these.
fn expect_opened(handles: &[(Kind, FileHandle)], which: &str) -> Outcome<()> {
    for (kind, handle) in handles {
        expect_ok!(open(handle), "the {kind} namespace, {which}");
    }
    Ok(())
}

/// The claim says that the caller opens none of these.
fn expect_stale(handles: &[(Kind, FileHandle)], which: &str) -> Outcome<()> {
    for (kind, handle) in handles {
        expect_errno!(open(handle), ESTALE, "the {kind} namespace, {which}");
    }
    Ok(())
}

/// The handle of a process's namespace. No file is opened for it.
pub(super) fn handle_of(process: impl Display, kind: Kind) -> Outcome<FileHandle> {
    let path = format!("/proc/{process}/ns/{kind}");
    handle_at(&path, AtFlags::AT_SYMLINK_FOLLOW).doing(format!("name_to_handle_at of {path}"))
}

/// Opens a handle, on FD_NSFS_ROOT.
pub(super) fn open(handle: &FileHandle) -> nix::Result<OwnedFd> {
    open_by_handle(Mount::Nsfs, handle, OFlag::O_RDONLY)
}
