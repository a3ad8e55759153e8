//! Children after `unshare(CLONE_NEWTIME)`, and in a time namespace from their start: `time_namespaces(7)`.

use kit::prelude::*;
use kit::prepared;
use kit::sys::vfork::vfork;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![clone3_newtime_child_member, unshare_time_blocks_threads_old, unshare_time_allows_threads];

const THREAD: CloneFlags = CLONE_SIGHAND.union(CLONE_THREAD);

/// clone3(CLONE_NEWTIME) starts the child as a member of the new time namespace, in which its children will be, too.
///
/// unshare(CLONE_NEWTIME), of which alone time_namespaces(7) speaks, moves the caller's children and not the caller.
#[claim(source = ["include/uapi/linux/sched.h", "kernel/nsproxy.c copy_namespaces"], needs = [Root, Config("TIME_NS")])]
fn clone3_newtime_child_member() -> Verdict {
    let before = times()?;
    let [own, for_children] = expect_ok!(Spawn::new(CLONE_NEWTIME).try_start(|_| times())?).join()?;
    expect_eq!(own, for_children, "the child's namespace and the one of its children");
    expect_ne!(own, before[0], "the child's namespace and its parent's");
    expect_eq!(times()?, before, "its parent's, afterwards");
    unshare(CLONE_NEWTIME)?;
    let [own, for_children] = times()?;
    expect_eq!(own, before[0], "the caller's namespace after unshare");
    expect_ne!(for_children, own, "the namespace of its children after unshare");
    holds()
}

/// After unshare(CLONE_NEWTIME), creating a thread, vfork() and other clones that share the memory fail with EINVAL.
///
/// Since 6.3 they succeed, and stay in the caller's namespace.
#[claim(source = "kernel/fork.c copy_process", until = "6.3", needs = [Root, Config("TIME_NS")])]
fn unshare_time_blocks_threads_old() -> Verdict {
    let home = Namespace::own(Kind::Time)?;
    let sharing = [(THREAD, "a thread"), (NONE, "by vfork"), (CLONE_SIGHAND, "with signal handlers")];
    let expect_allowed = |when: &str| {
        // In a child, which takes its threads with it: setns() is for the single-threaded.
        child(NONE, || {
            for (flags, what) in sharing {
                expect_ok!(vfork(flags, || ()), "{what}, {when}");
            }
            Ok(())
        })
    };
    expect_allowed("before")?;
    unshare(CLONE_NEWTIME)?;
    for (flags, what) in sharing {
        expect_errno!(vfork(flags, || ()), EINVAL, "{what}");
    }
    expect_ok!(try_fork(), "with memory of its own");
    expect_allowed("in the new namespace")?;
    setns(&home, CLONE_NEWTIME)?;
    for (flags, what) in sharing {
        expect_ok!(vfork(flags, || ()), "{what}, back at home");
    }
    holds()
}

/// After unshare(CLONE_NEWTIME), threads and children of vfork() stay in the caller's time namespace; those of fork()
/// do not.
#[claim(
    source = "kernel/nsproxy.c copy_namespaces",
    since = "6.3",
    replaces = "unshare_time_blocks_threads_old",
    needs = [Root, Config("TIME_NS")],
)]
fn unshare_time_allows_threads() -> Verdict {
    let own = own_inode(Kind::Time)?;
    unshare(CLONE_NEWTIME)?;
    let after = times()?;
    prepared(after[1] != own, "another time namespace for children")?;
    for (flags, what) in [(THREAD, "a thread"), (NONE, "a child of vfork"), (CLONE_SIGHAND, "with signal handlers")] {
        expect_eq!(expect_ok!(vfork(flags, times), "{what}")?, after, "{what}");
    }
    expect_eq!(child(NONE, times)?, [after[1]; 2], "a child of fork");
    holds()
}

/// The calling thread's time namespace, and the one of its children.
fn times() -> Outcome<[Inode; 2]> {
    Ok([own_inode(Kind::Time)?, inode_at("/proc/thread-self/ns/time_for_children")?])
}
