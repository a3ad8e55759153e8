//! A namespace goes when the last process or thread leaves it: `namespaces(7)`, Namespace lifetime.

use kit::Room;
use kit::lifetime::{end, holder, let_go, lives_by};
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cgroup_goes_with_its_last_process,
    ipc_goes_with_its_last_process,
    mnt_goes_with_its_last_process,
    net_goes_with_its_last_process,
    pid_goes_with_its_init,
    time_goes_with_its_last_process,
    user_goes_with_its_last_process,
    uts_goes_with_its_last_process,
    cgroup_goes_with_its_last_thread,
    ipc_goes_with_its_last_thread,
    mnt_goes_with_its_last_thread,
    net_goes_with_its_last_thread,
    uts_goes_with_its_last_thread,
    cgroup_goes_when_its_last_process_leaves,
    ipc_goes_when_its_last_process_leaves,
    mnt_goes_when_its_last_process_leaves,
    net_goes_when_its_last_process_leaves,
    time_goes_when_its_last_process_leaves,
    uts_goes_when_its_last_process_leaves
];

/// A cgroup namespace outlives the process that made it while another process is in it, and ends with that one.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn cgroup_goes_with_its_last_process() -> Verdict {
    by_another_process(Kind::Cgroup)
}

/// An IPC namespace outlives the process that made it while another process is in it, and ends with that one.
#[claim(source = ["namespaces(7) Namespace lifetime", "Linux Namespaces"], needs = [UserNamespaces])]
fn ipc_goes_with_its_last_process() -> Verdict {
    by_another_process(Kind::Ipc)
}

/// A mount namespace outlives the process that made it while another process is in it, and ends with that one.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn mnt_goes_with_its_last_process() -> Verdict {
    by_another_process(Kind::Mnt)
}

/// A network namespace outlives the process that made it while another process is in it, and ends with that one.
#[claim(source = ["namespaces(7) Namespace lifetime", "Few notes about network namespaces in Linux"], needs = [UserNamespaces])]
fn net_goes_with_its_last_process() -> Verdict {
    by_another_process(Kind::Net)
}

/// A PID namespace exists until its init ends, even if other processes are in it; the end of another process does not
/// end it.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn pid_goes_with_its_init() -> Verdict {
    by_init()
}

/// A time namespace outlives the process that made it while another process is in it, and ends with that one.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces, Config("TIME_NS")])]
fn time_goes_with_its_last_process() -> Verdict {
    by_another_process(Kind::Time)
}

/// A user namespace outlives the process that made it while another process is in it, and ends with that one.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn user_goes_with_its_last_process() -> Verdict {
    by_another_process(Kind::User)
}

/// A UTS namespace outlives the process that made it while another process is in it, and ends with that one.
#[claim(source = ["namespaces(7) Namespace lifetime", "What's in a name(space)?"], needs = [UserNamespaces])]
fn uts_goes_with_its_last_process() -> Verdict {
    by_another_process(Kind::Uts)
}

/// A cgroup namespace with a single thread of a process in it exists until that thread ends, though the process goes
/// on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn cgroup_goes_with_its_last_thread() -> Verdict {
    by_one_thread(Kind::Cgroup)
}

/// An IPC namespace with a single thread of a process in it exists until that thread ends, though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn ipc_goes_with_its_last_thread() -> Verdict {
    by_one_thread(Kind::Ipc)
}

/// A mount namespace with a single thread of a process in it exists until that thread ends, though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn mnt_goes_with_its_last_thread() -> Verdict {
    by_one_thread(Kind::Mnt)
}

/// A network namespace with a single thread of a process in it exists until that thread ends, though the process goes
/// on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn net_goes_with_its_last_thread() -> Verdict {
    by_one_thread(Kind::Net)
}

/// A UTS namespace with a single thread of a process in it exists until that thread ends, though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn uts_goes_with_its_last_thread() -> Verdict {
    by_one_thread(Kind::Uts)
}

/// A cgroup namespace ends when its last process moves to another one with setns(2), though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn cgroup_goes_when_its_last_process_leaves() -> Verdict {
    by_a_process_that_leaves(Kind::Cgroup)
}

/// An IPC namespace ends when its last process moves to another one with setns(2), though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn ipc_goes_when_its_last_process_leaves() -> Verdict {
    by_a_process_that_leaves(Kind::Ipc)
}

/// A mount namespace ends when its last process moves to another one with setns(2), though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn mnt_goes_when_its_last_process_leaves() -> Verdict {
    by_a_process_that_leaves(Kind::Mnt)
}

/// A network namespace ends when its last process moves to another one with setns(2), though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn net_goes_when_its_last_process_leaves() -> Verdict {
    by_a_process_that_leaves(Kind::Net)
}

/// A time namespace ends when its last process moves to another one with setns(2), though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces, Config("TIME_NS")])]
fn time_goes_when_its_last_process_leaves() -> Verdict {
    by_a_process_that_leaves(Kind::Time)
}

/// A UTS namespace ends when its last process moves to another one with setns(2), though the process goes on.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [UserNamespaces])]
fn uts_goes_when_its_last_process_leaves() -> Verdict {
    by_a_process_that_leaves(Kind::Uts)
}

/// The reference is a process that has joined the namespace of another one, which has ended.
fn by_another_process(kind: Kind) -> Verdict {
    lives_by(
        kind,
        1,
        |room| {
            let maker = room.member()?.doing("make a namespace")?;
            let pid = maker.pid();
            let joined = holder(|| setns(Namespace::of(pid, kind)?, kind.flag()).doing("join the namespace"), Ok)?;
            end(maker)?;
            Ok(joined)
        },
        end,
    )
}

/// The reference is the init; one other process has come and gone, another one is there until the end.
fn by_init() -> Verdict {
    lives_by(
        Kind::Pid,
        1,
        |_| {
            let init = Spawn::new(CLONE_NEWPID).without_files().start(|case| {
                let _stays = waiting(NONE)?;
                drop(waiting(NONE)?);
                case.go()?;
                case.wait()
            })?;
            init.recv::<()>()?;
            Ok(init)
        },
        end,
    )
}

/// The reference is a thread; the rest of its process never was in the namespace and lives on.
fn by_one_thread(kind: Kind) -> Verdict {
    lives_by(
        kind,
        1,
        |_| {
            holder(
                || Ok(Thread::start(move || unshare(kind.flag()).doing("unshare in a thread"))?.0),
                |thread| thread.end(),
            )
        },
        let_go,
    )
}

/// A process goes from one new namespace to a second one, and back: the second one is gone then.
fn by_a_process_that_leaves(kind: Kind) -> Verdict {
    Room::with(kind, 2, |room| {
        let first_and_second = || {
            enter_a_new(kind)?;
            let first = Namespace::own(kind)?;
            enter_a_new(kind)?;
            Ok(first)
        };
        let leaver = holder(first_and_second, |first| setns(&first, kind.flag()).doing("go back"))?;
        expect_errno!(room.member()?, ENOSPC, "the process is in the second namespace");
        let _stays = let_go(leaver)?;
        expect_ok!(room.member_when_free()?, "the process is back in the first namespace");
        holds()
    })
}

/// Moves the calling process into a new namespace. Into a time namespace only a child is born, or setns leads.
fn enter_a_new(kind: Kind) -> Outcome<()> {
    unshare(kind.flag()).doing("unshare")?;
    if kind == Kind::Time {
        let new = Namespace::at("/proc/self/ns/time_for_children")?;
        setns(&new, kind.flag()).doing("enter the new time namespace")?;
    }
    Ok(())
}
