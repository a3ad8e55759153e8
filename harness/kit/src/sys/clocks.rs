//! Clocks read by system calls: the C library reads them from the vDSO where it can, without asking the kernel.

use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::time::ClockId;

/// `clock_gettime(2)`, always as a system call.
pub fn gettime_by_call(clock: ClockId) -> nix::Result<TimeSpec> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec.
    Errno::result(unsafe { libc::syscall(libc::SYS_clock_gettime, clock.as_raw(), &raw mut now) })?;
    Ok(TimeSpec::from_timespec(now))
}

/// What `times(2)` returns: clock ticks since a moment in the past.
pub fn ticks() -> nix::Result<i64> {
    // SAFETY: null is allowed, and means that only the return value is wanted.
    Errno::result(unsafe { libc::syscall(libc::SYS_times, 0usize) })
}
