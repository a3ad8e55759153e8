//! Resource limits of users in sibling user namespaces: RLIMIT_NPROC, RLIMIT_SIGPENDING and
//! RLIMIT_MSGQUEUE of `getrlimit(2)`.

use kit::prelude::*;
use kit::process::{become_user, container_with};
use kit::sys::mqueue::nameless_queue;
use kit::sys::sending::{Told, Way};
use kit::sys::signals;
use kit::sys::sysv::{shm_create, shm_lock};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::getpid;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    rlimit_nproc_of_siblings_is_counted_apart,
    rlimit_nproc_of_siblings_was_counted_together,
    rlimit_sigpending_of_siblings_is_counted_apart,
    rlimit_sigpending_of_siblings_was_counted_together,
    rlimit_msgqueue_of_siblings_is_counted_apart,
    rlimit_msgqueue_of_siblings_was_counted_together,
    rlimit_memlock_of_siblings_is_counted_apart,
    rlimit_memlock_of_siblings_was_counted_together,
];

/// RLIMIT_NPROC counts a user's processes in each user namespace by themselves: what the same user has in a sibling does not count.
#[claim(
    source = ["kernel/ucount.c inc_rlimit_ucounts", "getrlimit(2) RLIMIT_NPROC"],
    since = "5.14",
    replaces = "rlimit_nproc_of_siblings_was_counted_together",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_nproc_of_siblings_is_counted_apart() -> Verdict {
    let (first, second) = in_two_siblings(Resource::RLIMIT_NPROC, 2, processes)?;
    expect_eq!((first, second), ([true, false], [true, false]), "the second process and the third, in each");
    holds()
}

/// RLIMIT_NPROC counts the processes that a user has in all user namespaces together.
#[claim(
    source = ["kernel/fork.c copy_process", "getrlimit(2) RLIMIT_NPROC"],
    until = "5.14",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_nproc_of_siblings_was_counted_together() -> Verdict {
    let (first, second) = in_two_siblings(Resource::RLIMIT_NPROC, 2, processes)?;
    expect_eq!((first, second), ([true, false], [false, false]), "the second process and the third, in each");
    holds()
}

/// RLIMIT_SIGPENDING counts a user's queued signals in each user namespace by themselves: those of a sibling do not count.
#[claim(
    source = ["kernel/ucount.c inc_rlimit_get_ucounts", "getrlimit(2) RLIMIT_SIGPENDING"],
    since = "5.14",
    replaces = "rlimit_sigpending_of_siblings_was_counted_together",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_sigpending_of_siblings_is_counted_apart() -> Verdict {
    let (first, second) = in_two_siblings(Resource::RLIMIT_SIGPENDING, 1, queued_signals)?;
    expect_eq!((first, second), ([true, false], [true, false]), "the first signal and the second, in each");
    holds()
}

/// RLIMIT_SIGPENDING counts the signals that are queued for a user in all user namespaces together.
#[claim(
    source = ["kernel/signal.c", "getrlimit(2) RLIMIT_SIGPENDING"],
    until = "5.14",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn rlimit_sigpending_of_siblings_was_counted_together() -> Verdict {
    let (first, second) = in_two_siblings(Resource::RLIMIT_SIGPENDING, 1, queued_signals)?;
    expect_eq!((first, second), ([true, false], [false, false]), "the first signal and the second, in each");
    holds()
}

/// RLIMIT_MSGQUEUE counts a user's message queues in each user namespace by themselves: those of a sibling do not count.
#[claim(
    source = ["ipc/mqueue.c mqueue_get_inode", "getrlimit(2) RLIMIT_MSGQUEUE"],
    since = "5.14",
    replaces = "rlimit_msgqueue_of_siblings_was_counted_together",
    needs = [Root, UserNamespaces, Config("POSIX_MQUEUE"), Behaviour(AT_THE_TOP)],
)]
fn rlimit_msgqueue_of_siblings_is_counted_apart() -> Verdict {
    let (first, second) = in_two_siblings(Resource::RLIMIT_MSGQUEUE, ONE_QUEUE, queues)?;
    expect_eq!((first, second), ([true, false], [true, false]), "the first queue and the second, in each");
    holds()
}

/// RLIMIT_MSGQUEUE counts the message queues that a user has in all user namespaces together.
#[claim(
    source = ["ipc/mqueue.c mqueue_get_inode", "getrlimit(2) RLIMIT_MSGQUEUE"],
    until = "5.14",
    needs = [Root, UserNamespaces, Config("POSIX_MQUEUE"), Behaviour(AT_THE_TOP)],
)]
fn rlimit_msgqueue_of_siblings_was_counted_together() -> Verdict {
    let (first, second) = in_two_siblings(Resource::RLIMIT_MSGQUEUE, ONE_QUEUE, queues)?;
    expect_eq!((first, second), ([true, false], [false, false]), "the first queue and the second, in each");
    holds()
}

