//! How a process ended.

use std::fmt;
use std::os::fd::AsFd;

use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use serde::{Deserialize, Serialize};

use crate::words::verdict::{Failure, Outcome};

/// How a process ended, as `wait(2)` tells its parent.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// It called `_exit(2)` with this status.
    Exited(i32),
    /// This signal killed it.
    Signaled(i32),
}

impl Ended {
    /// Waits until the child behind this pidfd has ended, and reaps it.
    pub fn wait(pidfd: impl AsFd) -> Outcome<Self> {
        // Also for children whose end is told by another signal than SIGCHLD.
        let any = WaitIdOptions::EXITED | WaitIdOptions::from_bits_retain(libc::__WALL.cast_unsigned());
        loop {
            // Not by nix, which refuses to know a child that was killed by a real-time signal.
            let ended = match waitid(WaitId::PidFd(pidfd.as_fd()), any) {
                Err(Errno::INTR) => continue,
                answer => answer?,
            };
            let status = ended.as_ref().and_then(|ended| {
                let exited = ended.exit_status().map(Self::Exited);
                exited.or_else(|| ended.terminating_signal().map(Self::Signaled))
            });
            return status.ok_or_else(|| Failure::broken("wait(2) told of something else than an end"));
        }
    }

    /// How a process ended, by what `waitpid(2)` told.
    pub fn from_status(status: WaitStatus) -> Outcome<Self> {
        match status {
            WaitStatus::Exited(_, code) => Ok(Self::Exited(code)),
            WaitStatus::Signaled(_, signal, _) => Ok(Self::Signaled(signal as i32)),
            other => Err(Failure::broken(format!("wait(2) told of no end but of {other:?}"))),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with status {code}"),
            Self::Signaled(signal) => write!(f, "was killed by {}", signal_name(*signal)),
        }
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "Exited({code})"),
            Self::Signaled(signal) => write!(f, "Signaled({})", signal_name(*signal)),
        }
    }
}

/// A signal as the manual names it; a real-time signal has a number only.
pub fn signal_name(signal: i32) -> String {
    match Signal::try_from(signal) {
        Ok(known) => known.as_str().to_owned(),
        Err(_) => format!("signal {signal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names() {
        assert_eq!(
            format!("{:?} {}", Ended::Signaled(9), Ended::Signaled(40)),
            "Signaled(SIGKILL) was killed by signal 40"
        );
    }
}
