//! The process that caused an event: the PIDs in SIGCHLD, in the signals of `mq_notify(3)`, in the notifications of
//! `seccomp(2)` and in the events of `fanotify(7)`.

use std::fs::File;

use kit::prelude::*;
use kit::process::Inbox;
use kit::sys::mqueue::{nameless_queue, notify_by_signal};
use kit::sys::seccomp::{answer, next_told, tell_of};
use nix::fcntl::AT_FDCWD;
use nix::mqueue::mq_send;
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, wait, waitid};
use nix::unistd::{getpid, getppid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    waitid_and_sigchld_pid_in_parents_numbering,
    mq_notify_pid_translated,
    seccomp_notification_pid_translated,
    fanotify_pid_translated,
];

/// SIGCHLD, waitid(2) and wait(2) report the end of a namespace's init by the PID that it has in its parent's PID
/// namespace.
#[claim(source = "pid_namespaces(7) Nesting PID namespaces", needs = [Root])]
fn waitid_and_sigchld_pid_in_parents_numbering() -> Verdict {
    let inbox = Inbox::of(&[Signal::SIGCHLD])?;
    let init = spawn(CLONE_NEWPID, |parent| parent.send(&getpid().as_raw()))?;
    expect_eq!(init.recv::<i32>()?, 1, "the number it has inside");
    let (pid, _pidfd) = init.forget();
    expect_eq!(inbox.next()?.ssi_pid, pid.as_raw() as u32, "si_pid of SIGCHLD");
    let left = waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).doing("waitid")?;
    expect_eq!(left.pid(), Some(pid), "si_pid of waitid()");
    expect_eq!(wait().doing("wait")?.pid(), Some(pid), "the value of wait()");
    holds()
}

/// The signal of mq_notify(3) carries the sender's PID in the PID namespace of the process that it notifies, and 0 if
/// it has none there.
#[claim(source = "mq_notify(3)", needs = [Root, Config("POSIX_MQUEUE")])]
fn mq_notify_pid_translated() -> Verdict {
    for flags in [NONE, CLONE_NEWPID] {
        let queue = nameless_queue().doing("make a message queue")?;
        let inbox = Inbox::of(&[Signal::SIGUSR1])?;
        notify_by_signal(&queue, Signal::SIGUSR1).doing("mq_notify")?;
        let sender = spawn(flags, |parent| {
            mq_send(&queue, b"x", 0).doing("mq_send")?;
            parent.wait()
        })?;
        let told = inbox.next()?;
        let expected = (libc::SI_MESGQ, sender.pid().as_raw() as u32);
        expect_eq!((told.ssi_code, told.ssi_pid), expected, "from a child made with {flags:?}");
        expect!(inbox.arrived()?.is_none(), "a second signal for one message, from a child made with {flags:?}");
    }
    for (flags, expected) in [(NONE, getpid().as_raw() as u32), (CLONE_NEWPID, 0)] {
        let queue = nameless_queue().doing("make a message queue")?;
        let receiver = spawn(flags, |parent| {
            let inbox = Inbox::of(&[Signal::SIGUSR1])?;
            notify_by_signal(&queue, Signal::SIGUSR1).doing("mq_notify")?;
            parent.go()?;
            let told = inbox.next()?;
            Ok((told.ssi_code, told.ssi_pid))
        })?;
        receiver.recv::<()>()?;
        mq_send(&queue, b"x", 0).doing("mq_send")?;
        expect_eq!(receiver.join()?, (libc::SI_MESGQ, expected), "in a child made with {flags:?}");
    }
    holds()
}

/// A notification of a seccomp filter carries the caller's PID in the PID namespace of its reader, and 0 if it has none there.
#[claim(source = ["seccomp(2)", "kernel/seccomp.c seccomp_notify_recv"], since = "5.0", needs = [Root, Config("SECCOMP_FILTER")])]
fn seccomp_notification_pid_translated() -> Verdict {
    for flags in [NONE, CLONE_NEWPID] {
        let caller = spawn(flags, |reader| {
            reader.send_fd(tell_of(libc::SYS_getppid).doing("install a filter")?)?;
            Ok((getppid().as_raw(), getppid().as_raw()))
        })?;
        let listener = caller.peer().recv_fd()?;
        let (id, told) = next_told(&listener).doing("read a notification")?;
        expect_eq!(told, caller.pid().as_raw() as u32, "of a child made with {flags:?}");
        answer(&listener, id, 77).doing("answer")?;
        let below = child(CLONE_NEWPID, || {
            let (id, told) = next_told(&listener).doing("read a notification")?;
            answer(&listener, id, 78).doing("answer")?;
            Ok(told)
        })?;
        expect_eq!(below, 0, "of a child made with {flags:?}, read in another namespace");
        expect_eq!(caller.join()?, (77, 78), "what the calls returned");
    }
    holds()
}

/// A fanotify(7) event carries the PID of the process that caused it in the reader's PID namespace, and 0 if it has
/// none there.
#[claim(source = "fanotify(7)", needs = [Root, Config("FANOTIFY")])]
fn fanotify_pid_translated() -> Verdict {
    for flags in [NONE, CLONE_NEWPID] {
        let watch = watched_file()?;
        let opener = spawn(flags, |parent| {
            open_watched()?;
            parent.go()?;
            parent.wait()
        })?;
        opener.recv::<()>()?;
        expect_eq!(causes(&watch)?, [opener.pid().as_raw()], "opened by a child made with {flags:?}");
    }
    for (flags, expected) in [(NONE, getpid().as_raw()), (CLONE_NEWPID, 0)] {
        let watch = watched_file()?;
        let reader = spawn(flags, |parent| {
            parent.wait()?;
            let ours = causes(&watch)?;
            open_watched()?;
            expect_eq!(causes(&watch)?, [getpid().as_raw()], "opened by the reader, made with {flags:?}");
            Ok(ours)
        })?;
        open_watched()?;
        reader.go()?;
        expect_eq!(reader.join()?, [expected], "read by a child made with {flags:?}");
    }
    holds()
}

const WATCHED: &str = "/tmp/watched";

/// A group of `fanotify(7)` that watches for opening of the file [`WATCHED`].
fn watched_file() -> Outcome<Fanotify> {
    File::create(WATCHED).doing("create the file to watch")?;
    let flags = InitFlags::FAN_CLASS_NOTIF | InitFlags::FAN_CLOEXEC | InitFlags::FAN_NONBLOCK;
    let group = Fanotify::init(flags, EventFFlags::O_RDONLY | EventFFlags::O_CLOEXEC).doing("fanotify_init")?;
    group.mark(MarkFlags::FAN_MARK_ADD, MaskFlags::FAN_OPEN, AT_FDCWD, Some(WATCHED)).doing("fanotify_mark")?;
    Ok(group)
}

fn open_watched() -> Outcome<()> {
    File::open(WATCHED).doing("open the watched file").map(drop)
}

/// The PIDs of the events that wait in a group.
fn causes(watch: &Fanotify) -> Outcome<Vec<i32>> {
    Ok(watch.read_events().doing("read the events")?.iter().map(|event| event.pid()).collect())
}
