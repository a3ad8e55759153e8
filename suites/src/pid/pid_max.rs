//! The limit kernel.pid_max: one for each PID namespace since 6.14, one for the machine before.

use std::io::Write;

use kit::Behaviour;
use kit::prelude::*;
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pid_max_is_per_namespace,
    pid_max_is_one_for_all_namespaces,
    pid_max_default_in_new_namespace,
    pid_max_minimum_301,
    pid_max_of_the_machine_minimum_301,
    pid_max_exhaustion_is_eagain,
    pid_max_of_ancestor_also_binds,
    pid_max_writable_by_userns_root,
    pid_max_not_writable_by_userns_root,
];

const MAX: &str = "kernel/pid_max";
const LAST: &str = "kernel/ns_last_pid";

/// The value that every namespace begins with since 6.14, and the highest: `PID_MAX_LIMIT` on 64-bit machines.
const LIMIT: i32 = 4 << 20;

/// The lowest value is 301, but also eight for each processor that the machine could have.
const FEW_PROCESSORS: &Behaviour = &Behaviour {
    what: "lets pid_max be 301, which takes a machine with 37 processors at most",
    probe: || {
        let possible = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
        let last = possible.trim().rsplit(['-', ',']).next().and_then(|number| number.parse::<u32>().ok());
        last.is_some_and(|last| 8 * (last + 1) <= 301)
    },
};

/// A write to kernel.pid_max sets it for the PID namespace of the process that opened the file, not for the parent, a
/// child or a sibling.
#[claim(
    source = "kernel 6.14 kernel/pid.c register_pidns_sysctls",
    since = "6.14",
    replaces = "pid_max_is_one_for_all_namespaces",
    needs = [Root],
)]
fn pid_max_is_per_namespace() -> Verdict {
    let outside = pid_max()?;
    let sibling = spawn(CLONE_NEWPID, looks)?;
    child(CLONE_NEWPID, || {
        let nested = spawn(CLONE_NEWPID, looks)?;
        expect_ok!(set_sysctl(MAX, 10_000));
        expect_eq!(pid_max()?, 10_000);
        expect_eq!(child(NONE, pid_max)?, 10_000, "to another process inside");
        nested.go()?;
        expect_eq!(nested.recv::<i32>()?, LIMIT, "in a namespace nested before");
        let mut opened_here = open_sysctl(MAX).doing("open kernel.pid_max")?;
        let of_the_writer = child(CLONE_NEWPID, || {
            expect_ok!(opened_here.write_all(b"20000"));
            pid_max()
        })?;
        expect_eq!((of_the_writer, pid_max()?), (LIMIT, 20_000), "written by a nested process: its own, the opener's");
        sibling.go()?;
        holds()
    })?;
    expect_eq!(sibling.recv::<i32>()?, LIMIT, "in a sibling");
    expect_eq!(pid_max()?, outside, "in the parent");
    holds()
}

/// A write to kernel.pid_max in a PID namespace changes the one value that its parent, children and siblings have too.
#[claim(source = "kernel 6.14 kernel/pid.c register_pidns_sysctls", until = "6.14", needs = [Root, Disposable])]
fn pid_max_is_one_for_all_namespaces() -> Verdict {
    let before = pid_max()?;
    let sibling = spawn(CLONE_NEWPID, looks)?;
    let (inherited, nested) = child(CLONE_NEWPID, || {
        let inherited = pid_max()?;
        let nested = spawn(CLONE_NEWPID, looks)?;
        expect_ok!(set_sysctl(MAX, before - 1000));
        nested.go()?;
        Ok((inherited, nested.recv::<i32>()?))
    })?;
    sibling.go()?;
    let after = [nested, sibling.recv()?, pid_max()?];
    set_sysctl(MAX, before)?;
    expect_eq!(inherited, before, "in a new namespace");
    expect_eq!(after, [before - 1000; 3], "in a child namespace, in a sibling and in the parent");
    holds()
}

/// A new PID namespace has a kernel.pid_max of 4194304 on 64-bit machines, whatever its parent has.
#[claim(
    source = ["kernel 6.14 kernel/pid.c register_pidns_sysctls", "kernel/pid_namespace.c"],
    since = "6.14",
    needs = [Root],
)]
fn pid_max_default_in_new_namespace() -> Verdict {
    child(CLONE_NEWPID, || {
        expect_eq!(pid_max()?, LIMIT);
        set_sysctl(MAX, 10_000)?;
        expect_eq!(child(CLONE_NEWPID, pid_max)?, LIMIT, "below a namespace with a lower one");
        expect_eq!(child(NONE, pid_max)?, 10_000, "in the namespace with a lower one");
        holds()
    })
}

/// The kernel.pid_max of a PID namespace can be 301 to 4194304; a write of 300 or 4194305 fails with EINVAL.
#[claim(
    source = "kernel/pid.c pid_max_min",
    since = "6.14",
    replaces = "pid_max_of_the_machine_minimum_301",
    needs = [Root, Behaviour(FEW_PROCESSORS)],
)]
fn pid_max_minimum_301() -> Verdict {
    child(CLONE_NEWPID, bounds)
}

/// Before 6.14, the kernel.pid_max of the machine can be 301 to 4194304; a write of 300 or 4194305 fails with EINVAL.
#[claim(
    source = "kernel/pid.c pid_max_min",
    until = "6.14",
    needs = [Root, Disposable, Behaviour(FEW_PROCESSORS)],
)]
fn pid_max_of_the_machine_minimum_301() -> Verdict {
    let before = pid_max()?;
    let verdict = child(NONE, bounds);
    set_sysctl(MAX, before)?;
    verdict
}

