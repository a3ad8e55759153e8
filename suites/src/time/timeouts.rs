//! Calls that wait for something, with a deadline: `futex(2)`, `poll(2)`, `select(2)`, `epoll_wait(2)`.

use std::num::NonZeroU32;
use std::os::fd::AsFd;
use std::sync::atomic::AtomicU32;

use kit::prelude::*;
use nix::errno::Errno;
use nix::poll::{PollTimeout, poll, ppoll};
use nix::sys::select::{pselect, select};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::time::ClockId;
use rustix::event::epoll;
use rustix::thread::futex::{self, Flags, Wait, WaitFlags, WaitPtr, WaitvFlags};
use rustix::time::Timespec;

use super::clock::{ends, interrupted, moment, now};
use super::offsets::{BOTH, SECOND, inside};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    futex_deadline_is_a_moment_of_the_time_namespace,
    futex_pi_deadline_is_a_moment_of_the_time_namespace,
    futex_waitv_deadline_is_a_moment_of_the_time_namespace,
    futex_deadline_by_the_real_time_is_not_shifted,
    timeouts_of_files_are_not_shifted,
];

/// A while that passes soon, and one that is longer than any case.
const SOON: i64 = 30_000_000;
const LATER: i64 = 3600 * SECOND;

/// A call that waits for so many nanoseconds, and returns the number of files that are ready.
type Waiting = fn(i64) -> nix::Result<i32>;

const ANY_BIT: NonZeroU32 = NonZeroU32::MAX;

/// FUTEX_WAIT_BITSET takes its deadline as a moment of CLOCK_MONOTONIC in the caller's time namespace; FUTEX_WAIT takes a
/// while, which is the same in all.
#[claim(source = ["futex(2)", "kernel/futex/syscalls.c futex_init_timeout"], needs = [UserNamespaces, Config("TIME_NS")])]
fn futex_deadline_is_a_moment_of_the_time_namespace() -> Verdict {
    user_namespace(NONE, || {
        let wait = |deadline: &Timespec| {
            futex::wait_bitset(&AtomicU32::new(0), Flags::PRIVATE, 0, Some(deadline), ANY_BIT).map(drop)
        };
        expect_times_out_in_the_namespaces_time(wait)?;
        inside(BOTH, || {
            let before = now(ClockId::CLOCK_MONOTONIC)?;
            let waited = ends(|| {
                Ok(number(futex::wait(&AtomicU32::new(0), Flags::PRIVATE, 0, Some(&timespec(SOON))).map(drop)))
            })?;
            expect_eq!(waited, Some(Errno::ETIMEDOUT as i32), "for a while");
            expect!(now(ClockId::CLOCK_MONOTONIC)? >= before + SOON, "a wait for a while has ended before its time");
            Ok(())
        })?;
        holds()
    })
}

/// FUTEX_LOCK_PI2 takes its deadline as a moment of CLOCK_MONOTONIC in the caller's time namespace.
#[claim(
    source = ["futex(2)", "kernel/futex/syscalls.c futex_init_timeout"],
    since = "5.14",
    needs = [UserNamespaces, Config("TIME_NS"), Config("FUTEX_PI")],
)]
fn futex_pi_deadline_is_a_moment_of_the_time_namespace() -> Verdict {
    user_namespace(NONE, || {
        let owner = waiting(NONE)?;
        let held = owner.pid().as_raw() as u32;
        expect_times_out_in_the_namespaces_time(|deadline: &Timespec| {
            futex::lock_pi2(&AtomicU32::new(held), Flags::empty(), Some(deadline))
        })?;
        holds()
    })
}

/// futex_waitv() takes its deadline as a moment of the clock that it names: CLOCK_MONOTONIC of the caller's time namespace.
#[claim(
    source = ["futex(2)", "kernel/futex/syscalls.c futex_init_timeout"],
    since = "5.16",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn futex_waitv_deadline_is_a_moment_of_the_time_namespace() -> Verdict {
    user_namespace(NONE, || {
        expect_times_out_in_the_namespaces_time(|deadline: &Timespec| {
            let word = AtomicU32::new(0);
            let mut one = Wait::new();
            one.val = 0;
            one.uaddr = WaitPtr::new((&raw const word).cast_mut().cast());
            one.flags = WaitFlags::PRIVATE | WaitFlags::SIZE_U32;
            futex::waitv(&[one], WaitvFlags::empty(), Some(deadline), futex::ClockId::Monotonic).map(drop)
        })?;
        holds()
    })
}

