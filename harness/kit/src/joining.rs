//! How cases see that a thread has joined namespaces, and no others: by the links in `/proc/PID/ns`, all of them.

use std::os::fd::BorrowedFd;
use std::path::Path;

use crate::namespace::{Kind, Link, Links, Namespace};
use crate::process::{Child, child, waiting};
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Failure, Outcome};
use crate::{expect_eq, expect_ok};

impl Links {
    /// Expects the calling thread to be where `target` is as to these kinds, and otherwise where it was: here.
    pub fn expect_moved(&self, kinds: &[Kind], target: &Self) -> Outcome<()> {
        let now = Self::own()?;
        for link in Link::ALL.map(Link::name) {
            let is_moved = kinds.iter().any(|kind| kind.joined_links().contains(&link));
            let wanted = if is_moved { target.find(link) } else { self.find(link) };
            expect_eq!(now.find(link), wanted, "the {link} link of a thread that has joined {kinds:?}");
        }
        Ok(())
    }

    /// Expects the calling thread to be where it was: here.
    pub fn expect_unmoved(&self) -> Outcome<()> {
        self.expect_moved(&[], self)
    }
}

/// The kinds that this kernel has.
pub fn present() -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| Path::new("/proc/self/ns").join(kind.name()).exists()).collect()
}

/// A process in new namespaces of every kind that this kernel has, all of which the caller may join.
#[derive(Debug)]
pub struct Elsewhere {
    process: Child<()>,
    memberships: Links,
}

impl Elsewhere {
    /// For a caller that is privileged in its user namespace. The other kinds belong to the new user namespace.
    pub fn new() -> Outcome<Self> {
        let process = waiting(Kind::flags(&present()))?;
        let memberships = Links::of(process.proc_pid()?)?;
        let ours = Links::own()?;
        let is_ours = |link: &&str| memberships.find(link).is_some_and(|inode| ours.find(link) == Some(inode));
        match Link::ALL.map(Link::name).iter().find(|link| is_ours(link)) {
            None => Ok(Self { process, memberships }),
            Some(link) => Err(Failure::broken(format!("a process in all new namespaces has our {link}"))),
        }
    }

    /// Its namespace of this kind.
    pub fn namespace(&self, kind: Kind) -> Outcome<Namespace> {
        self.process.namespace(kind)
    }

    /// A descriptor that refers to it.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.process.pidfd()
    }

    /// The process itself.
    pub fn process(&self) -> &Child<()> {
        &self.process
    }

    /// Where it is.
    pub fn memberships(&self) -> &Links {
        &self.memberships
    }

    /// Expects `join`, called by a child of ours, to take that to the process's namespaces of these kinds, and to leave
    /// it where it is as to the others.
    pub fn expect_joined(&self, kinds: &[Kind], join: impl FnOnce() -> nix::Result<()>) -> Outcome<()> {
        expect_joined(&self.memberships, kinds, join)
    }

    /// Kills and reaps it; answers where it was.
    pub fn end(self) -> Outcome<Links> {
        self.process.kill(libc::SIGKILL)?;
        self.process.wait()?;
        Ok(self.memberships)
    }
}

/// Expects `join`, called by a child of ours, to take that to where `target` is as to these kinds, and to leave it where
/// it is as to the others.
pub fn expect_joined(target: &Links, kinds: &[Kind], join: impl FnOnce() -> nix::Result<()>) -> Outcome<()> {
    child(CloneFlags::empty(), || {
        let before = Links::own()?;
        expect_ok!(join(), "to join {kinds:?}");
        before.expect_moved(kinds, target)
    })
}
