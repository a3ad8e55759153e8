//! The user that `waitid(2)` tells of, which no crate returns.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;

/// Waits for the end of the child behind this pidfd, reaps it, and returns its real user ID (`si_uid`).
pub fn wait_for_uid(pidfd: impl AsFd) -> nix::Result<u32> {
    let number = pidfd.as_fd().as_raw_fd() as libc::id_t;
    loop {
        // SAFETY: all fields of siginfo_t are plain data, for which zero is valid.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes one siginfo_t.
        match Errno::result(unsafe { libc::waitid(libc::P_PIDFD, number, &raw mut info, libc::WEXITED) }) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
            // SAFETY: what waitid(2) tells of a child carries its user.
            Ok(_) => return Ok(unsafe { info.si_uid() }),
        }
    }
}
