//! Who finds and uses which System V object: `ipc_namespaces(7)` DESCRIPTION.

use kit::eventually;
use kit::prelude::*;
use kit::sys::sysv::{sem_set, shm_touch};
use kit::sys::sysv_keys::{Attached, msg_receive_text, msg_send_text, sem_add_times};
use procfs::process::Process;

use super::objects::{KEY, NEW, Object};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    sysv_keys_are_found_by_members_only,
    sysv_objects_of_a_new_ipc_are_not_found_outside,
    sysv_objects_are_found_after_joining,
    sysv_key_can_be_made_in_each_ipc,
    sysv_segments_of_one_key_share_nothing,
    sysv_messages_stay_in_their_ipc,
    sysv_ids_are_invalid_elsewhere,
    sysv_ids_start_at_zero,
    sysv_removal_stays_in_its_ipc,
    sysv_receiver_is_not_woken_from_elsewhere,
];

/// The processes of an IPC namespace find each other's System V objects by their keys; in a new one the calls fail with
/// ENOENT.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "clone(2) CLONE_NEWIPC", "unshare(2) CLONE_NEWIPC"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysv_keys_are_found_by_members_only() -> Verdict {
    for object in Object::ALL {
        let id = object.make(KEY)?;
        child(NONE, || {
            expect_eq!(expect_ok!(object.find(KEY), "{object:?}"), id, "{object:?} by a child");
            unshare(CLONE_NEWIPC)?;
            expect_errno!(object.find(KEY), ENOENT, "{object:?}, after unshare(CLONE_NEWIPC)");
            Ok(())
        })?;
        child(CLONE_NEWIPC, || {
            expect_errno!(object.find(KEY), ENOENT, "{object:?}, by a child made with CLONE_NEWIPC");
            Ok(())
        })?;
        // Made by another process than the one that looks, this time.
        let made_by_child = child(NONE, || object.make(KEY + 1))?;
        expect_eq!(expect_ok!(object.find(KEY + 1), "{object:?} of a child"), made_by_child);
    }
    holds()
}

/// System V objects made in a new IPC namespace are not found in the one that its creator came from: ENOENT.
#[claim(source = "ipc_namespaces(7) DESCRIPTION", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_objects_of_a_new_ipc_are_not_found_outside() -> Verdict {
    for object in Object::ALL {
        for (key, flags) in [(KEY, NONE), (KEY + 1, CLONE_NEWIPC)] {
            let maker = spawn(flags, |case| {
                let id = object.make(key)?;
                expect_eq!(expect_ok!(object.find(key), "{object:?}, by its maker"), id);
                case.go()?;
                case.wait()
            })?;
            maker.recv::<()>()?;
            if flags == NONE {
                expect_ok!(object.find(key), "{object:?} of a child made without flags");
            } else {
                expect_errno!(object.find(key), ENOENT, "{object:?} of a child made with CLONE_NEWIPC");
            }
        }
    }
    holds()
}

/// A process that joins an IPC namespace by its file or by a pidfd finds the System V objects there, and no longer
/// those it left.
#[claim(
    source = ["setns(2) DESCRIPTION", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysv_objects_are_found_after_joining() -> Verdict {
    let (ours, theirs) = (KEY, KEY + 1);
    for object in Object::ALL {
        object.make(ours)?;
    }
    let member = spawn(CLONE_NEWIPC, |case| {
        for object in Object::ALL {
            object.make(theirs)?;
        }
        case.go()?;
        case.wait()
    })?;
    member.recv::<()>()?;
    let expect_only = |found: i32, missing: i32| {
        for object in Object::ALL {
            expect_ok!(object.find(found), "{object:?}");
            expect_errno!(object.find(missing), ENOENT, "{object:?}");
        }
        Ok(())
    };
    let file = member.namespace(Kind::Ipc)?;
    for (what, joined) in [("its file", file.fd()), ("a pidfd", member.pidfd())] {
        child(NONE, || {
            expect_only(ours, theirs)?;
            expect_ok!(setns(joined, CLONE_NEWIPC), "by {what}");
            expect_only(theirs, ours)
        })?;
    }
    expect_only(ours, theirs)?;
    holds()
}

/// A System V key can be made with IPC_CREAT and IPC_EXCL in each IPC namespace; a second time in the same one it fails
/// with EEXIST.
#[claim(source = "ipc_namespaces(7) DESCRIPTION", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_key_can_be_made_in_each_ipc() -> Verdict {
    for object in Object::ALL {
        object.make(KEY)?;
        expect_errno!(object.get(KEY, NEW), EEXIST, "{object:?}, again");
        child(CLONE_NEWIPC, || {
            expect_ok!(object.get(KEY, NEW), "{object:?}, in a new namespace");
            expect_errno!(object.get(KEY, NEW), EEXIST, "{object:?}, again in the new namespace");
            Ok(())
        })?;
    }
    holds()
}

