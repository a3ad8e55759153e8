//! What a process that has joined one container is refused of another, and which ways lead into one. `setns(2)`.

use std::os::fd::OwnedFd;

use kit::Links;
use kit::joining::{Elsewhere, present};
use kit::lifetime::{end, lives_by};
use kit::namespace::Link;
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_takes_what_a_pidfd_opens,
    siblings_are_not_joined,
    siblings_are_not_joined_by_what_a_pidfd_opens,
    what_a_process_joined_by_pidfd_lives_by_it,
];

/// setns(2) takes a namespace's file that a pidfd opened, and joins that namespace and no other.
#[claim(
    source = ["setns(2) fd refers to a /proc/pid/ns/ link", "include/uapi/linux/pidfd.h"],
    since = "6.11",
    needs = [UserNamespaces],
)]
fn setns_takes_what_a_pidfd_opens() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        for kind in present() {
            let file = opened_by_pidfd(&other, kind)?;
            for flags in [kind.flag(), NONE] {
                other.expect_joined(&[kind], || setns(&file, flags))?;
            }
        }
        holds()
    })
}

/// A process that has joined a user namespace can join nothing that a sibling of it owns: setns(2) fails with EPERM.
///
/// Neither by the namespaces' files, opened before, nor by the pidfd of a process in them.
#[claim(
    source = ["setns(2) ERRORS", "setns(2) Details for specific namespace types"],
    since = "5.8",
    needs = [UserNamespaces],
)]
fn siblings_are_not_joined() -> Verdict {
    not_joined(|other, kind| Ok(other.namespace(kind)?.fd().try_clone_to_owned()?))
}

/// A process that has joined a user namespace can join nothing that a sibling of it owns by files that a pidfd opened before.
#[claim(
    source = ["setns(2) ERRORS", "setns(2) Details for specific namespace types"],
    since = "6.11",
    needs = [UserNamespaces],
)]
fn siblings_are_not_joined_by_what_a_pidfd_opens() -> Verdict {
    not_joined(opened_by_pidfd)
}

/// A namespace that a process has joined by a pidfd exists until that process ends, though the pidfd's process ended before.
#[claim(
    source = ["setns(2) fd is a PID file descriptor", "namespaces(7) Namespace lifetime"],
    since = "5.8",
    needs = [UserNamespaces],
)]
fn what_a_process_joined_by_pidfd_lives_by_it() -> Verdict {
    for kind in present().into_iter().filter(|kind| ![Kind::Pid, Kind::User].contains(kind)) {
        lives_by(
            kind,
            1,
            |room| {
                let process = room.member()?.doing("make a namespace")?;
                let joined = Spawn::new(NONE).without_files().start(|case| {
                    let pidfd = case.recv_fd()?;
                    setns(&pidfd, kind.flag()).doing("join the namespace")?;
                    drop(pidfd);
                    case.go()?;
                    case.wait()
                })?;
                joined.peer().send_fd(process.pidfd())?;
                joined.recv::<()>()?;
                end(process)?;
                Ok(joined)
            },
            end,
        )
        .doing(format!("{kind} namespace"))?;
    }
    holds()
}

fn opened_by_pidfd(other: &Elsewhere, kind: Kind) -> Outcome<OwnedFd> {
    let mut links = Link::ALL.into_iter().filter(|link| link.name() == kind.name());
    let link = links.next().ok_or_else(|| Failure::broken(format!("no link of the kind {kind}")))?;
    link.of_pidfd(other.pidfd()).doing(format!("open the {kind} namespace by a pidfd"))
}

/// Of two containers, one is joined, with its user namespace alone or with all of its namespaces; then those of the other
/// are tried.
fn not_joined(open: impl Fn(&Elsewhere, Kind) -> Outcome<OwnedFd>) -> Verdict {
    user_namespace(NONE, || {
        let (one, other) = (Elsewhere::new()?, Elsewhere::new()?);
        let files: Vec<_> =
            present().into_iter().map(|kind| Ok((kind, open(&other, kind)?))).collect::<Outcome<_>>()?;
        for flags in [CLONE_NEWUSER, Kind::flags(&present())] {
            child(NONE, || {
                setns(one.pidfd(), flags).doing("join one of them")?;
                let before = Links::own()?;
                for (kind, file) in &files {
                    expect_errno!(setns(file, kind.flag()), EPERM, "the {kind} namespace, by its file");
                    expect_errno!(setns(other.pidfd(), kind.flag()), EPERM, "the {kind} namespace, by a pidfd");
                }
                before.expect_unmoved()
            })?;
        }
        for (kind, file) in &files {
            other.expect_joined(&[*kind], || setns(file, kind.flag()))?;
            other.expect_joined(&[*kind], || setns(other.pidfd(), kind.flag()))?;
        }
        holds()
    })
}
