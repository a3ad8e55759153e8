//! How mounts and unmounts pass from mount to mount: by what mountinfo says, and by trying. Of use to several files.

use kit::mounts::{Mount, Mounts, Propagation, Tags, Tree};
use kit::prelude::*;
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The directory below each mount that something is mounted on to see where else it shows.
const PROBE: &str = "probe";

/// The types that pass on what is mounted, and that the tables of the documents call shared.
pub(super) const SHARED: [Propagation; 2] = [Propagation::Shared, Propagation::SharedAndSlave];

/// The number of a peer group that there was not before; the kernel's begin with 1.
pub(super) const NEW: Option<u64> = Some(0);

/// The tags of a mount, if it is there, with the number of its own group replaced by [`NEW`] where none of `before` was in that.
pub(super) fn telling_new_groups(tags: impl Into<Option<Tags>>, before: &Mounts) -> Option<Tags> {
    let tags = tags.into()?;
    let is_new = tags.shared.is_some() && before.iter().all(|mount| mount.tags.shared != tags.shared);
    Some(Tags { shared: if is_new { NEW } else { tags.shared }, ..tags })
}

/// A mount of a tree, as one mount namespace has it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    tree: &'a Tree,
    namespace: Option<Pid>,
    name: &'a str,
}

impl<'a> Place<'a> {
    /// The mount of that name in the caller's mount namespace.
    pub(super) fn here(tree: &'a Tree, name: &'a str) -> Self {
        Self { tree, namespace: None, name }
    }

    /// The one in the mount namespace of a process that began with a copy of the caller's.
    pub(super) fn of(process: &Child<()>, tree: &'a Tree, name: &'a str) -> Self {
        Self { tree, namespace: Some(process.pid()), name }
    }

    /// Mounts a tmpfs on a directory below it.
    pub(super) fn mount(self, directory: &str) -> Outcome<()> {
        self.there(|| Ok(self.tree.tmpfs(&self.below(directory)).map(drop)?))
    }

    /// Unmounts what is mounted there.
    pub(super) fn umount(self, directory: &str) -> Outcome<()> {
        self.there(|| Ok(self.tree.umount(&self.below(directory)).map(drop)?))
    }

    /// Whether something is mounted there.
    pub(super) fn has(self, directory: &str) -> Outcome<bool> {
        Ok(self.mounts()?.find(self.below(directory)).is_some())
    }

    /// The mounts of the tree in its mount namespace.
    pub(super) fn mounts(self) -> Outcome<Mounts> {
        self.namespace.map_or_else(|| self.tree.mounts(), |pid| self.tree.mounts_of(pid))
    }

    /// Its tags, if something is mounted there.
    pub(super) fn tags(self) -> Outcome<Option<Tags>> {
        Ok(self.mounts()?.tags(self.name))
    }

    /// Does something in its mount namespace.
    pub(super) fn there<T: Serialize + DeserializeOwned>(self, body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        match self.namespace {
            Some(pid) => enter(pid, &[Kind::Mnt], body),
            None => body(),
        }
    }

    fn below(self, directory: &str) -> String {
        format!("{}/{directory}", self.name)
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = if self.namespace.is_some() { "the other namespace's" } else { "the caller's" };
        write!(f, "{side} {}", self.name)
    }
}

/// The claim says that what is mounted on a directory below `sender`, and is unmounted again, shows below each of `receivers`
/// with which `true` stands, and not below the others.
pub(super) fn expect_passed_on(sender: Place<'_>, receivers: &[(Place<'_>, bool)]) -> Outcome<()> {
    sender.mount(PROBE)?;
    for (receiver, is_passed_on) in receivers {
        expect_eq!(receiver.has(PROBE)?, *is_passed_on, "mounted below {sender}: whether it shows below {receiver}");
    }
    sender.umount(PROBE)?;
    for (receiver, _) in receivers {
        expect!(!receiver.has(PROBE)?, "unmounted below {sender}: still below {receiver}");
    }
    Ok(())
}

/// The claim says that between any two of these mounts of one file system is passed on what their tags say, and nothing else.
pub(super) fn expect_flow(tree: &Tree, names: &[&str]) -> Outcome<()> {
    let seen = tree.mounts()?;
    for name in names {
        let sender = seen.at(name)?;
        let others = names.iter().filter(|other| *other != name);
        let receivers = others.map(|other| Ok((Place::here(tree, other), receives(&seen, seen.at(other)?, sender))));
        expect_passed_on(Place::here(tree, name), &receivers.collect::<Outcome<Vec<_>>>()?)?;
    }
    Ok(())
}

/// Whether one mount receives from another, by their tags: a peer, or a master, or a master's master.
fn receives(all: &Mounts, receiver: &Mount, sender: &Mount) -> bool {
    let Some(group) = sender.tags.shared else {
        return false;
    };
    let through = |master| all.iter().any(|other| other.tags.shared == Some(master) && receives(all, other, sender));
    receiver.tags.shared == Some(group) || receiver.tags.master.is_some_and(|master| master == group || through(master))
}
