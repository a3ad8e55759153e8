//! The operations of `ioctl_nsfs(2)` on mount namespaces: what one is like, and which comes next (since 6.12).

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use super::ioctl::{Direction, request};

/// How large `struct mnt_ns_info` was when it was first published.
pub const INFO_SIZE: u16 = 16;

/// The request number of `NS_MNT_GET_INFO`.
pub const NS_MNT_GET_INFO: u64 = operation(10, INFO_SIZE);
const NS_MNT_GET_NEXT: u64 = operation(11, INFO_SIZE);
const NS_MNT_GET_PREV: u64 = operation(12, INFO_SIZE);

const fn operation(number: u8, size: u16) -> u64 {
    request(Direction::Read, 0xb7, number, size)
}

/// What a mount namespace is like: `struct mnt_ns_info`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Info {
    /// How many bytes the kernel has filled in.
    pub size: u32,
    /// How many mounts there are in it.
    pub mounts: u32,
    /// Its number.
    pub id: u64,
}

/// What the kernel is given to write to: more than it may ever fill.
#[repr(C)]
#[derive(Default)]
struct Buffer {
    info: Info,
    rest: [u64; 32],
}

/// What the mount namespace is like (`NS_MNT_GET_INFO`).
pub fn info(namespace: impl AsFd) -> nix::Result<Info> {
    info_of_size(namespace, INFO_SIZE)
}

/// The same where the caller says that its structure has this size, as the operation's number tells.
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for a size above that of our buffer.
pub fn info_of_size(namespace: impl AsFd, size: u16) -> nix::Result<Info> {
    if usize::from(size) > size_of::<Buffer>() {
        return Err(super::NOT_ASKED);
    }
    let mut buffer = Buffer::default();
    // SAFETY: the kernel writes at most as many bytes as the operation's number tells, and the buffer has that many.
    let answer =
        unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), operation(10, size) as libc::Ioctl, &raw mut buffer) };
    Errno::result(answer)?;
    Ok(buffer.info)
}

/// The mount namespace with the next higher number, and what it is like (`NS_MNT_GET_NEXT`).
pub fn next(namespace: impl AsFd) -> nix::Result<(OwnedFd, Info)> {
    neighbour(namespace, NS_MNT_GET_NEXT)
}

/// The mount namespace with the next lower number, and what it is like (`NS_MNT_GET_PREV`).
pub fn previous(namespace: impl AsFd) -> nix::Result<(OwnedFd, Info)> {
    neighbour(namespace, NS_MNT_GET_PREV)
}

/// [`next`] without asking what it is like: with the null pointer.
pub fn next_alone(namespace: impl AsFd) -> nix::Result<OwnedFd> {
    let nowhere = std::ptr::null_mut::<Info>();
    // SAFETY: the kernel cannot write to the null pointer.
    let answer = unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), NS_MNT_GET_NEXT as libc::Ioctl, nowhere) };
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(Errno::result(answer)?) })
}

fn neighbour(namespace: impl AsFd, operation: u64) -> nix::Result<(OwnedFd, Info)> {
    let mut info = Info::default();
    // SAFETY: the kernel writes at most the structure whose size the operation's number tells.
    let answer = unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), operation as libc::Ioctl, &raw mut info) };
    // SAFETY: the kernel has just made this descriptor for us.
    let fd = unsafe { OwnedFd::from_raw_fd(Errno::result(answer)?) };
    Ok((fd, info))
}