/// A deadline of FUTEX_WAIT_BITSET with FUTEX_CLOCK_REALTIME is the same moment in every time namespace.
#[claim(source = "futex(2)", needs = [UserNamespaces, Config("TIME_NS")])]
fn futex_deadline_by_the_real_time_is_not_shifted() -> Verdict {
    user_namespace(NONE, || {
        for after in [-LATER, SOON] {
            let deadline = now(ClockId::CLOCK_REALTIME)? + after;
            let answer = inside(BOTH, || {
                ends(|| {
                    let flags = Flags::PRIVATE | Flags::CLOCK_REALTIME;
                    let word = AtomicU32::new(0);
                    Ok(number(futex::wait_bitset(&word, flags, 0, Some(&timespec(deadline)), ANY_BIT).map(drop)))
                })
            })?;
            expect_eq!(answer, Some(Errno::ETIMEDOUT as i32), "{after} ns ahead");
        }
        let deadline = now(ClockId::CLOCK_REALTIME)? + LATER;
        let answer = inside(BOTH, || {
            interrupted(|| {
                let flags = Flags::PRIVATE | Flags::CLOCK_REALTIME;
                number(futex::wait_bitset(&AtomicU32::new(0), flags, 0, Some(&timespec(deadline)), ANY_BIT).map(drop))
            })
        })?;
        expect_eq!(answer, Errno::EINTR as i32, "an hour ahead");
        holds()
    })
}

/// The timeouts of poll(), ppoll(), select(), pselect() and epoll_wait() last as long in every time namespace.
#[claim(source = ["poll(2)", "epoll_wait(2)"], needs = [UserNamespaces, Config("TIME_NS")])]
fn timeouts_of_files_are_not_shifted() -> Verdict {
    const CALLS: [(&str, Waiting); 5] = [
        ("poll", by_poll),
        ("ppoll", by_ppoll),
        ("select", by_select),
        ("pselect", by_pselect),
        ("epoll_wait", by_epoll),
    ];
    user_namespace(NONE, || {
        inside(BOTH, || {
            for (name, wait) in CALLS {
                let before = now(ClockId::CLOCK_MONOTONIC)?;
                expect_eq!(ends(|| Ok(wait(SOON).portable()))?, Some(Ok(0)), "{name}, for a short while");
                expect!(now(ClockId::CLOCK_MONOTONIC)? >= before + SOON, "{name} has ended before its time");
                expect_errno!(interrupted(|| wait(LATER).portable())?, EINTR, "{name}, for an hour");
            }
            holds()
        })
    })
}

/// `wait` gives up at its deadline, a moment of the caller's namespace; one that is to come outside is past inside.
fn expect_times_out_in_the_namespaces_time(wait: impl Fn(&Timespec) -> rustix::io::Result<()>) -> Outcome<()> {
    let outside = now(ClockId::CLOCK_MONOTONIC)?;
    inside(BOTH, || {
        let past = ends(|| Ok(number(wait(&timespec(outside + LATER)))))?;
        expect_eq!(past, Some(Errno::ETIMEDOUT as i32), "until a moment that is to come outside and past inside");
        let deadline = now(ClockId::CLOCK_MONOTONIC)? + SOON;
        expect_eq!(
            ends(|| Ok(number(wait(&timespec(deadline)))))?,
            Some(Errno::ETIMEDOUT as i32),
            "until a moment soon"
        );
        expect!(now(ClockId::CLOCK_MONOTONIC)? >= deadline, "a wait has ended before its deadline");
        Ok(())
    })
}

/// The errno as a number, which can travel; 0 for success.
fn number(answer: rustix::io::Result<()>) -> i32 {
    answer.err().map_or(0, rustix::io::Errno::raw_os_error)
}

fn timespec(nanoseconds: i64) -> Timespec {
    Timespec { tv_sec: nanoseconds / SECOND, tv_nsec: nanoseconds % SECOND }
}

fn by_poll(nanoseconds: i64) -> nix::Result<i32> {
    poll(&mut [], PollTimeout::try_from(nanoseconds / 1_000_000).unwrap_or(PollTimeout::MAX))
}

fn by_ppoll(nanoseconds: i64) -> nix::Result<i32> {
    ppoll(&mut [], Some(moment(nanoseconds)), None)
}

fn by_select(nanoseconds: i64) -> nix::Result<i32> {
    select(0, None, None, None, &mut TimeVal::nanoseconds(nanoseconds))
}

fn by_pselect(nanoseconds: i64) -> nix::Result<i32> {
    pselect(0, None, None, None, &moment(nanoseconds), None)
}

fn by_epoll(nanoseconds: i64) -> nix::Result<i32> {
    let instance = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|errno| Errno::from_raw(errno.raw_os_error()))?;
    let mut events = Vec::with_capacity(1);
    let answer =
        epoll::wait(instance.as_fd(), rustix::buffer::spare_capacity(&mut events), Some(&timespec(nanoseconds)));
    answer.map(|count| count as i32).map_err(|errno| Errno::from_raw(errno.raw_os_error()))
}
