//! What a map may contain: fields, lines, ranges and sizes. `user_namespaces(7)`, Defining user and group ID mappings:
//! writing to uid_map and gid_map.
//!
//! The rules are those of all three maps. Root writes from outside, so that nothing is refused for lack of a capability.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

use kit::prelude::*;
use kit::process::{MapFile, Newborn, Writer};
use nix::unistd::{Uid, setfsuid};

use super::files::owners_at;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    map_fields_must_be_numbers,
    map_count_must_be_positive,
    map_needs_at_least_one_line,
    map_ranges_may_not_overlap,
    map_lines_need_no_order,
    map_may_not_cover_minus_one,
    map_count_truncated_to_32_bit,
    map_limit_340_lines,
    map_write_smaller_than_page,
    map_read_order_sorted_above_five,
    each_line_of_a_long_map_translates,
];

/// Each line of a map is three decimal numbers without a sign, separated by white space; writing any other text fails with
/// EINVAL.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_fields_must_be_numbers() -> Verdict {
    expect_eq!(expect_ok!(offered("7 8 9")?), "7 8 9");
    let missing_or_more = ["7", "7 8", "7 8 9 1", "7 8 9\n1"];
    let no_numbers = ["a 8 9", "7 b 9", "7 8 c", "7 8 9x", "0x7 8 9", "7 8 0x9"];
    let signs = ["+7 8 9", "-7 8 9", "7 -8 9", "7 8 -9", "7 8 +9"];
    let separators = ["7,8,9", "7-8-9", "7 8 9;", "7:8:9", "7\08\09"];
    for text in missing_or_more.iter().chain(&no_numbers).chain(&signs).chain(&separators) {
        expect_errno!(offered(text)?, EINVAL, "«{}»", text.escape_default());
    }
    expect_eq!(expect_ok!(offered("  7\t8\t\t9 ")?), "7 8 9", "blanks and tabs");
    expect_eq!(expect_ok!(offered("010 010 09")?), "10 10 9", "a leading zero does not mean octal");
    holds()
}

/// A line with a count of 0 makes the whole write to a map fail with EINVAL.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_count_must_be_positive() -> Verdict {
    expect_errno!(offered("0 0 0")?, EINVAL);
    expect_ok!(offered("0 0 1")?);
    expect_errno!(offered("0 0 1\n5 5 0")?, EINVAL, "in the second line");
    expect_eq!(expect_ok!(offered("0 0 1\n5 5 1")?), "0 0 1\n5 5 1");
    holds()
}

/// Writing nothing or an empty line to a map fails with EINVAL; the newline after the last line may be left out.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_needs_at_least_one_line() -> Verdict {
    for text in ["", "\n", " ", "\n0 0 1", "0 0 1\n\n", "0 0 1\n\n5 5 1"] {
        expect_errno!(offered(text)?, EINVAL, "«{}»", text.escape_default());
    }
    expect_eq!(expect_ok!(offered("0 0 1")?), "0 0 1");
    expect_eq!(expect_ok!(offered("0 0 1\n")?), "0 0 1");
    expect_eq!(expect_ok!(offered("0 0 1\n5 5 1")?), "0 0 1\n5 5 1");
    expect_eq!(expect_ok!(offered("0 0 1\n5 5 1\n")?), "0 0 1\n5 5 1");
    holds()
}

/// A map may contain no ID twice, neither inside nor outside: lines whose ranges overlap fail with EINVAL, adjacent ranges
/// are allowed.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_ranges_may_not_overlap() -> Verdict {
    for (text, what) in [
        ("0 0 10\n9 100 10", "one ID inside"),
        ("0 0 10\n100 9 10", "one ID outside"),
        ("9 100 10\n0 0 10", "one ID inside, in descending order"),
        ("0 0 10\n4 100 2", "a range within another one inside"),
        ("4 100 2\n0 0 10", "a range around another one inside"),
        ("0 0 10\n100 4 2", "a range within another one outside"),
        ("0 0 10\n0 0 10", "the same line twice"),
        ("0 0 10\n20 20 10\n40 9 10", "the first and the last of three"),
    ] {
        expect_errno!(offered(text)?, EINVAL, "{what}");
    }
    for text in ["0 0 10\n10 100 10", "0 0 10\n100 10 10", "0 0 10\n10 10 10", "10 10 10\n0 0 10", "0 10 10\n10 0 10"] {
        expect_eq!(expect_ok!(offered(text)?, "«{}»", text.escape_default()), text);
    }
    holds()
}

