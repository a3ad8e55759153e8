//! Small system calls without a wrapper elsewhere.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::Pid;

/// A number that is no open file: no limit allows as many.
// SAFETY: nothing is ever opened under this number, so nobody's file is used behind his back.
pub const NOT_OPEN: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(i32::MAX) };

/// `pidfd_open(2)` (since 5.3).
pub fn pidfd_open(pid: Pid, flags: u32) -> nix::Result<OwnedFd> {
    // SAFETY: takes two integers.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), flags) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// `pidfd_send_signal(2)` (since 5.1); signal 0 only asks whether it could be sent.
pub fn pidfd_send_signal(pidfd: impl AsFd, signal: i32) -> nix::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a null siginfo is allowed and means an ordinary signal.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_fd().as_raw_fd(), signal, none, 0) };
    Errno::result(answer).map(drop)
}

/// `kill(2)` with any number, also of signals that `nix` has no name for.
pub fn kill(pid: Pid, signal: i32) -> nix::Result<()> {
    // SAFETY: takes two integers.
    Errno::result(unsafe { libc::kill(pid.as_raw(), signal) }).map(drop)
}

/// `_exit(2)`: no destructor, no buffer, no handler runs.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(status) }
}

/// Closes all open files of the calling process from 3 up, but for `kept` (`close_range(2)`, since 5.9).
///
/// Only for a fresh child that ends by [`exit_now`]: whoever owns the descriptors must never use or close them again.
pub(crate) fn close_files_but(kept: impl AsFd) {
    let kept = kept.as_fd().as_raw_fd() as u32;
    for (first, last) in [(3, kept.saturating_sub(1)), (kept + 1, u32::MAX)] {
        if first <= last {
            // SAFETY: takes three integers; the values that own these descriptors are never dropped in this process.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
}

/// Takes ownership of a descriptor that the kernel has just given us, for example by `SCM_RIGHTS`.
pub(crate) fn own(fd: i32) -> OwnedFd {
    // SAFETY: called only on descriptors that arrived a moment ago and that nothing else knows.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
