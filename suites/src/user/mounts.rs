//! Mounting as root of a user namespace: what the themes about mounts have in common.

use std::path::Path;

use kit::mounts::{self, Mounts};
use kit::prelude::*;
use kit::{Answer, Behaviour};
use nix::mount::MsFlags;

/// Where cases mount: a directory that every system has.
pub(super) const PLACE: &str = "/mnt";

/// User namespaces must not uncover what is mounted over parts of procfs or sysfs. On the stage, which root has, nothing is.
pub(super) const UNCOVERED: &Behaviour = &Behaviour {
    what: "has nothing mounted over files of /proc and /sys",
    probe: || nix::unistd::geteuid().is_root() || nothing_is_covered().unwrap_or(false),
};

/// Directories of procfs and sysfs that are there to be mounted on, and have nothing in them.
const MOUNT_POINTS: &[&str] = &[
    "/proc/fs/nfsd",
    "/proc/sys/fs/binfmt_misc",
    "/sys/firmware/efi/efivars",
    "/sys/fs/bpf",
    "/sys/fs/cgroup",
    "/sys/fs/fuse/connections",
    "/sys/fs/pstore",
    "/sys/fs/resctrl",
    "/sys/fs/selinux",
    "/sys/kernel/config",
    "/sys/kernel/debug",
    "/sys/kernel/security",
    "/sys/kernel/tracing",
];

fn nothing_is_covered() -> Outcome<bool> {
    let may_be_there = |place: &Path| {
        !["/proc/", "/sys/"].iter().any(|above| place.to_string_lossy().starts_with(above))
            || MOUNT_POINTS.iter().any(|known| place.starts_with(known))
    };
    Ok(Mounts::own()?.iter().all(|mount| may_be_there(&mount.point)))
}

/// Mounts a file system of this kind on [`PLACE`].
pub(super) fn mount_kind(kind: &str, options: Option<&str>) -> Answer {
    mount_kind_at(kind, PLACE, options)
}

/// Mounts a file system of this kind somewhere else.
pub(super) fn mount_kind_at(kind: &str, place: &str, options: Option<&str>) -> Answer {
    mounts::mount_kind(kind, place, MsFlags::empty(), options)
}

/// The kind of the file system that was last mounted on [`PLACE`].
pub(super) fn kind_there() -> Outcome<Option<String>> {
    Ok(Mounts::own()?.find(PLACE).map(|mount| mount.kind.clone()))
}
