//! Which processes may write the settings of an IPC namespace: the files' owners, not capabilities, decide.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt;

use kit::Behaviour;
use kit::prelude::*;
use kit::process::{NOBODY, as_user, as_user_with, every_capability, user_namespace_with, with_only, without};
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ipc_sysctls_are_written_by_root_without_capabilities,
    ipc_sysctls_are_denied_to_root_of_the_owner,
    ipc_sysctls_are_written_by_root_of_the_owner,
    ipc_sysctls_are_denied_to_other_users_of_the_owner,
    next_ids_are_written_with_checkpoint_restore,
    next_ids_are_written_by_root_old,
];

/// The settings that are there in every kernel with System V objects and POSIX queues.
const SETTINGS: [&str; 13] = [
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/msgmni",
    "kernel/sem",
    "kernel/shmall",
    "kernel/shmmax",
    "kernel/shmmni",
    "kernel/shm_rmid_forced",
    "fs/mqueue/queues_max",
    "fs/mqueue/msg_max",
    "fs/mqueue/msg_default",
    "fs/mqueue/msgsize_max",
    "fs/mqueue/msgsize_default",
];

/// Whether the files belong to the owner of the IPC namespace: since Linux 6.9, and in stable releases before it.
const OF_THE_OWNER: &Behaviour = &Behaviour {
    what: "gives the files of an IPC namespace's settings to the user who owns it",
    probe: || owner_of_a_setting() == Some(0),
};

/// The same the other way round.
const OF_THE_MACHINE: &Behaviour = &Behaviour {
    what: "leaves the files of an IPC namespace's settings to the machine's root",
    probe: || owner_of_a_setting().is_some_and(|owner| owner != 0),
};

/// User 0 may write the System V and POSIX queue settings of its IPC namespace without any capability, other users may
/// not: EACCES.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc/ipc_sysctl.c ipc_sysctls"],
    needs = [Root, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn ipc_sysctls_are_written_by_root_without_capabilities() -> Verdict {
    for name in SETTINGS {
        let value: String = sysctl(name)?;
        with_only(CapabilitySet::empty(), NONE, || {
            expect_ok!(set_sysctl(name, &value), "{name}");
            Ok(())
        })?;
        as_user(NOBODY, NONE, || {
            expect_errno!(open_sysctl(name), EACCES, "{name}");
            expect_eq!(sysctl::<String>(name)?, value, "{name} can be read");
            Ok(())
        })?;
    }
    holds()
}

/// Opening an IPC setting for writing as root of an ordinary user's user namespace fails with EACCES, though that owns
/// the IPC namespace.
///
/// Changed in Linux 6.9 and in stable releases of older series.
#[claim(
    source = "ipc/ipc_sysctl.c ipc_sysctls",
    needs = [
        Root, UserNamespaces, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS"),
        Behaviour(OF_THE_MACHINE),
    ],
)]
fn ipc_sysctls_are_denied_to_root_of_the_owner() -> Verdict {
    for name in SETTINGS {
        as_user(NOBODY, NONE, || {
            user_namespace(CLONE_NEWIPC, || {
                expect_errno!(open_sysctl(name), EACCES, "{name}, by an ordinary user that is root inside");
                Ok(())
            })
        })?;
        user_namespace(CLONE_NEWIPC, || {
            expect_ok!(open_sysctl(name), "{name}, by root that is root inside");
            Ok(())
        })?;
    }
    holds()
}

/// Root of the user namespace that owns an IPC namespace may write its settings; in an IPC namespace owned outside it
/// gets EACCES.
#[claim(
    source = "ipc/ipc_sysctl.c ipc_permissions",
    needs = [
        Root, UserNamespaces, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS"), Behaviour(OF_THE_OWNER),
    ],
)]
fn ipc_sysctls_are_written_by_root_of_the_owner() -> Verdict {
    for name in SETTINGS {
        as_user(NOBODY, NONE, || {
            user_namespace(NONE, || {
                expect_errno!(open_sysctl(name), EACCES, "{name}, of an IPC namespace that is owned outside");
                unshare(CLONE_NEWIPC)?;
                expect_eq!(fs::metadata(format!("/proc/sys/{name}"))?.uid(), 0, "the owner of {name}");
                let value: String = sysctl(name)?;
                expect_ok!(set_sysctl(name, value), "{name}, of an IPC namespace of its own");
                with_only(CapabilitySet::empty(), NONE, || {
                    expect_ok!(open_sysctl(name), "{name}, without capabilities");
                    Ok(())
                })
            })
        })?;
    }
    holds()
}

