//! Operations of `prctl(2)` that no crate has, with numbers for arguments.

use nix::errno::Errno;

/// What is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// `PR_SET_IO_FLUSHER`: the caller is part of the writing of memory to disks.
    IoFlusher(bool),
    /// `PR_SET_MM` with `PR_SET_MM_ARG_START`: where the arguments begin. The address is one that is refused to all.
    ArgumentsAtZero,
    /// `PR_SET_TIMERSLACK`: how late the caller may be woken up.
    TimerSlack(u64),
}

impl Control {
    /// Sets it.
    pub fn set(self) -> nix::Result<()> {
        const PR_SET_IO_FLUSHER: libc::c_int = 57;
        let (operation, first, second): (_, u64, u64) = match self {
            Self::IoFlusher(on) => (PR_SET_IO_FLUSHER, on.into(), 0),
            Self::ArgumentsAtZero => (libc::PR_SET_MM, libc::PR_SET_MM_ARG_START as u64, 0),
            Self::TimerSlack(nanoseconds) => (libc::PR_SET_TIMERSLACK, nanoseconds, 0),
        };
        // SAFETY: these operations take numbers, and an address that is not followed.
        Errno::result(unsafe { libc::prctl(operation, first, second, 0, 0) }).map(drop)
    }
}
