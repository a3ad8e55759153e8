//! The last users of System V IPC objects: `shmctl(2)`, `msgctl(2)`, `semctl(2)`.

use std::fs::File;
use std::io::read_to_string;

use kit::prelude::*;
use kit::sys::sysv;
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![sysv_shm_pids_translated, sysv_msg_and_sem_pids_translated];

/// shmctl(2) shows a segment's creator and last user as PIDs of the caller's PID namespace, /proc/sysvipc/shm as those
/// of the opener's.
///
/// Both show 0 for a process that has no PID there.
#[claim(source = "shmctl(2)", needs = [Root, Config("SYSVIPC")])]
fn sysv_shm_pids_translated() -> Verdict {
    let own = getpid().as_raw();
    for flags in [NONE, CLONE_NEWPID] {
        let id = sysv::shm_create().doing("shmget")?;
        let opened_outside = File::open(TABLE).doing("open the table of segments")?;
        let user = spawn(flags, |parent| {
            sysv::shm_touch(id).doing("attach and detach the segment")?;
            let in_proc = shm_pids_in(&File::open(TABLE)?, id)?;
            parent.send(&(getpid().as_raw(), shm_pids(id)?, in_proc, shm_pids_in(&opened_outside, id)?))?;
            parent.wait()
        })?;
        let (number_inside, by_call, by_proc, by_outer_file): (i32, Pids, Pids, Pids) = user.recv()?;
        let creator_inside = if flags == NONE { own } else { 0 };
        expect_eq!(by_call, (creator_inside, number_inside), "IPC_STAT in a child made with {flags:?}");
        expect_eq!(by_proc, by_call, "opened in a child made with {flags:?}");
        let outside = (own, user.pid().as_raw());
        expect_eq!(by_outer_file, outside, "opened outside, read in a child made with {flags:?}");
        expect_eq!(shm_pids(id)?, outside, "IPC_STAT beside a child made with {flags:?}");
        expect_eq!(shm_pids_in(&File::open(TABLE)?, id)?, outside, "opened beside a child made with {flags:?}");
    }
    holds()
}

/// msgctl(2) and semctl(2) show a queue's last sender and receiver and a semaphore's last user as PIDs of the caller's
/// PID namespace.
///
/// They show 0 for a process that has no PID there.
#[claim(source = ["msgctl(2)", "semctl(2)"], needs = [Root, Config("SYSVIPC")])]
fn sysv_msg_and_sem_pids_translated() -> Verdict {
    let queue = sysv::msg_create().doing("msgget")?;
    let semaphore = sysv::sem_create().doing("semget")?;
    let used = || -> Outcome<()> {
        sysv::msg_send(queue).doing("msgsnd")?;
        sysv::msg_receive(queue).doing("msgrcv")?;
        sysv::sem_set(semaphore, 1).doing("semctl(SETVAL)")
    };
    let seen = || -> Outcome<(i32, i32, i32)> {
        let state = sysv::msg_stat(queue).doing("msgctl(IPC_STAT)")?;
        Ok((state.msg_lspid, state.msg_lrpid, sysv::sem_pid(semaphore).doing("semctl(GETPID)")?))
    };
    let threefold = |pid: i32| (pid, pid, pid);

    let inner = spawn(CLONE_NEWPID, |parent| {
        used()?;
        parent.send(&seen()?)?;
        parent.wait()?;
        seen()
    })?;
    expect_eq!(inner.recv::<(i32, i32, i32)>()?, threefold(1), "used and asked inside");
    expect_eq!(seen()?, threefold(inner.pid().as_raw()), "used inside, asked outside");
    used()?;
    expect_eq!(seen()?, threefold(getpid().as_raw()), "used and asked outside");
    inner.go()?;
    expect_eq!(inner.join()?, threefold(0), "used outside, asked inside");
    holds()
}

/// The PIDs of a segment's creator and last user.
type Pids = (i32, i32);

/// A segment's creator and last user by `IPC_STAT`.
fn shm_pids(id: i32) -> Outcome<Pids> {
    let state = sysv::shm_stat(id).doing("shmctl(IPC_STAT)")?;
    Ok((state.shm_cpid, state.shm_lpid))
}

/// The table of all segments.
const TABLE: &str = "/proc/sysvipc/shm";

/// A segment's creator and last user by the table, where they follow key, ID, mode and size.
fn shm_pids_in(table: &File, id: i32) -> Outcome<Pids> {
    let text = read_to_string(table).doing("read the table of segments")?;
    let rows = text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let id = id.to_string();
    match rows.into_iter().find(|row| row.get(1) == Some(&id.as_str())).as_deref() {
        Some([_, _, _, _, creator, user, ..]) => Ok((creator.parse()?, user.parse()?)),
        _ => Err(Failure::broken(format!("segment {id} is not in {TABLE}: {text}"))),
    }
}
