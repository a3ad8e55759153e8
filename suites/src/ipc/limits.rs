//! How much the System V objects of an IPC namespace may be: the limits of `shmget(2)`, `msgget(2)`, `semget(2)` and
//! `proc_sys_kernel(5)`, as they are set in the namespace.

use kit::prelude::*;
use kit::sys::sysv_keys::{msg_send_text, sem_add_times, sem_get, shm_get};
use kit::sysctl::set_sysctl;

use super::objects::{KEY, NEW, Object};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    shmmni_limits_segments_of_an_ipc,
    msgmni_limits_queues_of_an_ipc,
    semmni_limits_sets_of_an_ipc,
    shmmax_limits_a_segment,
    shmall_limits_all_segments_together,
    msgmax_limits_a_message,
    msgmnb_is_for_queues_made_later,
    semmsl_limits_a_set,
    semmns_limits_all_sets_together,
    semopm_limits_a_call,
];

/// shmget() fails with ENOSPC if an IPC namespace has as many segments as its shmmni says.
#[claim(
    source = ["shmget(2) ERRORS", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn shmmni_limits_segments_of_an_ipc() -> Verdict {
    expect_number_limited(Object::Segment, |limit| set("shmmni", limit))
}

/// msgget() fails with ENOSPC if an IPC namespace has as many queues as its msgmni says.
#[claim(
    source = ["msgget(2) ERRORS", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn msgmni_limits_queues_of_an_ipc() -> Verdict {
    expect_number_limited(Object::Queue, |limit| set("msgmni", limit))
}

/// semget() fails with ENOSPC if an IPC namespace has as many sets as the fourth number of its sem says.
#[claim(
    source = ["semget(2) ERRORS", "ipc_namespaces(7) DESCRIPTION"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn semmni_limits_sets_of_an_ipc() -> Verdict {
    expect_number_limited(Object::Set, |limit| set("sem", format!("10 100 5 {limit}")))
}

/// shmget() of more bytes than the namespace's shmmax says fails with EINVAL.
#[claim(source = ["shmget(2) ERRORS", "proc_sys_kernel(5)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn shmmax_limits_a_segment() -> Verdict {
    for limit in [4096, 10_000] {
        set("shmmax", limit)?;
        expect_errno!(shm_get(libc::IPC_PRIVATE, limit + 1, NEW), EINVAL, "with {limit}");
        expect_ok!(shm_get(libc::IPC_PRIVATE, limit, NEW), "with {limit}");
        child(CLONE_NEWIPC, || {
            expect_ok!(shm_get(libc::IPC_PRIVATE, limit + 1, NEW), "with {limit} elsewhere");
            Ok(())
        })?;
    }
    holds()
}

/// shmget() fails with ENOSPC if the segments of an IPC namespace would be more pages than its shmall says.
#[claim(source = ["shmget(2) ERRORS", "proc_sys_kernel(5)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn shmall_limits_all_segments_together() -> Verdict {
    const PAGE: usize = 4096;
    set("shmall", 3)?;
    child(CLONE_NEWIPC, || {
        expect_ok!(shm_get(libc::IPC_PRIVATE, 10 * PAGE, NEW), "in another namespace");
        Ok(())
    })?;
    expect_errno!(shm_get(libc::IPC_PRIVATE, 4 * PAGE, NEW), ENOSPC, "four pages");
    expect_ok!(shm_get(libc::IPC_PRIVATE, 2 * PAGE, NEW), "two pages");
    expect_errno!(shm_get(libc::IPC_PRIVATE, PAGE + 1, NEW), ENOSPC, "two pages more");
    expect_ok!(shm_get(libc::IPC_PRIVATE, PAGE, NEW), "one page more");
    expect_errno!(shm_get(libc::IPC_PRIVATE, 1, NEW), ENOSPC, "a fourth page");
    holds()
}

/// msgsnd() of more bytes than the namespace's msgmax says fails with EINVAL.
#[claim(source = ["msgop(2)", "proc_sys_kernel(5)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn msgmax_limits_a_message() -> Verdict {
    let queue = Object::Queue.make(KEY)?;
    for limit in [10, 20] {
        set("msgmax", limit)?;
        expect_errno!(msg_send_text(queue, &vec![0; limit + 1]), EINVAL, "with {limit}");
        expect_ok!(msg_send_text(queue, &vec![0; limit]), "with {limit}");
        child(CLONE_NEWIPC, || {
            let queue = Object::Queue.make(KEY)?;
            expect_ok!(msg_send_text(queue, &vec![0; limit + 1]), "with {limit} elsewhere");
            Ok(())
        })?;
    }
    holds()
}

