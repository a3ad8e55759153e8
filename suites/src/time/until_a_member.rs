//! Until when offsets can be set: `time_namespaces(7)`.

use std::fs;
use std::path::Path;

use kit::prelude::*;
use kit::prepared;
use nix::errno::Errno;
use nix::unistd::gettid;

use super::offsets::{inside, make, maker, path, shown, write};
use super::program::{Word, run_after, spawn_program};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    offsets_can_be_set_again_before_the_first_member,
    offsets_are_fixed_by_the_first_child,
    offsets_are_fixed_by_joining,
    offsets_are_fixed_by_execve,
    offsets_can_be_set_after_execve_old,
    offsets_are_fixed_by_posix_spawn,
    posix_spawn_after_unshare_time_einval_old,
    initial_offsets_cannot_be_set,
    offsets_of_a_clone3_child_cannot_be_set,
    offsets_of_a_threads_children_are_behind_its_number,
];

const SET: &str = "monotonic 1 0\nboottime 2 0\n";
const LATER: &str = "monotonic 3 0\nboottime 4 0\n";

/// Before a time namespace has its first member, its offsets can be set again and again, and each clock's by itself.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offsets_can_be_set_again_before_the_first_member() -> Verdict {
    user_namespace(NONE, || {
        make("")?;
        for turn in 1..20 {
            expect_ok!(write("self", &format!("monotonic {turn} 0")), "turn {turn}");
            expect_ok!(write("self", &format!("boottime {} 0", 2 * turn)), "turn {turn}");
            expect_eq!(shown("self")?, [(turn, 0), (2 * turn, 0)]);
        }
        child(NONE, || Ok(()))?;
        expect_errno!(write("self", SET), EACCES, "after the first member");
        holds()
    })
}

/// After the first child in a time namespace, setting its offsets fails with EACCES, also when the child has ended.
///
/// Neither do they change, nor does it matter that they are what they would be set to.
#[claim(
    source = ["time_namespaces(7) /proc/pid/timens_offsets", "time_namespaces(7) EXAMPLES", "What's in a name(space)?"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn offsets_are_fixed_by_the_first_child() -> Verdict {
    user_namespace(NONE, || {
        let process = maker("")?;
        expect_ok!(write(process.pid(), SET), "before");
        process.go()?;
        process.recv::<()>()?;
        for text in [LATER, SET, "monotonic 0 0", "boottime 0 0"] {
            expect_errno!(write(process.pid(), text), EACCES, "«{text}», when its child has ended");
        }
        make(SET)?;
        let member = waiting(NONE)?;
        expect_errno!(write("self", LATER), EACCES, "while its child is there");
        expect_errno!(write(member.pid(), LATER), EACCES, "by the child's file");
        expect_eq!((shown("self")?, shown(process.pid())?), ([(1, 0), (2, 0)], [(1, 0), (2, 0)]));
        unshare(CLONE_NEWTIME)?;
        expect_ok!(write("self", LATER), "those of the next namespace");
        holds()
    })
}

/// Once a process has joined a time namespace by setns(), setting its offsets fails with EACCES for all.
///
/// Whether it was the process that has made the namespace or another one.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [UserNamespaces, Config("TIME_NS")])]
fn offsets_are_fixed_by_joining() -> Verdict {
    user_namespace(NONE, || {
        let process = maker("")?;
        let namespace = Namespace::at(format!("/proc/{}/ns/time_for_children", process.pid()))?;
        expect_ok!(write(process.pid(), SET), "while the namespace is only open");
        child(NONE, || setns(&namespace, CLONE_NEWTIME).doing("setns"))?;
        expect_errno!(write(process.pid(), LATER), EACCES, "when another process has joined");
        make("")?;
        let own = Namespace::at("/proc/self/ns/time_for_children")?;
        expect_ok!(write("self", SET), "before the maker joins");
        setns(&own, CLONE_NEWTIME)?;
        expect_errno!(write("self", LATER), EACCES, "when the maker has joined");
        holds()
    })
}

/// A program that is executed after unshare(CLONE_NEWTIME) cannot set the offsets: it fails with EACCES.
///
/// It has joined the namespace by execve(). Before 6.3 it could.
#[claim(
    source = "fs/exec.c begin_new_exec",
    since = "6.3",
    replaces = "offsets_can_be_set_after_execve_old",
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "time_namespaces(7), EXAMPLES: the shell that «unshare -T» executes sets the offsets.",
)]
fn offsets_are_fixed_by_execve() -> Verdict {
    user_namespace(NONE, || {
        let word = run_after(|| make(SET))?;
        expect_eq!(word.written, Some(Errno::EACCES as i32), "what the program is answered");
        expect_eq!(word.offsets, [(1, 0), (2, 0)]);
        holds()
    })
}

/// A program that is executed after unshare(CLONE_NEWTIME) can set the offsets.
///
/// Since 6.3 it cannot: it has joined the namespace.
#[claim(source = "time_namespaces(7) EXAMPLES", until = "6.3", needs = [UserNamespaces, Config("TIME_NS")])]
fn offsets_can_be_set_after_execve_old() -> Verdict {
    user_namespace(NONE, || {
        let word = run_after(|| make(SET))?;
        expect_eq!((word.written, word.offsets), (None, Word::WRITTEN));
        holds()
    })
}

