//! What root of a user namespace may do to other processes there, and what takes the initial user namespace all the same: nice
//! values, I/O priorities, memory on other nodes; and to itself by prctl(2). `capabilities(7)`.

use kit::prelude::*;
use kit::process::{as_each_inner_root, container, waiting_as, with_only};
use kit::sys::memory_policy::{Moved, mbind_nothing, migrate_to_the_same_node, move_no_pages};
use kit::sys::process_control::Control;
use nix::unistd::Pid;
use rustix::process::{getpriority_process, setpriority_process};
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setpriority_of_others_inside,
    moving_all_pages_needs_the_initial_user_namespace,
    moving_pages_of_others_inside,
    io_flusher_needs_the_initial_user_namespace,
    moving_the_arguments_needs_the_initial_user_namespace,
];

/// CAP_SYS_NICE in the user namespace of another user's process is enough to raise its nice value; without it the call fails with EPERM.
///
/// Lowering it again is refused with EACCES, since that takes the initial user namespace.
#[claim(
    source = ["getpriority(2) ERRORS", "kernel/sys.c set_one_prio_perm"],
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn setpriority_of_others_inside() -> Verdict {
    container(100_000, NONE, || {
        let target = waiting_as(7)?;
        let process = rustix::process::Pid::from_raw(target.pid().as_raw());
        nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NICE, 0, 0)?;
        with_only(CapabilitySet::all() - CapabilitySet::SYS_NICE, NONE, || {
            expect_errno!(setpriority_process(process, 19), EPERM, "without CAP_SYS_NICE");
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_NICE, NONE, || {
            expect_ok!(setpriority_process(process, 19), "with CAP_SYS_NICE alone");
            expect_errno!(setpriority_process(process, 18), EACCES, "lower again");
            Ok(())
        })?;
        expect_eq!(getpriority_process(process)?, 19);
        holds()
    })
}

/// mbind() and move_pages() with MPOL_MF_MOVE_ALL fail with EPERM for root of a user namespace; with MPOL_MF_MOVE they do not.
#[claim(
    source = ["mbind(2) ERRORS", "move_pages(2) ERRORS"],
    needs = [Root, UserNamespaces, Config("NUMA"), Behaviour(AT_THE_TOP)],
)]
fn moving_all_pages_needs_the_initial_user_namespace() -> Verdict {
    let own = Pid::from_raw(0);
    as_each_inner_root(NONE, |whose| {
        expect_errno!(mbind_nothing(Moved::All), EPERM, "mbind, {whose}");
        expect_errno!(move_no_pages(own, Moved::All), EPERM, "move_pages, {whose}");
        expect_ok!(mbind_nothing(Moved::Own), "mbind, {whose}");
        expect_ok!(move_no_pages(own, Moved::Own), "move_pages, {whose}");
        Ok(())
    })?;
    expect_ok!(mbind_nothing(Moved::All), "mbind, root outside");
    expect_ok!(move_no_pages(own, Moved::All), "move_pages, root outside");
    holds()
}

/// move_pages() and migrate_pages() of another user's process in a user namespace require CAP_SYS_PTRACE there, else they fail with EPERM.
#[claim(
    source = ["migrate_pages(2) ERRORS", "move_pages(2) ERRORS", "mm/mempolicy.c"],
    needs = [Root, UserNamespaces, Config("NUMA"), Behaviour(AT_THE_TOP)],
)]
fn moving_pages_of_others_inside() -> Verdict {
    container(100_000, NONE, || {
        let target = waiting_as(7)?;
        let pid = target.pid();
        with_only(CapabilitySet::all() - CapabilitySet::SYS_PTRACE, NONE, || {
            expect_errno!(move_no_pages(pid, Moved::Own), EPERM, "move_pages without CAP_SYS_PTRACE");
            expect_errno!(migrate_to_the_same_node(pid), EPERM, "migrate_pages without CAP_SYS_PTRACE");
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_PTRACE, NONE, || {
            expect_ok!(move_no_pages(pid, Moved::Own), "move_pages with CAP_SYS_PTRACE alone");
            expect_ok!(migrate_to_the_same_node(pid), "migrate_pages with CAP_SYS_PTRACE alone");
            Ok(())
        })?;
        holds()
    })
}

/// prctl(PR_SET_IO_FLUSHER) fails with EPERM for root of a user namespace, though it concerns the caller alone.
#[claim(
    source = "prctl(2)",
    needs = [Root, UserNamespaces, Capability("CAP_SYS_RESOURCE"), Behaviour(AT_THE_TOP)],
)]
fn io_flusher_needs_the_initial_user_namespace() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(Control::IoFlusher(true).set(), EPERM, "{whose}");
        expect_ok!(Control::TimerSlack(50_000).set(), "what needs nothing, {whose}");
        Ok(())
    })?;
    child(NONE, || {
        expect_ok!(Control::IoFlusher(true).set(), "root outside");
        expect_ok!(Control::IoFlusher(false).set(), "root outside");
        holds()
    })
}

/// prctl(PR_SET_MM) with PR_SET_MM_ARG_START fails with EPERM for root of a user namespace, before the address is looked at.
#[claim(
    source = "prctl(2)",
    needs = [Root, UserNamespaces, Config("CHECKPOINT_RESTORE"), Capability("CAP_SYS_RESOURCE"), Behaviour(AT_THE_TOP)],
)]
fn moving_the_arguments_needs_the_initial_user_namespace() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(Control::ArgumentsAtZero.set(), EPERM, "{whose}");
        Ok(())
    })?;
    expect_errno!(Control::ArgumentsAtZero.set(), EINVAL, "root outside, at an address that nothing can have");
    holds()
}