/// Shared memory segments that have the same key and ID in two IPC namespaces do not share their memory.
#[claim(source = "ipc_namespaces(7) DESCRIPTION", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_segments_of_one_key_share_nothing() -> Verdict {
    let segment = Object::Segment.make(KEY)?;
    let memory = Attached::new(segment).doing("shmat")?;
    memory.set_byte(1);
    child(CLONE_NEWIPC, || {
        let apart = Object::Segment.make(KEY)?;
        expect_eq!(apart, segment, "the ID");
        let memory = Attached::new(apart).doing("shmat")?;
        expect_eq!(memory.byte(), 0, "in a new segment");
        memory.set_byte(2);
        Ok(())
    })?;
    expect_eq!(memory.byte(), 1, "after another byte was written in the other namespace");
    child(NONE, || {
        Attached::new(Object::Segment.find(KEY)?).doing("shmat")?.set_byte(3);
        Ok(())
    })?;
    expect_eq!(memory.byte(), 3, "after another byte was written in the same namespace");
    holds()
}

/// A message that is sent to a System V queue is received by processes of the same IPC namespace, not from the same key
/// elsewhere.
#[claim(source = "ipc_namespaces(7) DESCRIPTION", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_messages_stay_in_their_ipc() -> Verdict {
    let queue = Object::Queue.make(KEY)?;
    child(NONE, || msg_send_text(queue, b"ours").doing("msgsnd"))?;
    child(CLONE_NEWIPC, || {
        let apart = Object::Queue.make(KEY)?;
        expect_eq!(apart, queue, "the ID");
        expect_errno!(msg_receive_text(apart, libc::IPC_NOWAIT), ENOMSG, "before anything is sent there");
        msg_send_text(apart, b"theirs").doing("msgsnd")?;
        expect_eq!(expect_ok!(msg_receive_text(apart, libc::IPC_NOWAIT)), b"theirs");
        msg_send_text(apart, b"theirs").doing("msgsnd")
    })?;
    expect_eq!(expect_ok!(msg_receive_text(queue, libc::IPC_NOWAIT)), b"ours");
    expect_errno!(msg_receive_text(queue, libc::IPC_NOWAIT), ENOMSG, "after the only message");
    holds()
}

/// An identifier of a System V object is invalid in another IPC namespace that has no such object: each call fails with
/// EINVAL.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "shmop(2)", "msgop(2)", "semop(2)"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysv_ids_are_invalid_elsewhere() -> Verdict {
    let [segment, queue, set] = [Object::Segment.make(KEY)?, Object::Queue.make(KEY)?, Object::Set.make(KEY)?];
    msg_send_text(queue, b"one").doing("msgsnd")?;
    let calls = || {
        [
            ("shmctl(IPC_STAT)", Object::Segment.stat(segment)),
            ("shmat", shm_touch(segment)),
            ("msgctl(IPC_STAT)", Object::Queue.stat(queue)),
            ("msgsnd", msg_send_text(queue, b"another")),
            ("msgrcv", msg_receive_text(queue, libc::IPC_NOWAIT).map(drop)),
            ("semctl(IPC_STAT)", Object::Set.stat(set)),
            ("semctl(SETVAL)", sem_set(set, 1)),
            ("semop", sem_add_times(set, 1)),
        ]
    };
    child(CLONE_NEWIPC, || {
        for (call, answer) in calls() {
            expect_errno!(answer, EINVAL, "{call}");
        }
        for object in Object::ALL {
            object.make(KEY)?;
        }
        for (call, answer) in calls() {
            expect_ok!(answer, "{call}, once there are objects of these numbers");
        }
        Ok(())
    })?;
    for (call, answer) in calls() {
        expect_ok!(answer, "{call}, where the objects are");
    }
    holds()
}

