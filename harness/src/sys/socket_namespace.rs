//! Which network namespace a socket belongs to.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

/// `linux/sockios.h`.
const SIOCGSKNS: libc::Ioctl = 0x894C;

/// The network namespace of a socket (`SIOCGSKNS`): takes CAP_NET_ADMIN in that one's user namespace.
pub fn namespace_of_socket(socket: impl AsFd) -> nix::Result<OwnedFd> {
    // SAFETY: the operation takes no argument.
    let answer = Errno::result(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), SIOCGSKNS) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(answer) })
}
