//! Shared memory segments that go with their last user: `/proc/sys/kernel/shm_rmid_forced` of `proc_sys_kernel(5)`.

use kit::prelude::*;
use kit::sys::sysv_keys::Attached;
use kit::sysctl::{set_sysctl, sysctl};

use super::objects::{KEY, Object::Segment};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    rmid_forced_destroys_segments_of_dead_creators,
    rmid_forced_spares_segments_of_live_creators,
    rmid_forced_destroys_with_the_last_attachment,
    rmid_forced_destroys_at_the_creators_end,
    rmid_forced_concerns_one_ipc,
    rmid_forced_accepts_0_and_1,
    rmid_forced_destroys_when_the_creator_unshares,
    rmid_forced_spares_when_the_creator_joins,
    rmid_forced_at_the_end_covers_each_ipc,
];

/// Writing 1 to shm_rmid_forced destroys at once the segments that are not attached and whose creators have ended.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc/shm.c shm_destroy_orphaned"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn rmid_forced_destroys_segments_of_dead_creators() -> Verdict {
    child(NONE, || {
        Segment.make(KEY)?;
        Segment.make(KEY + 1)
    })?;
    let _attached = Attached::new(Segment.find(KEY + 1)?).doing("shmat")?;
    force(0)?;
    expect_ok!(Segment.find(KEY), "after 0 was written");
    force(1)?;
    expect_errno!(Segment.find(KEY), ENOENT, "after 1 was written");
    expect_ok!(Segment.find(KEY + 1), "that is attached");
    holds()
}

/// Writing 1 to shm_rmid_forced leaves a segment that is not attached while its creator lives.
#[claim(
    source = "ipc/shm.c shm_try_destroy_orphaned",
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
    erratum = "proc_sys_kernel(5), shm_rmid_forced: existing segments that are attached to no process are destroyed \
               immediately when the file is set to 1.",
    quote = "existing segments that are attached to no process will be immediately destroyed",
)]
fn rmid_forced_spares_segments_of_live_creators() -> Verdict {
    let creator = creator(|| Segment.make(KEY).map(drop))?;
    child(NONE, || Segment.make(KEY + 1))?;
    force(1)?;
    expect_ok!(Segment.find(KEY), "whose creator lives");
    expect_errno!(Segment.find(KEY + 1), ENOENT, "whose creator has ended");
    creator.go()?;
    creator.join()?;
    expect_errno!(Segment.find(KEY), ENOENT, "after its creator's end");
    holds()
}

/// While shm_rmid_forced is 1, a segment is destroyed by its last shmdt(), whether its creator lives or not.
#[claim(source = "proc_sys_kernel(5)", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn rmid_forced_destroys_with_the_last_attachment() -> Verdict {
    for forced in [0, 1] {
        for lives in [true, false] {
            force(0)?;
            let segment = if lives { Segment.make(KEY)? } else { child(NONE, || Segment.make(KEY))? };
            let [first, last] = [Attached::new(segment).doing("shmat")?, Attached::new(segment).doing("shmat")?];
            force(forced)?;
            let which = format!("with {forced}, creator lives: {lives}");
            first.detach().doing("shmdt")?;
            expect_ok!(Segment.find(KEY), "{which}, attached once more");
            last.detach().doing("shmdt")?;
            if forced == 1 {
                expect_errno!(Segment.find(KEY), ENOENT, "{which}, no longer attached");
            } else {
                expect_ok!(Segment.find(KEY), "{which}, no longer attached");
                Segment.remove(segment).doing("remove the segment")?;
            }
        }
    }
    holds()
}

/// While shm_rmid_forced is 1, the end of a segment's creator destroys it if it is not attached to another process.
#[claim(source = ["proc_sys_kernel(5)", "ipc/shm.c exit_shm"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn rmid_forced_destroys_at_the_creators_end() -> Verdict {
    for forced in [0, 1] {
        force(forced)?;
        let creator = creator(|| Segment.make(KEY).and_then(|_| Segment.make(KEY + 1)).map(drop))?;
        expect_ok!(Segment.find(KEY), "with {forced}, while its creator lives");
        let attached = Attached::new(Segment.find(KEY + 1)?).doing("shmat")?;
        creator.go()?;
        creator.join()?;
        if forced == 1 {
            expect_errno!(Segment.find(KEY), ENOENT, "after its creator's end");
        } else {
            let segment = expect_ok!(Segment.find(KEY), "after its creator's end, with 0");
            Segment.remove(segment).doing("remove the segment")?;
        }
        let segment = expect_ok!(Segment.find(KEY + 1), "that is attached, with {forced}");
        Segment.remove(segment).doing("remove the segment")?;
        attached.detach().doing("shmdt")?;
    }
    holds()
}

/// shm_rmid_forced concerns the segments of its own IPC namespace only; a new one starts with 0.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn rmid_forced_concerns_one_ipc() -> Verdict {
    child(NONE, || Segment.make(KEY))?;
    let other = spawn(CLONE_NEWIPC, |case| {
        child(NONE, || Segment.make(KEY))?;
        case.go()?;
        case.wait()?;
        expect_eq!(sysctl::<i32>(FORCED)?, 0, "in a namespace that was left alone");
        expect_ok!(Segment.find(KEY), "in a namespace that was left alone");
        child(NONE, || Segment.make(KEY + 1))?;
        expect_ok!(Segment.find(KEY + 1), "made in a namespace that was left alone");
        Ok(())
    })?;
    other.recv::<()>()?;
    force(1)?;
    expect_errno!(Segment.find(KEY), ENOENT);
    other.go()?;
    other.join()?;
    child(CLONE_NEWIPC, || {
        expect_eq!(sysctl::<i32>(FORCED)?, 0, "in a namespace made by a process in one that has 1");
        Ok(())
    })?;
    holds()
}

