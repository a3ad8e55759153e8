//! What may be written to `/proc/PID/timens_offsets`: `time_namespaces(7)`.

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use kit::Behaviour;
use kit::prelude::*;

use super::offsets::{make, open, shown, write};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    offset_records_stand_in_any_order,
    offset_fields_are_separated_by_blanks_or_tabs,
    offset_clocks_can_be_named_by_number,
    offset_of_any_other_clock_einval,
    offset_without_each_of_its_fields_einval,
    offset_nanoseconds_are_less_than_a_second,
    offset_nanoseconds_of_64_bits_einval,
    offset_write_takes_two_records,
    offset_write_is_all_or_nothing,
    offset_write_of_nothing_or_a_page_einval,
    offset_write_starts_at_the_beginning,
];

/// One write() to `timens_offsets` sets one clock or both, in any order, and the last line needs no end.
///
/// What a write does not name stays. Of two lines for one clock the second counts.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_records_stand_in_any_order() -> Verdict {
    expect_each_taken(&[
        ("monotonic 1 2\nboottime 3 4\n", [(1, 2), (3, 4)]),
        ("boottime 5 6\nmonotonic 7 8\n", [(7, 8), (5, 6)]),
        ("monotonic 9 10", [(9, 10), (5, 6)]),
        ("boottime 11 12", [(9, 10), (11, 12)]),
        ("boottime 13 14\nmonotonic 15 16", [(15, 16), (13, 14)]),
        ("monotonic 17 18\nmonotonic 19 20\n", [(19, 20), (13, 14)]),
    ])
}

/// The fields of an offset are separated by blanks or tabs, as many as there are, and what follows the third is ignored.
#[claim(source = "fs/proc/base.c timens_offsets_write", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_fields_are_separated_by_blanks_or_tabs() -> Verdict {
    expect_each_taken(&[
        ("monotonic\t1\t2\n", [(1, 2), (0, 0)]),
        ("  boottime   3 \t  4  \n", [(1, 2), (3, 4)]),
        ("monotonic 5 6 more words\nboottime 7 8 9\n", [(5, 6), (7, 8)]),
        ("monotonic 0009 0010\n", [(9, 10), (7, 8)]),
    ])
}

/// 1 and 7, the numbers of CLOCK_MONOTONIC and CLOCK_BOOTTIME, stand for «monotonic» and «boottime» in an offset.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_clocks_can_be_named_by_number() -> Verdict {
    expect_each_taken(&[
        ("1 10 20\n7 30 40\n", [(10, 20), (30, 40)]),
        ("7 50 60\nmonotonic 70 80", [(70, 80), (50, 60)]),
    ])
}

/// An offset of any other clock than monotonic, boottime, 1 and 7 is refused with EINVAL.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_of_any_other_clock_einval() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        let numbers = (-1..=20).filter(|number| ![1, 7].contains(number)).map(|number| number.to_string());
        let names =
            ["realtime", "tai", "MONOTONIC", "Boottime", "monotoni", "monotonics", "bootime", "01", "monotonic_raw"];
        for clock in numbers.chain(names.map(str::to_owned)) {
            expect_errno!(write("self", &format!("{clock} 1 0")), EINVAL, "{clock}");
        }
        expect_eq!(shown("self")?, [(0, 0); 2]);
        for clock in ["monotonic", "boottime", "1", "7"] {
            expect_ok!(write("self", &format!("{clock} 1 0")), "{clock}");
        }
        holds()
    })
}

/// An offset that lacks its clock, its seconds or its nanoseconds, or has no number there, is refused with EINVAL.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_without_each_of_its_fields_einval() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for wrong in [
            "monotonic",
            "monotonic 1",
            "monotonic 1 \n",
            "1 0",
            "abc",
            "monotonic x 0",
            "monotonic 1 x",
            "monotonic 1.5",
        ] {
            expect_errno!(write("self", wrong), EINVAL, "«{wrong}»");
            expect_errno!(write("self", &format!("boottime 1 0\n{wrong}")), EINVAL, "«{wrong}» as second line");
        }
        expect_eq!(shown("self")?, [(0, 0); 2]);
        for right in ["monotonic 1 0", "boottime 1 0\nmonotonic 1 0"] {
            expect_ok!(write("self", right), "«{right}»");
        }
        holds()
    })
}

/// The nanoseconds of an offset are from 0 to 999,999,999; others are refused with EINVAL.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_nanoseconds_are_less_than_a_second() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for clock in ["monotonic", "boottime"] {
            for right in ["0", "1", "999999999"] {
                expect_ok!(write("self", &format!("{clock} 1 {right}")), "{clock}: {right}");
            }
            for wrong in ["-1", "1000000000", "1000000001", "4294967296", "9223372036854775807"] {
                expect_errno!(write("self", &format!("{clock} 2 {wrong}")), EINVAL, "{clock}: {wrong}");
            }
        }
        expect_eq!(shown("self")?, [(1, 999_999_999); 2]);
        holds()
    })
}

