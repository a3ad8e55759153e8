//! Whether network devices are up, by the oldest way: `netdevice(7)`, SIOCGIFFLAGS and SIOCSIFFLAGS.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// Whether the loopback device of the calling thread's network namespace is up.
pub fn loopback_is_up() -> nix::Result<bool> {
    Ok(flags(&any_socket()?)? & libc::IFF_UP != 0)
}

/// Takes the loopback device of the calling thread's network namespace up or down.
pub fn set_loopback(up: bool) -> nix::Result<()> {
    let socket = any_socket()?;
    let others = flags(&socket)? & !libc::IFF_UP;
    let mut request = loopback();
    request.ifr_ifru.ifru_flags = (others | if up { libc::IFF_UP } else { 0 }) as i16;
    // SAFETY: the kernel reads a whole `struct ifreq`.
    Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) }).map(drop)
}

fn any_socket() -> nix::Result<OwnedFd> {
    socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
}

fn flags(socket: &OwnedFd) -> nix::Result<i32> {
    let mut request = loopback();
    // SAFETY: the kernel reads and writes a whole `struct ifreq`.
    Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) })?;
    // SAFETY: every bit pattern is an integer, and the kernel has just written it.
    Ok(i32::from(unsafe { request.ifr_ifru.ifru_flags }))
}

fn loopback() -> libc::ifreq {
    // SAFETY: the structure consists of integers and null pointers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, letter) in request.ifr_name.iter_mut().zip(*b"lo") {
        *place = letter as libc::c_char;
    }
    request
}
