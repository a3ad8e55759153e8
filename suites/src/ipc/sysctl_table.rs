//! The settings that each IPC namespace has of its own, one case a setting: `ipc_namespaces(7)` DESCRIPTION,
//! `proc_sys_kernel(5)`, `mq_overview(7)`.

use kit::prelude::*;
use kit::sysctl::{set_sysctl, sysctl};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    sysctl_msgmax_is_of_its_ipc,
    sysctl_msgmnb_is_of_its_ipc,
    sysctl_msgmni_is_of_its_ipc,
    sysctl_sem_is_of_its_ipc,
    sysctl_shmall_is_of_its_ipc,
    sysctl_shmmax_is_of_its_ipc,
    sysctl_shmmni_is_of_its_ipc,
    sysctl_shm_rmid_forced_is_of_its_ipc,
    sysctl_msg_next_id_is_of_its_ipc,
    sysctl_sem_next_id_is_of_its_ipc,
    sysctl_shm_next_id_is_of_its_ipc,
    mqueue_queues_max_is_of_its_ipc,
    mqueue_msg_max_is_of_its_ipc,
    mqueue_msg_default_is_of_its_ipc,
    mqueue_msgsize_max_is_of_its_ipc,
    mqueue_msgsize_default_is_of_its_ipc,
];

/// What shmall and shmmax start with: as good as no limit.
const UNLIMITED: usize = usize::MAX - (1 << 24);

/// Each IPC namespace has a /proc/sys/kernel/msgmax of its own, which starts with 8192 whatever its creator's is.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysctl_msgmax_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/msgmax", "8192", ["1111", "2222", "3333"])
}

/// Each IPC namespace has a /proc/sys/kernel/msgmnb of its own, which starts with 16384 whatever its creator's is.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysctl_msgmnb_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/msgmnb", "16384", ["1111", "2222", "3333"])
}

/// Each IPC namespace has a /proc/sys/kernel/msgmni of its own, which starts with 32000 whatever its creator's is.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysctl_msgmni_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/msgmni", "32000", ["11", "22", "33"])
}

/// Each IPC namespace has a /proc/sys/kernel/sem of its own, which starts with 32000, 1024000000, 500 and 32000
/// whatever its creator's is.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysctl_sem_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc(
        "kernel/sem",
        "32000\t1024000000\t500\t32000",
        ["1\t2\t3\t4", "250\t32000\t32\t128", "8\t7\t6\t5"],
    )
}

/// Each IPC namespace has a /proc/sys/kernel/shmall of its own, which starts with ULONG_MAX - 2^24 whatever its
/// creator's is.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysctl_shmall_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/shmall", &UNLIMITED.to_string(), ["111", "222", "333"])
}

/// Each IPC namespace has a /proc/sys/kernel/shmmax of its own, which starts with ULONG_MAX - 2^24 whatever its
/// creator's is.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysctl_shmmax_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/shmmax", &UNLIMITED.to_string(), ["111111", "222222", "333333"])
}

/// Each IPC namespace has a /proc/sys/kernel/shmmni of its own, which starts with 4096 whatever its creator's is.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysctl_shmmni_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/shmmni", "4096", ["11", "22", "33"])
}

/// Each IPC namespace has a /proc/sys/kernel/shm_rmid_forced of its own, which starts with 0 whatever its creator's is.
#[claim(
    source = ["proc_sys_kernel(5)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn sysctl_shm_rmid_forced_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/shm_rmid_forced", "0", ["1", "1", "0"])
}

/// Each IPC namespace has a /proc/sys/kernel/msg_next_id of its own, which starts with -1 whatever its creator's is.
#[claim(
    source = "ipc/ipc_sysctl.c ipc_sysctls",
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS"), Config("CHECKPOINT_RESTORE")],
)]
fn sysctl_msg_next_id_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/msg_next_id", "-1", ["11", "22", "33"])
}

/// Each IPC namespace has a /proc/sys/kernel/sem_next_id of its own, which starts with -1 whatever its creator's is.
#[claim(
    source = "ipc/ipc_sysctl.c ipc_sysctls",
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS"), Config("CHECKPOINT_RESTORE")],
)]
fn sysctl_sem_next_id_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/sem_next_id", "-1", ["11", "22", "33"])
}

/// Each IPC namespace has a /proc/sys/kernel/shm_next_id of its own, which starts with -1 whatever its creator's is.
#[claim(
    source = "ipc/ipc_sysctl.c ipc_sysctls",
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS"), Config("CHECKPOINT_RESTORE")],
)]
fn sysctl_shm_next_id_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("kernel/shm_next_id", "-1", ["11", "22", "33"])
}

/// Each IPC namespace has a /proc/sys/fs/mqueue/queues_max of its own, which starts with 256 whatever its creator's is.
#[claim(
    source = ["mq_overview(7)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn mqueue_queues_max_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("fs/mqueue/queues_max", "256", ["11", "22", "33"])
}

/// Each IPC namespace has a /proc/sys/fs/mqueue/msg_max of its own, which starts with 10 whatever its creator's is.
#[claim(
    source = ["mq_overview(7)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn mqueue_msg_max_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("fs/mqueue/msg_max", "10", ["11", "22", "33"])
}

/// Each IPC namespace has a /proc/sys/fs/mqueue/msg_default of its own, which starts with 10 whatever its creator's is.
#[claim(
    source = ["mq_overview(7)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn mqueue_msg_default_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("fs/mqueue/msg_default", "10", ["11", "22", "33"])
}

/// Each IPC namespace has a /proc/sys/fs/mqueue/msgsize_max of its own, which starts with 8192 whatever its creator's
/// is.
#[claim(
    source = ["mq_overview(7)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn mqueue_msgsize_max_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("fs/mqueue/msgsize_max", "8192", ["1111", "2222", "3333"])
}

/// Each IPC namespace has a /proc/sys/fs/mqueue/msgsize_default of its own, which starts with 8192 whatever its
/// creator's is.
#[claim(
    source = ["mq_overview(7)", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn mqueue_msgsize_default_is_of_its_ipc() -> Verdict {
    expect_of_its_ipc("fs/mqueue/msgsize_default", "8192", ["1111", "2222", "3333"])
}

/// A setting is one for the processes of an IPC namespace and another one elsewhere; a new namespace's is `initial`. Of
/// the other values, `one` and `again` are written here and `other` there, where they differ.
fn expect_of_its_ipc(name: &str, initial: &str, [one, other, again]: [&str; 3]) -> Verdict {
    let value = || sysctl::<String>(name);
    let set = |value: &str| set_sysctl(name, value).doing(format!("write {value} to {name}"));
    set(one)?;
    expect_eq!(child(NONE, value)?, one, "by a process of the same namespace");
    let unshared = child(NONE, || {
        unshare(CLONE_NEWIPC)?;
        value()
    })?;
    expect_eq!(unshared, initial, "after unshare(CLONE_NEWIPC)");
    let apart = spawn(CLONE_NEWIPC, |case| {
        expect_eq!(value()?, initial, "by a child made with CLONE_NEWIPC");
        case.go()?;
        case.wait()?;
        set(other)?;
        case.go()?;
        case.wait()?;
        expect_eq!(value()?, other, "after the first namespace's was written");
        Ok(())
    })?;
    apart.recv::<()>()?;
    set(again)?;
    apart.go()?;
    apart.recv::<()>()?;
    expect_eq!(value()?, again, "after the other namespace's was written");
    set(one)?;
    set(again)?;
    apart.go()?;
    apart.join()?;
    child(NONE, || set(one))?;
    expect_eq!(value()?, one, "after another process of the namespace wrote it");
    holds()
}
