//! Signals that wait to be looked at instead of acting.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};

use crate::words::verdict::{Doing, Outcome};

/// The calling process's own signals of some kinds, blocked and read by `signalfd(2)`.
///
/// Children inherit the blocking and the descriptor; read there, it shows the child's signals.
#[derive(Debug)]
pub struct Inbox(SignalFd);

impl Inbox {
    /// Blocks these signals for the calling thread and all its children to come.
    pub fn of(signals: &[Signal]) -> Outcome<Self> {
        let set: SigSet = signals.iter().copied().collect();
        set.thread_block().doing("block signals")?;
        Ok(Self(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).doing("signalfd")?))
    }

    /// Takes the next signal, if one has arrived.
    ///
    /// `kill(2)` does not return before its signal has arrived, so after the sender's word that it has sent, nothing
    /// here means that nothing comes.
    pub fn arrived(&self) -> Outcome<Option<siginfo>> {
        self.0.read_signal().doing("read a signalfd")
    }

    /// Waits for the next signal.
    pub fn next(&self) -> Outcome<siginfo> {
        loop {
            if let Some(signal) = self.arrived()? {
                return Ok(signal);
            }
            match poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno).doing("poll a signalfd"),
            }
        }
    }
}
