//! Files named by handles: `open_by_handle_at(2)`.

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::raw;

/// `struct file_handle`, with room for the longest that there are.
#[repr(C)]
#[derive(Debug)]
pub struct Handle {
    bytes: u32,
    kind: i32,
    handle: [u8; Self::LONGEST],
}

impl Handle {
    const LONGEST: usize = 128;

    /// The handle of a file (`name_to_handle_at(2)`).
    pub fn of(path: &CStr) -> nix::Result<Self> {
        let mut handle = Self { bytes: Self::LONGEST as u32, kind: 0, handle: [0; Self::LONGEST] };
        let mut mount: i32 = 0;
        // SAFETY: the path ends with a null byte, the handle says how much room it has, and the kernel writes one integer
        // more.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_name_to_handle_at,
                libc::AT_FDCWD,
                path.as_ptr(),
                &raw mut handle,
                &raw mut mount,
                0,
            )
        };
        Errno::result(answer)?;
        Ok(handle)
    }

    /// Opens the file for reading, on the file system that `mount` is on, with these flags besides.
    pub fn open(&self, mount: impl AsFd, flags: OFlag) -> nix::Result<OwnedFd> {
        let flags = libc::O_RDONLY | libc::O_CLOEXEC | flags.bits();
        // SAFETY: the kernel reads as many bytes of the handle as it says that it has.
        let answer = unsafe {
            libc::syscall(libc::SYS_open_by_handle_at, mount.as_fd().as_raw_fd(), std::ptr::from_ref(self), flags)
        };
        Ok(raw::own(Errno::result(answer)? as i32))
    }
}