/// The namespace's msgmnb is how many bytes a queue that is made afterwards holds; msgsnd() beyond that fails with
/// EAGAIN.
///
/// That is what it says with IPC_NOWAIT; otherwise it waits. Older queues keep theirs.
#[claim(source = ["msgop(2)", "msgctl(2)", "proc_sys_kernel(5)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn msgmnb_is_for_queues_made_later() -> Verdict {
    let older = Object::Queue.make(KEY)?;
    set("msgmnb", 20)?;
    let newer = Object::Queue.make(KEY + 1)?;
    for _ in 0..2 {
        expect_ok!(msg_send_text(newer, &[0; 10]), "to a queue made after");
        expect_ok!(msg_send_text(older, &[0; 10]), "to a queue made before");
    }
    expect_errno!(msg_send_text(newer, &[0]), EAGAIN, "to a queue made after, that is full");
    expect_ok!(msg_send_text(older, &[0]), "to a queue made before");
    child(CLONE_NEWIPC, || {
        let apart = Object::Queue.make(KEY)?;
        expect_ok!(msg_send_text(apart, &[0; 21]), "in another namespace");
        Ok(())
    })?;
    holds()
}

/// semget() of more semaphores than the first number of the namespace's sem says fails with EINVAL.
#[claim(source = ["semget(2) ERRORS", "proc_sys_kernel(5)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn semmsl_limits_a_set() -> Verdict {
    for limit in [2, 5] {
        set("sem", format!("{limit} 100 5 9"))?;
        expect_errno!(sem_get(libc::IPC_PRIVATE, limit + 1, NEW), EINVAL, "with {limit}");
        expect_ok!(sem_get(libc::IPC_PRIVATE, limit, NEW), "with {limit}");
        child(CLONE_NEWIPC, || {
            expect_ok!(sem_get(libc::IPC_PRIVATE, limit + 1, NEW), "with {limit} elsewhere");
            Ok(())
        })?;
    }
    holds()
}

/// semget() fails with ENOSPC if an IPC namespace would have more semaphores than the second number of its sem says.
#[claim(source = ["semget(2) ERRORS", "proc_sys_kernel(5)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn semmns_limits_all_sets_together() -> Verdict {
    set("sem", "10 3 5 9")?;
    expect_errno!(sem_get(libc::IPC_PRIVATE, 4, NEW), ENOSPC, "four");
    expect_ok!(sem_get(libc::IPC_PRIVATE, 2, NEW), "two");
    expect_errno!(sem_get(libc::IPC_PRIVATE, 2, NEW), ENOSPC, "two more");
    expect_ok!(sem_get(libc::IPC_PRIVATE, 1, NEW), "one more");
    child(CLONE_NEWIPC, || {
        expect_ok!(sem_get(libc::IPC_PRIVATE, 4, NEW), "in another namespace");
        Ok(())
    })?;
    holds()
}

/// semop() with more operations than the third number of the namespace's sem says fails with E2BIG.
#[claim(source = ["semop(2)", "proc_sys_kernel(5)"], needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn semopm_limits_a_call() -> Verdict {
    let semaphore = Object::Set.make(KEY)?;
    for limit in [1, 3] {
        set("sem", format!("10 100 {limit} 9"))?;
        expect_errno!(sem_add_times(semaphore, limit + 1), E2BIG, "with {limit}");
        expect_ok!(sem_add_times(semaphore, limit), "with {limit}");
        child(CLONE_NEWIPC, || {
            let semaphore = Object::Set.make(KEY)?;
            expect_ok!(sem_add_times(semaphore, limit + 1), "with {limit} elsewhere");
            Ok(())
        })?;
    }
    holds()
}

/// Sets one of the namespace's limits.
fn set(name: &str, value: impl std::fmt::Display) -> Outcome<()> {
    set_sysctl(&format!("kernel/{name}"), &value).doing(format!("write {value} to {name}"))
}

/// With a limit, so many objects can be made and no more; in another namespace more can.
fn expect_number_limited(object: Object, set_limit: impl Fn(i32) -> Outcome<()>) -> Verdict {
    for limit in [1, 3] {
        set_limit(limit)?;
        let made = (0..limit).map(|nth| object.make(KEY + nth)).collect::<Outcome<Vec<_>>>()?;
        expect_errno!(object.get(KEY + limit, NEW), ENOSPC, "with {limit}");
        child(CLONE_NEWIPC, || {
            for nth in 0..=limit {
                expect_ok!(object.get(KEY + nth, NEW), "with {limit} elsewhere");
            }
            Ok(())
        })?;
        set_limit(limit + 1)?;
        let last = expect_ok!(object.get(KEY + limit, NEW), "with {}", limit + 1);
        made.iter().chain([&last]).try_for_each(|id| object.remove(*id)).doing("remove them")?;
    }
    holds()
}
