//! `mount_setattr(2)` with all that it can be asked for (since 5.12).

use std::os::fd::{AsFd, AsRawFd};

use nix::NixPath;
use nix::errno::Errno;

const AT_EMPTY_PATH: libc::c_uint = 0x1000;
const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

/// Attributes of a mount by the names that the manual gives them.
pub mod attributes {
    /// `MOUNT_ATTR_RDONLY`
    pub const READ_ONLY: u64 = 0x1;
    /// `MOUNT_ATTR_NOSUID`
    pub const NO_SUID: u64 = 0x2;
    /// `MOUNT_ATTR_NODEV`
    pub const NO_DEV: u64 = 0x4;
    /// `MOUNT_ATTR_NOEXEC`
    pub const NO_EXEC: u64 = 0x8;
}

/// Sets and clears attributes of the mount at `place`.
pub fn set_attributes(place: &str, set: u64, clear: u64) -> nix::Result<()> {
    place.with_nix_path(|path| call(libc::AT_FDCWD, path.as_ptr(), 0, [set, clear, 0, 0]))?
}

/// Has the mount show its files' owners through the maps of a user namespace (`MOUNT_ATTR_IDMAP`). The mount is one that
/// `open_tree(2)` has returned.
pub fn map_ids(mount: impl AsFd, user_namespace: impl AsFd) -> nix::Result<()> {
    let namespace = user_namespace.as_fd().as_raw_fd() as u64;
    call(mount.as_fd().as_raw_fd(), c"".as_ptr(), AT_EMPTY_PATH, [MOUNT_ATTR_IDMAP, 0, 0, namespace])
}

/// The last argument is a `struct mount_attr`: what to set, what to clear, the propagation, a user namespace.
fn call(folder: i32, path: *const libc::c_char, flags: libc::c_uint, attributes: [u64; 4]) -> nix::Result<()> {
    // SAFETY: both callers' paths end with a null byte, and the kernel reads 32 bytes of attributes.
    let answer = unsafe {
        libc::syscall(libc::SYS_mount_setattr, folder, path, flags, attributes.as_ptr(), size_of_val(&attributes))
    };
    Errno::result(answer).map(drop)
}
