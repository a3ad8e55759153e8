//! A handle does not keep its namespace: `fs/nsfs.c`. Unlike a file or a mount, `namespaces(7)` Namespace lifetime.

use kit::lifetime::end;
use kit::prelude::*;
use kit::settle;

use super::file_handle_rights::{handle_of, open};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    fh_dead_cgroup_estale,
    fh_dead_ipc_estale,
    fh_dead_mnt_estale,
    fh_dead_net_estale,
    fh_dead_pid_estale,
    fh_dead_time_estale,
    fh_dead_user_estale,
    fh_dead_uts_estale,
];

/// A handle does not keep a cgroup namespace: when its last process has ended, open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_dead_cgroup_estale() -> Verdict {
    dies_with_its_namespace(Kind::Cgroup)
}

/// A handle does not keep an IPC namespace: when its last process has ended, open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_dead_ipc_estale() -> Verdict {
    dies_with_its_namespace(Kind::Ipc)
}

/// A handle does not keep a mount namespace: when its last process has ended, open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_dead_mnt_estale() -> Verdict {
    dies_with_its_namespace(Kind::Mnt)
}

/// A handle does not keep a network namespace: when its last process has ended, open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_dead_net_estale() -> Verdict {
    dies_with_its_namespace(Kind::Net)
}

/// A handle does not keep a PID namespace: when its last process has ended, open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_dead_pid_estale() -> Verdict {
    dies_with_its_namespace(Kind::Pid)
}

/// A handle does not keep a time namespace: when its last process has ended, open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("TIME_NS"), Config("FHANDLE")],
)]
fn fh_dead_time_estale() -> Verdict {
    dies_with_its_namespace(Kind::Time)
}

/// A handle does not keep a user namespace: when its last process has ended, open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_dead_user_estale() -> Verdict {
    dies_with_its_namespace(Kind::User)
}

/// A handle does not keep a UTS namespace: when its last process has ended, open_by_handle_at() fails with ESTALE.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.18",
    needs = [Root, InitialNamespaces, Config("FHANDLE")],
)]
fn fh_dead_uts_estale() -> Verdict {
    dies_with_its_namespace(Kind::Uts)
}

fn dies_with_its_namespace(kind: Kind) -> Verdict {
    let other = waiting(kind.flag())?;
    // Made last: a pidfd of it that another process had inherited would keep a PID namespace.
    let doomed = waiting(kind.flag())?;
    let (handle, living) = (handle_of(doomed.pid(), kind)?, handle_of(other.pid(), kind)?);
    let namespace = inode_of(doomed.pid(), kind)?;
    expect_eq!(Namespace::from_fd(expect_ok!(open(&handle), "while it lives")).inode()?, namespace);
    end(doomed)?;
    // Some kinds are freed a while after their end.
    let answer = settle(nix::Result::is_err, || Ok(open(&handle).map(drop)))?;
    expect_errno!(answer, ESTALE, "when its last process has ended");
    expect_ok!(open(&living), "of a namespace that lives");
    holds()
}
