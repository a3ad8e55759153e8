//! What a process keeps that leaves an IPC namespace with a shared memory segment attached: `shmop(2)`,
//! `ipc_namespaces(7)`.

use std::cell::RefCell;
use std::fs;

use kit::eventually;
use kit::lifetime::{end, goes_in_spite_of, let_go, lives_by};
use kit::prelude::*;
use kit::sys::sysv::{shm_create, shm_stat};
use kit::sys::sysv_keys::Attached;

use super::objects::{KEY, Object};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    sysv_attachment_survives_unshare,
    sysv_attachment_survives_setns,
    ipc_lives_by_an_attached_segment,
    ipc_goes_though_it_has_objects,
    memory_of_segments_goes_with_their_ipc,
];

/// A segment stays attached and shared when its process unshares CLONE_NEWIPC; its identifier is invalid there, shmdt()
/// succeeds.
///
/// In the old namespace the attachment is counted until then.
#[claim(source = ["ipc_namespaces(7) DESCRIPTION", "shmop(2)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_attachment_survives_unshare() -> Verdict {
    expect_kept_after("unshare(CLONE_NEWIPC)", || Ok(unshare(CLONE_NEWIPC)?))?;
    holds()
}

/// A segment stays attached and shared when its process joins another IPC namespace; its identifier is invalid there,
/// shmdt() succeeds.
///
/// In the old namespace the attachment is counted until then.
#[claim(source = ["setns(2) DESCRIPTION", "shmop(2)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn sysv_attachment_survives_setns() -> Verdict {
    let other = waiting(CLONE_NEWIPC)?;
    let other = other.namespace(Kind::Ipc)?;
    expect_kept_after("setns(2)", || Ok(setns(&other, CLONE_NEWIPC)?))?;
    holds()
}

/// An IPC namespace without processes lives as long as one of its segments is attached to a process elsewhere, until
/// shmdt().
#[claim(
    source = "ipc/shm.c shm_release",
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Config("IPC_NS")],
    erratum = "namespaces(7), Namespace lifetime: among what keeps a namespace, an attached segment is missing.",
)]
fn ipc_lives_by_an_attached_segment() -> Verdict {
    let users = RefCell::new(vec![user_from_outside()?, user_from_outside()?]);
    lives_by(
        Kind::Ipc,
        1,
        |room| {
            let member = room.member()?.doing("make an IPC namespace")?;
            let user = users.borrow_mut().pop().ok_or_else(|| Failure::broken("more namespaces than users"))?;
            user.peer().send_fd(member.namespace(Kind::Ipc)?.fd())?;
            user.recv::<()>()?;
            end(member)?;
            Ok(user)
        },
        let_go,
    )
}

/// System V objects do not keep an IPC namespace: it goes with its last process although it has a segment, a queue and
/// semaphores.
#[claim(
    source = "namespaces(7) Namespace lifetime",
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn ipc_goes_though_it_has_objects() -> Verdict {
    goes_in_spite_of(Kind::Ipc, |room| {
        let member = room.member()?.doing("make an IPC namespace")?;
        enter(member.proc_pid()?, &[Kind::Ipc], || {
            for object in Object::ALL {
                object.make(KEY)?;
            }
            let memory = Attached::new(Object::Segment.find(KEY)?).doing("shmat")?;
            memory.set_byte(1);
            memory.detach().doing("shmdt")
        })?;
        Ok((member, ()))
    })
}

