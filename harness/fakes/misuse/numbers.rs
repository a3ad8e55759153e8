//! Wrong claims about the numbers of processes, and right ones beside them.

use kit::prelude::*;
use kit::process::{listed_pids, mount_proc, next_child_pid, ns_pids};
use nix::unistd::{getpid, getppid};

pub(crate) const CASES: &[Case] = cases![
    new_procfs_lists_its_own,
    old_procfs_lists_its_own,
    old_procfs_lists_the_new_ones,
    numbers_on_both_levels,
    number_on_one_level,
    first_child_is_init,
    next_child_is_init,
    child_is_known_by_its_number,
    child_is_known_by_another_number,
];

/// A procfs that a PID namespace's first process mounts lists that process alone.
#[claim(source = "namespaces(7)", needs = [Root])]
fn new_procfs_lists_its_own() -> Verdict {
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        mount_proc()?;
        expect_eq!(listed_pids()?, [1]);
        holds()
    })
}

/// The old procfs lists processes of the case's PID namespace, and the caller.
#[claim(source = "namespaces(7)", needs = [Root])]
fn old_procfs_lists_its_own() -> Verdict {
    let listed = listed_pids()?;
    expect!(listed.contains(&getpid().as_raw()) && listed.contains(&getppid().as_raw()), "{listed:?}");
    holds()
}

/// The old procfs lists the first process of a new PID namespace alone.
#[claim(source = "namespaces(7)", needs = [Root])]
fn old_procfs_lists_the_new_ones() -> Verdict {
    child(CLONE_NEWPID, || {
        expect_eq!(listed_pids()?, [1]);
        holds()
    })
}

/// The old procfs tells of a new PID namespace's first process two numbers.
#[claim(source = "namespaces(7)", needs = [Root])]
fn numbers_on_both_levels() -> Verdict {
    let first = waiting(CLONE_NEWPID)?;
    expect_eq!(ns_pids(first.proc_pid()?)?, [first.pid().as_raw(), 1]);
    holds()
}

/// The old procfs tells of a new PID namespace's first process one number.
#[claim(source = "namespaces(7)", needs = [Root])]
fn number_on_one_level() -> Verdict {
    expect_eq!(ns_pids(waiting(CLONE_NEWPID)?.proc_pid()?)?, [1]);
    holds()
}

/// The first child after unshare() is PID 1.
#[claim(source = "namespaces(7)", needs = [Root])]
fn first_child_is_init() -> Verdict {
    unshare(CLONE_NEWPID)?;
    expect_eq!(next_child_pid()?, 1);
    holds()
}

/// The next child is PID 1.
#[claim(source = "namespaces(7)", needs = [Root])]
fn next_child_is_init() -> Verdict {
    expect_eq!(next_child_pid()?, 1);
    holds()
}

/// In a PID namespace that /proc does not belong to, a child has another number there than for its parent.
#[claim(source = "namespaces(7)", needs = [Root])]
fn child_is_known_by_another_number() -> Verdict {
    let (own, shown) = numbers_inside()?;
    expect_ne!(own, shown);
    holds()
}

/// In a PID namespace that /proc does not belong to, a child has the same number there as for its parent.
#[claim(source = "namespaces(7)", needs = [Root])]
fn child_is_known_by_its_number() -> Verdict {
    let (own, shown) = numbers_inside()?;
    expect_eq!(own, shown);
    holds()
}

fn numbers_inside() -> Outcome<(i32, i32)> {
    child(CLONE_NEWPID, || {
        let inner = waiting(NONE)?;
        Ok((inner.pid().as_raw(), inner.proc_pid()?.as_raw()))
    })
}
