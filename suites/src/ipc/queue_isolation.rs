//! Who finds and uses which POSIX message queue: `ipc_namespaces(7)` DESCRIPTION, `mq_overview(7)`.

use std::os::fd::AsFd;

use kit::lifetime::{file_from_inside, goes_in_spite_of};
use kit::prelude::*;
use nix::mqueue::mq_unlink;

use super::queues::{create, open, receive, send};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    queue_names_are_found_by_members_only,
    queue_name_can_be_made_in_each_ipc,
    queue_messages_stay_in_their_ipc,
    queue_is_unlinked_in_its_ipc_only,
    queue_descriptor_works_after_unshare,
    queue_outlives_its_creator,
    unlinked_queue_works_while_it_is_open,
    ipc_goes_though_a_queue_is_open,
];

/// A POSIX queue is opened by name by the processes of its IPC namespace; in a new one mq_open() fails with ENOENT.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "mq_open(3) ERRORS"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn queue_names_are_found_by_members_only() -> Verdict {
    create("/ours").doing("mq_open")?;
    child(NONE, || {
        expect_ok!(open("/ours"), "by a child");
        unshare(CLONE_NEWIPC)?;
        expect_errno!(open("/ours"), ENOENT, "after unshare(CLONE_NEWIPC)");
        Ok(())
    })?;
    let apart = spawn(CLONE_NEWIPC, |case| {
        expect_errno!(open("/ours"), ENOENT, "by a child made with CLONE_NEWIPC");
        create("/theirs").doing("mq_open")?;
        expect_ok!(open("/theirs"));
        case.go()?;
        case.wait()
    })?;
    apart.recv::<()>()?;
    expect_errno!(open("/theirs"), ENOENT, "of a child made with CLONE_NEWIPC");
    enter(apart.pid(), &[Kind::Ipc], || {
        expect_ok!(open("/theirs"), "by a process that has joined");
        expect_errno!(open("/ours"), ENOENT, "by a process that has joined");
        Ok(())
    })?;
    holds()
}

/// A POSIX queue's name can be made with O_CREAT and O_EXCL in each IPC namespace; again in the same one it fails with
/// EEXIST.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "mq_open(3) ERRORS"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn queue_name_can_be_made_in_each_ipc() -> Verdict {
    create("/queue").doing("mq_open")?;
    expect_errno!(create("/queue"), EEXIST);
    child(NONE, || {
        expect_errno!(create("/queue"), EEXIST, "by a child");
        Ok(())
    })?;
    for flags in [CLONE_NEWIPC, NONE] {
        child(flags, || {
            if flags == NONE {
                unshare(CLONE_NEWIPC)?;
            }
            expect_ok!(create("/queue"), "in a new namespace");
            expect_errno!(create("/queue"), EEXIST, "again in the new namespace");
            Ok(())
        })?;
    }
    holds()
}

/// A message that is sent to a POSIX queue is not received from the queue of the same name in another IPC namespace.
#[claim(source = "ipc_namespaces(7) DESCRIPTION", needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")])]
fn queue_messages_stay_in_their_ipc() -> Verdict {
    let queue = create("/queue").doing("mq_open")?;
    child(NONE, || send(&open("/queue")?, "ours").doing("mq_send"))?;
    child(CLONE_NEWIPC, || {
        let apart = create("/queue").doing("mq_open")?;
        expect_errno!(receive(&apart), EAGAIN, "before anything is sent there");
        send(&apart, "theirs").doing("mq_send")?;
        expect_eq!(expect_ok!(receive(&apart)), "theirs");
        send(&apart, "theirs").doing("mq_send")
    })?;
    expect_eq!(expect_ok!(receive(&queue)), "ours");
    expect_errno!(receive(&queue), EAGAIN, "after the only message");
    holds()
}

/// mq_unlink() of a name that only another IPC namespace has fails with ENOENT; of one that both have, it removes the
/// caller's.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "mq_unlink(3)"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn queue_is_unlinked_in_its_ipc_only() -> Verdict {
    create("/queue").doing("mq_open")?;
    child(CLONE_NEWIPC, || {
        expect_errno!(mq_unlink("/queue"), ENOENT, "that only the other namespace has");
        create("/queue").doing("mq_open")?;
        expect_ok!(mq_unlink("/queue"), "that both have");
        expect_errno!(open("/queue"), ENOENT, "where it was unlinked");
        Ok(())
    })?;
    expect_ok!(open("/queue"), "in the other namespace");
    child(NONE, || {
        expect_ok!(mq_unlink("/queue"));
        Ok(())
    })?;
    expect_errno!(open("/queue"), ENOENT, "unlinked in the same namespace");
    holds()
}

/// An open POSIX queue descriptor still refers to the same queue, for sending and receiving, after
/// unshare(CLONE_NEWIPC).
#[claim(
    source = ["mq_overview(7)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn queue_descriptor_works_after_unshare() -> Verdict {
    let queue = create("/queue").doing("mq_open")?;
    send(&queue, "in").doing("mq_send")?;
    child(NONE, || {
        unshare(CLONE_NEWIPC)?;
        expect_errno!(open("/queue"), ENOENT, "by its name");
        expect_errno!(mq_unlink("/queue"), ENOENT, "by its name");
        // Another one of this name is not what the descriptor refers to.
        create("/queue").doing("mq_open")?;
        expect_eq!(expect_ok!(receive(&queue)), "in");
        expect_ok!(send(&queue, "out"));
        Ok(())
    })?;
    expect_eq!(expect_ok!(receive(&open("/queue")?)), "out");
    holds()
}

/// A POSIX queue and its messages outlive the process that made them, in an IPC namespace that lives on.
#[claim(source = "mq_overview(7)", needs = [Root, Config("POSIX_MQUEUE")])]
fn queue_outlives_its_creator() -> Verdict {
    child(NONE, || send(&create("/queue").doing("mq_open")?, "left").doing("mq_send"))?;
    expect_eq!(expect_ok!(receive(&expect_ok!(open("/queue")))), "left");
    mq_unlink("/queue")?;
    expect_errno!(open("/queue"), ENOENT, "after mq_unlink()");
    holds()
}

/// After mq_unlink() a POSIX queue's name is gone at once, and open descriptors still send and receive.
#[claim(source = "mq_unlink(3)", needs = [Root, Config("POSIX_MQUEUE")])]
fn unlinked_queue_works_while_it_is_open() -> Verdict {
    let queue = create("/queue").doing("mq_open")?;
    expect_ok!(open("/queue"), "before");
    mq_unlink("/queue")?;
    expect_errno!(open("/queue"), ENOENT);
    let next = expect_ok!(create("/queue"), "another one of the same name");
    expect_ok!(send(&queue, "unlinked"));
    expect_errno!(receive(&next), EAGAIN, "from the other one");
    expect_eq!(expect_ok!(receive(&queue)), "unlinked");
    holds()
}

/// An open POSIX queue does not keep its IPC namespace, which goes with its last process.
#[claim(
    source = ["mq_overview(7)", "namespaces(7) Namespace lifetime"],
    needs = [Root, UserNamespaces, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn ipc_goes_though_a_queue_is_open() -> Verdict {
    goes_in_spite_of(Kind::Ipc, |_| {
        file_from_inside(CLONE_NEWIPC, || {
            let queue = create("/queue").doing("mq_open")?;
            send(&queue, "a message").doing("mq_send")?;
            Ok(queue.as_fd().try_clone_to_owned()?)
        })
    })
}
