//! unshare() where threads or memory are shared: `unshare(2)`, DESCRIPTION and ERRORS.

use kit::prelude::*;
use kit::sys::vfork::vfork;
use kit::{Links, NO_LINKS};
use nix::unistd::{Pid, gettid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_thread_flags_noop_single,
    unshare_thread_flags_einval_threaded,
    unshare_vm_einval_shared_mm,
    unshare_sighand_einval_shared,
    unshare_thread_allowed_with_shared_mm,
    unshare_per_thread_cgroup,
    unshare_per_thread_ipc,
    unshare_per_thread_mnt,
    unshare_per_thread_net,
    unshare_per_thread_time,
];

/// unshare() with CLONE_THREAD, CLONE_SIGHAND and CLONE_VM changes nothing for a process that shares nothing, and
/// succeeds.
///
/// In a process with a second thread each combination of them fails with EINVAL.
#[claim(
    source = "unshare(2) DESCRIPTION",
    erratum = "Documentation/userspace-api/unshare.rst, 7.3 and 8: CLONE_SIGHAND and CLONE_THREAD return -EINVAL \
               because they are not implemented yet."
)]
fn unshare_thread_flags_noop_single() -> Verdict {
    let before = Links::own()?;
    for flags in every_combination() {
        expect_ok!(unshare(flags), "one thread");
    }
    expect_eq!(Links::own()?.changed_since(&before), NO_LINKS);
    let _thread = Thread::idle()?;
    for flags in every_combination() {
        expect_errno!(unshare(flags), EINVAL, "two threads, {flags:?}");
    }
    holds()
}

/// In a process with a second thread, unshare() with CLONE_THREAD, CLONE_SIGHAND or CLONE_VM fails with EINVAL.
///
/// CLONE_FS, CLONE_FILES and CLONE_SYSVSEM are accepted there.
#[claim(source = "unshare(2) ERRORS")]
fn unshare_thread_flags_einval_threaded() -> Verdict {
    let others = [CLONE_FS, CLONE_FILES, CLONE_SYSVSEM];
    let thread = Thread::idle()?;
    for flag in THREAD_FLAGS {
        expect_errno!(unshare(flag), EINVAL, "two threads");
        for other in others {
            expect_errno!(unshare(flag | other), EINVAL, "two threads, with {other:?}");
        }
    }
    for other in others {
        expect_ok!(unshare(other), "{other:?}");
    }
    let (second, answers) = Thread::start(|| Ok(THREAD_FLAGS.map(unshare)))?;
    for answer in answers {
        expect_errno!(answer, EINVAL, "by a thread that is not the first");
    }
    second.end()?;
    thread.end()?;
    for flag in THREAD_FLAGS {
        expect_ok!(unshare(flag), "one thread again");
    }
    holds()
}

/// unshare(CLONE_VM) fails with EINVAL in a process that shares its memory with another one, and it goes on sharing it.
#[claim(
    source = ["unshare(2) DESCRIPTION", "unshare(2) NOTES"],
    erratum = "Documentation/userspace-api/unshare.rst, 5: with CLONE_VM the virtual memory of the caller is \
               disassociated from the shared virtual memory.",
)]
fn unshare_vm_einval_shared_mm() -> Verdict {
    let mut written_by = "parent";
    let answer = vfork(NONE, || {
        let answer = unshare(CLONE_VM);
        written_by = "child";
        answer
    })?;
    expect_errno!(answer, EINVAL, "a child that shares our memory");
    expect_eq!(written_by, "child");
    let (answer, seen) = child(NONE, || {
        written_by = "forked child";
        Ok((unshare(CLONE_VM).is_ok(), written_by.to_owned()))
    })?;
    expect!(answer, "a forked child is refused");
    expect_eq!((seen.as_str(), written_by), ("forked child", "child"), "in a forked child, and here");
    holds()
}

/// unshare(CLONE_SIGHAND) fails with EINVAL in a process that shares its signal handlers, but not if it shares only its
/// memory.
#[claim(source = "unshare(2) ERRORS")]
fn unshare_sighand_einval_shared() -> Verdict {
    let answer = |shared| vfork(shared, || unshare(CLONE_SIGHAND));
    expect_errno!(answer(CLONE_SIGHAND)?, EINVAL, "memory and signal handlers are shared");
    expect_ok!(answer(NONE)?, "memory alone is shared");
    expect_ok!(answer(CLONE_FS | CLONE_FILES)?, "other things are shared");
    holds()
}

