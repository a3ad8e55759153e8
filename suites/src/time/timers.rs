//! Timers in a time namespace: `timerfd_create(2)`, `timer_settime(2)`.

use kit::prelude::*;
use nix::sys::signal::{SigEvent, SigevNotify};
use nix::sys::time::TimeValLike;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::sys::timerfd::{self, TimerFd, TimerFlags};
use nix::time::ClockId;

use super::clock::{ALARM_CLOCKS, ends, moment, now};
use super::offsets::{BOTH, SECOND, inside, maker};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    timerfd_takes_moments_of_the_time_namespace,
    timerfd_by_the_real_time_is_not_shifted,
    timerfd_by_the_alarm_clock_takes_moments_of_the_time_namespace,
    posix_timer_takes_moments_of_the_time_namespace,
    posix_timer_by_the_real_time_is_not_shifted,
    posix_timer_by_the_alarm_clock_takes_moments_of_the_time_namespace,
    armed_timer_keeps_its_moment_when_its_owner_joins,
];

/// A while that passes soon, and one that is longer than any case.
const SOON: i64 = 30_000_000;
const LATER: i64 = 3600 * SECOND;

/// The clocks for timerfd and for all else.
const SHIFTED: [(timerfd::ClockId, ClockId); 2] = [
    (timerfd::ClockId::CLOCK_MONOTONIC, ClockId::CLOCK_MONOTONIC),
    (timerfd::ClockId::CLOCK_BOOTTIME, ClockId::CLOCK_BOOTTIME),
];

/// timerfd_settime() with TFD_TIMER_ABSTIME takes a moment in the caller's time namespace; timerfd_gettime() tells what is
/// left to it.
///
/// With CLOCK_MONOTONIC and CLOCK_BOOTTIME. What is set for a while is the same in all time namespaces.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "timerfd_create(2)"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn timerfd_takes_moments_of_the_time_namespace() -> Verdict {
    user_namespace(NONE, || {
        for (own, clock) in SHIFTED {
            expect_in_the_namespaces_time(clock, || FileTimer::new(own))?;
        }
        holds()
    })
}

/// A timerfd by CLOCK_REALTIME is set to the same moments in every time namespace.
#[claim(source = ["time_namespaces(7) NOTES", "timerfd_create(2)"], needs = [UserNamespaces, Config("TIME_NS")])]
fn timerfd_by_the_real_time_is_not_shifted() -> Verdict {
    user_namespace(NONE, || expect_not_shifted(|| FileTimer::new(timerfd::ClockId::CLOCK_REALTIME)))
}

/// A timerfd by CLOCK_BOOTTIME_ALARM takes moments in the caller's time namespace.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "timerfd_create(2)"],
    needs = [Root, Config("TIME_NS"), Capability("CAP_WAKE_ALARM"), Behaviour(ALARM_CLOCKS)],
)]
fn timerfd_by_the_alarm_clock_takes_moments_of_the_time_namespace() -> Verdict {
    let clock = ClockId::CLOCK_BOOTTIME_ALARM;
    expect_in_the_namespaces_time(clock, || FileTimer::new(timerfd::ClockId::CLOCK_BOOTTIME_ALARM))?;
    holds()
}

/// timer_settime() with TIMER_ABSTIME takes a moment in the caller's time namespace; timer_gettime() tells what is left to
/// it.
///
/// With CLOCK_MONOTONIC and CLOCK_BOOTTIME. What is set for a while is the same in all time namespaces.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "timer_settime(2)"],
    needs = [UserNamespaces, Config("TIME_NS"), Config("POSIX_TIMERS")],
)]
fn posix_timer_takes_moments_of_the_time_namespace() -> Verdict {
    user_namespace(NONE, || {
        for (_, clock) in SHIFTED {
            expect_in_the_namespaces_time(clock, || SilentTimer::new(clock))?;
        }
        holds()
    })
}

/// A POSIX timer by CLOCK_REALTIME is set to the same moments in every time namespace.
#[claim(
    source = ["time_namespaces(7) NOTES", "timer_settime(2)"],
    needs = [UserNamespaces, Config("TIME_NS"), Config("POSIX_TIMERS")],
)]
fn posix_timer_by_the_real_time_is_not_shifted() -> Verdict {
    user_namespace(NONE, || expect_not_shifted(|| SilentTimer::new(ClockId::CLOCK_REALTIME)))
}

/// A POSIX timer by CLOCK_BOOTTIME_ALARM takes moments in the caller's time namespace.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "timer_settime(2)"],
    needs = [Root, Config("TIME_NS"), Capability("CAP_WAKE_ALARM"), Behaviour(ALARM_CLOCKS)],
)]
fn posix_timer_by_the_alarm_clock_takes_moments_of_the_time_namespace() -> Verdict {
    let clock = ClockId::CLOCK_BOOTTIME_ALARM;
    expect_in_the_namespaces_time(clock, || SilentTimer::new(clock))?;
    holds()
}

