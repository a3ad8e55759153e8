//! The operations of `ioctl_nsfs(2)` that tell a namespace's 64-bit number, which is never given to another.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

use super::ioctl::{Direction, request};

/// The request number of [`id`].
pub const NS_GET_ID: u64 = request(Direction::Read, 0xb7, 13, 8);

/// A namespace's number (`NS_GET_ID`, since 6.18).
pub fn id(namespace: impl AsFd) -> nix::Result<u64> {
    number(namespace, NS_GET_ID)
}

/// A mount namespace's number (`NS_GET_MNTNS_ID`, since 6.11).
pub fn mnt_id(namespace: impl AsFd) -> nix::Result<u64> {
    number(namespace, request(Direction::Read, 0xb7, 5, 8))
}

fn number(namespace: impl AsFd, operation: u64) -> nix::Result<u64> {
    let mut number = 0_u64;
    // SAFETY: these operations write one u64.
    Errno::result(unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), operation as libc::Ioctl, &raw mut number) })?;
    Ok(number)
}
