//! Times that the kernel tells otherwise than by clocks: `time_namespaces(7)`, `proc(5)`.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::sys::clocks::ticks;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::sys::sysinfo::sysinfo;
use nix::time::ClockId;
use procfs::process::Process;

use super::clock::now;
use super::offsets::{BOOTTIME, MONOTONIC, SECOND, inside};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    proc_uptime_carries_the_boottime_offset,
    sysinfo_uptime_carries_the_boottime_offset,
    proc_stat_btime_is_moved_back,
    proc_stat_btime_is_not_moved_old,
    start_time_of_a_process_carries_the_readers_offset,
    start_time_of_a_process_carries_no_offset_old,
    times_carries_no_offset,
    kernel_log_carries_no_offset,
];

/// Both offsets in whole seconds.
const BOTH: &str = "monotonic 10000000 0\nboottime 700000000 0\n";

/// Offsets that leave the boot time clock alone.
const MONOTONIC_ALONE: &str = "monotonic 10000000 0\n";

/// The time since boot in `/proc/uptime` carries the boot time offset of the reader's time namespace; the idle time beside
/// it does not.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "proc_uptime(5)"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn proc_uptime_carries_the_boottime_offset() -> Verdict {
    /// Both in hundredths of a second.
    fn uptime() -> Outcome<[i64; 2]> {
        let text = fs::read_to_string("/proc/uptime").doing("read /proc/uptime")?.replace('.', "");
        let numbers = text.split_whitespace().map(str::parse).collect::<Result<Vec<i64>, _>>()?;
        numbers.try_into().map_err(|_| Failure::broken(format!("/proc/uptime has no two numbers: {text}")))
    }
    user_namespace(NONE, || {
        for (text, ahead) in [(BOTH, BOOTTIME * 100), (MONOTONIC_ALONE, 0)] {
            let (before, seen, after) = (uptime()?, inside(text, uptime)?, uptime()?);
            let range = before[0] + ahead..=after[0] + ahead;
            expect!(
                range.contains(&seen[0]),
                "«{text}»: {} inside, between {} and {} outside",
                seen[0],
                before[0],
                after[0]
            );
            expect!((seen[1] - before[1]).abs() < MONOTONIC * 100, "idle: {} inside, {} outside", seen[1], before[1]);
        }
        holds()
    })
}

/// The uptime that sysinfo() tells carries the boot time offset.
#[claim(source = ["sysinfo(2)", "kernel/sys.c do_sysinfo"], needs = [UserNamespaces, Config("TIME_NS")])]
fn sysinfo_uptime_carries_the_boottime_offset() -> Verdict {
    let uptime = || Ok(sysinfo().doing("sysinfo")?.uptime().as_secs() as i64);
    user_namespace(NONE, || {
        for (text, ahead) in [(BOTH, BOOTTIME), (MONOTONIC_ALONE, 0)] {
            let (before, seen, after) = (uptime()?, inside(text, uptime)?, uptime()?);
            let range = before + ahead..=after + ahead;
            expect!(range.contains(&seen), "«{text}»: {seen} inside, between {before} and {after} outside");
        }
        holds()
    })
}

/// The boot time in `/proc/stat` is earlier by the boot time offset: with the uptime it makes the real time, inside too.
///
/// Before 5.11 it was the same in all time namespaces.
#[claim(
    source = ["proc_stat(5)", "fs/proc/stat.c show_stat"],
    since = "5.11",
    replaces = "proc_stat_btime_is_not_moved_old",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn proc_stat_btime_is_moved_back() -> Verdict {
    user_namespace(NONE, || expect_btime_moved(BOOTTIME))
}

/// The boot time in `/proc/stat` is the same in all time namespaces.
///
/// Since 5.11 it is earlier by the boot time offset.
#[claim(source = "proc_stat(5)", until = "5.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn proc_stat_btime_is_not_moved_old() -> Verdict {
    user_namespace(NONE, || expect_btime_moved(0))
}

/// With a boot time offset the boot time inside is this many seconds earlier.
fn expect_btime_moved(seconds: i64) -> Verdict {
    let btime = || {
        let text = fs::read_to_string("/proc/stat").doing("read /proc/stat")?;
        let line = text.lines().find_map(|line| line.strip_prefix("btime "));
        Ok(line.ok_or_else(|| Failure::broken("/proc/stat has no boot time"))?.parse::<i64>()?)
    };
    for (text, moved) in [(BOTH, seconds), (MONOTONIC_ALONE, 0)] {
        let (outside, seen) = (btime()?, inside(text, btime)?);
        // Something may set the real-time clock meanwhile.
        expect!((outside - moved - seen).abs() < MONOTONIC / 2, "«{text}»: {seen} inside, {outside} outside");
    }
    holds()
}

