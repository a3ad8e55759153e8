//! What a process can have for itself only with capabilities in the initial user namespace: priorities and limits.
//! `user_namespaces(7)`, Effect of capabilities within a user namespace.

use std::fs;

use kit::prelude::*;
use kit::process::as_each_inner_root;
use kit::sys::priorities::{IoClass, set_io_class, set_scheduler};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rustix::process::setpriority_process;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![init_userns_only_realtime, init_userns_only_nice, init_userns_only_hard_limits, init_userns_only_oom_score,];

/// sched_setscheduler() with a realtime policy and ioprio_set() with the realtime class fail with EPERM for root of a user
/// namespace.
#[claim(
    source = ["user_namespaces(7) Effect of capabilities within a user namespace", "sched(7)", "ioprio_set(2) ERRORS"],
    needs = [Root, UserNamespaces, Config("BLOCK"), Capability("CAP_SYS_NICE"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_realtime() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        setrlimit(Resource::RLIMIT_RTPRIO, 0, 0).doing("forbid realtime priorities by the limit")?;
        expect_errno!(set_scheduler(libc::SCHED_FIFO, 1), EPERM, "SCHED_FIFO, {whose}");
        expect_errno!(set_scheduler(libc::SCHED_RR, 1), EPERM, "SCHED_RR, {whose}");
        expect_errno!(set_io_class(IoClass::Realtime), EPERM, "{whose}");
        expect_ok!(set_scheduler(libc::SCHED_BATCH, 0), "SCHED_BATCH, {whose}");
        expect_ok!(set_io_class(IoClass::BestEffort), "{whose}");
        Ok(())
    })?;
    child(NONE, || {
        setrlimit(Resource::RLIMIT_RTPRIO, 0, 0).doing("forbid realtime priorities by the limit")?;
        expect_ok!(set_io_class(IoClass::Realtime), "root outside");
        expect_ok!(set_scheduler(libc::SCHED_FIFO, 1), "SCHED_FIFO, root outside");
        holds()
    })
}

/// Root of a user namespace can raise its nice value; lowering it below what RLIMIT_NICE allows fails with EACCES.
#[claim(
    source = ["user_namespaces(7) Effect of capabilities within a user namespace", "getpriority(2) ERRORS"],
    needs = [Root, UserNamespaces, Capability("CAP_SYS_NICE"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_nice() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        setrlimit(Resource::RLIMIT_NICE, 0, 0).doing("forbid lower nice values by the limit")?;
        // The highest there is, wherever nsproof was started.
        expect_ok!(setpriority_process(None, 19), "{whose}");
        for lower in [18, -5] {
            expect_errno!(setpriority_process(None, lower), EACCES, "from 19 to {lower}, {whose}");
        }
        Ok(())
    })?;
    child(NONE, || {
        setrlimit(Resource::RLIMIT_NICE, 0, 0).doing("forbid lower nice values by the limit")?;
        for value in [19, 18, -5] {
            expect_ok!(setpriority_process(None, value), "to {value}, root outside");
        }
        holds()
    })
}

/// Root of a user namespace can lower a hard resource limit; raising it again fails with EPERM.
#[claim(
    source = "getrlimit(2)",
    needs = [Root, UserNamespaces, Capability("CAP_SYS_RESOURCE"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_hard_limits() -> Verdict {
    let limits = [Resource::RLIMIT_NOFILE, Resource::RLIMIT_NPROC, Resource::RLIMIT_MEMLOCK];
    as_each_inner_root(NONE, |whose| {
        for limit in limits {
            expect_ok!(setrlimit(limit, 50, 100), "{limit:?}, to lower it, {whose}");
            expect_errno!(setrlimit(limit, 50, 101), EPERM, "{limit:?}, to raise it, {whose}");
            expect_ok!(setrlimit(limit, 100, 100), "{limit:?}, to raise the soft one, {whose}");
            expect_eq!(getrlimit(limit).doing("getrlimit")?, (100, 100), "{limit:?}, {whose}");
        }
        Ok(())
    })?;
    child(NONE, || {
        for limit in limits {
            expect_ok!(setrlimit(limit, 50, 100), "{limit:?}, to lower it, root outside");
            expect_ok!(setrlimit(limit, 50, 101), "{limit:?}, to raise it, root outside");
        }
        for limit in limits {
            let inside = child(CLONE_NEWUSER, || getrlimit(limit).doing("getrlimit"))?;
            expect_eq!(inside, (50, 101), "{limit:?}, raised before the user namespace was made");
        }
        holds()
    })
}

/// Root of a user namespace cannot lower `oom_score_adj` below the value that a privileged process set last; the write fails
/// with EACCES.
#[claim(
    source = "proc_pid_oom_score_adj(5)",
    needs = [Root, UserNamespaces, Capability("CAP_SYS_RESOURCE"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_oom_score() -> Verdict {
    let adjust = |by: &str| fs::write("/proc/self/oom_score_adj", by);
    child(NONE, || {
        adjust("10").doing("set the value as a privileged process")?;
        as_each_inner_root(NONE, |whose| {
            expect_ok!(adjust("500"), "500, {whose}");
            expect_ok!(adjust("10"), "back to 10, {whose}");
            expect_errno!(adjust("9"), EACCES, "9, {whose}");
            expect_errno!(adjust("-500"), EACCES, "-500, {whose}");
            Ok(())
        })?;
        expect_ok!(adjust("9"), "9, root outside");
        expect_ok!(adjust("-500"), "-500, root outside");
        holds()
    })
}
