//! What happens to a child next: an end, a stop, or that it goes on.

use std::fmt;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus, waitid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::child::Child;
use super::status::signal_name;
use crate::expect_eq;
use crate::words::verdict::{Doing, Failure, Outcome};

/// A change of a child's state, as `waitid(2)` tells its parent. Unlike [`super::Ended`] it knows of stops.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// It called `_exit(2)` with this status.
    Exited(i32),
    /// This signal killed it.
    Signaled(i32),
    /// This signal stopped it.
    Stopped(i32),
    /// SIGCONT made it go on.
    Continued,
}

impl Change {
    /// Waits for the next change of the child behind this pidfd. Its end is not reaped, and so can be seen again.
    pub fn next(pidfd: BorrowedFd<'_>) -> Outcome<Self> {
        let any = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
        let seen = wait(pidfd, any | WaitIdOptions::NOWAIT)?;
        let change = seen.as_ref().and_then(Self::of);
        if let Some(Self::Stopped(_) | Self::Continued) = change {
            wait(pidfd, WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED | WaitIdOptions::NOHANG)?;
        }
        change.ok_or_else(|| Failure::broken(format!("waitid(2) told of something else: {seen:?}")))
    }

    /// Whether the child behind this pidfd has ended and could be reaped now.
    pub fn has_ended(pidfd: BorrowedFd<'_>) -> Outcome<bool> {
        let seen = wait(pidfd, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG)?;
        Ok(seen.is_some())
    }

    fn of(seen: &WaitIdStatus) -> Option<Self> {
        let exited = seen.exit_status().map(Self::Exited);
        let signaled = || seen.terminating_signal().map(Self::Signaled);
        let stopped = || seen.stopping_signal().map(Self::Stopped);
        exited.or_else(signaled).or_else(stopped).or(seen.continued().then_some(Self::Continued))
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "Exited({code})"),
            Self::Signaled(signal) => write!(f, "Signaled({})", signal_name(*signal)),
            Self::Stopped(signal) => write!(f, "Stopped({})", signal_name(*signal)),
            Self::Continued => f.write_str("Continued"),
        }
    }
}

fn wait(pidfd: BorrowedFd<'_>, options: WaitIdOptions) -> Outcome<Option<WaitIdStatus>> {
    loop {
        match waitid(WaitId::PidFd(pidfd), options) {
            Err(Errno::INTR) => {}
            answer => return answer.doing("waitid on a pidfd"),
        }
    }
}

impl<T: Serialize + DeserializeOwned> Child<T> {
    /// Waits for the next change of its state.
    pub fn next_change(&self) -> Outcome<Change> {
        Change::next(self.pidfd())
    }

    /// Waits for its end, which the claim says no signal brings about: a stop or a deadly signal violates it.
    pub fn survive(self) -> Outcome<T> {
        expect_eq!(self.next_change()?, Change::Exited(0), "a process that is to live on");
        self.join()
    }
}
