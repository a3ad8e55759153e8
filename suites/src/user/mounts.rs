//! Mounting as root of a user namespace: what the themes about mounts have in common.

use std::path::Path;

use kit::mounts::{self, Mounts};
use kit::prelude::*;
use kit::{Answer, Behaviour};
use nix::mount::MsFlags;

/// Where cases mount: a directory that every system has.
pub(super) const PLACE: &str = "/mnt";

/// Every other kind of namespace that a user namespace can own; time has nothing to do with mounts.
pub(super) const EVERY: CloneFlags =
    CLONE_NEWNS.union(CLONE_NEWPID).union(CLONE_NEWIPC).union(CLONE_NEWNET).union(CLONE_NEWCGROUP).union(CLONE_NEWUTS);

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

/// The claim says that root of an ordinary user's namespace can mount this kind of file system when the user namespace owns
/// the mount namespace and those of `needed`, and cannot when it owns all but one of these.
pub(super) fn expect_mountable(kind: &str, options: Option<&str>, needed: CloneFlags) -> Verdict {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS | needed, || {
            expect_ok!(mount_kind(kind, options), "{kind} with namespaces of its own: {needed:?}");
            expect_eq!(kind_there()?.as_deref(), Some(kind), "what is mounted then");
            Ok(())
        })?;
        for missing in [CLONE_NEWNS, needed].into_iter().filter(|flag| *flag != NONE) {
            user_namespace(EVERY - missing, || {
                expect_errno!(mount_kind(kind, options), EPERM, "{kind} with all namespaces but {missing:?}");
                Ok(())
            })?;
        }
        holds()
    })
}

/// The claim says that root of a user namespace cannot mount this kind of file system, even if it is root outside as well and
/// the user namespace owns all its namespaces, while root of the initial one can.
pub(super) fn expect_refused(kind: &str, options: Option<&str>) -> Verdict {
    let refused = || {
        expect_errno!(mount_kind(kind, options), EPERM, "{kind}");
        expect_ok!(mount_kind("tmpfs", None), "tmpfs in the same place");
        Ok(())
    };
    unprivileged(NONE, || user_namespace(EVERY, refused)).doing("an ordinary user's namespace")?;
    user_namespace(EVERY, refused).doing("a namespace of root's")?;
    child(CLONE_NEWNS, || {
        // That it does not come about may have other reasons than user namespaces.
        mount_kind(kind, options).doing(format!("mount {kind} in the initial user namespace"))?;
        expect_eq!(kind_there()?.as_deref(), Some(kind), "what is mounted then");
        holds()
    })
}
