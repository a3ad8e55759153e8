//! The operations of `ioctl_nsfs(2)` that translate PIDs between PID namespaces (since 6.11).

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// The number in the caller's namespace of the thread that is `pid` in the given one (`NS_GET_PID_FROM_PIDNS`).
pub fn pid_from(namespace: impl AsFd, pid: i32) -> nix::Result<i32> {
    translated(namespace, libc::NS_GET_PID_FROM_PIDNS, pid)
}

/// The same for its thread group (`NS_GET_TGID_FROM_PIDNS`).
pub fn tgid_from(namespace: impl AsFd, pid: i32) -> nix::Result<i32> {
    translated(namespace, libc::NS_GET_TGID_FROM_PIDNS, pid)
}

/// The number in the given namespace of the thread that is `pid` in the caller's (`NS_GET_PID_IN_PIDNS`).
pub fn pid_in(namespace: impl AsFd, pid: i32) -> nix::Result<i32> {
    translated(namespace, libc::NS_GET_PID_IN_PIDNS, pid)
}

/// The same for its thread group (`NS_GET_TGID_IN_PIDNS`).
pub fn tgid_in(namespace: impl AsFd, pid: i32) -> nix::Result<i32> {
    translated(namespace, libc::NS_GET_TGID_IN_PIDNS, pid)
}

fn translated(namespace: impl AsFd, operation: libc::Ioctl, pid: i32) -> nix::Result<i32> {
    // SAFETY: these operations take a number and return one; no memory is touched.
    Errno::result(unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), operation, libc::c_long::from(pid)) })
}
