//! The PID handed out last, and how to choose the next: `proc_sys_kernel(5)`, ns_last_pid.

use std::fs::{self, File};
use std::io::{Write, read_to_string};

use kit::prelude::*;
use kit::process::{mount_proc, next_child_pid, with_only, without};
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
use nix::unistd::getpid;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    loadavg_last_pid_is_namespaced,
    ns_last_pid_reports_last_allocated,
    ns_last_pid_write_sets_next_pid,
    ns_last_pid_range_checked,
    ns_last_pid_write_needs_capability,
    ns_last_pid_read_needs_no_capability,
    ns_last_pid_write_with_checkpoint_cap,
    pid_allocation_wraps_to_300,
];

const LAST: &str = "kernel/ns_last_pid";

/// The last number in /proc/loadavg is the PID allocated last in the reader's PID namespace.
///
/// To which PID namespace the procfs belongs, and in which the file was opened, makes no difference.
#[claim(source = "proc_loadavg(5)", needs = [Root])]
fn loadavg_last_pid_is_namespaced() -> Verdict {
    follows_the_reader("/proc/loadavg")
}

/// ns_last_pid shows the PID allocated last in the reader's PID namespace.
///
/// To which PID namespace the procfs belongs, and in which the file was opened, makes no difference.
#[claim(
    source = [
        "pid_namespaces(7) /proc files", "Linux Namespaces", "proc_sys_kernel(5)",
    ],
    needs = [Root, Config("CHECKPOINT_RESTORE")],
)]
fn ns_last_pid_reports_last_allocated() -> Verdict {
    follows_the_reader("/proc/sys/kernel/ns_last_pid")
}

/// After a write of a number to ns_last_pid the next process of the PID namespace gets the lowest free PID above it.
#[claim(
    source = ["pid_namespaces(7) /proc files", "Linux Namespaces"],
    needs = [Root, Config("CHECKPOINT_RESTORE")],
)]
fn ns_last_pid_write_sets_next_pid() -> Verdict {
    child(CLONE_NEWPID, || {
        expect_eq!(next_child_pid()?, 2, "with nothing written");
        expect_ok!(set_sysctl(LAST, 500));
        expect_eq!(next_child_pid()?, 501);
        let taken = waiting(NONE)?;
        expect_eq!(taken.pid().as_raw(), 502, "with nothing written");
        expect_ok!(set_sysctl(LAST, 501));
        expect_eq!(next_child_pid()?, 503, "502 is taken");
        holds()
    })
}

/// ns_last_pid accepts the numbers from 0 to pid_max; a write of -1 or of pid_max + 1 fails with EINVAL.
///
/// Since 6.14 that is the pid_max of the PID namespace, before that the machine's.
#[claim(source = "kernel/pid_namespace.c pid_ns_ctl_handler", needs = [Root, Config("CHECKPOINT_RESTORE")])]
fn ns_last_pid_range_checked() -> Verdict {
    child(CLONE_NEWPID, || {
        let highest: i32 = sysctl("kernel/pid_max")?;
        for accepted in [500, 0, highest] {
            expect_ok!(set_sysctl(LAST, accepted), "{accepted}");
            expect_eq!(sysctl::<i32>(LAST)?, accepted);
            for refused in [-1, highest + 1] {
                expect_errno!(set_sysctl(LAST, refused), EINVAL, "{refused}");
                expect_eq!(sysctl::<i32>(LAST)?, accepted, "after the refusal of {refused}");
            }
        }
        holds()
    })
}

/// Any user may open ns_last_pid for writing, but write(2) requires CAP_SYS_ADMIN in the user namespace that owns the
/// PID namespace.
///
/// Without it write(2) fails with EPERM. Since 5.9 CAP_CHECKPOINT_RESTORE there is enough, too.
#[claim(
    source = "pid_namespaces(7) /proc files",
    needs = [Root, UserNamespaces, Config("CHECKPOINT_RESTORE")],
)]
fn ns_last_pid_write_needs_capability() -> Verdict {
    let write = || -> Outcome<_> { Ok(expect_ok!(open_sysctl(LAST)).write(b"500")) };
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        mount_proc()?;
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_ok!(write()?, "with CAP_SYS_ADMIN and no other capability");
            holds()
        })?;
        without(CapabilitySet::SYS_ADMIN | CapabilitySet::CHECKPOINT_RESTORE, NONE, || {
            expect_errno!(write()?, EPERM, "with all capabilities but these two");
            holds()
        })?;
        unprivileged(NONE, || {
            expect_errno!(write()?, EPERM, "as an ordinary user");
            user_namespace(NONE, || {
                expect_errno!(write()?, EPERM, "as root of a user namespace, in a PID namespace of its parent's");
                holds()
            })?;
            user_namespace(CLONE_NEWPID, || {
                expect_ok!(write()?, "as root of a user namespace, in a PID namespace of its own");
                holds()
            })
        })
    })
}

