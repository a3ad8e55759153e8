//! What `/proc/PID/timens_offsets` shows, of which namespace, and to whom: `time_namespaces(7)`.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use kit::prelude::*;
use kit::process::waiting_as;
use nix::time::ClockId;

use super::clock::now;
use super::offsets::{BOOTTIME, MONOTONIC, SECOND, inside, make, maker, open, path, shown, write};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    offsets_file_has_a_line_for_each_clock,
    offsets_file_can_be_read_by_any_user,
    offsets_file_shows_the_childrens_namespace,
    offsets_file_sets_the_childrens_namespace,
];

/// `timens_offsets` has two lines, monotonic and boottime, each with seconds and nanoseconds; all zero at first.
///
/// The columns are as wide in each: the name to the left, and the numbers to the right.
#[claim(
    source = ["time_namespaces(7) /proc/pid/timens_offsets", "kernel/time/namespace.c show_offset"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn offsets_file_has_a_line_for_each_clock() -> Verdict {
    let text = || fs::read_to_string(path("self")).doing("read offsets");
    expect_eq!(text()?, "monotonic           0         0\nboottime            0         0\n", "at first");
    user_namespace(NONE, || {
        make("monotonic 86400 5\nboottime 604800 999999999\n")?;
        expect_eq!(text()?, "monotonic       86400         5\nboottime       604800 999999999\n", "when set");
        write("self", "monotonic -1 0\nboottime 4000000000 0\n")?;
        expect_eq!(text()?, "monotonic          -1         0\nboottime   4000000000         0\n", "when set again");
        holds()
    })
}

/// `timens_offsets` has mode 0644: any user may read another process's, and opening it for writing fails with EACCES.
#[claim(
    source = "time_namespaces(7) /proc/pid/timens_offsets",
    needs = [Root, Config("TIME_NS")],
    erratum = "time_namespaces(7), /proc/pid/timens_offsets: nothing is said of file permissions; they come before CAP_SYS_TIME.",
)]
fn offsets_file_can_be_read_by_any_user() -> Verdict {
    const USERS: [u32; 2] = [1234, 4321];
    for owner in USERS {
        let process = waiting_as(owner)?;
        let file = path(process.pid());
        expect_eq!(fs::metadata(&file)?.mode() & 0o7777, 0o644);
        for user in USERS {
            kit::process::as_user(user, NONE, || {
                expect_ok!(File::open(&file), "reading {owner}'s as {user}");
                expect_eq!(shown(process.pid())?, [(0, 0); 2], "{owner}'s as {user}");
                match user == owner {
                    true => drop(expect_ok!(open(process.pid()), "writing {owner}'s as {user}")),
                    false => expect_errno!(open(process.pid()), EACCES, "writing {owner}'s as {user}"),
                }
                Ok(())
            })?;
        }
    }
    holds()
}

/// `timens_offsets` shows the offsets of the time namespace that a process's children are in, not of the process's own.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offsets_file_shows_the_childrens_namespace() -> Verdict {
    user_namespace(NONE, || {
        inside("monotonic 10000000 0", || {
            let namespace = own_inode(Kind::Time)?;
            unshare(CLONE_NEWTIME)?;
            write("self", "monotonic 1 2\nboottime 3 4").doing("write offsets")?;
            expect_eq!(shown("self")?, [(1, 2), (3, 4)], "its own");
            expect_eq!(own_inode(Kind::Time)?, namespace, "the namespace that it is in");
            expect!(now(ClockId::CLOCK_MONOTONIC)? >= MONOTONIC * SECOND, "its own clock is not ahead any more");
            expect_eq!(child(NONE, || shown("self"))?, [(1, 2), (3, 4)], "its child's");
            holds()
        })
    })
}

/// Writing to the `timens_offsets` of a process sets the namespace of that process's children, not of the writer's.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offsets_file_sets_the_childrens_namespace() -> Verdict {
    user_namespace(NONE, || {
        let makers = [maker("")?, maker("")?];
        make("")?;
        for (process, seconds) in makers.iter().zip([MONOTONIC, BOOTTIME]) {
            let text = format!("monotonic {seconds} 0\nboottime {} 0\n", seconds + 1);
            expect_eq!(expect_ok!(write(process.pid(), &text)), text.len());
        }
        for (process, seconds) in makers.iter().zip([MONOTONIC, BOOTTIME]) {
            expect_eq!(shown(process.pid())?, [(seconds, 0), (seconds + 1, 0)], "that of each process");
        }
        expect_eq!(shown("self")?, [(0, 0); 2], "the writer's");
        expect_eq!(child(NONE, || Ok(now(ClockId::CLOCK_MONOTONIC)? < MONOTONIC * SECOND))?, true, "its child's clock");
        holds()
    })
}
