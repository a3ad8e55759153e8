//! What clocks show in a time namespace: `time_namespaces(7)`, `clock_gettime(2)`, `vdso(7)`.

use kit::prelude::*;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime, clock_settime};

use super::clock::{ALARM_CLOCKS, Way};
use super::offsets::{BOOTTIME, BOTH, FRACTIONS, MONOTONIC, SECOND, inside, make};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    monotonic_clocks_carry_the_monotonic_offset,
    boottime_clock_carries_the_boottime_offset,
    boottime_alarm_clock_carries_the_boottime_offset,
    real_time_clocks_carry_no_offset,
    cpu_clocks_carry_no_offset,
    vdso_and_system_call_agree_in_a_time_namespace,
    clocks_outside_a_new_time_namespace_stay,
    shifted_clocks_cannot_be_set,
];

const MONOTONIC_CLOCKS: [ClockId; 3] =
    [ClockId::CLOCK_MONOTONIC, ClockId::CLOCK_MONOTONIC_COARSE, ClockId::CLOCK_MONOTONIC_RAW];

const SHIFTED: [ClockId; 4] =
    [ClockId::CLOCK_MONOTONIC, ClockId::CLOCK_MONOTONIC_COARSE, ClockId::CLOCK_MONOTONIC_RAW, ClockId::CLOCK_BOOTTIME];

/// Both offsets in nanoseconds.
const OFFSETS: [i64; 2] = [MONOTONIC * SECOND + FRACTIONS[0], BOOTTIME * SECOND + FRACTIONS[1]];

/// CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE and CLOCK_MONOTONIC_RAW carry the monotonic offset of a time namespace, to the
/// nanosecond.
///
/// By the vDSO and by the system call. Without a monotonic offset they show what they show outside.
#[claim(source = "time_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("TIME_NS")])]
fn monotonic_clocks_carry_the_monotonic_offset() -> Verdict {
    user_namespace(NONE, || expect_carry(&MONOTONIC_CLOCKS, OFFSETS[0], "boottime 700000000 987654321"))
}

/// CLOCK_BOOTTIME carries the boot time offset of a time namespace, to the nanosecond.
///
/// By the vDSO and by the system call. Without a boot time offset it shows what it shows outside.
#[claim(source = "time_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("TIME_NS")])]
fn boottime_clock_carries_the_boottime_offset() -> Verdict {
    user_namespace(NONE, || expect_carry(&[ClockId::CLOCK_BOOTTIME], OFFSETS[1], "monotonic 10000000 123456789"))
}

/// CLOCK_BOOTTIME_ALARM carries the boot time offset of a time namespace, to the nanosecond.
#[claim(
    source = "time_namespaces(7) DESCRIPTION",
    needs = [UserNamespaces, Config("TIME_NS"), Behaviour(ALARM_CLOCKS)],
)]
fn boottime_alarm_clock_carries_the_boottime_offset() -> Verdict {
    user_namespace(NONE, || expect_carry(&[ClockId::CLOCK_BOOTTIME_ALARM], OFFSETS[1], "monotonic 10000000 123456789"))
}

