//! The `ioctl(2)` operations on pidfds, from `linux/pidfd.h`.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use crate::namespace::Link;

const PIDFS: u64 = 0xff;
/// Reads and writes a structure of this size.
const PIDFD_GET_INFO: u64 = (3 << 30) | ((size_of::<RawInfo>() as u64) << 16) | (PIDFS << 8) | 11;
const PIDFD_INFO_PID: u64 = 1;

/// The first published version of `struct pidfd_info`.
#[repr(C)]
#[derive(Default)]
struct RawInfo {
    mask: u64,
    cgroup: u64,
    pid: u32,
    tgid: u32,
    ppid: u32,
    credentials: [u32; 8],
    exit_code: i32,
}

/// What a process is to the caller, by `PIDFD_GET_INFO`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Its PID in the caller's namespace.
    pub pid: u32,
    /// Its thread group's.
    pub tgid: u32,
    /// Its parent's; 0 when that is not visible.
    pub ppid: u32,
}

/// What a process is to the caller (`PIDFD_GET_INFO`, since 6.13).
pub fn info(pidfd: impl AsFd) -> nix::Result<Info> {
    let mut raw = RawInfo { mask: PIDFD_INFO_PID, ..RawInfo::default() };
    // SAFETY: the operation's number says how large the structure is that the kernel reads and writes.
    Errno::result(unsafe { libc::ioctl(pidfd.as_fd().as_raw_fd(), PIDFD_GET_INFO, &raw mut raw) })?;
    Ok(Info { pid: raw.pid, tgid: raw.tgid, ppid: raw.ppid })
}

/// A process's PID namespace (`PIDFD_GET_PID_NAMESPACE`, since 6.11).
pub fn pid_namespace(pidfd: impl AsFd) -> nix::Result<OwnedFd> {
    namespace(pidfd, Link::Pid)
}

/// One of a process's namespaces (`PIDFD_GET_CGROUP_NAMESPACE` and its nine siblings, since 6.11).
pub fn namespace(pidfd: impl AsFd, link: Link) -> nix::Result<OwnedFd> {
    namespace_with(pidfd, link, 0)
}

/// The same with a third argument, which has no meaning: the kernel refuses any that is not 0.
pub fn namespace_with(pidfd: impl AsFd, link: Link, argument: u64) -> nix::Result<OwnedFd> {
    let operation = (PIDFS << 8) | number(link);
    // SAFETY: the operation's argument is no address, whatever it is.
    let fd = Errno::result(unsafe { libc::ioctl(pidfd.as_fd().as_raw_fd(), operation, argument) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The operation's number, in the order of `linux/pidfd.h`.
const fn number(link: Link) -> u64 {
    match link {
        Link::Cgroup => 1,
        Link::Ipc => 2,
        Link::Mnt => 3,
        Link::Net => 4,
        Link::Pid => 5,
        Link::PidForChildren => 6,
        Link::Time => 7,
        Link::TimeForChildren => 8,
        Link::User => 9,
        Link::Uts => 10,
    }
}
