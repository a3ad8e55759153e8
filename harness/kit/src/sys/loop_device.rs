//! Loop devices: `loop(4)`.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

const LOOP_SET_FD: libc::Ioctl = 0x4c00;
const LOOP_CLR_FD: libc::Ioctl = 0x4c01;
const LOOP_CTL_GET_FREE: libc::Ioctl = 0x4c82;

/// The number of a device that nobody uses; `control` is `/dev/loop-control`.
pub fn free_device(control: impl AsFd) -> nix::Result<u64> {
    // SAFETY: the operation takes no argument.
    let answer = Errno::result(unsafe { libc::ioctl(control.as_fd().as_raw_fd(), LOOP_CTL_GET_FREE) })?;
    Ok(answer as u64)
}

/// Has a device show the content of a file.
pub fn attach(device: impl AsFd, file: impl AsFd) -> nix::Result<()> {
    // SAFETY: the argument is a descriptor.
    let answer = unsafe { libc::ioctl(device.as_fd().as_raw_fd(), LOOP_SET_FD, file.as_fd().as_raw_fd()) };
    Errno::result(answer).map(drop)
}

/// Has a device show nothing again, as soon as nobody uses it.
pub fn detach(device: impl AsFd) -> nix::Result<()> {
    // SAFETY: the operation takes no argument.
    Errno::result(unsafe { libc::ioctl(device.as_fd().as_raw_fd(), LOOP_CLR_FD) }).map(drop)
}
