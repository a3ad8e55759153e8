//! `mount_setattr(2)`, for which no crate has a wrapper.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;

const AT_RECURSIVE: libc::c_uint = 0x8000;
const MOUNT_ATTR_RDONLY: u64 = 1;

/// Makes a mount and all below it read-only (since 5.12; ENOSYS before).
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for a path with a null byte in it.
pub fn make_read_only(path: &Path) -> nix::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| super::NOT_ASKED)?;
    // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
    let attributes: [u64; 4] = [MOUNT_ATTR_RDONLY, 0, 0, 0];
    // SAFETY: the path ends with a null byte and the kernel reads 32 bytes of attributes.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            AT_RECURSIVE,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    };
    Errno::result(answer).map(drop)
}
