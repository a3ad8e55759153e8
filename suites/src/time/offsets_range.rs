//! How far offsets go: `time_namespaces(7)`.

use kit::prelude::*;
use nix::time::ClockId;

use super::clock::now;
use super::offsets::{SECOND, inside, make, shown, write};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    offset_may_set_a_clock_back_to_zero,
    offset_that_makes_a_clock_negative_erange,
    offset_beyond_146_years_erange,
    offset_beyond_the_kernels_seconds_erange,
    offset_beyond_64_bits_wraps_old,
    offset_beyond_64_bits_counts_as_the_largest,
];

const CLOCKS: [(&str, ClockId); 2] = [("monotonic", ClockId::CLOCK_MONOTONIC), ("boottime", ClockId::CLOCK_BOOTTIME)];

/// Half of KTIME_SEC_MAX, the whole seconds in the kernel's 64 bits of nanoseconds.
const LATEST: i64 = i64::MAX / SECOND / 2;

/// More seconds than any case takes.
const WHILE: i64 = 1000;

/// An offset may be negative: it sets a clock back, as far as to zero.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_may_set_a_clock_back_to_zero() -> Verdict {
    user_namespace(NONE, || {
        for (name, clock) in CLOCKS {
            let before = now(clock)?;
            let back = before / SECOND;
            let seen = inside(&format!("{name} -{back} 0"), || now(clock))?;
            let after = now(clock)?;
            expect!(
                (before - back * SECOND..=after - back * SECOND).contains(&seen),
                "{name}: {seen} inside, between {before} and {after} outside, set back by {back} s",
            );
        }
        holds()
    })
}

/// An offset that would make a clock negative is refused with ERANGE.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_that_makes_a_clock_negative_erange() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for (name, clock) in CLOCKS {
            let seconds = now(clock)? / SECOND;
            for wrong in [seconds + WHILE, 2 * seconds + WHILE, LATEST, i64::MAX] {
                expect_errno!(write("self", &format!("{name} -{wrong} 0")), ERANGE, "{name}, which shows {seconds}");
            }
            expect_eq!(shown("self")?, [(0, 0); 2]);
        }
        for (name, clock) in CLOCKS {
            let seconds = now(clock)? / SECOND;
            expect_ok!(write("self", &format!("{name} -{seconds} 0")), "{name}, which shows {seconds}");
        }
        holds()
    })
}

/// An offset that would set a clock to more than 4,611,686,018 seconds, 146 years, is refused with ERANGE.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_beyond_146_years_erange() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for (name, clock) in CLOCKS {
            let seconds = now(clock)? / SECOND;
            expect_errno!(write("self", &format!("{name} {} 0", LATEST - seconds + 1)), ERANGE, "{name}, too much");
            let right = LATEST - seconds - WHILE;
            expect_ok!(write("self", &format!("{name} {right} 0")), "{name}, just less");
            let seen = child(NONE, || shown("self"))?;
            expect!(seen.contains(&(right, 0)), "{name}: {seen:?}");
            make("")?;
        }
        holds()
    })
}

/// An offset of more seconds than the kernel's 64 bits of nanoseconds hold is refused with ERANGE.
///
/// So is one that would be in range only together with the other end of the 64 bits.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_beyond_the_kernels_seconds_erange() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for (name, _) in CLOCKS {
            for wrong in [i64::MAX / SECOND + 1, i64::MAX / 2, i64::MAX - 1, i64::MAX] {
                expect_errno!(write("self", &format!("{name} {wrong} 0")), ERANGE, "{name}: {wrong}");
                expect_errno!(write("self", &format!("{name} -{wrong} 0")), ERANGE, "{name}: -{wrong}");
            }
            expect_errno!(write("self", &format!("{name} {} 0", i64::MIN)), ERANGE, "{name}: the least number");
            expect_ok!(write("self", &format!("{name} {} 0", LATEST / 2)), "{name}, in range");
        }
        holds()
    })
}

/// An offset of 2^64 seconds and more is not refused: it counts modulo 2^64.
///
/// Since 7.2 it counts as the largest number of 64 bits, which means −1.
#[claim(
    source = "lib/vsprintf.c simple_strtoull",
    until = "7.2",
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "time_namespaces(7), /proc/pid/timens_offsets: an offset-secs that is out of range fails with ERANGE.",
)]
fn offset_beyond_64_bits_wraps_old() -> Verdict {
    expect_beyond_64_bits(["18446744073709551616", "18446744073709551617", "18446744073709551623"], [0, 1, 7])
}

/// An offset of 2^64 seconds and more is not refused: it counts as the largest number of 64 bits, which means −1.
///
/// Until 7.2 it counted modulo 2^64.
#[claim(
    source = "lib/vsprintf.c simple_strtoull",
    since = "7.2",
    replaces = "offset_beyond_64_bits_wraps_old",
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "time_namespaces(7), /proc/pid/timens_offsets: an offset-secs that is out of range fails with ERANGE.",
)]
fn offset_beyond_64_bits_counts_as_the_largest() -> Verdict {
    expect_beyond_64_bits(["18446744073709551616", "18446744073709551617", "18446744073709551623"], [-1, -1, -1])
}

/// Each of these numbers of seconds is taken, and shown as another one; those of 63 bits are refused.
fn expect_beyond_64_bits(written: [&str; 3], seconds: [i64; 3]) -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for (name, _) in CLOCKS {
            for (text, seconds) in written.into_iter().zip(seconds) {
                write("self", &format!("{name} 2 0")).doing("set another offset")?;
                expect_ok!(write("self", &format!("{name} {text} 5")), "{name}: {text}");
                let seen = shown("self")?;
                expect!(seen.contains(&(seconds, 5)), "{name}: {text} is shown as {seen:?}");
                expect_errno!(write("self", &format!("{name} {} 5", i64::MAX)), ERANGE, "{name}, within 64 bits");
                write("self", &format!("{name} 0 0")).doing("set no offset")?;
            }
        }
        holds()
    })
}
