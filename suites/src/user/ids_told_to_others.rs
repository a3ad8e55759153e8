//! A user ID as other processes are told it, each in the IDs of its own user namespace: `user_namespaces(7)`, Unmapped
//! user and group IDs.

use kit::prelude::*;
use kit::process::{Inbox, NOBODY, as_user, become_user, map_self, status, user_namespace_with};
use kit::sys::mqueue::{nameless_queue, notify_by_signal};
use kit::sys::raw::kill;
use kit::sys::wait_uid::wait_for_uid;
use kit::sysctl::sysctl;
use nix::mqueue::mq_send;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, geteuid, getpid};

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    status_ids_in_readers_namespace,
    waitid_uid_overflow,
    signal_si_uid_translated,
    mq_notify_si_uid_translated_twice,
];

/// A process's IDs in /proc are those of the reader's user namespace: one process is somebody else for each reader.
#[claim(
    source = [
        "user_namespaces(7) Unmapped user and group IDs",
        "user_namespaces(7) DESCRIPTION",
        "Linux_name_space",
    ],
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn status_ids_in_readers_namespace() -> Verdict {
    let seen = spawn(NONE, |root| {
        become_user(NOBODY)?;
        let maps = Maps::own_as(7);
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        map_self(&maps)?;
        root.go()?;
        root.wait()
    })?;
    seen.recv::<()>()?;
    let pid = seen.pid();
    let ids = || -> Outcome<(u32, u32)> {
        let status = status(pid)?;
        Ok((status.euid, status.egid))
    };
    expect_eq!(ids()?, (NOBODY, NOBODY), "read outside");
    expect_eq!(enter(pid, &[Kind::User], ids)?, (7, 7), "read inside");
    let beside = |maps: &Maps| user_namespace_with(maps, NONE, |_| ids())?.join();
    expect_eq!(beside(&Maps::range(NOBODY, 1))?, (0, 0), "read where the same user is 0");
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    expect_eq!(beside(&Maps::range(NOBODY + 1, 5))?, overflow, "read where only others are mapped");
    expect_eq!(child(CLONE_NEWUSER, ids)?, overflow, "read where nobody is mapped");
    holds()
}

/// waitid() tells who a child was in the IDs of the caller's user namespace: the overflow ID, if he is not mapped.
#[claim(source = "user_namespaces(7) Unmapped user and group IDs", needs = [UserNamespaces])]
fn waitid_uid_overflow() -> Verdict {
    let overflow: u32 = sysctl("kernel/overflowuid")?;
    unprivileged(NONE, || {
        let told = || -> Outcome<u32> {
            let (_, pidfd) = spawn(NONE, |_| Ok(()))?.forget();
            wait_for_uid(&pidfd).doing("waitid")
        };
        let maps = Maps::own_as(7);
        expect_eq!(told()?, geteuid().as_raw(), "outside");
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        expect_eq!(told()?, overflow, "before the map");
        map_self(&maps)?;
        expect_eq!(told()?, 7, "after the map");
        holds()
    })
}

