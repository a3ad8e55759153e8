//! Sockets on the level of devices: `packet(7)`.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// Binds a packet socket to the device with this index, for no protocol.
pub fn bind_to_device(socket: impl AsFd, index: u32) -> nix::Result<()> {
    // SAFETY: the structure consists of integers.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_ifindex = index as i32;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the kernel reads `length` bytes, which are those of the address.
    let answer = unsafe { libc::bind(socket.as_fd().as_raw_fd(), (&raw const address).cast(), length) };
    Errno::result(answer).map(drop)
}