/// The lines of a map may stand in any order.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_lines_need_no_order() -> Verdict {
    for text in ["50 500 10\n0 0 10", "0 0 10\n50 500 10", "0 500 10\n50 0 10", "20 0 10\n50 20 10\n0 40 10"] {
        expect_eq!(expect_ok!(offered(text)?, "«{}»", text.escape_default()), text);
    }
    expect_errno!(offered("50 500 10\n0 0 51")?, EINVAL, "in the same order with an overlap");
    holds()
}

/// A map that contains the ID 4294967295, or a range that goes past it, fails with EINVAL; all IDs below it can be mapped.
#[claim(
    source = "user_namespaces(7) User and group ID mappings: uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_may_not_cover_minus_one() -> Verdict {
    for (refused, allowed) in [
        ("4294967295 5 1", "4294967294 5 1"),
        ("5 4294967295 1", "5 4294967294 1"),
        ("4294967294 5 2", "4294967294 5 1"),
        ("5 4294967294 2", "5 4294967294 1"),
        ("1 1 4294967295", "1 1 4294967294"),
        ("0 1 4294967295", "0 0 4294967295"),
        ("1 0 4294967295", "0 0 4294967295"),
        ("4294967290 0 100", "4294967290 0 5"),
    ] {
        expect_errno!(offered(refused)?, EINVAL, "«{refused}»");
        expect_eq!(expect_ok!(offered(allowed)?, "«{allowed}»"), allowed);
    }
    holds()
}

/// Of a count above 4294967295 only the lower 32 bits are used: 4294967297 maps one ID, and 4294967296 fails with EINVAL as
/// 0 does.
#[claim(
    source = "kernel/user_namespace.c map_write",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_count_truncated_to_32_bit() -> Verdict {
    expect_eq!(expect_ok!(offered("0 0 4294967295")?), "0 0 4294967295");
    expect_errno!(offered("0 0 4294967296")?, EINVAL);
    expect_eq!(expect_ok!(offered("0 0 4294967297")?), "0 0 1");
    expect_eq!(expect_ok!(offered("0 0 4294967303")?), "0 0 7");
    holds()
}

/// A map has at most 340 lines; a write of one more fails with EINVAL.
///
/// Before 4.15 it has at most five.
#[claim(
    source = [
        "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
        "What's in a name(space)?",
    ],
    since = "4.15",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_limit_340_lines() -> Verdict {
    let lines = |count: u32| (0..count).map(|id| format!("{id} {id} 1")).collect::<Vec<_>>().join("\n");
    for count in [5, 6, 339, 340] {
        expect_eq!(expect_ok!(offered(&lines(count))?, "{count} lines"), lines(count));
    }
    let lines_taken = offered(&lines(341))?.map(|map| map.lines().count());
    expect_errno!(lines_taken, EINVAL, "341 lines");
    holds()
}

/// A write to a map must be shorter than a page: one of a whole page or more fails with EINVAL.
#[claim(
    source = "user_namespaces(7) Defining user and group ID mappings: writing to uid_map and gid_map",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_write_smaller_than_page() -> Verdict {
    let page = procfs::page_size() as usize;
    let padded = |length: usize| format!("{:<length$}", "0 0 1");
    expect_eq!(expect_ok!(offered(&padded(page - 1))?, "one byte less than a page"), "0 0 1");
    for length in [page, page + 1, 2 * page] {
        expect_errno!(offered(&padded(length))?, EINVAL, "{length} bytes, with pages of {page}");
    }
    holds()
}

