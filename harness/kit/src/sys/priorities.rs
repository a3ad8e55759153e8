//! Priorities of the calling thread that are not for everyone: `sched_setscheduler(2)`, `ioprio_set(2)`.

use nix::errno::Errno;

/// A class of I/O priorities: `IOPRIO_CLASS_RT` is 1, `IOPRIO_CLASS_BE` 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IoClass {
    /// Before all others.
    Realtime = 1,
    /// As usual.
    BestEffort = 2,
}

/// Sets the scheduling policy, such as `SCHED_FIFO`, with this static priority.
pub fn set_scheduler(policy: i32, priority: i32) -> nix::Result<()> {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: the kernel reads the parameters.
    Errno::result(unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, policy, &raw const parameters) }).map(drop)
}

/// Sets the I/O priority to the lowest of a class.
pub fn set_io_class(class: IoClass) -> nix::Result<()> {
    const WHO_PROCESS: i32 = 1;
    const LOWEST: i32 = 7;
    let priority = (class as i32) << 13 | LOWEST;
    // SAFETY: takes integers.
    Errno::result(unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, priority) }).map(drop)
}
