//! The eight kinds of namespaces.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sys::clone::CloneFlags;

/// The eight kinds of `namespaces(7)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the manual's own names")]
pub enum Kind {
    Cgroup,
    Ipc,
    Mnt,
    Net,
    Pid,
    Time,
    User,
    Uts,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Cgroup, Self::Ipc, Self::Mnt, Self::Net, Self::Pid, Self::Time, Self::User, Self::Uts];

    /// The flag that makes a new one.
    pub const fn flag(self) -> CloneFlags {
        match self {
            Self::Cgroup => CloneFlags::NEWCGROUP,
            Self::Ipc => CloneFlags::NEWIPC,
            Self::Mnt => CloneFlags::NEWNS,
            Self::Net => CloneFlags::NEWNET,
            Self::Pid => CloneFlags::NEWPID,
            Self::Time => CloneFlags::NEWTIME,
            Self::User => CloneFlags::NEWUSER,
            Self::Uts => CloneFlags::NEWUTS,
        }
    }

    /// The flags that make a new one of each of these kinds.
    pub fn flags(kinds: &[Self]) -> CloneFlags {
        kinds.iter().map(|kind| kind.flag()).collect()
    }

    /// The name in `/proc/PID/ns`, and before the bracket in the link's text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cgroup => "cgroup",
            Self::Ipc => "ipc",
            Self::Mnt => "mnt",
            Self::Net => "net",
            Self::Pid => "pid",
            Self::Time => "time",
            Self::User => "user",
            Self::Uts => "uts",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
