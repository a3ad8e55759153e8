//! Network devices that are files: `/dev/net/tun`, `linux/if_tun.h`.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

use super::ioctl::{Direction, request, without_argument};

/// `TUNSETIFF`, whose number says that the kernel reads an int, and which has it read a `struct ifreq`.
const TUNSETIFF: u64 = request(Direction::Write, b'T', 202, 4);
/// `TUNGETDEVNETNS` (since 5.2).
const TUNGETDEVNETNS: u64 = request(Direction::Nothing, b'T', 227, 0);

/// Makes a device for IP packets behind this open file of `/dev/net/tun`, with this name of at most 15 bytes (`TUNSETIFF`).
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for a longer name.
pub fn make_device(file: impl AsFd, name: &str) -> nix::Result<()> {
    // SAFETY: the structure consists of integers and null pointers.
    let mut wanted: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= wanted.ifr_name.len() {
        return Err(super::NOT_ASKED);
    }
    for (place, letter) in wanted.ifr_name.iter_mut().zip(name.bytes()) {
        *place = letter as libc::c_char;
    }
    wanted.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
    // SAFETY: the kernel reads and writes a whole `struct ifreq`.
    let answer = unsafe { libc::ioctl(file.as_fd().as_raw_fd(), TUNSETIFF as libc::Ioctl, &raw mut wanted) };
    Errno::result(answer).map(drop)
}

/// The network namespace of the device behind this file (`TUNGETDEVNETNS`). Takes CAP_NET_ADMIN there.
pub fn network_of_device(file: impl AsFd) -> nix::Result<OwnedFd> {
    let fd = without_argument(file, TUNGETDEVNETNS)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
