//! Processes that do nothing about signals, for cases about what reaches them.

use nix::sys::prctl::set_dumpable;
use nix::unistd::{Pid, setpgid};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::child::{Child, spawn};
use super::peer::Peer;
use crate::sys::clone::CloneFlags;
use crate::sys::signals;
use crate::words::verdict::{Doing, Outcome};

/// The signals whose default action ends the process, `signal(7)`, but for SIGKILL; and of the real-time signals those
/// with the lowest and the highest number that the C library leaves to programs.
pub const DEADLY: [i32; 24] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGUSR1,
    libc::SIGSEGV,
    libc::SIGUSR2,
    libc::SIGPIPE,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGSTKFLT,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGIO,
    libc::SIGPWR,
    libc::SIGSYS,
    34,
    64,
];

/// What is pending when nothing is.
pub const NO_SIGNALS: [i32; 0] = [];

/// Starts `body` in a child with these flags that has every signal's default action, and is ready for signals when
/// this returns.
///
/// It leads a process group of its own: SIGTSTP does nothing to a process in an orphaned one (`setpgid(2)`), and the
/// stage's can be that. It dumps no core.
pub fn plain<T>(flags: CloneFlags, body: impl FnOnce(&Peer) -> Outcome<T>) -> Outcome<Child<T>>
where
    T: Serialize + DeserializeOwned,
{
    let started = spawn(flags, |parent| {
        signals::reset_all().doing("reset the signals' actions")?;
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).doing("setpgid")?;
        set_dumpable(false).doing("prctl(PR_SET_DUMPABLE)")?;
        parent.go()?;
        body(parent)
    })?;
    started.recv::<()>()?;
    Ok(started)
}