/// Nanoseconds of 2^63 and more, which are negative in the kernel's timespec64, are refused with EINVAL, too.
///
/// Kernels that lack the check store what cannot be: −1 and less.
#[claim(
    source = "kernel/time/namespace.c proc_timens_set_offset",
    needs = [UserNamespaces, Config("TIME_NS"), Behaviour(REFUSES_NEGATIVE_NANOSECONDS)],
)]
fn offset_nanoseconds_of_64_bits_einval() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for clock in ["monotonic", "boottime"] {
            for wrong in ["18446744073709551614", "18446744073708551616", "9223372036854775808"] {
                expect_errno!(write("self", &format!("{clock} 2 {wrong}")), EINVAL, "{clock}: {wrong}");
                expect_errno!(write("self", &format!("{clock} -1 {wrong}")), EINVAL, "{clock}: −1 s and {wrong}");
            }
            expect_ok!(write("self", &format!("{clock} 2 999999999")), "{clock}");
        }
        expect_eq!(shown("self")?, [(2, 999_999_999); 2]);
        holds()
    })
}

/// The check came with a repair that older series got, too.
const REFUSES_NEGATIVE_NANOSECONDS: &Behaviour = &Behaviour {
    what: "refuses an offset of 2^64 − 1 nanoseconds, which it would take for −1",
    probe: || {
        let refused = || {
            make("")?;
            Ok(write("self", "boottime 1 18446744073709551615").is_err())
        };
        user_namespace(NONE, refused).unwrap_or(false)
    },
};

/// One write() to `timens_offsets` takes two lines at most: its return value says that it did not take what follows.
#[claim(source = "fs/proc/base.c timens_offsets_write", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_write_takes_two_records() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        let two = "monotonic 1 0\nboottime 2 0\n";
        for more in ["monotonic 3 0\n", "boottime 4 0\nmonotonic 5 0\n", "what no clock is called\n"] {
            expect_eq!(expect_ok!(write("self", &format!("{two}{more}"))), two.len(), "before «{more}»");
            expect_eq!(shown("self")?, [(1, 0), (2, 0)], "before «{more}»");
        }
        expect_eq!(expect_ok!(write("self", two)), two.len());
        holds()
    })
}

/// If one of the two lines of a write to `timens_offsets` is refused, neither clock is set.
#[claim(source = "kernel/time/namespace.c proc_timens_set_offset", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_write_is_all_or_nothing() -> Verdict {
    user_namespace(NONE, || {
        make("monotonic 1 0\nboottime 2 0\n")?;
        let [good, unknown, beyond] = ["monotonic 3 0", "nothing 4 0", "boottime 99999999999 0"];
        expect_errno!(write("self", &format!("{good}\n{unknown}")), EINVAL);
        expect_errno!(write("self", &format!("{unknown}\n{good}")), EINVAL);
        expect_errno!(write("self", &format!("{good}\n{beyond}")), ERANGE);
        expect_errno!(write("self", &format!("{beyond}\n{good}")), ERANGE);
        expect_eq!(shown("self")?, [(1, 0), (2, 0)]);
        expect_ok!(write("self", good));
        expect_eq!(shown("self")?, [(3, 0), (2, 0)]);
        holds()
    })
}

/// A write to `timens_offsets` of no line, of an empty line or of a page or more is refused with EINVAL.
///
/// A write of one byte less than a page is taken.
#[claim(source = "fs/proc/base.c timens_offsets_write", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_write_of_nothing_or_a_page_einval() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        let page = rustix::param::page_size();
        let of_length = |length: usize| format!("{:<length$}", "monotonic 1 0");
        for (wrong, what) in [
            (String::new(), "nothing"),
            ("\n".into(), "an empty line"),
            (of_length(page), "a page"),
            (of_length(2 * page), "two"),
        ] {
            expect_errno!(write("self", &wrong), EINVAL, "{what}");
        }
        expect_errno!(write("self", "\nmonotonic 1 0\n"), EINVAL, "an empty line before");
        expect_eq!(shown("self")?, [(0, 0); 2]);
        expect_eq!(expect_ok!(write("self", &of_length(page - 1)), "a byte less than a page"), page - 1);
        expect_eq!(shown("self")?, [(1, 0), (0, 0)]);
        holds()
    })
}

/// A write to `timens_offsets` at another position than its beginning fails with EINVAL; pwrite() fails with ESPIPE.
///
/// A write does not change the position, so that one can follow another.
#[claim(source = "fs/proc/base.c timens_offsets_write", needs = [UserNamespaces, Config("TIME_NS")])]
fn offset_write_starts_at_the_beginning() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        let mut file = std::fs::OpenOptions::new().read(true).write(true).open(super::offsets::path("self"))?;
        for position in [1, 5] {
            file.seek(SeekFrom::Start(position)).doing("lseek")?;
            expect_errno!(file.write(b"monotonic 1 0"), EINVAL, "at position {position}");
            file.rewind().doing("lseek to the beginning")?;
            expect_ok!(file.write(b"monotonic 1 0"), "at the beginning");
            expect_ok!(file.write(b"boottime 1 0"), "and once more");
        }
        for position in [0, 1] {
            expect_errno!(file.write_at(b"monotonic 2 0", position), ESPIPE, "pwrite at {position}");
        }
        expect_eq!(shown("self")?, [(1, 0), (1, 0)]);
        expect_ok!(open("self")?.write(b"monotonic 2 0"), "by another description");
        holds()
    })
}

/// Writes each text, one after the other, in a fresh time namespace: each is taken whole, and sets these offsets.
fn expect_each_taken(texts: &[(&str, [(i64, i64); 2])]) -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for (text, offsets) in texts {
            expect_eq!(expect_ok!(write("self", text), "«{text}»"), text.len(), "bytes taken of «{text}»");
            expect_eq!(shown("self")?, *offsets, "after «{text}»");
        }
        holds()
    })
}
