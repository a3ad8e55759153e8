//! Which offsets a new time namespace starts with, and who is in it: `time_namespaces(7)`.

use kit::prelude::*;
use nix::time::ClockId;

use super::clock::{Way, now};
use super::offsets::{BOOTTIME, MONOTONIC, SECOND, inside, make, shown, write};
use super::program::run_after;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    new_time_namespace_has_its_makers_offsets,
    second_time_namespace_has_the_offsets_of_the_first,
    clone3_time_namespace_has_the_offsets_for_children,
    offsets_count_from_the_initial_time_namespace,
    every_descendant_is_in_the_new_time_namespace,
    unshare_shifts_the_childrens_clocks_and_not_its_own,
    execve_shifts_the_clocks_after_unshare,
    execve_shifts_no_clocks_after_unshare_old,
];

const BOTH: [(i64, i64); 2] = [(MONOTONIC, 123_456_789), (BOOTTIME, 987_654_321)];

/// A new time namespace has the offsets of the one in which its maker is, until others are written.
///
/// Made by a process of the initial one, it has none.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn new_time_namespace_has_its_makers_offsets() -> Verdict {
    user_namespace(NONE, || {
        let seen = inside(super::offsets::BOTH, || {
            let own = own_inode(Kind::Time)?;
            make("")?;
            expect_ne!(inode_at("/proc/self/ns/time_for_children")?, own);
            expect_eq!(shown("self")?, BOTH, "at first");
            let ahead = child(NONE, || now(ClockId::CLOCK_BOOTTIME))?;
            make("")?;
            expect_ok!(write("self", "boottime 1 0"), "others");
            Ok((ahead, shown("self")?))
        })?;
        expect!(seen.0 >= BOOTTIME * SECOND, "the clock of a child in it: {}", seen.0);
        expect_eq!(seen.1, [BOTH[0], (1, 0)], "when others have been written");
        make("")?;
        expect_eq!(shown("self")?, [(0, 0); 2], "made in the initial one");
        holds()
    })
}

/// A second unshare(CLONE_NEWTIME) by one process copies the offsets that it has set for the first new namespace.
///
/// Not those of the namespace in which it still is.
#[claim(
    source = "kernel/nsproxy.c create_new_namespaces",
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "time_namespaces(7), /proc/pid/timens_offsets: the initial offsets are inherited from the time namespace of the \
               creating process.",
)]
fn second_time_namespace_has_the_offsets_of_the_first() -> Verdict {
    user_namespace(NONE, || {
        inside("monotonic 7 0", || {
            make("monotonic 10000000 1\nboottime 700000000 2")?;
            let first = Namespace::at("/proc/self/ns/time_for_children")?;
            make("")?;
            expect_ne!(inode_at("/proc/self/ns/time_for_children")?, first.inode()?);
            expect_eq!(shown("self")?, [(MONOTONIC, 1), (BOOTTIME, 2)]);
            expect_ok!(write("self", "monotonic 5 6"), "the second one's own");
            setns(&first, CLONE_NEWTIME)?;
            expect_eq!(shown("self")?, [(MONOTONIC, 1), (BOOTTIME, 2)], "the first one's, afterwards");
            holds()
        })
    })
}

/// The time namespace of a child that clone3(CLONE_NEWTIME) makes has the offsets that its parent has for its children.
///
/// It is another one than theirs.
#[claim(
    source = "kernel/nsproxy.c create_new_namespaces",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn clone3_time_namespace_has_the_offsets_for_children() -> Verdict {
    user_namespace(NONE, || {
        expect_eq!(child(CLONE_NEWTIME, || shown("self"))?, [(0, 0); 2], "of a parent that has set none");
        make("monotonic 10000000 1\nboottime 700000000 2")?;
        let for_children = inode_at("/proc/self/ns/time_for_children")?;
        let (offsets, namespace, clock) =
            child(CLONE_NEWTIME, || Ok((shown("self")?, own_inode(Kind::Time)?, now(ClockId::CLOCK_MONOTONIC)?)))?;
        expect_eq!(offsets, [(MONOTONIC, 1), (BOOTTIME, 2)]);
        expect_ne!(namespace, for_children);
        expect!(clock >= MONOTONIC * SECOND, "the child's clock: {clock}");
        expect_eq!(inode_at("/proc/self/ns/time_for_children")?, for_children, "the parent's, afterwards");
        expect_ok!(write("self", "monotonic 1 0"), "which has no member yet");
        holds()
    })
}