/// RLIMIT_MEMLOCK counts the shared memory that a user has locked in each user namespace by themselves.
#[claim(
    source = ["mm/mlock.c user_shm_lock", "getrlimit(2) RLIMIT_MEMLOCK"],
    since = "5.14",
    replaces = "rlimit_memlock_of_siblings_was_counted_together",
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Behaviour(AT_THE_TOP)],
)]
fn rlimit_memlock_of_siblings_is_counted_apart() -> Verdict {
    let (first, second) = in_two_siblings(Resource::RLIMIT_MEMLOCK, 4096, locked_segments)?;
    expect_eq!((first, second), ([true, false], [true, false]), "the first page and the second, in each");
    holds()
}

/// RLIMIT_MEMLOCK counts the shared memory that a user has locked in all user namespaces together.
#[claim(
    source = ["mm/mlock.c user_shm_lock", "getrlimit(2) RLIMIT_MEMLOCK"],
    until = "5.14",
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Behaviour(AT_THE_TOP)],
)]
fn rlimit_memlock_of_siblings_was_counted_together() -> Verdict {
    let (first, second) = in_two_siblings(Resource::RLIMIT_MEMLOCK, 4096, locked_segments)?;
    expect_eq!((first, second), ([true, false], [false, false]), "the first page and the second, in each");
    holds()
}

/// Room for one queue with the default of ten messages of 8192 bytes, and not for two.
const ONE_QUEUE: u64 = 120_000;

/// Whether the same user of two sibling user namespaces gets one more of something and then another one, under this limit. What
/// it has in the first stays while it is asked in the second.
fn in_two_siblings(
    resource: Resource,
    most: u64,
    take: fn(&Peer) -> Outcome<[bool; 2]>,
) -> Outcome<([bool; 2], [bool; 2])> {
    let maps = Maps::range(lone_user()?, 10);
    let sibling = || {
        container_with(&maps, CLONE_NEWIPC, |outside| {
            become_user(5)?;
            limit(resource, most)?;
            let answers = take(outside)?;
            outside.send(&answers)?;
            outside.wait()
        })
    };
    let first = sibling()?;
    let one = first.recv()?;
    let two = sibling()?.recv()?;
    Ok((one, two))
}

/// Two children, one after the other, that live on.
fn processes(_: &Peer) -> Outcome<[bool; 2]> {
    let start = || Spawn::new(NONE).try_start(|parent| -> Outcome<()> { parent.wait() });
    let first = start()?;
    let second = start()?;
    let answers = [first.is_ok(), second.is_ok()];
    // They live as long as their parent.
    for process in [first, second].into_iter().flatten() {
        kit::sys::raw::pidfd_send_signal(process.pidfd(), 0).doing("find the child alive")?;
        process.forget();
    }
    Ok(answers)
}

/// Two signals that the caller queues for itself, and that stay queued.
fn queued_signals(_: &Peer) -> Outcome<[bool; 2]> {
    const REALTIME: i32 = 40;
    signals::block(REALTIME)?;
    let told = Told { code: libc::SI_QUEUE, pid: 0, uid: 0 };
    let queue = || Way::Queue(told).send(getpid(), REALTIME).is_ok();
    Ok([queue(), queue()])
}

/// Two message queues, which stay open: nothing closes them before the process ends.
fn queues(_: &Peer) -> Outcome<[bool; 2]> {
    Ok([nameless_queue().is_ok(), nameless_queue().is_ok()])
}

/// Two pages of shared memory, that stay locked as long as their IPC namespace.
fn locked_segments(_: &Peer) -> Outcome<[bool; 2]> {
    let lock = || Ok::<_, Failure>(shm_lock(shm_create().doing("make a segment")?).is_ok());
    Ok([lock()?, lock()?])
}

/// A user that has no process anywhere on this machine: the limits count those of cases beside this one, too.
pub(super) fn lone_user() -> Outcome<u32> {
    const FIRST: u64 = 0x4000_0000;
    // No two mount namespaces have the same number.
    Ok((FIRST + own_inode(Kind::Mnt)? * 200 % FIRST) as u32)
}

/// Sets a limit of the caller's, for good.
pub(super) fn limit(resource: Resource, most: u64) -> Outcome<()> {
    setrlimit(resource, most, most).doing(format!("set {resource:?}"))
}