/// CLOCK_REALTIME, CLOCK_REALTIME_COARSE and CLOCK_TAI carry no offset of a time namespace.
///
/// Something may set them while the case runs, so that they are compared with less than the offsets.
#[claim(
    source = ["time_namespaces(7) NOTES", "What's in a name(space)?"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn real_time_clocks_carry_no_offset() -> Verdict {
    let clocks = [ClockId::CLOCK_REALTIME, ClockId::CLOCK_REALTIME_COARSE, ClockId::CLOCK_TAI];
    user_namespace(NONE, || {
        let (seen, outside) = (inside(BOTH, || every_way(&clocks))?, every_way(&clocks)?);
        for ((seen, outside), what) in seen.iter().zip(outside).zip(names(&clocks)) {
            let apart = outside - seen;
            expect!(apart.abs() < OFFSETS[0] / 2, "{what}: {apart} ns apart");
        }
        holds()
    })
}

/// CLOCK_PROCESS_CPUTIME_ID and CLOCK_THREAD_CPUTIME_ID carry no offset of a time namespace.
#[claim(source = "time_namespaces(7) NOTES", needs = [UserNamespaces, Config("TIME_NS")])]
fn cpu_clocks_carry_no_offset() -> Verdict {
    user_namespace(NONE, || {
        let clocks = [ClockId::CLOCK_PROCESS_CPUTIME_ID, ClockId::CLOCK_THREAD_CPUTIME_ID];
        let (seen, monotonic) = inside(BOTH, || Ok((every_way(&clocks)?, Way::Call.read(ClockId::CLOCK_MONOTONIC)?)))?;
        expect!(monotonic >= OFFSETS[0], "the monotonic clock beside: {monotonic}");
        for (seen, what) in seen.into_iter().zip(names(&clocks)) {
            expect!((0..OFFSETS[0]).contains(&seen), "{what}: {seen}");
        }
        holds()
    })
}

/// In a time namespace the vDSO and the system call show one time: readings that take turns never go back.
#[claim(source = ["time_namespaces(7) DESCRIPTION", "vdso(7)"], needs = [UserNamespaces, Config("TIME_NS")])]
fn vdso_and_system_call_agree_in_a_time_namespace() -> Verdict {
    const TURNS: usize = 20;
    user_namespace(NONE, || {
        inside(BOTH, || {
            for clock in SHIFTED {
                let mut last = Way::Call.read(clock)?;
                for _ in 0..TURNS {
                    for way in Way::BOTH {
                        let next = way.read(clock)?;
                        expect!(next >= last, "{clock:?} goes back by {way:?}: from {last} to {next}");
                        last = next;
                    }
                }
                let first = Way::Vdso.read(clock)?;
                expect!(Way::Call.read(clock)? - first < MONOTONIC * SECOND, "{clock:?} runs away");
            }
            holds()
        })
    })
}

/// Offsets that are set for a new time namespace do not move the clocks outside it.
///
/// Neither when they are set nor when the namespace has a member.
#[claim(source = "time_namespaces(7) EXAMPLES", needs = [UserNamespaces, Config("TIME_NS")])]
fn clocks_outside_a_new_time_namespace_stay() -> Verdict {
    user_namespace(NONE, || {
        let before = every_way(&SHIFTED)?;
        make(BOTH)?;
        let set = every_way(&SHIFTED)?;
        let member = child(NONE, || every_way(&SHIFTED))?;
        let after = every_way(&SHIFTED)?;
        for (number, what) in names(&SHIFTED).into_iter().enumerate() {
            let [before, set, member, after] = [before[number], set[number], member[number], after[number]];
            expect!(member >= OFFSETS[0], "{what}: a member sees {member}");
            expect!(before <= set && set <= after, "{what}: {before}, {set} when they were set, {after}");
            expect!(after < before + OFFSETS[0], "{what}: {before} before, {after} afterwards");
        }
        holds()
    })
}

/// clock_settime() on CLOCK_MONOTONIC, _COARSE, _RAW and CLOCK_BOOTTIME fails with EINVAL in a time namespace, too.
///
/// There as elsewhere CLOCK_REALTIME can be set.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "clock_settime(2)"],
    needs = [Root, Disposable, Config("TIME_NS"), Capability("CAP_SYS_TIME")],
)]
fn shifted_clocks_cannot_be_set() -> Verdict {
    let expect_refused = || {
        for clock in SHIFTED {
            expect_errno!(clock_settime(clock, clock_gettime(clock)?), EINVAL, "{clock:?}");
        }
        let real: TimeSpec = clock_gettime(ClockId::CLOCK_REALTIME)?;
        expect_ok!(clock_settime(ClockId::CLOCK_REALTIME, real), "the real-time clock");
        Ok(())
    };
    expect_refused().doing("in the initial time namespace")?;
    inside(BOTH, expect_refused).doing("in a new one")?;
    holds()
}

/// The clocks are ahead by `offset` where both offsets are set, and by nothing where only the other one is.
fn expect_carry(clocks: &[ClockId], offset: i64, other_alone: &str) -> Verdict {
    for (text, ahead) in [(BOTH, offset), (other_alone, 0)] {
        let before = every_way(clocks)?;
        let seen = inside(text, || every_way(clocks))?;
        let after = every_way(clocks)?;
        for (number, what) in names(clocks).into_iter().enumerate() {
            let [before, seen, after] = [before[number], seen[number], after[number]];
            expect!(
                (before + ahead..=after + ahead).contains(&seen),
                "{what}, «{text}»: {seen} inside, between {before} and {after} outside",
            );
        }
    }
    holds()
}

/// Each clock by the vDSO and by the system call, in nanoseconds.
fn every_way(clocks: &[ClockId]) -> Outcome<Vec<i64>> {
    let readings = clocks.iter().flat_map(|clock| Way::BOTH.map(|way| way.read(*clock)));
    readings.collect::<nix::Result<_>>().doing("read clocks")
}

/// What [`every_way`] reads, in words.
fn names(clocks: &[ClockId]) -> Vec<String> {
    clocks.iter().flat_map(|clock| Way::BOTH.map(|way| format!("{clock:?} by {way:?}"))).collect()
}