/// Reading ns_last_pid requires no capability.
#[claim(source = "kernel/pid_namespace.c pid_ns_ctl_handler", needs = [Root, Config("CHECKPOINT_RESTORE")])]
fn ns_last_pid_read_needs_no_capability() -> Verdict {
    with_only(CapabilitySet::empty(), CLONE_NEWPID, || {
        expect_errno!(set_sysctl(LAST, 600), EPERM, "a write without any capability");
        expect_eq!(next_child_pid()?, 2);
        expect_eq!(expect_ok!(fs::read_to_string("/proc/sys/kernel/ns_last_pid")).trim(), "2");
        holds()
    })
}

/// CAP_CHECKPOINT_RESTORE without any other capability is enough to write to ns_last_pid.
#[claim(
    source = "pid_namespaces(7) /proc files",
    since = "5.9",
    needs = [Root, Capability("CAP_CHECKPOINT_RESTORE"), Config("CHECKPOINT_RESTORE")],
)]
fn ns_last_pid_write_with_checkpoint_cap() -> Verdict {
    with_only(CapabilitySet::CHECKPOINT_RESTORE, CLONE_NEWPID, || {
        expect_ok!(set_sysctl(LAST, 600));
        expect_eq!(next_child_pid()?, 601);
        holds()
    })?;
    with_only(CapabilitySet::empty(), CLONE_NEWPID, || {
        expect_errno!(set_sysctl(LAST, 600), EPERM, "without any capability");
        holds()
    })
}

/// After the highest PID the next PIDs that a namespace allocates are 300 and 301, although lower ones are free.
#[claim(source = "kernel/pid.c RESERVED_PIDS", needs = [Root, Config("CHECKPOINT_RESTORE")])]
fn pid_allocation_wraps_to_300() -> Verdict {
    child(CLONE_NEWPID, || {
        let end: i32 = sysctl("kernel/pid_max")?;
        expect_eq!(next_child_pid()?, 2, "in a fresh namespace");
        set_sysctl(LAST, end - 2)?;
        let next: Outcome<Vec<_>> = (0..3).map(|_| next_child_pid()).collect();
        expect_eq!(next?, [end - 1, 300, 301]);
        holds()
    })
}

/// The last number in this file is about the PID namespace of the process that reads it, whichever procfs it is in and
/// wherever it was opened.
fn follows_the_reader(path: &str) -> Verdict {
    let read = || last_number(&fs::read_to_string(path).doing(format!("read {path}"))?);
    let opened_outside = File::open(path).doing(format!("open {path}"))?;
    let init = spawn(CLONE_NEWPID | CLONE_NEWNS, |outside| {
        outside.send(&read()?)?;
        outside.wait()?;
        let fork = next_child_pid()?;
        let (inherited, through_outer_file) =
            (read()?, last_number(&read_to_string(&opened_outside).doing("read an open file")?)?);
        mount_proc()?;
        outside.send(&[fork, inherited, through_outer_file, read()?])?;
        outside.wait()
    })?;
    expect_eq!(init.recv::<i32>()?, 1, "in an init without children");
    expect_eq!(read()?, init.pid().as_raw(), "outside");
    init.go()?;
    expect_eq!(init.recv::<[i32; 4]>()?, [2; 4], "a fork inside; in outer procfs, outer file and inner procfs");
    expect_eq!(read()?, init.pid().as_raw() + 1, "outside, after a fork inside");
    let [from_outside, own] = enter(init.pid(), &[Kind::Mnt], || Ok([read()?, getpid().as_raw()]))?;
    expect_eq!(from_outside, own, "in the inner procfs, read by a new process of the outer namespace");
    holds()
}

/// The last number of a text.
fn last_number(text: &str) -> Outcome<i32> {
    Ok(text.split_whitespace().next_back().unwrap_or_default().parse()?)
}
