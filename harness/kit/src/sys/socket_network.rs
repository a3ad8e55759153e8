//! The network namespace of a socket: `SIOCGSKNS`, as `sock_diag(7)` users know it, and `SO_NETNS_COOKIE`.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

/// The network namespace that a socket is in (`SIOCGSKNS`, since 4.10). Takes CAP_NET_ADMIN there.
pub fn network_of(socket: impl AsFd) -> nix::Result<OwnedFd> {
    // SAFETY: the operation takes no argument.
    let fd = Errno::result(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCGSKNS as libc::Ioctl) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The number of the network namespace that a socket is in (`SO_NETNS_COOKIE`, since 5.14; ENOPROTOOPT before).
pub fn network_cookie(socket: impl AsFd) -> nix::Result<u64> {
    let (mut cookie, mut length) = (0_u64, size_of::<u64>() as libc::socklen_t);
    // SAFETY: the kernel writes at most `length` bytes, and these are those of the number.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    Errno::result(answer).map(|_| cookie)
}

/// Tries to give a socket's network namespace another number, which is only meant to be refused.
pub fn set_network_cookie(socket: impl AsFd, cookie: u64) -> nix::Result<()> {
    let length = size_of::<u64>() as libc::socklen_t;
    // SAFETY: the kernel reads at most `length` bytes, and these are those of the number.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            SO_NETNS_COOKIE,
            (&raw const cookie).cast(),
            length,
        )
    };
    Errno::result(answer).map(drop)
}

/// `asm-generic/socket.h`.
const SO_NETNS_COOKIE: libc::c_int = 71;
