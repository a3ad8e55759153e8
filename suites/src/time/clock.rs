//! Clocks as the suite's cases read and wait on them.

use kit::prelude::*;
use kit::process::Change;
use kit::sys::{clocks, signals};
use kit::{Behaviour, eventually};
use nix::sys::signal::{SigEvent, SigevNotify, Signal};
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::{ClockId, clock_gettime};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The alarm clocks are there only beside a real-time clock that can wake the machine.
pub(super) const ALARM_CLOCKS: &Behaviour = &Behaviour {
    what: "has alarm clocks, for which it takes a real-time clock that can wake the machine",
    probe: || clock_gettime(ClockId::CLOCK_BOOTTIME_ALARM).is_ok(),
};

/// How a clock is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// By the C library, which reads the vDSO where it can.
    Vdso,
    /// By a system call.
    Call,
}

impl Way {
    /// Both.
    pub(super) const BOTH: [Self; 2] = [Self::Vdso, Self::Call];

    /// What the clock shows, in nanoseconds.
    pub(super) fn read(self, clock: ClockId) -> nix::Result<i64> {
        let now = match self {
            Self::Vdso => clock_gettime(clock),
            Self::Call => clocks::gettime_by_call(clock),
        };
        Ok(now?.num_nanoseconds())
    }
}

/// What a clock shows, in nanoseconds.
pub(super) fn now(clock: ClockId) -> Outcome<i64> {
    Way::Call.read(clock).doing("read a clock")
}

/// This moment as the calls take it.
pub(super) fn moment(nanoseconds: i64) -> TimeSpec {
    TimeSpec::nanoseconds(nanoseconds)
}

/// Runs `body` in a child, and returns its value, if it ends while the kernel has more than enough time for it.
pub(super) fn ends<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<Option<T>>
where
    T: Serialize + DeserializeOwned,
{
    let child = spawn(NONE, |_| body())?;
    match eventually(|| Change::has_ended(child.pidfd()))? {
        true => child.join().map(Some),
        false => Ok(None),
    }
}

/// Runs `body` in a child that a signal interrupts again and again: for calls that wait longer than any case may take.
pub(super) fn interrupted<T>(body: impl FnOnce() -> T) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    const EVERY: i64 = 20;
    child(NONE, || {
        signals::catch(libc::SIGALRM).doing("catch SIGALRM")?;
        let event = SigEvent::new(SigevNotify::SigevSignal { signal: Signal::SIGALRM, si_value: 0 });
        let mut timer = Timer::new(ClockId::CLOCK_REALTIME, event).doing("timer_create")?;
        let every = Expiration::Interval(TimeSpec::milliseconds(EVERY));
        timer.set(every, TimerSetTimeFlags::empty()).doing("timer_settime")?;
        Ok(body())
    })
}
