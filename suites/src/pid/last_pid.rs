//! The PID handed out last, and how to choose the next: `proc_sys_kernel(5)`, ns_last_pid.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use kit::prelude::*;
use kit::process::{mount_proc, next_child_pid, with_only};
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
use procfs::{Current, LoadAverage};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    loadavg_last_pid_is_namespaced,
    ns_last_pid_reports_last_allocated,
    ns_last_pid_write_sets_next_pid,
    ns_last_pid_range_checked,
    ns_last_pid_write_needs_capability,
    ns_last_pid_write_with_checkpoint_cap,
    pid_allocation_wraps_to_300,
];

const LAST: &str = "kernel/ns_last_pid";

/// The last number in /proc/loadavg is the PID handed out last in the reader's PID namespace, whichever procfs it
/// reads.
#[claim(source = "proc_loadavg(5)", needs = [Root])]
fn loadavg_last_pid_is_namespaced() -> Verdict {
    follows_the_reader(|| Ok(LoadAverage::current()?.latest_pid.try_into()?))
}

/// The file ns_last_pid reads as the PID handed out last in the reader's PID namespace, whichever procfs it is in.
#[claim(
    source = [
        "pid_namespaces(7) /proc files", "Linux Namespaces", "proc_sys_kernel(5)",
    ],
    needs = [Root, Config("CHECKPOINT_RESTORE")],
)]
fn ns_last_pid_reports_last_allocated() -> Verdict {
    follows_the_reader(|| sysctl(LAST))
}

/// Writing a number to ns_last_pid gives the namespace's next process the lowest free PID above it.
#[claim(
    source = ["pid_namespaces(7) /proc files", "Linux Namespaces"],
    needs = [Root, Config("CHECKPOINT_RESTORE")],
)]
fn ns_last_pid_write_sets_next_pid() -> Verdict {
    child(CLONE_NEWPID, || {
        expect_eq!(next_child_pid()?, 2, "with nothing written");
        expect_ok!(set_sysctl(LAST, 500));
        expect_eq!(next_child_pid()?, 501);
        expect_eq!(sysctl::<i32>(LAST)?, 501);
        let taken = waiting(NONE)?;
        expect_eq!(taken.pid().as_raw(), 502, "with nothing written");
        expect_ok!(set_sysctl(LAST, 501));
        expect_eq!(next_child_pid()?, 503, "502 is taken");
        holds()
    })
}

/// The file ns_last_pid takes numbers from 0 to the highest of pid_max, and refuses others with EINVAL.
///
/// Since 6.14 that is the pid_max of the namespace, before that the machine's.
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

/// Everybody may open ns_last_pid, but to write to it takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE over the PID
/// namespace's owner: else EPERM.
#[claim(
    source = "pid_namespaces(7) /proc files",
    needs = [Root, UserNamespaces, Config("CHECKPOINT_RESTORE")],
)]
fn ns_last_pid_write_needs_capability() -> Verdict {
    let write = || -> Outcome<_> { Ok(expect_ok!(open_sysctl(LAST)).write(b"500")) };
    expect_eq!(fs::metadata(format!("/proc/sys/{LAST}"))?.permissions().mode() & 0o777, 0o666);
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        mount_proc()?;
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_ok!(write()?, "with CAP_SYS_ADMIN");
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

/// CAP_CHECKPOINT_RESTORE and no other capability is enough to write to ns_last_pid.
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

/// After the highest PID the next ones that a namespace hands out are 300 and up, though lower ones are free.
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

/// What `last` tells an init is about its own namespace, also after a fork and in its own procfs; and what it tells us
/// is about ours.
fn follows_the_reader(last: fn() -> Outcome<i32>) -> Verdict {
    let init = spawn(CLONE_NEWPID | CLONE_NEWNS, |outside| {
        outside.send(&last()?)?;
        outside.wait()?;
        let fork = next_child_pid()?;
        let inherited = last()?;
        mount_proc()?;
        outside.send(&(fork, inherited, last()?))?;
        outside.wait()
    })?;
    expect_eq!(init.recv::<i32>()?, 1, "to an init without children");
    expect_eq!(last()?, init.pid().as_raw(), "outside");
    init.go()?;
    expect_eq!(init.recv::<(i32, i32, i32)>()?, (2, 2, 2), "after a fork inside");
    expect_eq!(last()?, init.pid().as_raw() + 1, "outside, after a fork inside");
    holds()
}
