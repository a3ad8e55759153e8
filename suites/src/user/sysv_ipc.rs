//! System V IPC objects and user namespaces: their owners, and which processes may use and remove them.
//! `user_namespaces(7)`, Unmapped user and group IDs, Accessing files; `shmctl(2)`.

use std::fs;

use kit::prelude::*;
use kit::process::{NOBODY, as_user, become_root_inside, user_namespace_with};
use kit::sys::sysv;
use kit::sysctl::sysctl;
use nix::unistd::{Gid, Uid, setresgid, setresuid};

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![sysv_ipc_ids_overflow, sysv_ipc_permission_by_host_id, sysv_ipc_rmid_needs_cap_in_owning_userns];

/// IPC_STAT and `/proc/sysvipc` show an object's user and group IDs as they are in the caller's user namespace, and the overflow
/// IDs if they are not mapped there.
#[claim(
    source = "user_namespaces(7) Unmapped user and group IDs",
    needs = [Root, Config("USER_NS"), Config("SYSVIPC"), Behaviour(AT_THE_TOP)],
)]
fn sysv_ipc_ids_overflow() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    let segment = sysv::shm_create().doing("shmget")?;
    let queue = sysv::msg_create().doing("msgget")?;
    let semaphore = sysv::sem_create().doing("semget")?;
    let seen = || -> Outcome<Vec<Owners>> {
        Ok(vec![
            owners(&sysv::shm_stat(segment).doing("shmctl(IPC_STAT)")?.shm_perm),
            owners(&sysv::msg_stat(queue).doing("msgctl(IPC_STAT)")?.msg_perm),
            owners(&sysv::sem_stat(semaphore).doing("semctl(IPC_STAT)")?.sem_perm),
            owners_in_proc("shm", segment)?,
            owners_in_proc("msg", queue)?,
            owners_in_proc("sem", semaphore)?,
        ])
    };
    let six = |(user, group): (u32, u32)| vec![(user, group, user, group); 6];
    expect_eq!(seen()?, six((0, 0)), "seen outside");
    expect_eq!(child(CLONE_NEWUSER, seen)?, six(overflow), "seen where no ID is mapped");
    let line = |inside| vec![IdMap { inside, outside: 0, count: 1 }];
    let maps = Maps { uid: line(7), gid: line(8), deny_setgroups: false };
    let mapped = user_namespace_with(&maps, NONE, |_| seen())?;
    expect_eq!(mapped.join()?, six((7, 8)), "seen where user 0 is 7 and group 0 is 8");
    holds()
}

/// Access to System V objects depends on the IDs outside: root of a user namespace has only the access that its user outside
/// has.
///
/// For root's objects shmat() and IPC_STAT fail with EACCES, and IPC_RMID with EPERM, unless it is root outside.
#[claim(
    source = "user_namespaces(7) Accessing files",
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Behaviour(AT_THE_TOP)],
)]
fn sysv_ipc_permission_by_host_id() -> Verdict {
    let roots = sysv::shm_create().doing("shmget as root")?;
    as_user(NOBODY, NONE, || {
        let own = sysv::shm_create().doing("shmget as a user")?;
        user_namespace(NONE, || {
            expect_errno!(sysv::shm_stat(roots).map(drop), EACCES, "root's");
            expect_errno!(sysv::shm_touch(roots), EACCES, "root's");
            expect_errno!(sysv::shm_remove(roots), EPERM, "root's");
            expect_ok!(sysv::shm_stat(own).map(drop), "its own user's");
            expect_ok!(sysv::shm_touch(own), "its own user's");
            expect_ok!(sysv::shm_remove(own), "its own user's");
            Ok(())
        })
    })?;
    user_namespace(NONE, || {
        expect_ok!(sysv::shm_stat(roots).map(drop), "root's, by root that is root outside");
        expect_ok!(sysv::shm_touch(roots), "root's, by root that is root outside");
        expect_ok!(sysv::shm_remove(roots), "root's, by root that is root outside");
        Ok(())
    })?;
    holds()
}

/// Root of a user namespace can remove other users' objects (IPC_RMID) only in an IPC namespace that its user namespace owns;
/// elsewhere it fails with EPERM.
#[claim(
    source = "shmctl(2) ERRORS",
    needs = [Root, Config("USER_NS"), Config("SYSVIPC"), Config("IPC_NS"), Behaviour(AT_THE_TOP)],
)]
fn sysv_ipc_rmid_needs_cap_in_owning_userns() -> Verdict {
    for flags in [NONE, CLONE_NEWIPC] {
        let inside = user_namespace_with(&Maps::range(100_000, 10), flags, |_| {
            become_root_inside()?;
            let others = child(NONE, || {
                let (user, group) = (Uid::from_raw(5), Gid::from_raw(5));
                setresgid(group, group, group).doing("become group 5")?;
                setresuid(user, user, user).doing("become user 5")?;
                sysv::shm_create().doing("shmget as user 5")
            })?;
            let own = sysv::shm_create().doing("shmget as user 0")?;
            if flags == NONE {
                expect_errno!(sysv::shm_remove(others), EPERM, "in an IPC namespace that is owned outside");
            } else {
                expect_ok!(sysv::shm_remove(others), "in an IPC namespace of its own");
            }
            expect_ok!(sysv::shm_remove(own), "its own segment");
            holds()
        })?;
        inside.join()?;
    }
    holds()
}

/// The owner's user and group, and the creator's.
type Owners = (u32, u32, u32, u32);

fn owners(of: &libc::ipc_perm) -> Owners {
    (of.uid, of.gid, of.cuid, of.cgid)
}

/// The same as `/proc/sysvipc` shows it, in columns that its first line names.
fn owners_in_proc(kind: &str, id: i32) -> Outcome<Owners> {
    let path = format!("/proc/sysvipc/{kind}");
    let text = fs::read_to_string(&path).doing(format!("read {path}"))?;
    let mut rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let names = rows.next().unwrap_or_default();
    let id = id.to_string();
    let row = rows.find(|row| row.get(1) == Some(&id.as_str()));
    let row = row.ok_or_else(|| Failure::broken(format!("object {id} is not in {path}: {text}")))?;
    let column = |name: &str| -> Outcome<u32> {
        let at = names.iter().position(|other| *other == name);
        let value = at.and_then(|at| row.get(at)).ok_or_else(|| Failure::broken(format!("no {name} in {path}")))?;
        Ok(value.parse()?)
    };
    Ok((column("uid")?, column("gid")?, column("cuid")?, column("cgid")?))
}
