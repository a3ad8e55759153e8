//! The network namespace of a socket: `SIOCGSKNS`, as `sock_diag(7)` users know it.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

/// The network namespace that a socket is in (`SIOCGSKNS`, since 4.10). Takes CAP_NET_ADMIN there.
pub fn network_of(socket: impl AsFd) -> nix::Result<OwnedFd> {
    // SAFETY: the operation takes no argument.
    let fd = Errno::result(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::SIOCGSKNS as libc::Ioctl) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
