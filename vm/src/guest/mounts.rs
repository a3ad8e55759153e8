//! The file systems that programs expect.

use std::ffi::CStr;
use std::fs;
use std::io;

use rustix::fs::{Mode, symlink};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};

use super::error::GuestError;

struct Mount {
    kind: &'static str,
    place: &'static str,
    flags: MountFlags,
    data: Option<&'static CStr>,
    /// Without these nothing works; the others depend on how the kernel was configured.
    needed: bool,
}

const PLAIN: MountFlags = MountFlags::NOSUID.union(MountFlags::NOEXEC).union(MountFlags::NODEV);

const MOUNTS: [Mount; 9] = [
    Mount { kind: "proc", place: "/proc", flags: PLAIN, data: None, needed: true },
    Mount { kind: "sysfs", place: "/sys", flags: PLAIN, data: None, needed: true },
    Mount { kind: "devtmpfs", place: "/dev", flags: MountFlags::NOSUID, data: None, needed: true },
    Mount {
        kind: "devpts",
        place: "/dev/pts",
        flags: MountFlags::NOSUID.union(MountFlags::NOEXEC),
        data: Some(c"mode=600,ptmxmode=666"),
        needed: false,
    },
    Mount {
        kind: "tmpfs",
        place: "/dev/shm",
        flags: MountFlags::NOSUID.union(MountFlags::NODEV),
        data: None,
        needed: false,
    },
    Mount { kind: "mqueue", place: "/dev/mqueue", flags: PLAIN, data: None, needed: false },
    Mount {
        kind: "tmpfs",
        place: "/run",
        flags: MountFlags::NOSUID.union(MountFlags::NODEV),
        data: Some(c"mode=755"),
        needed: false,
    },
    Mount {
        kind: "tmpfs",
        place: "/tmp",
        flags: MountFlags::NOSUID.union(MountFlags::NODEV),
        data: None,
        needed: false,
    },
    Mount { kind: "cgroup2", place: "/sys/fs/cgroup", flags: PLAIN, data: None, needed: false },
];

/// Mounts them all; returns what is not there, in words.
pub(super) fn mount_all() -> Result<Vec<String>, GuestError> {
    let mut unmounted = Vec::new();
    for one in &MOUNTS {
        match mount_one(one) {
            Ok(()) => {}
            Err(source) if one.needed => return Err(GuestError::Mount { kind: one.kind, place: one.place, source }),
            Err(error) => unmounted.push(format!("{} on {}: {error}", one.kind, one.place)),
        }
    }
    // What programs expect to be links into proc(5); devtmpfs does not make them.
    for (link, target) in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        let _there_already = symlink(target, format!("/dev/{link}"));
    }
    Ok(unmounted)
}

fn mount_one(one: &Mount) -> io::Result<()> {
    // sysfs makes the places of others itself and allows no folder to be made.
    if !fs::exists(one.place)? {
        rustix::fs::mkdir(one.place, Mode::from_raw_mode(0o755))?;
    }
    match mount(one.kind, one.place, one.kind, one.flags, one.data) {
        // A kernel can be configured to mount devtmpfs by itself.
        Ok(()) | Err(Errno::BUSY) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
