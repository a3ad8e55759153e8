//! A process's user ID as other processes are told it, in the terms of their user namespaces: `user_namespaces(7)`,
//! Unmapped user and group IDs.

use std::fs::File;
use std::io::BufReader;

use kit::prelude::*;
use kit::process::{Inbox, NOBODY, as_user, become_user, map_self, user_namespace_with};
use kit::sys::mqueue::{nameless_queue, notify_by_signal};
use kit::sys::raw::kill;
use kit::sys::wait_uid::wait_for_uid;
use kit::sysctl::sysctl;
use nix::mqueue::mq_send;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, geteuid, getpid};
use procfs::FromBufRead;
use procfs::process::Status;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    status_ids_in_openers_namespace,
    waitid_uid_overflow,
    signal_si_uid_translated,
    mq_notify_si_uid_translated_twice,
];

/// `/proc/PID/status` shows a process's IDs as they are in the user namespace of the process that opened the file.
#[claim(
    source = [
        "user_namespaces(7) Unmapped user and group IDs",
        "user_namespaces(7) DESCRIPTION",
        "Linux_name_space",
    ],
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
)]
fn status_ids_in_openers_namespace() -> Verdict {
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
    let open = || File::open(format!("/proc/{pid}/status")).doing("open a status file");
    let read = |file: File| -> Outcome<(u32, u32)> {
        let status = Status::from_buf_read(BufReader::new(file)).doing("understand a status file")?;
        Ok((status.euid, status.egid))
    };
    let ids = || read(open()?);
    expect_eq!(ids()?, (NOBODY, NOBODY), "opened outside");
    expect_eq!(enter(pid, &[Kind::User], ids)?, (7, 7), "opened inside");
    let beside = |maps: &Maps| user_namespace_with(maps, NONE, |_| ids())?.join();
    expect_eq!(beside(&Maps::range(NOBODY, 1))?, (0, 0), "opened where the same user is 0");
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    expect_eq!(beside(&Maps::range(NOBODY + 1, 5))?, overflow, "opened where only others are mapped");
    expect_eq!(child(CLONE_NEWUSER, ids)?, overflow, "opened where no user is mapped");
    let opened_outside = open()?;
    expect_eq!(enter(pid, &[Kind::User], || read(opened_outside))?, (NOBODY, NOBODY), "opened outside, read inside");
    holds()
}

/// waitid() tells a child's user ID as it is in the caller's user namespace, and the overflow ID if it is not mapped there.
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
        let (_, below) = user_namespace_with(&Maps::own_as(3), NONE, |_| Ok(()))?.forget();
        expect_eq!(
            wait_for_uid(&below).doing("waitid")?,
            7,
            "of a child in a user namespace below, where it is user 3"
        );
        holds()
    })
}

/// A signal tells its sender's user ID as it is in the receiver's user namespace, and the overflow ID if it is not mapped
/// there.
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
    expect_eq!(upwards, NOBODY, "from root of the namespace below, which is the same user");
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

/// The sender's user ID in an mq_notify() signal is translated to the receiver's user namespace twice, and so is wrong.
///
/// `ipc/mqueue.c` translates it, and then the code that sends the signal does so again, as if the result were an ID of the
/// sender's user namespace.
#[claim(
    source = [
        "user_namespaces(7) Unmapped user and group IDs",
        "mq_notify(3)",
        "ipc/mqueue.c __do_notify",
        "kernel/signal.c send_signal",
    ],
    needs = [Root, Config("USER_NS"), Config("POSIX_MQUEUE"), Behaviour(AT_THE_TOP)],
    erratum = "user_namespaces(7), Unmapped user and group IDs: a message queue's notification shows the sender's user ID \
               as the overflow ID when it is not mapped.",
    quote = "credentials returned with POSIX message queue notifications",
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
    expect_eq!(from_below(lines(&[(0, NOBODY)]))?, overflow, "from root below, which is that user");
    let other = NOBODY + 9;
    let seen = from_below(lines(&[(0, NOBODY), (NOBODY, other)]))?;
    expect_eq!(seen, other, "from the same one, where {NOBODY} means {other}");
    holds()
}

/// Lines that map one user each: the one inside to the one outside.
fn lines(pairs: &[(u32, u32)]) -> Vec<IdMap> {
    pairs.iter().map(|&(inside, outside)| IdMap { inside, outside, count: 1 }).collect()
}

fn send_signal(to: Pid) -> Outcome<()> {
    kill(to, libc::SIGUSR1).doing("send a signal")
}