/// A process's start time in `/proc/PID/stat` carries the boot time offset of the reader's time namespace.
///
/// Not of the process's: for a reader outside it is the same. Before 5.11 it carried none.
#[claim(
    source = ["proc_pid_stat(5)", "fs/proc/array.c do_task_stat"],
    since = "5.11",
    replaces = "start_time_of_a_process_carries_no_offset_old",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn start_time_of_a_process_carries_the_readers_offset() -> Verdict {
    expect_start_time_moved(BOOTTIME)
}

/// A process's start time in `/proc/PID/stat` is the same for readers of all time namespaces.
///
/// Since 5.11 it carries the reader's boot time offset.
#[claim(source = "proc_pid_stat(5)", until = "5.11", needs = [UserNamespaces, Config("TIME_NS")])]
fn start_time_of_a_process_carries_no_offset_old() -> Verdict {
    expect_start_time_moved(0)
}

/// For a reader with an offset each process, in its namespace and outside, has started this many seconds later.
fn expect_start_time_moved(seconds: i64) -> Verdict {
    let moved = seconds * procfs::ticks_per_second() as i64;
    let start = |pid: i32| Ok(Process::new(pid)?.stat()?.starttime as i64);
    user_namespace(NONE, || {
        let outer = waiting(NONE)?;
        let member = spawn(NONE, |case| {
            super::offsets::make(BOTH)?;
            child(NONE, || {
                let own = nix::unistd::getpid().as_raw();
                case.send(&(own, start(own)?, start(outer.pid().as_raw())?))?;
                case.wait()
            })
        })?;
        let (pid, members, outers): (i32, i64, i64) = member.recv()?;
        expect_eq!(outers, start(outer.pid().as_raw())? + moved, "a process outside");
        expect_eq!(members, start(pid)? + moved, "the member");
        expect_eq!(inside(MONOTONIC_ALONE, || start(pid))?, start(pid)?, "for a reader with another offset");
        member.go()?;
        member.join()?;
        holds()
    })
}

/// times() counts its ticks from the same moment in every time namespace.
#[claim(source = "times(2)", needs = [UserNamespaces, Config("TIME_NS")])]
fn times_carries_no_offset() -> Verdict {
    user_namespace(NONE, || {
        let before = ticks()?;
        let (seen, clock) = inside(BOTH, || Ok((ticks()?, now(ClockId::CLOCK_MONOTONIC)?)))?;
        let after = ticks()?;
        expect!((before..=after).contains(&seen), "{seen} inside, between {before} and {after} outside");
        expect!(clock >= MONOTONIC * SECOND, "the clock inside: {clock}");
        holds()
    })
}

/// The times in the kernel's log carry no offset, not even those of what a member of a time namespace has written.
#[claim(source = "kernel/printk/printk.c", needs = [Root, Disposable, Config("TIME_NS"), Config("PRINTK")])]
fn kernel_log_carries_no_offset() -> Verdict {
    const LINE: &str = "a line of a time namespace\n";
    tmpfs("/mnt")?;
    mknod("/mnt/kmsg", SFlag::S_IFCHR, Mode::S_IRUSR | Mode::S_IWUSR, makedev(1, 11)).doing("make /dev/kmsg")?;
    let (stamp, clock) = inside(BOTH, || {
        OpenOptions::new().write(true).open("/mnt/kmsg")?.write_all(LINE.as_bytes()).doing("write to the log")?;
        let mut log: File = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/mnt/kmsg")?;
        let mut record = [0; 8192];
        loop {
            // Each read(2) gives one record, and EAGAIN when there is none.
            let length = log.read(&mut record).doing("look for our line in the log")?;
            let text = String::from_utf8_lossy(&record[..length]);
            if text.contains(LINE.trim_end()) {
                let stamp = text.split(',').nth(2).and_then(|field| field.parse::<i64>().ok());
                let stamp = stamp.ok_or_else(|| Failure::broken(format!("a record without a time: {text}")))?;
                break Ok((stamp / 1_000_000, now(ClockId::CLOCK_MONOTONIC)? / SECOND));
            }
        }
    })?;
    expect!(stamp < MONOTONIC && clock >= MONOTONIC, "written at {stamp} s by the log, {clock} s by the clock");
    holds()
}
