//! `mq_notify(3)`, which nix does not have.

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::mqueue::MqdT;
use nix::sys::signal::{SigEvent, SigevNotify, Signal};

/// Asks for this signal when the next message arrives in the queue while it is empty; once.
pub fn notify_by_signal(queue: &MqdT, signal: Signal) -> nix::Result<()> {
    let event = SigEvent::new(SigevNotify::SigevSignal { signal, si_value: 0 }).sigevent();
    // SAFETY: `event` is a complete sigevent that asks for a signal; it is only read.
    Errno::result(unsafe { libc::mq_notify(queue.as_raw_fd(), &raw const event) }).map(drop)
}
