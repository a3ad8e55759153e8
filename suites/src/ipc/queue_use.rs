//! What a POSIX queue does with messages, names and descriptors in any IPC namespace: `mq_overview(7)`.

use std::os::fd::{AsFd, BorrowedFd};

use kit::prelude::*;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_getattr, mq_receive, mq_send, mq_setattr};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::queues::{create, create_of, open, receive, send};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    queue_gives_the_highest_priority_first,
    queue_priorities_end_at_32767,
    queue_names_have_no_slash_and_255_characters,
    queue_descriptor_can_be_polled,
    queue_descriptor_is_closed_on_exec,
    queue_flags_are_shared_after_fork,
];

/// mq_receive() takes the oldest message of the highest priority, also of messages that several processes have sent.
#[claim(source = ["mq_overview(7)", "mq_send(3)"], needs = [Root, Config("POSIX_MQUEUE")])]
fn queue_gives_the_highest_priority_first() -> Verdict {
    let queue = create("/queue").doing("mq_open")?;
    for (text, priority) in [("low", 1), ("high", 9), ("middle", 5), ("high too", 9)] {
        child(NONE, || mq_send(&queue, text.as_bytes(), priority).doing("mq_send"))?;
    }
    for (text, priority) in [("high", 9), ("high too", 9), ("middle", 5), ("low", 1)] {
        let (mut buffer, mut seen) = ([0; 64], 0);
        let length = expect_ok!(mq_receive(&queue, &mut buffer, &mut seen));
        expect_eq!((&buffer[..length], seen), (text.as_bytes(), priority));
    }
    expect_errno!(receive(&queue), EAGAIN, "after all were received");
    holds()
}

/// A message's priority is 0 to 32767; mq_send() with a higher one fails with EINVAL.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE")])]
fn queue_priorities_end_at_32767() -> Verdict {
    let queue = create("/queue").doing("mq_open")?;
    for priority in [0, 32767] {
        expect_ok!(mq_send(&queue, b"text", priority), "{priority}");
    }
    for priority in [32768, u32::MAX] {
        expect_errno!(mq_send(&queue, b"text", priority), EINVAL, "{priority}");
    }
    expect_eq!(mq_getattr(&queue)?.curmsgs(), 2, "messages in the queue");
    holds()
}

/// mq_open() with a name that has a slash inside fails with EACCES, with more than 255 characters with ENAMETOOLONG.
#[claim(source = ["mq_overview(7)", "mq_open(3) ERRORS"], needs = [Root, Config("POSIX_MQUEUE")])]
fn queue_names_have_no_slash_and_255_characters() -> Verdict {
    let name = |length| format!("/{}", "n".repeat(length));
    expect_errno!(create("/a/b"), EACCES);
    expect_ok!(create("/ab"), "without the slash");
    expect_errno!(create(&name(256)), ENAMETOOLONG);
    expect_ok!(create(&name(255)));
    expect_ok!(open(&name(255)));
    holds()
}

/// poll() on a queue's descriptor tells POLLIN while there is a message and POLLOUT while there is room.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE")])]
fn queue_descriptor_can_be_polled() -> Verdict {
    let queue = create_of("/queue", 2, 16).doing("mq_open")?;
    expect_eq!(events(&queue)?, PollFlags::POLLOUT, "empty");
    send(&queue, "one").doing("mq_send")?;
    expect_eq!(events(&queue)?, PollFlags::POLLIN | PollFlags::POLLOUT, "half full");
    send(&queue, "two").doing("mq_send")?;
    expect_eq!(events(&queue)?, PollFlags::POLLIN, "full");
    holds()
}

/// A queue's descriptor is closed on execve() though mq_open() was not asked for that.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE")])]
fn queue_descriptor_is_closed_on_exec() -> Verdict {
    let queue = create("/queue").doing("mq_open")?;
    let flags = |fd| fcntl(fd, FcntlArg::F_GETFD).map(FdFlag::from_bits_retain);
    expect_eq!(flags(descriptor(&queue))?, FdFlag::FD_CLOEXEC);
    let file = rustix::fs::open("/proc/self/status", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty())?;
    expect_eq!(flags(file.as_fd())?, FdFlag::empty(), "of another file that was opened without");
    holds()
}

/// A queue descriptor's O_NONBLOCK is shared with the children that inherit it, not with a descriptor opened anew.
#[claim(source = ["mq_overview(7)", "mq_getattr(3)"], needs = [Root, Config("POSIX_MQUEUE")])]
fn queue_flags_are_shared_after_fork() -> Verdict {
    let queue = create("/queue").doing("mq_open")?;
    let opened = open("/queue").doing("mq_open")?;
    let nonblocking = i64::from(MQ_OFlag::O_NONBLOCK.bits());
    expect_eq!(mq_getattr(&queue)?.flags(), nonblocking, "before");
    child(NONE, || {
        expect_eq!(mq_getattr(&queue)?.flags(), nonblocking, "in a child");
        mq_setattr(&queue, &MqAttr::new(0, 0, 0, 0))?;
        Ok(())
    })?;
    expect_eq!(mq_getattr(&queue)?.flags(), 0, "after a child has cleared it");
    expect_eq!(mq_getattr(&opened)?.flags(), nonblocking, "of another descriptor");
    holds()
}

fn descriptor(queue: &MqdT) -> BorrowedFd<'_> {
    queue.as_fd()
}

/// What there is to do with a queue without waiting.
fn events(queue: &MqdT) -> Outcome<PollFlags> {
    let mut sources = [PollFd::new(descriptor(queue), PollFlags::POLLIN | PollFlags::POLLOUT)];
    poll(&mut sources, PollTimeout::ZERO)?;
    Ok(sources[0].revents().unwrap_or(PollFlags::empty()))
}
