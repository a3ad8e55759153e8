//! A kernel that is built without some kind of namespace: `clone(2)` and `unshare(2)`, ERRORS; `namespaces(7)`.
//!
//! What CLONE_NEWPID, CLONE_NEWUSER and CLONE_NEWUTS meet there stands in the suites of those kinds.

use std::fs;
use std::path::Path;

use kit::Behaviour;
use kit::prelude::*;
use kit::process::try_clone3;
use nix::errno::Errno;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    config_missing_einval_ipc,
    config_missing_einval_net,
    config_missing_einval_time,
    config_missing_no_proc_link,
];

/// On a kernel without CONFIG_IPC_NS, unshare() and clone3() with CLONE_NEWIPC fail with EINVAL.
#[claim(
    source = ["unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [Root, InitialNamespaces, Behaviour(WITHOUT_IPC)],
)]
fn config_missing_einval_ipc() -> Verdict {
    expect_refused(Kind::Ipc)
}

/// On a kernel without CONFIG_NET_NS, unshare() and clone3() with CLONE_NEWNET fail with EINVAL.
#[claim(
    source = ["unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [Root, InitialNamespaces, Behaviour(WITHOUT_NET)],
)]
fn config_missing_einval_net() -> Verdict {
    expect_refused(Kind::Net)
}

/// On a kernel without CONFIG_TIME_NS, unshare() and clone3() with CLONE_NEWTIME fail with EINVAL.
#[claim(
    source = ["unshare(2) ERRORS", "clone(2) ERRORS"],
    needs = [Root, InitialNamespaces, Behaviour(WITHOUT_TIME)],
)]
fn config_missing_einval_time() -> Verdict {
    expect_refused(Kind::Time)
}

/// For a kind of namespace that the kernel is built without there is no link in /proc/PID/ns, and setns() by pidfd
/// fails with EINVAL.
#[claim(
    source = "namespaces(7) The /proc/pid/ns/ directory",
    needs = [Root, InitialNamespaces, Behaviour(WITHOUT_SOME)],
)]
fn config_missing_no_proc_link() -> Verdict {
    for kind in Kind::ALL {
        let links = [Some(kind.name()), for_children(kind)];
        if is_missing(kind)? {
            for link in links.into_iter().flatten() {
                expect_errno!(fs::read_link(format!("/proc/self/ns/{link}")), ENOENT);
            }
            let other = waiting(NONE)?;
            expect_errno!(setns(other.pidfd(), kind.flag()), EINVAL, "a {kind} namespace");
        } else {
            for link in links.into_iter().flatten() {
                expect_ok!(fs::read_link(format!("/proc/self/ns/{link}")), "{link}");
            }
            let other = waiting(kind.flag())?;
            child(NONE, || {
                expect_ok!(setns(other.pidfd(), kind.flag()), "a {kind} namespace");
                Ok(())
            })?;
        }
    }
    holds()
}

const WITHOUT_IPC: &Behaviour =
    &Behaviour { what: "is built without CONFIG_IPC_NS", probe: || has_no_link_for(Kind::Ipc) };

const WITHOUT_NET: &Behaviour =
    &Behaviour { what: "is built without CONFIG_NET_NS", probe: || has_no_link_for(Kind::Net) };

const WITHOUT_TIME: &Behaviour =
    &Behaviour { what: "is built without CONFIG_TIME_NS", probe: || has_no_link_for(Kind::Time) };

/// Not by the links, which are what the claim is about.
const WITHOUT_SOME: &Behaviour = &Behaviour {
    what: "is built without some kind of namespace",
    probe: || Kind::ALL.into_iter().any(|kind| is_missing(kind).unwrap_or(false)),
};

fn has_no_link_for(kind: Kind) -> bool {
    !Path::new("/proc/self/ns").join(kind.name()).exists()
}

/// Whether the kernel takes the kind's flag for an invalid argument. One without cgroups takes CLONE_NEWCGROUP, and does nothing.
fn is_missing(kind: Kind) -> Outcome<bool> {
    match kind {
        Kind::Cgroup => Ok(!Path::new("/proc/self/cgroup").exists()),
        _ => child(NONE, || Ok(unshare(kind.flag()) == Err(Errno::EINVAL))),
    }
}

fn for_children(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Pid => Some("pid_for_children"),
        Kind::Time => Some("time_for_children"),
        _ => None,
    }
}

/// The claim says that calls with the flag of this kind fail with EINVAL, and that the flag of a kind which every kernel has
/// is accepted.
fn expect_refused(kind: Kind) -> Verdict {
    child(NONE, || {
        for (flag, is_missing) in [(kind.flag(), true), (CLONE_NEWNS, false), (CLONE_NEWNS | kind.flag(), true)] {
            if is_missing {
                expect_errno!(unshare(flag), EINVAL, "{flag:?}");
                expect_errno!(try_clone3(&CloneArgs::new(flag)), EINVAL, "{flag:?}");
            } else {
                expect_ok!(unshare(flag), "{flag:?}");
                expect_ok!(try_clone3(&CloneArgs::new(flag)), "{flag:?}");
            }
        }
        holds()
    })
}