/// A map of up to five lines is read in the order in which it was written; a longer one is sorted by the IDs inside.
#[claim(
    source = "kernel/user_namespace.c sort_idmaps",
    needs = [Root, Config("USER_NS"), Capability("CAP_SETFCAP"), Behaviour(AT_THE_TOP)],
)]
fn map_read_order_sorted_above_five() -> Verdict {
    let outside = [40, 10, 50, 20, 30, 0];
    let lines = |inside: &[u32]| {
        inside.iter().zip(outside).map(|(inside, outside)| format!("{inside} {outside} 1")).collect::<Vec<_>>()
    };
    let five = lines(&[3, 9, 1, 7, 5]).join("\n");
    expect_eq!(expect_ok!(offered(&five)?), five, "five lines");
    let mut six = lines(&[3, 9, 1, 7, 5, 2]);
    let written = six.join("\n");
    six.sort();
    expect_eq!(expect_ok!(offered(&written)?), six.join("\n"), "six lines");
    holds()
}

/// A map of up to 340 lines translates each ID as its line says, and no ID that is in no line.
///
/// The kernel searches maps of more than five lines in another way than shorter ones.
#[claim(
    source = [
        "user_namespaces(7) User and group ID mappings: uid_map and gid_map",
        "kernel/user_namespace.c map_id_range_down_max",
    ],
    since = "4.15",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn each_line_of_a_long_map_translates() -> Verdict {
    for count in [5, 6, 340] {
        let folder = format!("/tmp/{count}-lines");
        fs::create_dir(&folder).doing("make a directory")?;
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).doing("open the directory to all")?;
        let last = 3 * (count - 1);
        // Two IDs a line, and one that is in no line after each; outside the lines are in the opposite order.
        let line = |first: u32| format!("{first} {} 2", 1000 + last - first);
        let process = spawn(CLONE_NEWUSER, |outside| {
            outside.wait()?;
            for inside in (0..last + 3).rev() {
                let before = setfsuid(Uid::from_raw(inside));
                let is_mapped = inside % 3 != 2;
                let expected = if is_mapped { Uid::from_raw(inside) } else { before };
                expect_eq!(setfsuid(Uid::from_raw(u32::MAX)), expected, "user {inside} of {count} lines, inside");
                if is_mapped {
                    File::create(format!("{folder}/{inside}")).doing("create a file")?;
                }
            }
            holds()
        })?;
        let text: Vec<String> = (0..count).map(|number| line(3 * number)).collect();
        MapFile::Uid.write(process.pid(), &text.join("\n")).doing("write the map")?;
        process.go()?;
        process.join()?;
        for inside in (0..last + 3).filter(|inside| inside % 3 != 2) {
            let expected = 1000 + last - inside / 3 * 3 + inside % 3;
            let (user, _) = owners_at(format!("{folder}/{inside}"))?;
            expect_eq!(user, expected, "user {inside} of {count} lines, seen outside");
        }
    }
    holds()
}

/// Root writes this text to the three maps of a fresh user namespace, which must all answer the same. Returns the map
/// as it then reads, or the refusal, after which the map must still be empty.
fn offered(text: &str) -> Outcome<Result<String, Refusal>> {
    let process = Newborn::new()?;
    let mut answers = Vec::new();
    for file in MapFile::MAPS {
        let answer = process.write(file, text, Writer::Caller)?;
        let map = process.read(file)?;
        if answer.is_err() {
            expect_eq!(map, "", "{file:?} map after a refusal of «{}»", text.escape_default());
        }
        answers.push(answer.map(|()| map));
    }
    expect!(answers.windows(2).all(|two| two[0] == two[1]), "uid, gid and projid map: {answers:?}");
    Ok(answers.swap_remove(0))
}
