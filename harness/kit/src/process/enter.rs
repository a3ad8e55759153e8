//! Doing something inside the namespaces of another process.

use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::os::fd::BorrowedFd;

use super::child::child;
use crate::namespace::{Kind, Namespace};
use crate::sys::clone::{CloneFlags, setns};
use crate::words::verdict::{Doing, Outcome};

/// Runs `body` in a child that has joined these namespaces of process `target`, one by one in the order given.
///
/// With [`Kind::Pid`] the body runs in a grandchild, which is the one that is in the namespace.
pub fn enter<T>(target: Pid, kinds: &[Kind], body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(CloneFlags::empty(), || {
        let opened: Outcome<Vec<_>> = kinds.iter().map(|kind| Namespace::of(target, *kind)).collect();
        for (kind, namespace) in kinds.iter().zip(opened?) {
            setns(namespace.fd(), kind.flag()).doing(format!("setns to the {kind} namespace of {target}"))?;
        }
        if kinds.contains(&Kind::Pid) { child(CloneFlags::empty(), body) } else { body() }
    })
}

/// The same by one `setns(2)` on a pidfd (since 5.8), which joins all at once.
pub fn enter_by<T>(pidfd: BorrowedFd<'_>, flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(CloneFlags::empty(), || {
        setns(pidfd, flags).doing("setns by pidfd")?;
        if flags.contains(CloneFlags::NEWPID) { child(CloneFlags::empty(), body) } else { body() }
    })
}
