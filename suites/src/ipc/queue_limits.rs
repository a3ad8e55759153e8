//! How many POSIX queues and messages there may be: the files of `/proc/sys/fs/mqueue` and RLIMIT_MSGQUEUE, of
//! `mq_overview(7)`.

use kit::prelude::*;
use kit::process::{NOBODY, as_user, become_user, without};
use kit::sysctl::set_sysctl;
use nix::mqueue::{MqdT, mq_getattr, mq_unlink};
use nix::sys::resource::{Resource, setrlimit};
use rustix::thread::CapabilitySet;

use super::queues::{create, create_default, create_of};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    queue_defaults_are_the_namespaces,
    queue_limits_bind_the_unprivileged,
    queue_limits_can_be_exceeded_by_privilege,
    queue_privilege_is_of_the_initial_user_namespace,
    queues_max_limits_queues_of_an_ipc,
    queue_bytes_are_counted_in_all_ipcs_together,
];

/// A queue made without attributes has msg_default and msgsize_default of its namespace, but not more than msg_max and
/// msgsize_max.
#[claim(source = ["mq_overview(7)", "mq_open(3)"], needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")])]
fn queue_defaults_are_the_namespaces() -> Verdict {
    expect_eq!(attributes(&create_default("/first")?)?, (10, 8192), "by default");
    set("msg_default", 5)?;
    set("msgsize_default", 500)?;
    expect_eq!(attributes(&create_default("/second")?)?, (5, 500), "by the new defaults");
    set("msg_max", 4)?;
    expect_eq!(attributes(&create_default("/third")?)?, (4, 500), "by a smaller msg_max");
    set("msgsize_max", 400)?;
    expect_eq!(attributes(&create_default("/fourth")?)?, (4, 400), "by a smaller msgsize_max");
    let elsewhere = child(CLONE_NEWIPC, || attributes(&create_default("/fifth")?))?;
    expect_eq!(elsewhere, (10, 8192), "in a new namespace");
    holds()
}

/// Without CAP_SYS_RESOURCE a queue of more than msg_max messages or msgsize_max bytes, or of none, fails with EINVAL.
#[claim(source = ["mq_overview(7)", "mq_open(3) ERRORS"], needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")])]
fn queue_limits_bind_the_unprivileged() -> Verdict {
    for (messages, size) in [(4, 400), (6, 600)] {
        set("msg_max", messages)?;
        set("msgsize_max", size)?;
        without(CapabilitySet::SYS_RESOURCE, NONE, || {
            for (messages, size) in [(messages + 1, 100), (1, size + 1), (0, 10), (1, 0), (-1, 10), (1, -1)] {
                expect_errno!(create_of("/queue", messages, size), EINVAL, "{messages} of {size}");
            }
            expect_ok!(create_of("/queue", messages, size), "{messages} of {size}");
            mq_unlink("/queue")?;
            Ok(())
        })?;
    }
    holds()
}