/// When an IPC namespace goes, the memory of its segments is free again; not while a file holds the namespace.
///
/// What all shared memory of the machine takes is in `/proc/meminfo`: nothing else may make any meanwhile.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "ipc/shm.c do_shm_rmid"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS"), Disposable],
)]
fn memory_of_segments_goes_with_their_ipc() -> Verdict {
    let before = shared_memory()?;
    let maker = spawn(CLONE_NEWIPC, |case| {
        for key in 1..=SEGMENTS {
            let memory = Attached::new(Object::Segment.make(key as i32)?).doing("shmat")?;
            memory.set_byte(1);
            memory.detach().doing("shmdt")?;
        }
        case.go()?;
        case.wait()
    })?;
    maker.recv::<()>()?;
    let (all, half) = (SEGMENTS * PAGE, SEGMENTS * PAGE / 2);
    expect!(shared_memory()? >= before + all - half, "{} kB before, {} kB with them", before, shared_memory()?);
    let file = maker.namespace(Kind::Ipc)?;
    end(maker)?;
    // The same is made and goes, so that there is no doubt that the kernel has had its time.
    child(CLONE_NEWIPC, || Object::Segment.make(KEY).map(drop))?;
    expect!(shared_memory()? >= before + all - half, "gone though a file holds the namespace");
    drop(file);
    expect!(eventually(|| Ok(shared_memory()? < before + half))?, "{} kB are still taken", shared_memory()?);
    holds()
}

/// How many segments of one page each, and how many kB a page has at least.
const SEGMENTS: u64 = 2048;
const PAGE: u64 = 4;

/// What shared memory takes, in kB.
fn shared_memory() -> Outcome<u64> {
    let text = fs::read_to_string("/proc/meminfo").doing("read /proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Shmem:"));
    let number = line.and_then(|line| line.split_whitespace().next()).unwrap_or_default();
    number.parse().doing("read a number in /proc/meminfo")
}

/// A process that goes into the IPC namespace that it is sent, attaches a segment there, and comes back with it. Going
/// back takes power over the namespace that it came from, which no process of a room has.
fn user_from_outside() -> Outcome<Child<()>> {
    Spawn::new(NONE).without_files().start(|case| {
        let own = Namespace::own(Kind::Ipc)?;
        let theirs = case.recv_fd()?;
        setns(&theirs, CLONE_NEWIPC).doing("setns")?;
        let memory = Attached::new(shm_create().doing("shmget")?).doing("shmat")?;
        setns(&own, CLONE_NEWIPC).doing("setns back")?;
        drop(theirs);
        case.go()?;
        case.wait()?;
        memory.detach().doing("shmdt")?;
        case.go()?;
        case.wait()
    })
}

/// A process attaches a segment, leaves its IPC namespace and detaches it; an onlooker stays.
fn expect_kept_after(what: &str, leave: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    let segment = Object::Segment.make(KEY)?;
    let attached_here = || Ok::<_, Failure>(shm_stat(segment).doing("shmctl(IPC_STAT)")?.shm_nattch);
    let onlooker = Attached::new(segment).doing("shmat")?;
    expect_eq!(attached_here()?, 1, "before");
    let leaver = spawn(NONE, |case| {
        // What was inherited is attached too, and is not what this is about.
        onlooker.set_byte(1);
        let memory = Attached::new(segment).doing("shmat")?;
        leave()?;
        case.go()?;
        case.wait()?;
        expect_eq!(memory.byte(), 2, "written in the old namespace after {what}");
        memory.set_byte(3);
        expect_errno!(Object::Segment.stat(segment), EINVAL, "after {what}");
        expect_errno!(Attached::new(segment), EINVAL, "after {what}");
        expect_errno!(Object::Segment.find(KEY), ENOENT, "after {what}");
        expect_ok!(memory.detach(), "after {what}");
        case.go()?;
        case.wait()
    })?;
    leaver.recv::<()>()?;
    expect_eq!(attached_here()?, 3, "the leaver's own attachment and the one that it inherited");
    onlooker.set_byte(2);
    leaver.go()?;
    leaver.recv::<()>()?;
    expect_eq!(onlooker.byte(), 3, "written in the new namespace");
    expect_eq!(attached_here()?, 2, "after the leaver's shmdt()");
    leaver.go()?;
    leaver.join()?;
    expect_eq!(attached_here()?, 1, "after the leaver's end");
    Ok(())
}
