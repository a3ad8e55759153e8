//! `ioctl(2)` by the bare number of an operation, for those that do not exist or that are given no address to write to.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// Which way an operation's argument goes, as its number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// There is none.
    Nothing = 0,
    /// The kernel reads it.
    Write = 1,
    /// The kernel writes it.
    Read = 2,
}

/// The number of an operation, put together as `_IOC` of `linux/ioctl.h` does it.
pub const fn request(direction: Direction, group: u8, number: u8, size: u16) -> u64 {
    ((direction as u64) << 30) | ((size as u64 & 0x3fff) << 16) | ((group as u64) << 8) | number as u64
}

/// `ioctl(2)` with the null pointer or 0 for an argument, whichever the operation takes it for. Returns its answer, which
/// may be a descriptor: then nobody closes that.
pub fn without_argument(fd: impl AsFd, request: u64) -> nix::Result<i32> {
    at_address(fd, request, 0)
}

/// `ioctl(2)` with an address at which nothing can be mapped, in the first page.
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for an address that is not in the first page.
pub fn at_address(fd: impl AsFd, request: u64, address: u16) -> nix::Result<i32> {
    if address >= 4096 {
        return Err(super::NOT_ASKED);
    }
    // SAFETY: nothing of this program is in the first page, so that there is nothing for the kernel to overwrite.
    Errno::result(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), request as libc::Ioctl, usize::from(address)) })
}
