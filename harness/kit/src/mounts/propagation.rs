//! The propagation type of a mount, by name: `mount_namespaces(7)`, Shared subtrees.

use std::fmt;
use std::path::Path;

use nix::mount::MsFlags;
use serde::{Deserialize, Serialize};

use super::calls::change;
use super::mount::Mount;
use super::tags::Tags;
use crate::words::refusal::Answer;

/// How mounts and unmounts on a mount are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Propagation {
    /// It neither passes on nor receives.
    Private,
    /// It passes on to its peers and receives from them.
    Shared,
    /// It receives from its master, and passes on to nobody.
    Slave,
    /// It receives from its master, passes on to its peers and receives from them.
    SharedAndSlave,
    /// Private, and cannot be bound elsewhere.
    Unbindable,
}

impl Propagation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Private, Self::Shared, Self::Slave, Self::SharedAndSlave, Self::Unbindable];

    /// Those with a flag of their own, which one call makes.
    pub const WITH_FLAG: [Self; 4] = [Self::Private, Self::Shared, Self::Slave, Self::Unbindable];

    /// Those that `Documentation/filesystems/sharedsubtree.rst` calls non-shared, as the destination of a mount.
    pub const NON_SHARED: [Self; 3] = [Self::Private, Self::Slave, Self::Unbindable];

    /// The type of a mount.
    pub fn of(mount: &Mount) -> Self {
        Self::told_by(mount.tags)
    }

    /// The type that these tags tell of.
    pub fn told_by(tags: Tags) -> Self {
        match (tags.shared, tags.master, tags.unbindable) {
            (Some(_), Some(_), _) => Self::SharedAndSlave,
            (Some(_), None, _) => Self::Shared,
            (None, Some(_), _) => Self::Slave,
            (None, None, true) => Self::Unbindable,
            (None, None, false) => Self::Private,
        }
    }

    /// Asks for this type for the mount at `point`. What comes of it depends on the one it had: a mount that is alone in its
    /// peer group becomes private when it is to be a slave. For [`SharedAndSlave`](Self::SharedAndSlave) two calls are made.
    pub fn make(self, point: impl AsRef<Path>) -> Answer {
        self.change(point.as_ref(), MsFlags::empty())
    }

    /// The same for all mounts from `point` down (`MS_REC`).
    pub fn make_all(self, point: impl AsRef<Path>) -> Answer {
        self.change(point.as_ref(), MsFlags::MS_REC)
    }

    fn change(self, point: &Path, more: MsFlags) -> Answer {
        self.flags().iter().try_for_each(|flag| change(point, *flag | more))
    }

    /// The flags that ask `mount(2)` and `mount_setattr(2)` for it, one call after the other.
    pub const fn flags(self) -> &'static [MsFlags] {
        match self {
            Self::Private => &[MsFlags::MS_PRIVATE],
            Self::Shared => &[MsFlags::MS_SHARED],
            Self::Slave => &[MsFlags::MS_SLAVE],
            Self::SharedAndSlave => &[MsFlags::MS_SLAVE, MsFlags::MS_SHARED],
            Self::Unbindable => &[MsFlags::MS_UNBINDABLE],
        }
    }
}

impl fmt::Display for Propagation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Slave => "slave",
            Self::SharedAndSlave => "slave and shared",
            Self::Unbindable => "unbindable",
        })
    }
}
