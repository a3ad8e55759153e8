//! Who opens a namespace by its handle: `fs/nsfs.c`, where privilege is asked for as `ioctl_nsfs(2)` never does.

use std::fmt::Display;
use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{NOBODY, as_user, map_self};
use kit::sys::file_handle::{FileHandle, Mount, handle_at, open_by_handle};
use nix::fcntl::{AtFlags, OFlag};

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

/// Any process opens the namespaces that it is in by their handles, without CAP_DAC_READ_SEARCH or other privilege.
#[claim(
    source = ["kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry", "name_to_handle_at(2) ERRORS"],
    since = "6.18",
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "name_to_handle_at(2): open_by_handle_at() needs CAP_DAC_READ_SEARCH, and is EPERM without it.",
)]
fn fh_open_own_unprivileged() -> Verdict {
    unprivileged(NONE, || {
        let mut handles = Vec::new();
        for kind in Kind::ALL {
            let handle = handle_of("self", kind)?;
            let opened = Namespace::from_fd(expect_ok!(open(&handle), "{kind}"));
            expect_eq!(opened.inode()?, own_inode(kind)?, "{kind}");
            handles.push((kind, handle));
        }
        // The same process cannot when it has left them.
        let flags = Kind::ALL.into_iter().fold(NONE, |flags, kind| flags | kind.flag());
        child(flags, || {
            for (kind, handle) in &handles {
                expect_errno!(open(handle), ESTALE, "{kind}, from another one");
                expect_ok!(open(&handle_of("self", *kind)?), "{kind}, the other one");
            }
            Ok(())
        })
    })?;
    holds()
}

/// Without privilege, the handle of a cgroup namespace that the caller is not in is ESTALE; root of the machine opens it.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces],
)]
fn fh_open_foreign_cgroup_refused() -> Verdict {
    foreign_is_refused(Kind::Cgroup)
}

/// Without privilege, the handle of an IPC namespace that the caller is not in is ESTALE; root of the machine opens it.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces],
)]
fn fh_open_foreign_ipc_refused() -> Verdict {
    foreign_is_refused(Kind::Ipc)
}

/// Without privilege, the handle of a mount namespace that the caller is not in is ESTALE; root of the machine opens it.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces],
)]
fn fh_open_foreign_mnt_refused() -> Verdict {
    foreign_is_refused(Kind::Mnt)
}

/// Without privilege, the handle of a network namespace that the caller is not in is ESTALE; root of the machine opens it.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces],
)]
fn fh_open_foreign_net_refused() -> Verdict {
    foreign_is_refused(Kind::Net)
}

/// Without privilege, the handle of a PID namespace that the caller is not in is ESTALE; root of the machine opens it.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces],
)]
fn fh_open_foreign_pid_refused() -> Verdict {
    foreign_is_refused(Kind::Pid)
}

/// Without privilege, the handle of a time namespace that the caller is not in is ESTALE; root of the machine opens it.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("TIME_NS")],
)]
fn fh_open_foreign_time_refused() -> Verdict {
    foreign_is_refused(Kind::Time)
}

/// Without privilege, the handle of a user namespace that the caller is not in is ESTALE; root of the machine opens it.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces],
)]
fn fh_open_foreign_user_refused() -> Verdict {
    foreign_is_refused(Kind::User)
}

/// Without privilege, the handle of a UTS namespace that the caller is not in is ESTALE; root of the machine opens it.
#[claim(
    source = "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry",
    since = "6.18",
    needs = [Root, InitialNamespaces],
)]
fn fh_open_foreign_uts_refused() -> Verdict {
    foreign_is_refused(Kind::Uts)
}

/// Root with all capabilities, but outside the initial PID namespace, opens no namespace by its handle but its own.
#[claim(source = "kernel 7.3 fs/nsfs.c may_see_all_namespaces", since = "6.19", needs = [Root, InitialNamespaces])]
fn fh_open_needs_initial_pidns() -> Verdict {
    let other = waiting(CLONE_NEWUTS)?;
    let handle = handle_of(other.pid(), Kind::Uts)?;
    let own = handle_of("self", Kind::Uts)?;
    child(CLONE_NEWUTS, || {
        expect_ok!(open(&handle), "another's, in the initial PID namespace");
        expect_ok!(open(&own), "its parent's, in the initial PID namespace");
        Ok(())
    })?;
    child(CLONE_NEWPID, || {
        expect_errno!(open(&handle), ESTALE, "another's, in a child PID namespace");
        expect_ok!(open(&own), "its own, in a child PID namespace");
        Ok(())
    })?;
    holds()
}

/// Root of a user namespace does not open even the namespaces which that one owns by their handles, but its own.
#[claim(source = "kernel 7.3 fs/nsfs.c may_see_all_namespaces", since = "6.19", needs = [UserNamespaces])]
fn fh_open_needs_initial_userns() -> Verdict {
    in_own_user_namespace(|own, others, _| {
        expect_ok!(open(own), "its own");
        expect_errno!(open(others), ESTALE, "another one that its user namespace owns");
        Ok(())
    })
}

/// On 6.18, whoever has CAP_SYS_ADMIN over the owning user namespace opens a namespace by its handle.
#[claim(source = "kernel 6.18 fs/nsfs.c nsfs_fh_to_dentry", since = "6.18", until = "6.19", needs = [UserNamespaces])]
fn fh_open_needs_power_over_owner() -> Verdict {
    in_own_user_namespace(|own, others, outside| {
        expect_ok!(open(own), "its own");
        expect_ok!(open(others), "another one that its user namespace owns");
        expect_errno!(open(outside), ESTALE, "the one that it comes from, which its parent user namespace owns");
        Ok(())
    })
}

/// Runs `body` as root of a new user namespace, with the handles of its own UTS namespace there, of another one that the
/// user namespace owns, and of the one that it comes from.
fn in_own_user_namespace(body: impl FnOnce(&FileHandle, &FileHandle, &FileHandle) -> Outcome<()>) -> Verdict {
    let outside = handle_of("self", Kind::Uts)?;
    unprivileged(NONE, || {
        let maps = Maps::own_as_root();
        unshare(CLONE_NEWUSER | CLONE_NEWUTS)?;
        map_self(&maps)?;
        let other = waiting(CLONE_NEWUTS)?;
        expect_ne!(inode_of(other.pid(), Kind::Uts)?, own_inode(Kind::Uts)?);
        body(&handle_of("self", Kind::Uts)?, &handle_of(other.pid(), Kind::Uts)?, &outside)
    })?;
    holds()
}

/// The handle of a namespace that nobody is in who tries it: an ordinary user, who fails, and root, who does not.
fn foreign_is_refused(kind: Kind) -> Verdict {
    let other = waiting(kind.flag())?;
    let (handle, inode) = (handle_of(other.pid(), kind)?, inode_of(other.pid(), kind)?);
    expect_ne!(inode, own_inode(kind)?);
    expect_eq!(Namespace::from_fd(expect_ok!(open(&handle), "by root")).inode()?, inode);
    as_user(NOBODY, NONE, || {
        expect_errno!(open(&handle), ESTALE, "by an ordinary user");
        expect_ok!(open(&handle_of("self", kind)?), "an ordinary user's own namespace");
        Ok(())
    })?;
    holds()
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