/// unshare(CLONE_THREAD) succeeds in a process that shares its memory with another one: it does not imply CLONE_VM.
///
/// unshare(CLONE_VM) fails with EINVAL there.
#[claim(
    source = ["unshare(2) DESCRIPTION", "Documentation/userspace-api/unshare.rst 7.2) unshare() system call service function"],
    erratum = "unshare(2), CLONE_THREAD: specifying this flag automatically implies CLONE_VM.",
    quote = "specifying CLONE_THREAD automatically implies CLONE_VM",
)]
fn unshare_thread_allowed_with_shared_mm() -> Verdict {
    for shared in [NONE, CLONE_SIGHAND] {
        let answer = |flags| vfork(shared, || unshare(flags));
        expect_ok!(answer(CLONE_THREAD)?, "memory and {shared:?} are shared");
        expect_errno!(answer(CLONE_VM)?, EINVAL, "memory and {shared:?} are shared");
        expect_errno!(answer(CLONE_THREAD | CLONE_VM)?, EINVAL, "memory and {shared:?} are shared");
    }
    holds()
}

/// unshare(CLONE_NEWCGROUP) moves the calling thread alone: the other threads of its process stay, and so do their
/// children.
#[claim(source = ["unshare(2) DESCRIPTION", "Few notes about network namespaces in Linux"], needs = [Root])]
fn unshare_per_thread_cgroup() -> Verdict {
    only_the_thread_moves(Kind::Cgroup)
}

/// unshare(CLONE_NEWIPC) moves the calling thread alone: the other threads of its process stay, and so do their
/// children.
#[claim(source = ["unshare(2) DESCRIPTION", "Few notes about network namespaces in Linux"], needs = [Root])]
fn unshare_per_thread_ipc() -> Verdict {
    only_the_thread_moves(Kind::Ipc)
}

/// unshare(CLONE_NEWNS) moves the calling thread alone: the other threads of its process stay, and so do their
/// children.
#[claim(source = ["unshare(2) DESCRIPTION", "Few notes about network namespaces in Linux"], needs = [Root])]
fn unshare_per_thread_mnt() -> Verdict {
    only_the_thread_moves(Kind::Mnt)
}

/// unshare(CLONE_NEWNET) moves the calling thread alone: the other threads of its process stay, and so do their
/// children.
#[claim(source = ["unshare(2) DESCRIPTION", "Few notes about network namespaces in Linux"], needs = [Root])]
fn unshare_per_thread_net() -> Verdict {
    only_the_thread_moves(Kind::Net)
}

/// unshare(CLONE_NEWTIME) concerns the children of the calling thread alone, not those of the other threads of its
/// process.
#[claim(source = ["unshare(2) DESCRIPTION", "Few notes about network namespaces in Linux"], needs = [Root, Config("TIME_NS")])]
fn unshare_per_thread_time() -> Verdict {
    only_the_thread_moves(Kind::Time)
}

const THREAD_FLAGS: [CloneFlags; 3] = [CLONE_THREAD, CLONE_SIGHAND, CLONE_VM];

/// One, two or all three of these flags.
fn every_combination() -> impl Iterator<Item = CloneFlags> {
    (1..1 << THREAD_FLAGS.len()).map(|chosen| {
        let flags = THREAD_FLAGS.iter().enumerate().filter(|(number, _)| chosen & (1 << number) != 0);
        flags.fold(NONE, |all, (_, flag)| all | *flag)
    })
}

/// A second thread moves to a new namespace, and then the first one to another, while each time the other one stays.
fn only_the_thread_moves(kind: Kind) -> Verdict {
    let before = Links::own()?;
    let (_mover, (movers, childs)) = Thread::start(move || {
        expect_ok!(unshare(kind.flag()), "by the second thread");
        Ok((Links::own()?, child(NONE, || own_inode(kind))?))
    })?;
    expect_eq!(movers.changed_since(&before), [kind.unshared_link()], "the second thread's");
    expect_eq!(childs, movers.get(kind.unshared_link())?, "the {kind} namespace of the second thread's child");
    expect_eq!(Links::own()?.changed_since(&before), NO_LINKS, "the first thread's");
    expect_eq!(child(NONE, Links::own)?.changed_since(&before), NO_LINKS, "the first thread's child's");
    let (_stayer, id) = Thread::start(|| Ok(gettid().as_raw()))?;
    let stayer = Pid::from_raw(id);
    expect_ok!(unshare(kind.flag()), "by the first thread");
    expect_eq!(Links::own()?.changed_since(&before), [kind.unshared_link()], "the first thread's");
    expect_eq!(
        Links::of(stayer)?.changed_since(&before),
        NO_LINKS,
        "the third thread's, which the first one has made before"
    );
    holds()
}