/// In a new IPC namespace the first identifier of each kind of System V object is 0 and the next is 1.
#[claim(source = "ipc/util.c ipc_idr_alloc", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_ids_start_at_zero() -> Verdict {
    child(CLONE_NEWIPC, || {
        for object in Object::ALL {
            expect_eq!([object.make(KEY)?, object.make(KEY + 1)?], [0, 1], "{object:?}");
        }
        child(CLONE_NEWIPC, || {
            for object in Object::ALL {
                expect_eq!([object.make(KEY)?, object.make(KEY + 1)?], [0, 1], "{object:?}, while the others exist");
            }
            Ok(())
        })?;
        for object in Object::ALL {
            expect_eq!(object.make(KEY + 2)?, 2, "{object:?}, in the namespace that has two");
        }
        Ok(())
    })?;
    holds()
}

/// IPC_RMID removes the object of that identifier in the caller's IPC namespace, and leaves those of the same
/// identifier elsewhere.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "shmctl(2)", "msgctl(2)", "semctl(2)"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysv_removal_stays_in_its_ipc() -> Verdict {
    for object in Object::ALL {
        let id = object.make(KEY)?;
        child(CLONE_NEWIPC, || {
            expect_eq!(object.make(KEY)?, id, "the ID of the {object:?}");
            expect_ok!(object.remove(id), "{object:?}");
            expect_errno!(object.find(KEY), ENOENT, "{object:?}, where it was removed");
            expect_errno!(object.stat(id), EINVAL, "{object:?}, where it was removed");
            Ok(())
        })?;
        expect_eq!(expect_ok!(object.find(KEY), "{object:?}, elsewhere"), id);
        expect_ok!(object.stat(id), "{object:?}, elsewhere");
        child(NONE, || {
            expect_ok!(object.remove(id), "{object:?}");
            Ok(())
        })?;
        expect_errno!(object.find(KEY), ENOENT, "{object:?}, removed in the same namespace");
    }
    holds()
}

/// A process that is blocked in msgrcv() receives nothing that is sent to the same key and identifier in another IPC
/// namespace.
#[claim(source = "ipc_namespaces(7) DESCRIPTION", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_receiver_is_not_woken_from_elsewhere() -> Verdict {
    let queue = Object::Queue.make(KEY)?;
    let receiver = spawn(NONE, |case| {
        case.go()?;
        msg_receive_text(queue, 0).doing("msgrcv")
    })?;
    receiver.recv::<()>()?;
    let sleeps = || Ok(Process::new(receiver.pid().as_raw())?.stat()?.state == 'S');
    expect!(eventually(sleeps)?, "there was something to receive");
    child(CLONE_NEWIPC, || {
        let apart = Object::Queue.make(KEY)?;
        expect_eq!(apart, queue, "the ID");
        msg_send_text(apart, b"theirs").doing("msgsnd")?;
        expect_eq!(expect_ok!(msg_receive_text(apart, libc::IPC_NOWAIT)), b"theirs", "by a process there");
        msg_send_text(apart, b"theirs").doing("msgsnd")
    })?;
    msg_send_text(queue, b"ours").doing("msgsnd")?;
    expect_eq!(receiver.join()?, b"ours");
    holds()
}
