//! The `ioctl(2)` operations on pidfds, from `linux/pidfd.h`.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

/// The letter of all their numbers.
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

/// One of a process's namespaces, by the operation's number (`PIDFD_GET_CGROUP_NAMESPACE` and its nine siblings, since 6.11).
pub fn namespace(pidfd: impl AsFd, number: u64) -> nix::Result<OwnedFd> {
    namespace_with(pidfd, number, 0)
}

/// The same with a third argument, which has no meaning: the kernel refuses any that is not 0.
pub fn namespace_with(pidfd: impl AsFd, number: u64, argument: u64) -> nix::Result<OwnedFd> {
    let operation = (PIDFS << 8) | number;
    // SAFETY: the operation's argument is no address, whatever it is.
    let fd = Errno::result(unsafe { libc::ioctl(pidfd.as_fd().as_raw_fd(), operation, argument) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
