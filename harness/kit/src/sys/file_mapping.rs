//! Mapping a file into memory, as a question: `mmap(2)`.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// Whether a file can be mapped for reading. What has been mapped is unmapped again.
pub fn try_map(fd: impl AsFd) -> nix::Result<()> {
    const LENGTH: usize = 4096;
    for flags in [libc::MAP_SHARED, libc::MAP_PRIVATE] {
        let anywhere = std::ptr::null_mut();
        // SAFETY: a new mapping, at an address that the kernel chooses; nothing reads it.
        let place = unsafe { libc::mmap(anywhere, LENGTH, libc::PROT_READ, flags, fd.as_fd().as_raw_fd(), 0) };
        if place == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        // SAFETY: our own mapping, to which there is no reference.
        Errno::result(unsafe { libc::munmap(place, LENGTH) })?;
    }
    Ok(())
}
