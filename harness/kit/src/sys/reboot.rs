//! `reboot(2)`, from inside a PID namespace that is not the machine's.

use std::ffi::CStr;
use std::fs;
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;

/// The initial PID namespace's inode number: fixed in the kernel's sources.
const INITIAL: u64 = 0xEFFF_FFFC;

/// `reboot(2)` with the first magic number right, and the second one as given.
///
/// # Errors
/// The kernel's errno. In the initial PID namespace, or where the caller's cannot be found out, nothing is called and
/// the error is [`NOT_ASKED`](super::NOT_ASKED): it would reboot the machine.
pub fn reboot(magic2: i32, command: i32, text: Option<&CStr>) -> nix::Result<()> {
    if fs::metadata("/proc/self/ns/pid").map_or(true, |own| own.ino() == INITIAL) {
        return Err(super::NOT_ASKED);
    }
    let text = text.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: takes integers, and a string that ends with a null byte or null.
    let answer = unsafe { libc::syscall(libc::SYS_reboot, libc::LINUX_REBOOT_MAGIC1, magic2, command, text) };
    Errno::result(answer).map(drop)
}