/// shm_rmid_forced accepts 0 and 1; other numbers fail with EINVAL and change nothing.
#[claim(
    source = "ipc/ipc_sysctl.c proc_ipc_dointvec_minmax_orphans",
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn rmid_forced_accepts_0_and_1() -> Verdict {
    for accepted in [1, 0, 1] {
        expect_ok!(set_sysctl(FORCED, accepted), "{accepted}");
        expect_eq!(sysctl::<i32>(FORCED)?, accepted);
        for refused in [-1, 2] {
            expect_errno!(set_sysctl(FORCED, refused), EINVAL, "{refused}");
            expect_eq!(sysctl::<i32>(FORCED)?, accepted, "after {refused} was refused");
        }
    }
    holds()
}

/// While shm_rmid_forced is 1, unshare(CLONE_NEWIPC) by a segment's creator destroys it in the old namespace if it is
/// not attached.
#[claim(source = "kernel/fork.c ksys_unshare", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn rmid_forced_destroys_when_the_creator_unshares() -> Verdict {
    for (forced, flag, destroyed) in [(0, CLONE_NEWIPC, false), (1, CLONE_NEWUTS, false), (1, CLONE_NEWIPC, true)] {
        let is_gone = gone_after(forced, || Ok(unshare(flag)?))?;
        expect_eq!(is_gone, destroyed, "with {forced}, after unshare({flag:?})");
    }
    holds()
}

/// setns() to another IPC namespace does not destroy the segments that the process has made, though shm_rmid_forced is
/// 1.
///
/// unshare(CLONE_NEWIPC) does.
#[claim(source = "ipc/namespace.c ipcns_install", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn rmid_forced_spares_when_the_creator_joins() -> Verdict {
    let other = waiting(CLONE_NEWIPC)?.namespace(Kind::Ipc)?;
    let is_gone = gone_after(1, || Ok(setns(&other, CLONE_NEWIPC)?))?;
    expect!(!is_gone, "destroyed by setns(2)");
    expect!(gone_after(1, || Ok(unshare(CLONE_NEWIPC)?))?, "not destroyed by unshare(2)");
    holds()
}

/// At its end, a process's unattached segments are destroyed in each IPC namespace where it made some and
/// shm_rmid_forced is 1.
///
/// Kernels before 5.16 that have not got the change from a stable release look into the last of these namespaces only.
#[claim(source = "ipc/shm.c exit_shm", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn rmid_forced_at_the_end_covers_each_ipc() -> Verdict {
    let others = [1, 0].map(|forced| {
        spawn(CLONE_NEWIPC, move |case| {
            force(forced)?;
            case.go()?;
            case.wait()?;
            let found = Segment.find(KEY).is_ok();
            case.send(&found)?;
            case.wait()?;
            Ok(Segment.find(KEY).is_ok())
        })
    });
    let [forced, unforced] = others;
    let (forced, unforced) = (forced?, unforced?);
    force(1)?;
    let creator = creator(|| {
        Segment.make(KEY)?;
        for other in [&forced, &unforced] {
            setns(other.namespace(Kind::Ipc)?, CLONE_NEWIPC).doing("setns")?;
            Segment.make(KEY)?;
        }
        Ok(())
    })?;
    for other in [&forced, &unforced] {
        other.recv::<()>()?;
        other.go()?;
        expect!(other.recv::<bool>()?, "destroyed while the creator lives");
    }
    expect_ok!(Segment.find(KEY), "in the first namespace, while the creator lives");
    creator.go()?;
    creator.join()?;
    expect_errno!(Segment.find(KEY), ENOENT, "in the first namespace");
    forced.go()?;
    expect!(!forced.join()?, "not destroyed in the second namespace");
    unforced.go()?;
    expect!(unforced.join()?, "destroyed in the last namespace, where shm_rmid_forced is 0");
    holds()
}

const FORCED: &str = "kernel/shm_rmid_forced";

/// Sets it, in the caller's IPC namespace.
fn force(value: i32) -> Outcome<()> {
    set_sysctl(FORCED, value).doing(format!("write {value} to shm_rmid_forced"))
}

/// A process that has made segments, and ends when it is told to.
fn creator(make: impl FnOnce() -> Outcome<()>) -> Outcome<Child<()>> {
    let creator = spawn(NONE, |case| {
        make()?;
        case.go()?;
        case.wait()
    })?;
    creator.recv::<()>()?;
    Ok(creator)
}

/// Whether a segment is gone when its living creator has left its namespace in some way.
fn gone_after(forced: i32, leave: impl FnOnce() -> Outcome<()>) -> Outcome<bool> {
    force(forced)?;
    let creator = spawn(NONE, |case| {
        Segment.make(KEY)?;
        case.go()?;
        case.wait()?;
        leave()?;
        case.go()?;
        case.wait()
    })?;
    creator.recv::<()>()?;
    let segment = Segment.find(KEY).doing("find the segment that was made")?;
    creator.go()?;
    creator.recv::<()>()?;
    let is_gone = Segment.find(KEY).is_err();
    if !is_gone {
        Segment.remove(segment).doing("remove the segment")?;
    }
    Ok(is_gone)
}
