//! POSIX message queues: `mq_overview(7)`; `mq_notify(3)`, which nix does not have.

use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::mqueue::{MQ_OFlag, MqdT, mq_open, mq_unlink};
use nix::sys::signal::{SigEvent, SigevNotify, Signal};
use nix::sys::stat::Mode;

/// Asks for this signal when the next message arrives in the queue while it is empty; once.
pub fn notify_by_signal(queue: &MqdT, signal: Signal) -> nix::Result<()> {
    let event = SigEvent::new(SigevNotify::SigevSignal { signal, si_value: 0 }).sigevent();
    // SAFETY: `event` is a complete sigevent that asks for a signal; it is only read.
    Errno::result(unsafe { libc::mq_notify(queue.as_raw_fd(), &raw const event) }).map(drop)
}

/// A message queue that nobody else can open, and that is empty.
pub fn nameless_queue() -> nix::Result<MqdT> {
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR | MQ_OFlag::O_NONBLOCK;
    let queue = mq_open("/queue", flags, Mode::S_IRUSR | Mode::S_IWUSR, None)?;
    mq_unlink("/queue")?;
    Ok(queue)
}