/// Offsets count from the initial time namespace, not from the one in which their setter is.
#[claim(
    source = "time_namespaces(7) /proc/pid/timens_offsets",
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "«What's in a name(space)?»: time namespaces add offsets relative to the parent namespace.",
)]
fn offsets_count_from_the_initial_time_namespace() -> Verdict {
    user_namespace(NONE, || {
        for (clock, name) in [(ClockId::CLOCK_MONOTONIC, "monotonic"), (ClockId::CLOCK_BOOTTIME, "boottime")] {
            let before = now(clock)?;
            let seen = inside(super::offsets::BOTH, || {
                expect!(now(clock)? >= MONOTONIC * SECOND, "{name}: the setter's clock is not ahead");
                inside(&format!("{name} 7 0"), || now(clock))
            })?;
            let after = now(clock)?;
            expect!(
                (before + 7 * SECOND..=after + 7 * SECOND).contains(&seen),
                "{name}: {seen} inside, between {before} and {after} in the initial one",
            );
        }
        holds()
    })
}

/// The children of a time namespace's members are in it, too, and have its offsets: every descendant.
#[claim(source = "time_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("TIME_NS")])]
fn every_descendant_is_in_the_new_time_namespace() -> Verdict {
    fn line_of(generations: u32) -> Outcome<Vec<(Inode, i64)>> {
        let mut all = vec![(own_inode(Kind::Time)?, now(ClockId::CLOCK_MONOTONIC)?)];
        if generations > 0 {
            all.extend(child(NONE, || line_of(generations - 1))?);
        }
        Ok(all)
    }
    user_namespace(NONE, || {
        make("monotonic 10000000 0")?;
        let namespace = inode_at("/proc/self/ns/time_for_children")?;
        let descendants = child(NONE, || line_of(3))?;
        expect_eq!(descendants.len(), 4);
        for (generation, (own, clock)) in descendants.into_iter().enumerate() {
            expect_eq!(own, namespace, "generation {generation}");
            expect!(clock >= MONOTONIC * SECOND, "the clock of generation {generation}: {clock}");
        }
        expect_ne!(own_inode(Kind::Time)?, namespace, "the ancestor's own");
        holds()
    })
}

/// unshare(CLONE_NEWTIME) shifts the clocks of the caller's children, and never its own.
///
/// Read by the vDSO and by the system call, when offsets are set and when a child is there.
#[claim(
    source = ["time_namespaces(7) DESCRIPTION", "unshare(2) CLONE_NEWTIME", "What's in a name(space)?"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn unshare_shifts_the_childrens_clocks_and_not_its_own() -> Verdict {
    user_namespace(NONE, || {
        let are_ahead = || {
            let read = |way: Way| way.read(ClockId::CLOCK_MONOTONIC).doing("read a clock");
            Ok([read(Way::Vdso)? >= MONOTONIC * SECOND, read(Way::Call)? >= MONOTONIC * SECOND])
        };
        expect_eq!(are_ahead()?, [false; 2], "before");
        make("monotonic 10000000 0")?;
        expect_eq!(are_ahead()?, [false; 2], "the caller's, with offsets");
        expect_eq!(child(NONE, are_ahead)?, [true; 2], "its child's");
        expect_eq!(are_ahead()?, [false; 2], "the caller's, when it has had a child");
        holds()
    })
}

/// execve() after unshare(CLONE_NEWTIME) shifts the caller's clocks.
///
/// By the vDSO and by the system call. Before 6.3 it did not.
#[claim(
    source = ["fs/exec.c begin_new_exec", "What's in a name(space)?"],
    since = "6.3",
    replaces = "execve_shifts_no_clocks_after_unshare_old",
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "time_namespaces(7), DESCRIPTION: the calling process is not moved to the new namespace.",
)]
fn execve_shifts_the_clocks_after_unshare() -> Verdict {
    expect_shifted_by_execve(true)
}

/// execve() after unshare(CLONE_NEWTIME) does not shift the caller's clocks.
///
/// Since 6.3 it does.
#[claim(source = "time_namespaces(7) DESCRIPTION", until = "6.3", needs = [UserNamespaces, Config("TIME_NS")])]
fn execve_shifts_no_clocks_after_unshare_old() -> Verdict {
    expect_shifted_by_execve(false)
}

fn expect_shifted_by_execve(are_shifted: bool) -> Verdict {
    user_namespace(NONE, || {
        let ahead = |clocks: [i64; 2]| clocks.map(|clock| clock >= MONOTONIC * SECOND);
        expect_eq!(ahead(run_after(|| Ok(()))?.clocks), [false; 2], "a program's, without unshare");
        let clocks = run_after(|| make("monotonic 10000000 0"))?.clocks;
        expect_eq!(ahead(clocks), [are_shifted; 2], "a program's, after unshare: {clocks:?}");
        let clocks = run_after(|| {
            make("monotonic 10000000 0")?;
            child(NONE, || Ok(()))
        })?
        .clocks;
        expect_eq!(ahead(clocks), [are_shifted; 2], "when the namespace has had a member: {clocks:?}");
        holds()
    })
}