/// A timer that is armed keeps its moment when its owner joins another time namespace: what is left of it does not jump.
#[claim(source = "fs/timerfd.c do_timerfd_settime", needs = [UserNamespaces, Config("TIME_NS")])]
fn armed_timer_keeps_its_moment_when_its_owner_joins() -> Verdict {
    user_namespace(NONE, || {
        for (own, clock) in SHIFTED {
            let process = maker(BOTH)?;
            let namespace = Namespace::at(format!("/proc/{}/ns/time_for_children", process.pid()))?;
            child(NONE, || {
                let mut timers = [FileTimer::new(own)?, FileTimer::new(own)?];
                timers[0].set(now(clock)? + LATER, true)?;
                timers[1].set(LATER, false)?;
                setns(&namespace, CLONE_NEWTIME)?;
                for (timer, what) in timers.iter().zip(["to a moment", "for a while"]) {
                    expect_an_hour_left(timer, &format!("{clock:?}, set {what} before it joined"))?;
                }
                Ok(())
            })?;
        }
        holds()
    })
}

/// What the two kinds of timers can do.
trait Alarm {
    /// Arms it: to a moment, or for a while.
    fn set(&mut self, nanoseconds: i64, is_moment: bool) -> Outcome<()>;

    /// What is left, in nanoseconds; none when it has expired.
    fn left(&self) -> Outcome<Option<i64>>;
}

struct FileTimer(TimerFd);

impl FileTimer {
    fn new(clock: timerfd::ClockId) -> Outcome<Self> {
        TimerFd::new(clock, TimerFlags::TFD_CLOEXEC).doing("timerfd_create").map(Self)
    }
}

impl Alarm for FileTimer {
    fn set(&mut self, nanoseconds: i64, is_moment: bool) -> Outcome<()> {
        self.0.set(Expiration::OneShot(moment(nanoseconds)), flags(is_moment)).doing("timerfd_settime")
    }

    fn left(&self) -> Outcome<Option<i64>> {
        self.0.get().doing("timerfd_gettime").map(nanoseconds)
    }
}

/// A POSIX timer that sends no signal.
struct SilentTimer(Timer);

impl SilentTimer {
    fn new(clock: ClockId) -> Outcome<Self> {
        Timer::new(clock, SigEvent::new(SigevNotify::SigevNone)).doing("timer_create").map(Self)
    }
}

impl Alarm for SilentTimer {
    fn set(&mut self, nanoseconds: i64, is_moment: bool) -> Outcome<()> {
        self.0.set(Expiration::OneShot(moment(nanoseconds)), flags(is_moment)).doing("timer_settime")
    }

    fn left(&self) -> Outcome<Option<i64>> {
        self.0.get().doing("timer_gettime").map(nanoseconds)
    }
}

fn flags(is_moment: bool) -> TimerSetTimeFlags {
    if is_moment { TimerSetTimeFlags::TFD_TIMER_ABSTIME } else { TimerSetTimeFlags::empty() }
}

fn nanoseconds(left: Option<Expiration>) -> Option<i64> {
    match left {
        Some(Expiration::OneShot(left)) => Some(left.num_nanoseconds()),
        _ => None,
    }
}

/// Timers of this clock, which carries an offset: set to moments as the namespace and as the outside has them.
fn expect_in_the_namespaces_time<A: Alarm>(clock: ClockId, new: impl Fn() -> Outcome<A>) -> Outcome<()> {
    let outside = now(clock)?;
    inside(BOTH, || {
        expect_expires(&new, || Ok((outside + LATER, true)), "a moment that is to come outside and past inside")?;
        let until = now(clock)? + SOON;
        expect_expires(&new, || Ok((until, true)), "a moment soon")?;
        expect!(now(clock)? >= until, "{clock:?} has not reached the moment at which a timer has expired");
        expect_expires(&new, || Ok((SOON, false)), "for a short while")?;
        let mut timer = new()?;
        timer.set(now(clock)? + LATER, true)?;
        expect_an_hour_left(&timer, &format!("{clock:?}, a moment in an hour"))?;
        timer.set(LATER, false)?;
        expect_an_hour_left(&timer, &format!("{clock:?}, for an hour"))
    })
}

/// Timers of a clock that carries no offset.
fn expect_not_shifted<A: Alarm>(new: impl Fn() -> Outcome<A>) -> Verdict {
    inside(BOTH, || {
        let real = || now(ClockId::CLOCK_REALTIME);
        expect_expires(&new, || Ok((real()? - LATER, true)), "a moment past")?;
        expect_expires(&new, || Ok((real()? + SOON, true)), "a moment soon")?;
        let mut timer = new()?;
        timer.set(real()? + LATER, true)?;
        expect_an_hour_left(&timer, "a moment in an hour")?;
        timer.set(LATER, false)?;
        expect_an_hour_left(&timer, "for an hour")?;
        holds()
    })
}

/// A timer expires that is set to this, a moment if it says so.
fn expect_expires<A: Alarm>(
    new: impl Fn() -> Outcome<A>,
    set: impl FnOnce() -> Outcome<(i64, bool)>,
    what: &str,
) -> Outcome<()> {
    let expired = ends(|| {
        let (nanoseconds, is_moment) = set()?;
        let mut timer = new()?;
        timer.set(nanoseconds, is_moment)?;
        while timer.left()?.is_some() {
            std::thread::yield_now();
        }
        Ok(())
    })?;
    expect!(expired.is_some(), "a timer that was set to {what} does not expire");
    Ok(())
}

/// A timer that was just set to an hour has that left, less what a case may take.
fn expect_an_hour_left(timer: &impl Alarm, what: &str) -> Outcome<()> {
    let left = timer.left()?;
    expect!(left.is_some_and(|left| left > LATER / 2 && left <= LATER), "{what}: {left:?} ns left");
    Ok(())
}