/// When a PID namespace has no free PID left between 300 and its kernel.pid_max, fork(2) fails with EAGAIN.
#[claim(
    source = ["kernel 6.14 kernel/pid.c register_pidns_sysctls", "fork(2) ERRORS"],
    since = "6.14",
    needs = [Root, Config("CHECKPOINT_RESTORE"), Behaviour(FEW_PROCESSORS)],
)]
fn pid_max_exhaustion_is_eagain() -> Verdict {
    child(CLONE_NEWPID, || {
        set_sysctl(MAX, 301)?;
        set_sysctl(LAST, 290)?;
        let mut children = fill(10)?;
        let pids: Vec<_> = children.iter().map(|child| child.pid().as_raw()).collect();
        expect_eq!(pids, (291..=300).collect::<Vec<_>>());
        // Those from 2 on are free, but only the first round hands them out.
        expect_errno!(try_fork(), EAGAIN);
        drop(children.pop());
        expect_ok!(try_fork(), "with a PID free again");
        children.extend(fill(1)?);
        expect_errno!(try_fork(), EAGAIN, "with that PID taken again");
        set_sysctl(MAX, 302)?;
        expect_ok!(try_fork(), "with a pid_max that is higher by one");
        holds()
    })
}

/// When a PID namespace has no free PID left, fork(2) fails with EAGAIN in its descendants too, whatever their
/// kernel.pid_max.
#[claim(
    source = "kernel 6.14 kernel/pid.c register_pidns_sysctls",
    since = "6.14",
    needs = [Root, Config("CHECKPOINT_RESTORE"), Behaviour(FEW_PROCESSORS)],
)]
fn pid_max_of_ancestor_also_binds() -> Verdict {
    for levels in [1, 2] {
        child(CLONE_NEWPID, || {
            set_sysctl(MAX, 310)?;
            set_sysctl(LAST, 300)?;
            // The processes on the way down are 301 and up here, so that the rest to 309 and then 300 are left.
            let below = spawn(NONE, |outside| nested(levels, &|| is_bound_from_above(9 - levels, outside)))?;
            below.recv::<()>()?;
            set_sysctl(MAX, 1000)?;
            below.go()?;
            below.join()
        })
        .doing(format!("{levels} levels down"))?;
    }
    holds()
}

/// Root of the user namespace that owns a PID namespace may write its kernel.pid_max; otherwise open(2) for writing
/// fails with EACCES.
#[claim(
    source = "kernel/pid.c pid_table_root_permissions",
    since = "6.14",
    replaces = "pid_max_not_writable_by_userns_root",
    needs = [UserNamespaces],
)]
fn pid_max_writable_by_userns_root() -> Verdict {
    unprivileged(NONE, || {
        let outside = pid_max()?;
        expect_errno!(open_sysctl(MAX), EACCES, "as an ordinary user");
        user_namespace(NONE, || {
            expect_errno!(open_sysctl(MAX), EACCES, "as root of a user namespace that does not own the PID namespace");
            holds()
        })?;
        user_namespace(CLONE_NEWPID, || {
            expect_ok!(set_sysctl(MAX, 10_000));
            expect_eq!(pid_max()?, 10_000);
            holds()
        })?;
        expect_eq!(pid_max()?, outside);
        holds()
    })
}

/// Before 6.14, opening kernel.pid_max for writing as root of an ordinary user's user namespace fails with EACCES, even
/// if it owns the PID namespace.
#[claim(source = "kernel/pid.c pid_table_root_permissions", until = "6.14", needs = [Root, UserNamespaces])]
fn pid_max_not_writable_by_userns_root() -> Verdict {
    user_namespace(CLONE_NEWPID, || {
        expect_ok!(open_sysctl(MAX), "root outside, root inside");
        holds()
    })?;
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWPID, || {
            expect_errno!(open_sysctl(MAX), EACCES, "an ordinary user, root inside");
            holds()
        })
    })
}

fn pid_max() -> Outcome<i32> {
    sysctl(MAX)
}

/// A process that tells the value of its PID namespace when it is asked.
fn looks(asked: &Peer) -> Outcome<()> {
    asked.wait()?;
    asked.send(&pid_max()?)
}

/// Carries `body` out so many PID namespaces further down.
fn nested(levels: usize, body: &dyn Fn() -> Outcome<()>) -> Outcome<()> {
    if levels == 0 { body() } else { child(CLONE_NEWPID, || nested(levels - 1, body)) }
}

/// A process whose own PID namespace has no lower limit than others can have just so many children, until an ancestor
/// has a higher one.
fn is_bound_from_above(left: usize, outside: &Peer) -> Outcome<()> {
    expect_eq!(pid_max()?, LIMIT);
    let mut children = fill(left)?;
    expect_errno!(try_fork(), EAGAIN);
    drop(children.pop());
    expect_ok!(try_fork(), "with a process less");
    children.extend(fill(1)?);
    expect_errno!(try_fork(), EAGAIN, "with as many again");
    outside.go()?;
    outside.wait()?;
    expect_ok!(try_fork(), "with a higher limit above");
    Ok(())
}

fn bounds() -> Verdict {
    for accepted in [301, 400, LIMIT] {
        expect_ok!(set_sysctl(MAX, accepted), "{accepted}");
        expect_eq!(pid_max()?, accepted);
        for refused in [300, LIMIT + 1] {
            expect_errno!(set_sysctl(MAX, refused), EINVAL, "{refused}");
            expect_eq!(pid_max()?, accepted, "after the refusal of {refused}");
        }
    }
    holds()
}

/// Children that take as many PIDs as there are to be.
fn fill(count: usize) -> Outcome<Vec<Child<()>>> {
    let children: Outcome<Vec<_>> = (0..count).map(|_| waiting(NONE)).collect();
    children.map_err(|failure| Failure::violated(format!("no room for {count} processes: {failure:?}")))
}
