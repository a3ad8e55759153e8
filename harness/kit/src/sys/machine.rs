//! Calls that govern the whole machine, with arguments that do nothing even where they are allowed: for asking who may
//! make them.

use std::ffi::CStr;

use nix::errno::Errno;

/// `settimeofday(2)` without a time and without a time zone: the kernel asks for the privilege and sets nothing.
pub fn set_no_time() -> nix::Result<()> {
    // SAFETY: null is allowed for both, and means that neither is set.
    Errno::result(unsafe { libc::syscall(libc::SYS_settimeofday, 0usize, 0usize) }).map(drop)
}

/// `init_module(2)` with an image of no bytes: ENOEXEC, where one may load modules.
pub fn load_no_module() -> nix::Result<()> {
    // SAFETY: the image has no bytes, and the parameters are a string that ends with a null byte.
    Errno::result(unsafe { libc::syscall(libc::SYS_init_module, [0u8; 1].as_ptr(), 0, c"".as_ptr()) }).map(drop)
}

/// `finit_module(2)` without a file: EBADF, where one may load modules.
pub fn load_no_module_file() -> nix::Result<()> {
    // SAFETY: takes integers, and a string that ends with a null byte.
    Errno::result(unsafe { libc::syscall(libc::SYS_finit_module, -1, c"".as_ptr(), 0) }).map(drop)
}

/// `delete_module(2)` of a name that no module can have: ENOENT, where one may unload modules.
pub fn unload_no_module() -> nix::Result<()> {
    let name = c"no module/has a slash";
    // SAFETY: the name ends with a null byte.
    Errno::result(unsafe { libc::syscall(libc::SYS_delete_module, name.as_ptr(), libc::O_NONBLOCK) }).map(drop)
}

/// `swapon(2)`: use it with a file that does not exist.
pub fn swapon(path: &CStr) -> nix::Result<()> {
    // SAFETY: the path ends with a null byte.
    Errno::result(unsafe { libc::swapon(path.as_ptr(), 0) }).map(drop)
}

/// `swapoff(2)`: use it with a file that does not exist.
pub fn swapoff(path: &CStr) -> nix::Result<()> {
    // SAFETY: the path ends with a null byte.
    Errno::result(unsafe { libc::swapoff(path.as_ptr()) }).map(drop)
}

/// `vhangup(2)`: hangs the caller's terminal up, and does nothing if it has none.
pub fn vhangup() -> nix::Result<()> {
    // SAFETY: takes nothing.
    Errno::result(unsafe { libc::vhangup() }).map(drop)
}

/// `syslog(2)` without a buffer, and with this number as its length.
pub fn syslog(action: i32, length: i32) -> nix::Result<()> {
    // SAFETY: the kernel refuses to write to a null buffer.
    Errno::result(unsafe { libc::syscall(libc::SYS_syslog, action, 0usize, length) }).map(drop)
}

/// `reboot(2)` with wrong magic numbers: EINVAL, where one may reboot.
pub fn reboot_without_magic() -> nix::Result<()> {
    // SAFETY: the kernel does nothing unless both magic numbers are right.
    Errno::result(unsafe { libc::syscall(libc::SYS_reboot, 0, 0, libc::LINUX_REBOOT_CMD_CAD_OFF, 0usize) }).map(drop)
}

/// `kexec_load(2)` with more segments than there can be: EINVAL, where one may load a kernel.
pub fn load_no_kernel() -> nix::Result<()> {
    // SAFETY: the number of segments is refused before any of them is read.
    Errno::result(unsafe { libc::syscall(libc::SYS_kexec_load, 0usize, usize::MAX, 0usize, 0usize) }).map(drop)
}

/// `iopl(2)` of the calling thread. It asks for nothing but the privilege, and grants no more than to its children.
#[cfg(target_arch = "x86_64")]
pub fn iopl(level: i32) -> nix::Result<()> {
    // SAFETY: takes an integer; no port is touched.
    Errno::result(unsafe { libc::iopl(level) }).map(drop)
}

/// `ioperm(2)` of the calling thread for the port 0x80, to which diagnostic codes are written.
#[cfg(target_arch = "x86_64")]
pub fn ioperm() -> nix::Result<()> {
    // SAFETY: takes integers; no port is touched.
    Errno::result(unsafe { libc::ioperm(0x80, 1, 1) }).map(drop)
}

/// `iopl(2)`, which only x86 has: [`NOT_ASKED`](super::NOT_ASKED).
#[cfg(not(target_arch = "x86_64"))]
pub fn iopl(_: i32) -> nix::Result<()> {
    Err(super::NOT_ASKED)
}

/// `ioperm(2)`, which only x86 has: [`NOT_ASKED`](super::NOT_ASKED).
#[cfg(not(target_arch = "x86_64"))]
pub fn ioperm() -> nix::Result<()> {
    Err(super::NOT_ASKED)
}
