//! The newer calls that make mounts (since 5.2). `rustix` has them: `fsopen`, `fsmount`, `fspick`, `open_tree` and
//! `move_mount` of `rustix::mount`, with their flags, and a function for each command of `fsconfig(2)`. Here is what it
//! leaves out.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use rustix::mount::{FsMountFlags, OpenTreeFlags};

/// `fsmount(2)` in a mount namespace of its own, whose descriptor is returned (since 7.1).
pub const FSMOUNT_NAMESPACE: FsMountFlags = FsMountFlags::from_bits_retain(0x2);

/// `open_tree(2)` in a mount namespace of its own, whose descriptor is returned (since 7.0).
pub const OPEN_TREE_NAMESPACE: OpenTreeFlags = OpenTreeFlags::from_bits_retain(0x2);

/// `fsconfig(2)` with a command of any number, and nothing else.
pub fn fsconfig_command(context: impl AsFd, command: u32) -> nix::Result<()> {
    let (key, value) = (std::ptr::null::<libc::c_char>(), std::ptr::null::<libc::c_void>());
    // SAFETY: the kernel cannot read the null pointer.
    let answer = unsafe { libc::syscall(libc::SYS_fsconfig, context.as_fd().as_raw_fd(), command, key, value, 0) };
    Errno::result(answer).map(drop)
}
