//! How the cases about joining see which namespaces a thread is in: the links in `/proc/PID/ns`, all of them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use kit::prelude::*;
use serde::{Deserialize, Serialize};

/// The links that say where children will be.
const FOR_CHILDREN: [&str; 2] = ["pid_for_children", "time_for_children"];

/// The inode number behind each link that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memberships(BTreeMap<String, Inode>);

impl Memberships {
    /// The calling thread's.
    pub(super) fn own() -> Outcome<Self> {
        Self::of("thread-self")
    }

    /// Those of a process, named as in `/proc`.
    pub(super) fn of(process: impl Display) -> Outcome<Self> {
        let mut links = BTreeMap::new();
        for name in Kind::ALL.map(Kind::name).into_iter().chain(FOR_CHILDREN) {
            let link = format!("/proc/{process}/ns/{name}");
            match fs::metadata(&link) {
                Ok(seen) => drop(links.insert(name.to_owned(), seen.ino())),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).doing(format!("stat {link}")),
            }
        }
        if links.is_empty() {
            return Err(Failure::broken(format!("/proc/{process}/ns is not there")));
        }
        Ok(Self(links))
    }

    /// Expects the calling thread to be where `target` is as to these kinds, and otherwise where it was: here.
    pub(super) fn expect_moved(&self, kinds: &[Kind], target: &Self) -> Outcome<()> {
        let now = Self::own()?;
        for (link, before) in &self.0 {
            let is_moved = kinds.iter().any(|kind| moved_by_joining(*kind).contains(&link.as_str()));
            let wanted = if is_moved { target.0.get(link) } else { Some(before) };
            expect_eq!(now.0.get(link), wanted, "the {link} link of a thread that has joined {kinds:?}");
        }
        Ok(())
    }

    /// Expects the calling thread to be where it was: here.
    pub(super) fn expect_unmoved(&self) -> Outcome<()> {
        self.expect_moved(&[], self)
    }
}

/// The links that joining a namespace of this kind changes. No process leaves its PID namespace: its children do.
fn moved_by_joining(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Cgroup => &["cgroup"],
        Kind::Ipc => &["ipc"],
        Kind::Mnt => &["mnt"],
        Kind::Net => &["net"],
        Kind::Pid => &["pid_for_children"],
        Kind::Time => &["time", "time_for_children"],
        Kind::User => &["user"],
        Kind::Uts => &["uts"],
    }
}

/// The flags that make namespaces of all these kinds.
pub(super) fn flags(kinds: &[Kind]) -> CloneFlags {
    kinds.iter().fold(NONE, |flags, kind| flags | kind.flag())
}

/// The kinds that this kernel has.
pub(super) fn present() -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| Path::new("/proc/self/ns").join(kind.name()).exists()).collect()
}

/// A process in new namespaces of every kind that this kernel has, all of which the caller may join.
pub(super) struct Elsewhere {
    process: Child<()>,
    memberships: Memberships,
}

impl Elsewhere {
    /// For a caller that is privileged in its user namespace. The other kinds belong to the new user namespace.
    pub(super) fn new() -> Outcome<Self> {
        let process = waiting(flags(&present()))?;
        let memberships = Memberships::of(process.proc_pid()?)?;
        let ours = Memberships::own()?;
        match memberships.0.iter().find(|(link, inode)| ours.0.get(*link) == Some(*inode)) {
            None => Ok(Self { process, memberships }),
            Some((link, _)) => Err(Failure::broken(format!("a process in all new namespaces has our {link}"))),
        }
    }

    /// Its namespace of this kind.
    pub(super) fn namespace(&self, kind: Kind) -> Outcome<Namespace> {
        self.process.namespace(kind)
    }

    /// A descriptor that refers to it.
    pub(super) fn pidfd(&self) -> BorrowedFd<'_> {
        self.process.pidfd()
    }

    /// The process itself.
    pub(super) fn process(&self) -> &Child<()> {
        &self.process
    }

    /// Where it is.
    pub(super) fn memberships(&self) -> &Memberships {
        &self.memberships
    }

    /// Expects `join`, called by a child of ours, to take that to the process's namespaces of these kinds, and to leave
    /// it where it is as to the others.
    pub(super) fn expect_joined(&self, kinds: &[Kind], join: impl FnOnce() -> nix::Result<()>) -> Outcome<()> {
        expect_joined(&self.memberships, kinds, join)
    }

    /// Kills and reaps it; answers where it was.
    pub(super) fn end(self) -> Outcome<Memberships> {
        self.process.kill(libc::SIGKILL)?;
        self.process.wait()?;
        Ok(self.memberships)
    }
}

/// Expects `join`, called by a child of ours, to take that to where `target` is as to these kinds, and to leave it where
/// it is as to the others.
pub(super) fn expect_joined(
    target: &Memberships,
    kinds: &[Kind],
    join: impl FnOnce() -> nix::Result<()>,
) -> Outcome<()> {
    child(NONE, || {
        let before = Memberships::own()?;
        expect_ok!(join(), "to join {kinds:?}");
        before.expect_moved(kinds, target)
    })
}
