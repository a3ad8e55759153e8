//! The `ioctl(2)` operations on namespace files: `ioctl_nsfs(2)`.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use super::clone::CloneFlags;

const NSIO: u32 = 0xb7;

const fn io(number: u32) -> u64 {
    ((NSIO << 8) | number) as u64
}

const NS_GET_USERNS: u64 = io(1);
const NS_GET_PARENT: u64 = io(2);
const NS_GET_NSTYPE: u64 = io(3);
const NS_GET_OWNER_UID: u64 = io(4);

/// The user namespace that owns a namespace (`NS_GET_USERNS`).
pub fn get_userns(fd: impl AsFd) -> nix::Result<OwnedFd> {
    descriptor(fd, NS_GET_USERNS)
}

/// The parent of a PID or user namespace (`NS_GET_PARENT`).
pub fn get_parent(fd: impl AsFd) -> nix::Result<OwnedFd> {
    descriptor(fd, NS_GET_PARENT)
}

/// The `CLONE_NEW*` flag of a namespace's kind (`NS_GET_NSTYPE`).
pub fn get_nstype(fd: impl AsFd) -> nix::Result<CloneFlags> {
    // SAFETY: the operation takes no argument.
    let answer = Errno::result(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), NS_GET_NSTYPE) })?;
    Ok(CloneFlags::from_bits_retain(answer as u64))
}

/// The user ID that owns a user namespace, in the caller's numbering (`NS_GET_OWNER_UID`).
pub fn get_owner_uid(fd: impl AsFd) -> nix::Result<u32> {
    let mut uid: libc::uid_t = 0;
    // SAFETY: the operation writes one uid_t.
    Errno::result(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), NS_GET_OWNER_UID, &raw mut uid) })?;
    Ok(uid)
}

fn descriptor(fd: impl AsFd, operation: u64) -> nix::Result<OwnedFd> {
    // SAFETY: the operation takes no argument.
    let answer = Errno::result(unsafe { libc::ioctl(fd.as_fd().as_raw_fd(), operation) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(answer) })
}
