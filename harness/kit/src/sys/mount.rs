//! `mount(2)` and `umount2(2)` with the null pointer for a path, which no crate lets through.

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags};

/// `mount(2)` of a tmpfs with the null pointer for the mount point.
pub fn mount_on_nothing(flags: MsFlags) -> nix::Result<()> {
    let (none, kind) = (std::ptr::null(), c"tmpfs".as_ptr());
    // SAFETY: the kernel only reads, strings that end with a null byte, and cannot read the null pointer.
    Errno::result(unsafe { libc::mount(kind, none, kind, flags.bits(), std::ptr::null()) }).map(drop)
}

/// `umount2(2)` of the null pointer.
pub fn umount_nothing(flags: MntFlags) -> nix::Result<()> {
    // SAFETY: the kernel cannot read the null pointer.
    Errno::result(unsafe { libc::umount2(std::ptr::null(), flags.bits()) }).map(drop)
}
