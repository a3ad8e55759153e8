//! `setns(2)` on any number, which need not be an open file.

use nix::errno::Errno;

use super::clone::CloneFlags;

/// `setns(2)` on the descriptor of this number, whatever that is: [`super::clone::setns`] takes only open ones.
pub fn setns_number(fd: i32, flags: CloneFlags) -> nix::Result<()> {
    // SAFETY: takes two integers; no memory is touched.
    Errno::result(unsafe { libc::syscall(libc::SYS_setns, fd, flags.bits() as libc::c_int) }).map(drop)
}