/// Every capability in the user namespace that owns an IPC namespace does not suffice to write its settings, unless as
/// user 0 there.
#[claim(
    source = "ipc/ipc_sysctl.c ipc_permissions",
    needs = [
        Root, UserNamespaces, Config("SYSVIPC"), Config("POSIX_MQUEUE"), Config("IPC_NS"), Behaviour(OF_THE_OWNER),
    ],
)]
fn ipc_sysctls_are_denied_to_other_users_of_the_owner() -> Verdict {
    for name in SETTINGS {
        for inside in [0, NOBODY] {
            let line = vec![IdMap { inside, outside: NOBODY, count: 1 }];
            let maps = Maps { uid: line.clone(), gid: line, deny_setgroups: true };
            as_user(NOBODY, NONE, || {
                let process = user_namespace_with(&maps, CLONE_NEWIPC, |_| {
                    // A capability that every new user namespace's first process has.
                    expect_ok!(unshare(CLONE_NEWUTS), "as user {inside}");
                    let opened = OpenOptions::new().write(true).open(format!("/proc/sys/{name}"));
                    if inside == 0 {
                        expect_ok!(opened, "{name}, as user 0");
                    } else {
                        expect_errno!(opened, EACCES, "{name}, as user {inside}");
                    }
                    Ok(())
                })?;
                process.join()
            })?;
        }
    }
    holds()
}

/// Where the identifier of the next object can be chosen.
const NEXT_IDS: [&str; 3] = ["kernel/shm_next_id", "kernel/msg_next_id", "kernel/sem_next_id"];

/// shm_next_id, msg_next_id and sem_next_id are opened for writing with CAP_CHECKPOINT_RESTORE in the owner of the IPC namespace.
///
/// Or with CAP_SYS_ADMIN there, by any user; otherwise it fails with EACCES, for user 0, too.
#[claim(
    source = ["ipc/ipc_sysctl.c ipc_permissions", "capabilities(7)"],
    since = "5.19",
    needs = [Root, UserNamespaces, Config("SYSVIPC"), Config("IPC_NS"), Config("CHECKPOINT_RESTORE")],
)]
fn next_ids_are_written_with_checkpoint_restore() -> Verdict {
    let either = CapabilitySet::CHECKPOINT_RESTORE | CapabilitySet::SYS_ADMIN;
    for name in NEXT_IDS {
        for held in [CapabilitySet::CHECKPOINT_RESTORE, CapabilitySet::SYS_ADMIN] {
            for user in [0, NOBODY] {
                let opened = as_user_with(user, held, || Ok(open_sysctl(name).map(drop).portable()))?;
                expect_ok!(opened, "{name}, as user {user} with {held:?} alone");
            }
        }
        without(either, NONE, || {
            expect_errno!(open_sysctl(name), EACCES, "{name}, as user 0 with all other capabilities");
            Ok(())
        })?;
        user_namespace(NONE, || {
            expect_errno!(open_sysctl(name), EACCES, "{name}, as root of a user namespace that does not own it");
            unshare(CLONE_NEWIPC)?;
            expect_ok!(open_sysctl(name), "{name}, as root of the owner");
            Ok(())
        })?;
    }
    holds()
}

/// shm_next_id, msg_next_id and sem_next_id are written by user 0, without any capability, and by no other user: EACCES.
///
/// Since 5.11 it takes CAP_CHECKPOINT_RESTORE.
#[claim(
    source = "kernel 5.10 ipc/ipc_sysctl.c",
    until = "5.11",
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS"), Config("CHECKPOINT_RESTORE")],
)]
fn next_ids_are_written_by_root_old() -> Verdict {
    for name in NEXT_IDS {
        with_only(CapabilitySet::empty(), NONE, || {
            expect_ok!(open_sysctl(name), "{name}, as user 0");
            Ok(())
        })?;
        let all = every_capability()?;
        let opened = as_user_with(NOBODY, all, || Ok(open_sysctl(name).map(drop).portable()))?;
        expect_errno!(opened, EACCES, "{name}, as another user with every capability");
    }
    holds()
}

/// Whom a setting belongs to, as an ordinary user that is root of the owning user namespace sees it.
fn owner_of_a_setting() -> Option<u32> {
    let owner = || Ok(fs::metadata("/proc/sys/kernel/msgmax")?.uid());
    unprivileged(NONE, || user_namespace(CLONE_NEWIPC, owner)).ok()
}