/// A signal names its sender by the user ID that he has in the receiver's user namespace, or by the overflow ID.
#[claim(
    source = "user_namespaces(7) Unmapped user and group IDs",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn signal_si_uid_translated() -> Verdict {
    let overflow: u32 = sysctl("kernel/overflowuid")?;
    let (upwards, beside, own) = as_user(NOBODY, NONE, || {
        let inbox = Inbox::of(&[Signal::SIGUSR1])?;
        let receiver = getpid();
        send_signal(receiver)?;
        let beside = inbox.next()?.ssi_uid;
        user_namespace(NONE, || send_signal(receiver))?;
        let upwards = inbox.next()?.ssi_uid;
        let own = user_namespace(NONE, || {
            let inbox = Inbox::of(&[Signal::SIGUSR1])?;
            let receiver = getpid();
            child(NONE, || send_signal(receiver))?;
            Ok(inbox.next()?.ssi_uid)
        })?;
        Ok((upwards, beside, own))
    })?;
    expect_eq!(beside, NOBODY, "from a process of the same namespace");
    expect_eq!(upwards, NOBODY, "from root of the namespace below, who is the same user");
    expect_eq!(own, 0, "within that namespace");
    for (sender, expected) in [(0, overflow), (NOBODY, 7)] {
        let receiver =
            user_namespace_with(&Maps { uid: lines(&[(7, NOBODY)]), ..Maps::range(0, 1) }, NONE, |outside| {
                let inbox = Inbox::of(&[Signal::SIGUSR1])?;
                nix::unistd::setuid(nix::unistd::Uid::from_raw(7)).doing("become user 7")?;
                outside.go()?;
                Ok(inbox.next()?.ssi_uid)
            })?;
        receiver.recv::<()>()?;
        let pid = receiver.pid();
        if sender == 0 {
            send_signal(pid)?
        } else {
            as_user(sender, NONE, || send_signal(pid))?
        }
        expect_eq!(receiver.join()?, expected, "in a namespace below, from user {sender} outside");
    }
    holds()
}

/// An mq_notify() signal's sender is translated from his namespace to the receiver's, and then so once more: a wrong ID.
///
/// `ipc/mqueue.c` does it, and so does the code that sends the signal: it takes the receiver's ID for the sender's own.
#[claim(
    source = [
        "user_namespaces(7) Unmapped user and group IDs",
        "mq_notify(3)",
        "ipc/mqueue.c __do_notify",
        "kernel/signal.c send_signal",
    ],
    needs = [Root, Config("USER_NS"), Config("POSIX_MQUEUE"), Behaviour(AT_THE_TOP)],
    erratum = "user_namespaces(7): a message queue's notification shows the sender's user ID as the overflow ID when it \
               is not mapped. It does so, too, or shows another one, where it is mapped.",
)]
fn mq_notify_si_uid_translated_twice() -> Verdict {
    let overflow: u32 = sysctl("kernel/overflowuid")?;
    let queue = nameless_queue().doing("make a message queue")?;
    let send = || mq_send(&queue, b"x", 0).doing("mq_send");
    let told = |send: &dyn Fn() -> Outcome<()>| -> Outcome<u32> {
        let inbox = Inbox::of(&[Signal::SIGUSR1])?;
        notify_by_signal(&queue, Signal::SIGUSR1).doing("mq_notify")?;
        send()?;
        let told = inbox.next()?.ssi_uid;
        nix::mqueue::mq_receive(&queue, &mut [0; 8192], &mut 0).doing("mq_receive")?;
        Ok(told)
    };
    expect_eq!(told(&|| as_user(NOBODY, NONE, send))?, NOBODY, "from a user of the same namespace");
    let from_below = |uid: Vec<IdMap>| {
        told(&|| {
            let maps = Maps { uid: uid.clone(), ..Maps::range(0, 1) };
            let sender = user_namespace_with(&maps, NONE, |_| {
                nix::unistd::setuid(nix::unistd::Uid::from_raw(0)).doing("become user 0")?;
                send()
            })?;
            sender.join()
        })
    };
    expect_eq!(from_below(lines(&[(0, NOBODY)]))?, overflow, "from root below, who is that user");
    let other = NOBODY + 9;
    let seen = from_below(lines(&[(0, NOBODY), (NOBODY, other)]))?;
    expect_eq!(seen, other, "from the same one, where {NOBODY} means {other}");
    holds()
}

/// Lines that map one user each: whom inside to whom outside.
fn lines(pairs: &[(u32, u32)]) -> Vec<IdMap> {
    pairs.iter().map(|&(inside, outside)| IdMap { inside, outside, count: 1 }).collect()
}

fn send_signal(to: Pid) -> Outcome<()> {
    kill(to, libc::SIGUSR1).doing("send a signal")
}
