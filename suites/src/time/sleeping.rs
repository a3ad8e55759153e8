//! Sleeping in a time namespace: `time_namespaces(7)`, `clock_nanosleep(2)`.
//!
//! That a call returns is seen by its return, that it goes on by a signal that interrupts it; nothing is measured but that
//! a deadline has passed.

use kit::prelude::*;
use nix::errno::Errno;
use nix::time::{ClockId, ClockNanosleepFlags, clock_nanosleep};
use rustix::thread::{NanosleepRelativeResult, clock_nanosleep_relative};

use super::clock::{ALARM_CLOCKS, ends, interrupted, moment, now};
use super::offsets::{BOTH, SECOND, inside};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    sleep_ends_at_its_time_namespaces_moment,
    sleep_by_the_real_time_ends_at_its_moment,
    sleep_by_the_alarm_clock_ends_at_its_time_namespaces_moment,
    sleep_for_a_while_is_not_shifted,
    sleep_for_a_while_by_the_alarm_clock_is_not_shifted,
];

/// A while that passes soon, and one that is longer than any case.
const SOON: i64 = 30_000_000;
const LATER: i64 = 3600 * SECOND;

/// clock_nanosleep() with TIMER_ABSTIME takes a moment of CLOCK_MONOTONIC and CLOCK_BOOTTIME in the caller's time namespace.
///
/// A moment ahead ends the sleep when the namespace's clock shows it; one that is still ahead outside is past inside.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "clock_nanosleep(2)"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn sleep_ends_at_its_time_namespaces_moment() -> Verdict {
    user_namespace(NONE, || {
        for clock in [ClockId::CLOCK_MONOTONIC, ClockId::CLOCK_BOOTTIME] {
            expect_ends_at_its_moment(clock)?;
        }
        holds()
    })
}

/// clock_nanosleep() with TIMER_ABSTIME takes the same moments of CLOCK_REALTIME and CLOCK_TAI in every time namespace.
#[claim(source = "time_namespaces(7) NOTES", needs = [UserNamespaces, Config("TIME_NS")])]
fn sleep_by_the_real_time_ends_at_its_moment() -> Verdict {
    user_namespace(NONE, || {
        for clock in [ClockId::CLOCK_REALTIME, ClockId::CLOCK_TAI] {
            for (after, expected) in [(-LATER, Some(Ok(()))), (SOON, Some(Ok(())))] {
                let until = now(clock)? + after;
                expect_eq!(
                    inside(BOTH, || ends(|| Ok(sleep_until(clock, until))))?,
                    expected,
                    "{clock:?}, {after} ns ahead"
                );
            }
            let until = now(clock)? + LATER;
            let answer = inside(BOTH, || interrupted(|| sleep_until(clock, until)))?;
            expect_eq!(answer, Err(Errno::EINTR as i32), "{clock:?}, an hour ahead");
        }
        holds()
    })
}

/// clock_nanosleep() with TIMER_ABSTIME takes a moment of CLOCK_BOOTTIME_ALARM in the caller's time namespace.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "clock_nanosleep(2)"],
    needs = [Root, Config("TIME_NS"), Capability("CAP_WAKE_ALARM"), Behaviour(ALARM_CLOCKS)],
)]
fn sleep_by_the_alarm_clock_ends_at_its_time_namespaces_moment() -> Verdict {
    expect_ends_at_its_moment(ClockId::CLOCK_BOOTTIME_ALARM)?;
    holds()
}

/// A sleep for a while lasts as long in every time namespace: what is left of it when a signal interrupts it says so, too.
///
/// With CLOCK_MONOTONIC, CLOCK_BOOTTIME and CLOCK_REALTIME.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "clock_nanosleep(2)", "nanosleep(2)"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn sleep_for_a_while_is_not_shifted() -> Verdict {
    use rustix::time::ClockId as Clock;
    user_namespace(NONE, || {
        for (clock, read) in [
            (Clock::Monotonic, ClockId::CLOCK_MONOTONIC),
            (Clock::Boottime, ClockId::CLOCK_BOOTTIME),
            (Clock::Realtime, ClockId::CLOCK_MONOTONIC),
        ] {
            expect_lasts(clock, read)?;
        }
        holds()
    })
}

/// A sleep for a while by CLOCK_BOOTTIME_ALARM lasts as long in every time namespace.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "clock_nanosleep(2)"],
    needs = [Root, Config("TIME_NS"), Capability("CAP_WAKE_ALARM"), Behaviour(ALARM_CLOCKS)],
)]
fn sleep_for_a_while_by_the_alarm_clock_is_not_shifted() -> Verdict {
    expect_lasts(rustix::time::ClockId::BoottimeAlarm, ClockId::CLOCK_BOOTTIME)?;
    holds()
}

/// Moments of this clock, which carries an offset: past and future, as the namespace and as the outside has them.
fn expect_ends_at_its_moment(clock: ClockId) -> Outcome<()> {
    let outside = now(clock)?;
    inside(BOTH, || {
        let past = ends(|| Ok(sleep_until(clock, outside + LATER)))?;
        expect_eq!(past, Some(Ok(())), "{clock:?}, until a moment that is to come outside and past inside");
        let until = now(clock)? + SOON;
        expect_eq!(ends(|| Ok(sleep_until(clock, until)))?, Some(Ok(())), "{clock:?}, until a moment soon");
        expect!(now(clock)? >= until, "{clock:?} has not reached the moment at which a sleep has ended");
        let until = now(clock)? + LATER;
        let answer = interrupted(|| sleep_until(clock, until))?;
        expect_eq!(answer, Err(Errno::EINTR as i32), "{clock:?}, until a moment in an hour");
        Ok(())
    })
}

/// Sleeps for a while by `clock`, as `read` shows it.
fn expect_lasts(clock: rustix::time::ClockId, read: ClockId) -> Outcome<()> {
    inside(BOTH, || {
        let before = now(read)?;
        let slept = ends(|| Ok(matches!(sleep_for(clock, SOON), NanosleepRelativeResult::Ok)))?;
        expect_eq!(slept, Some(true), "{clock:?}, for a short while");
        expect!(now(read)? >= before + SOON, "{clock:?}: a sleep has ended before its time");
        let left = interrupted(|| match sleep_for(clock, LATER) {
            NanosleepRelativeResult::Interrupted(left) => Some(left.tv_sec * SECOND + left.tv_nsec),
            _ => None,
        })?;
        expect!(
            left.is_some_and(|left| left > LATER / 2 && left <= LATER),
            "{clock:?}, for an hour, has left {left:?}"
        );
        Ok(())
    })
}

/// The errno as a number: it has to travel.
fn sleep_until(clock: ClockId, nanoseconds: i64) -> Result<(), i32> {
    let answer = clock_nanosleep(clock, ClockNanosleepFlags::TIMER_ABSTIME, &moment(nanoseconds));
    answer.map(drop).map_err(|errno| errno as i32)
}

fn sleep_for(clock: rustix::time::ClockId, nanoseconds: i64) -> NanosleepRelativeResult {
    let request = rustix::time::Timespec { tv_sec: nanoseconds / SECOND, tv_nsec: nanoseconds % SECOND };
    clock_nanosleep_relative(clock, &request)
}