/// A program that posix_spawn() starts after unshare(CLONE_NEWTIME) is in the new time namespace, and fixes its offsets.
///
/// Before 6.3 posix_spawn() failed with EINVAL there.
#[claim(
    source = ["fs/exec.c begin_new_exec", "kernel/nsproxy.c exec_task_namespaces"],
    since = "6.3",
    replaces = "posix_spawn_after_unshare_time_einval_old",
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn offsets_are_fixed_by_posix_spawn() -> Verdict {
    user_namespace(NONE, || {
        let home = own_inode(Kind::Time)?;
        make(SET)?;
        let namespace = inode_at("/proc/self/ns/time_for_children")?;
        prepared(namespace != home, "another time namespace")?;
        expect_ok!(write("self", SET), "before");
        let word = expect_ok!(spawn_program()?);
        expect_eq!(
            (word.namespace, own_inode(Kind::Time)?),
            (namespace, home),
            "the program's and the caller's namespaces"
        );
        expect_errno!(write("self", LATER), EACCES, "afterwards");
        holds()
    })
}

/// posix_spawn() fails with EINVAL after unshare(CLONE_NEWTIME).
///
/// Since 6.3 it succeeds.
#[claim(source = "kernel/fork.c copy_process", until = "6.3", needs = [UserNamespaces, Config("TIME_NS")])]
fn posix_spawn_after_unshare_time_einval_old() -> Verdict {
    user_namespace(NONE, || {
        expect_ok!(spawn_program()?, "before");
        make(SET)?;
        expect_errno!(spawn_program()?, EINVAL);
        expect_ok!(write("self", LATER), "the offsets, afterwards");
        expect_eq!(run_after(|| Ok(()))?.offsets, [(3, 0), (4, 0)], "what fork() and execve() run");
        holds()
    })
}

/// The offsets of the initial time namespace cannot be set, and not to zero either: writing them fails with EACCES.
#[claim(source = "time_namespaces(7) /proc/pid/timens_offsets", needs = [Root, Config("TIME_NS"), Capability("CAP_SYS_TIME")])]
fn initial_offsets_cannot_be_set() -> Verdict {
    for text in ["monotonic 0 0", "boottime 0 0", SET] {
        expect_errno!(write("self", text), EACCES, "«{text}»");
    }
    make("")?;
    for text in ["monotonic 0 0", "boottime 0 0", SET] {
        expect_ok!(write("self", text), "«{text}», after unshare(CLONE_NEWTIME)");
    }
    holds()
}

/// The offsets of the time namespace in which clone3(CLONE_NEWTIME) starts a child can never be set: EACCES.
///
/// The child is its first member.
#[claim(
    source = ["include/uapi/linux/sched.h", "kernel/time/namespace.c timens_on_fork"],
    needs = [UserNamespaces, Config("TIME_NS")],
    erratum = "time_namespaces(7), DESCRIPTION: unshare(2) is the only way to create a time namespace.",
)]
fn offsets_of_a_clone3_child_cannot_be_set() -> Verdict {
    user_namespace(NONE, || {
        let member = waiting(CLONE_NEWTIME)?;
        expect_errno!(write(member.pid(), SET), EACCES, "by its parent");
        expect_errno!(child(CLONE_NEWTIME, || Ok(write("self", SET).portable()))?, EACCES, "by itself");
        expect_eq!(shown(member.pid())?, [(0, 0); 2]);
        make("")?;
        expect_ok!(write("self", SET), "after unshare(CLONE_NEWTIME)");
        holds()
    })
}

/// When a thread that is not its process's first calls unshare(CLONE_NEWTIME), `/proc/TID/timens_offsets` has the offsets.
///
/// `/proc/PID` and `/proc/self` are about the first thread, and `/proc/PID/task/TID` has no such file.
#[claim(source = ["time_namespaces(7) /proc/pid/timens_offsets", "fs/proc/base.c"], needs = [UserNamespaces, Config("TIME_NS")])]
fn offsets_of_a_threads_children_are_behind_its_number() -> Verdict {
    // Where the process is belongs to its user namespace: else it were CAP_SYS_TIME that it lacks.
    user_namespace(NONE, || {
        inside("", || {
            let (thread, (number, seen)) = Thread::start(|| {
                make("")?;
                let number = gettid().as_raw();
                expect_errno!(write("self", SET), EACCES, "by /proc/self");
                expect_eq!(Path::new(&path("thread-self")).exists(), false, "a file in /proc/PID/task/TID");
                expect_ok!(fs::metadata("/proc/thread-self/ns/time_for_children"), "its link beside");
                expect_ok!(write(number, SET), "by the thread's number");
                Ok((number, child(NONE, || shown("self"))?))
            })?;
            expect_eq!(seen, [(1, 0), (2, 0)], "of the thread's child");
            expect_eq!(
                (shown(number)?, shown("self")?),
                ([(1, 0), (2, 0)], [(0, 0); 2]),
                "the thread's and the first one's"
            );
            expect_eq!(inside("", || shown("self"))?, [(0, 0); 2], "of the first thread's child's child");
            thread.end()?;
            holds()
        })
    })
}
