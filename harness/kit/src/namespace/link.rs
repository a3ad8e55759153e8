//! The ten links of `/proc/PID/ns`: more than there are kinds, since two kinds are told apart from what children get.

use std::fmt;
use std::os::fd::{AsFd, OwnedFd};

use super::kind::Kind;
use crate::sys::pidfs;

/// One of a process's namespaces, as `/proc/PID/ns` has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the manual's own names")]
pub enum Link {
    Cgroup,
    Ipc,
    Mnt,
    Net,
    Pid,
    PidForChildren,
    Time,
    TimeForChildren,
    User,
    Uts,
}

impl Link {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 10] = [
        Self::Cgroup,
        Self::Ipc,
        Self::Mnt,
        Self::Net,
        Self::Pid,
        Self::PidForChildren,
        Self::Time,
        Self::TimeForChildren,
        Self::User,
        Self::Uts,
    ];

    /// The kind of the namespace behind it.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Cgroup => Kind::Cgroup,
            Self::Ipc => Kind::Ipc,
            Self::Mnt => Kind::Mnt,
            Self::Net => Kind::Net,
            Self::Pid | Self::PidForChildren => Kind::Pid,
            Self::Time | Self::TimeForChildren => Kind::Time,
            Self::User => Kind::User,
            Self::Uts => Kind::Uts,
        }
    }

    /// The number of the `ioctl(2)` operation on pidfds that opens it, in the order of `linux/pidfd.h`.
    pub const fn pidfd_number(self) -> u64 {
        match self {
            Self::Cgroup => 1,
            Self::Ipc => 2,
            Self::Mnt => 3,
            Self::Net => 4,
            Self::Pid => 5,
            Self::PidForChildren => 6,
            Self::Time => 7,
            Self::TimeForChildren => 8,
            Self::User => 9,
            Self::Uts => 10,
        }
    }

    /// Opens the namespace behind this link of the process behind `pidfd`, by `ioctl(2)` on the pidfd (since 6.11).
    pub fn of_pidfd(self, pidfd: impl AsFd) -> nix::Result<OwnedFd> {
        pidfs::namespace(pidfd, self.pidfd_number())
    }

    /// Its name in the directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PidForChildren => "pid_for_children",
            Self::TimeForChildren => "time_for_children",
            other => other.kind().name(),
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
