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

/// A cgroup namespace goes with its last process though there is a handle of it, which then is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Root, InitialNamespaces])]
fn fh_dead_cgroup_estale() -> Verdict {
    dies_with_its_namespace(Kind::Cgroup)
}

/// An IPC namespace goes with its last process though there is a handle of it, which then is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Root, InitialNamespaces])]
fn fh_dead_ipc_estale() -> Verdict {
    dies_with_its_namespace(Kind::Ipc)
}

/// A mount namespace goes with its last process though there is a handle of it, which then is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Root, InitialNamespaces])]
fn fh_dead_mnt_estale() -> Verdict {
    dies_with_its_namespace(Kind::Mnt)
}

/// A network namespace goes with its last process though there is a handle of it, which then is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Root, InitialNamespaces])]
fn fh_dead_net_estale() -> Verdict {
    dies_with_its_namespace(Kind::Net)
}

/// A PID namespace goes with its last process though there is a handle of it, which then is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Root, InitialNamespaces])]
fn fh_dead_pid_estale() -> Verdict {
    dies_with_its_namespace(Kind::Pid)
}

/// A time namespace goes with its last process though there is a handle of it, which then is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Root, InitialNamespaces, Config("TIME_NS")])]
fn fh_dead_time_estale() -> Verdict {
    dies_with_its_namespace(Kind::Time)
}

/// A user namespace goes with its last process though there is a handle of it, which then is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Root, InitialNamespaces])]
fn fh_dead_user_estale() -> Verdict {
    dies_with_its_namespace(Kind::User)
}

/// A UTS namespace goes with its last process though there is a handle of it, which then is ESTALE.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.18", needs = [Root, InitialNamespaces])]
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
