//! Waiting for a descriptor, and never longer than until a given moment; and the times that this crate allows by itself.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// For a stopped machine to write its state, or a new one to read it: 10 ms, but for a host that is very busy.
pub(crate) const STATE: Duration = Duration::from_secs(30);
/// For a guest's kernel to forget threads that have ended.
pub(crate) const SETTLE: Duration = Duration::from_secs(10);
/// For a boot with KVM, which takes a second where it works.
pub(crate) const KVM_PROBE: Duration = Duration::from_secs(15);
/// For a process to be gone after SIGKILL, which leaves it no choice: the kernel may still be busy freeing its memory.
pub(crate) const DEATH: Duration = Duration::from_secs(30);

/// Waits until there is something to read (or the other end is closed, or an exit to collect from a pidfd);
/// `false` when the deadline came first.
pub(crate) fn readable(fd: BorrowedFd<'_>, deadline: Instant) -> io::Result<bool> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