/// With CAP_SYS_RESOURCE a queue may exceed msg_max and msgsize_max, up to 65536 messages and 16777216 bytes; more fails
/// with EINVAL.
#[claim(
    source = "mq_overview(7)",
    needs = [Root, Capability("CAP_SYS_RESOURCE"), Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn queue_limits_can_be_exceeded_by_privilege() -> Verdict {
    setrlimit(Resource::RLIMIT_MSGQUEUE, u64::MAX, u64::MAX).doing("setrlimit")?;
    for (messages, size) in [(11, 100), (1, 8193), (65536, 16), (1, 16_777_216)] {
        expect_ok!(create_of("/queue", messages, size), "{messages} of {size}");
        mq_unlink("/queue")?;
    }
    for (messages, size) in [(65537, 16), (1, 16_777_217)] {
        expect_errno!(create_of("/queue", messages, size), EINVAL, "{messages} of {size}");
    }
    without(CapabilitySet::SYS_RESOURCE, NONE, || {
        for (messages, size) in [(11, 100), (1, 8193)] {
            expect_errno!(create_of("/queue", messages, size), EINVAL, "{messages} of {size}, without the capability");
        }
        Ok(())
    })?;
    holds()
}

/// CAP_SYS_RESOURCE in a user namespace does not lift msg_max and msgsize_max, though that owns the IPC namespace.
#[claim(
    source = ["mq_overview(7)", "user_namespaces(7)"],
    needs = [Root, UserNamespaces, Capability("CAP_SYS_RESOURCE"), Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn queue_privilege_is_of_the_initial_user_namespace() -> Verdict {
    for (messages, size) in [(11, 100), (1, 8193)] {
        user_namespace(CLONE_NEWIPC, || {
            expect_errno!(create_of("/queue", messages, size), EINVAL, "{messages} of {size}");
            let (messages, size) = (messages.min(10), size.min(8192));
            expect_ok!(create_of("/queue", messages, size), "{messages} of {size}");
            Ok(())
        })?;
        child(CLONE_NEWIPC, || {
            expect_ok!(create_of("/queue", messages, size), "{messages} of {size}, in the initial user namespace");
            Ok(())
        })?;
    }
    holds()
}

/// Without CAP_SYS_RESOURCE mq_open() fails with ENOSPC if an IPC namespace has as many queues as its queues_max says.
#[claim(
    source = ["mq_overview(7)", "mq_open(3) ERRORS"],
    needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")],
    erratum = "mq_overview(7), queues_max: the limit on the number of message queues is system-wide.",
    quote = "the system-wide limit on the number of message queues",
)]
fn queues_max_limits_queues_of_an_ipc() -> Verdict {
    for limit in [1, 3] {
        child(CLONE_NEWIPC, || {
            set("queues_max", limit)?;
            without(CapabilitySet::SYS_RESOURCE, NONE, || {
                for nth in 0..limit {
                    expect_ok!(create(&format!("/{nth}")), "with {limit}");
                }
                expect_errno!(create("/last"), ENOSPC, "with {limit}");
                Ok(())
            })?;
            without(CapabilitySet::SYS_RESOURCE, CLONE_NEWIPC, || {
                for nth in 0..=limit {
                    expect_ok!(create(&format!("/{nth}")), "with {limit} elsewhere");
                }
                Ok(())
            })?;
            set("queues_max", limit + 1)?;
            without(CapabilitySet::SYS_RESOURCE, NONE, || {
                expect_ok!(create("/last"), "with {}", limit + 1);
                Ok(())
            })
        })?;
    }
    holds()
}

/// RLIMIT_MSGQUEUE counts a user's queues in all IPC namespaces together; beyond it mq_open() fails with EMFILE.
#[claim(source = ["mq_overview(7)", "getrlimit(2)"], needs = [Root, Config("POSIX_MQUEUE"), Config("IPC_NS")])]
fn queue_bytes_are_counted_in_all_ipcs_together() -> Verdict {
    // More than one such queue, less than two.
    setrlimit(Resource::RLIMIT_MSGQUEUE, 3000, 3000).doing("setrlimit")?;
    let queue = || create_of("/queue", 10, 128);
    let second_of =
        |user| -> Outcome<Result<(), Refusal>> { as_user(user, CLONE_NEWIPC, || Ok(queue().map(drop).portable())) };
    let first = spawn(CLONE_NEWIPC, |case| {
        become_user(NOBODY)?;
        let made = queue().doing("make the user's first queue")?;
        case.go()?;
        case.wait()?;
        mq_unlink("/queue").doing("mq_unlink")?;
        // Bytes are counted until nothing refers to the queue.
        nix::mqueue::mq_close(made).doing("mq_close")?;
        case.go()?;
        case.wait()
    })?;
    first.recv::<()>()?;
    expect_errno!(second_of(NOBODY)?, EMFILE, "beside one in another namespace");
    expect_ok!(second_of(NOBODY + 1)?, "by another user");
    first.go()?;
    first.recv::<()>()?;
    expect_ok!(second_of(NOBODY)?, "once the other is gone");
    holds()
}

/// Sets one of the namespace's limits.
fn set(name: &str, value: i64) -> Outcome<()> {
    set_sysctl(&format!("fs/mqueue/{name}"), value).doing(format!("write {value} to {name}"))
}

/// How many messages a queue holds, and of how many bytes each.
fn attributes(queue: &MqdT) -> Outcome<(i64, i64)> {
    let attributes = mq_getattr(queue).doing("mq_getattr")?;
    Ok((attributes.maxmsg(), attributes.msgsize()))
}
