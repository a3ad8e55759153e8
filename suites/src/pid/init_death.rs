//! What the end of a namespace's init means for its members and for the namespace itself: `pid_namespaces(7)` The
//! namespace init process.

use std::fs;
use std::thread;

use kit::eventually;
use kit::limits::set_limit;
use kit::prelude::*;
use kit::process::{Change, member, try_clone3};
use kit::sys::ends::exit_thread;
use kit::sys::ns::get_nstype;
use kit::sys::raw::{exit_now, pidfd_send_signal};
use kit::sys::signals;
use nix::unistd::{Pid, gethostname, getppid, sethostname};
use procfs::process::Process;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    init_exit_kills_every_member,
    init_kill_takes_signal_immune_members,
    init_not_reapable_before_members_gone,
    fork_after_first_child_died_is_enomem,
    setns_to_dead_pidns_succeeds,
    fork_into_dead_pidns_is_enomem,
    bind_mounted_pidns_outlives_init_but_is_unusable,
    namespace_can_exist_empty,
    pidns_init_main_thread_may_exit,
];

/// When the init of a PID namespace exits, all other processes in it and in its descendants are killed by SIGKILL.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn init_exit_kills_every_member() -> Verdict {
    let init = spawn::<()>(CLONE_NEWPID, |outside| {
        let own = waiting(NONE)?;
        outside.send_fd(own.pidfd())?;
        let _nested = spawn(CLONE_NEWPID, |nested| {
            let innermost = waiting(NONE)?;
            outside.send_fd(innermost.pidfd())?;
            nested.wait()
        })?;
        outside.wait()?;
        exit_now(5)
    })?;
    let unseen = [("init's child", init.peer().recv_fd()?), ("a process further down", init.peer().recv_fd()?)];
    let joined = member(&init.namespace(Kind::Pid)?, |outside| {
        outside.go()?;
        outside.wait()
    })?;
    joined.recv::<()>()?;
    for (which, pidfd) in &unseen {
        pidfd_send_signal(pidfd, 0).doing(format!("reach {which}"))?;
    }
    init.go()?;
    expect!(eventually(|| Change::has_ended(joined.pidfd()))?, "a member whose parent is outside lives on");
    expect_eq!(joined.wait()?, Ended::Signaled(libc::SIGKILL), "a member whose parent is outside");
    expect_eq!(init.wait()?, Ended::Exited(5));
    for (which, pidfd) in &unseen {
        expect_errno!(pidfd_send_signal(pidfd, 0), ESRCH, "{which}");
    }
    holds()
}

/// When the init of a PID namespace is killed, a member that ignores SIGHUP, SIGINT and SIGTERM is killed too, by
/// SIGKILL.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn init_kill_takes_signal_immune_members() -> Verdict {
    const IGNORED: [i32; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];
    let init = waiting(CLONE_NEWPID)?;
    let immune = member(&init.namespace(Kind::Pid)?, |outside| {
        IGNORED.into_iter().try_for_each(signals::ignore)?;
        outside.go()?;
        outside.wait()?;
        outside.go()?;
        outside.wait()
    })?;
    immune.recv::<()>()?;
    for signal in IGNORED {
        immune.kill(signal)?;
    }
    immune.go()?;
    immune.recv::<()>().doing("hear from a member that ignores signals")?;
    init.kill(libc::SIGKILL)?;
    expect_eq!(immune.wait()?, Ended::Signaled(libc::SIGKILL));
    expect_eq!(init.wait()?, Ended::Signaled(libc::SIGKILL));
    holds()
}

/// The parent of an init that has been killed cannot reap it while a member of its PID namespace is still a zombie.
#[claim(source = "kernel/pid_namespace.c zap_pid_ns_processes", needs = [Root])]
fn init_not_reapable_before_members_gone() -> Verdict {
    let (init, alone) = (waiting(CLONE_NEWPID)?, waiting(CLONE_NEWPID)?);
    let joined = member(&init.namespace(Kind::Pid)?, Peer::wait)?;
    init.kill(libc::SIGKILL)?;
    // It is init, on its way out, that kills the member.
    expect_eq!(joined.next_change()?, Change::Signaled(libc::SIGKILL));
    // One that dies later and has no such member ends without ado.
    alone.kill(libc::SIGKILL)?;
    expect_eq!(alone.wait()?, Ended::Signaled(libc::SIGKILL));
    expect!(!Change::has_ended(init.pidfd())?, "init could be reaped before its last member");
    joined.wait()?;
    expect_eq!(init.wait()?, Ended::Signaled(libc::SIGKILL));
    holds()
}

/// After unshare(CLONE_NEWPID), fork(2) fails with ENOMEM once the caller's first child has ended.
///
/// Other new namespaces asked for by the same call make no difference. After `setns(2)` to its own PID namespace the
/// caller can fork again.
#[claim(
    source = ["pid_namespaces(7) The namespace init process", "fork(2) ERRORS", "Linux Namespaces"],
    needs = [Root]
)]
fn fork_after_first_child_died_is_enomem() -> Verdict {
    let own = Namespace::own(Kind::Pid)?;
    unshare(CLONE_NEWPID)?;
    let first = waiting(NONE)?;
    expect_ok!(try_fork(), "while the first child lives");
    first.go()?;
    first.wait()?;
    expect_errno!(try_fork(), ENOMEM);
    expect_errno!(try_fork(), ENOMEM, "again");
    expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)), ENOMEM, "in a new UTS namespace, too");
    setns(&own, CLONE_NEWPID)?;
    expect_ok!(try_fork(), "into its own PID namespace");
    holds()
}

/// setns(2) to a PID namespace whose init has ended succeeds.
#[claim(source = "pid_namespaces(7) The namespace init process", needs = [Root])]
fn setns_to_dead_pidns_succeeds() -> Verdict {
    let dead = kept_without_init()?;
    expect_ok!(setns(&dead, CLONE_NEWPID));
    expect_errno!(setns(Namespace::own(Kind::Uts)?, CLONE_NEWPID), EINVAL, "a file of another kind");
    holds()
}

/// In a process that has joined a PID namespace whose init has ended, fork(2) fails with ENOMEM.
#[claim(
    source = ["pid_namespaces(7) The namespace init process", "fork(2) ERRORS"],
    needs = [Root]
)]
fn fork_into_dead_pidns_is_enomem() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    expect_ok!(fork_inside(&init.namespace(Kind::Pid)?)?, "with an init");
    expect_errno!(fork_inside(&kept_without_init()?)?, ENOMEM);
    holds()
}

/// A bind mount keeps a PID namespace whose init has ended: setns(2) to it succeeds, but fork(2) then fails with
/// ENOMEM.
///
/// A UTS namespace that is kept in the same way can be used as before.
#[claim(
    source = [
        "Linux Namespaces",
        "namespaces(7) The /proc/pid/ns/ directory",
        "namespaces(7) Namespace lifetime",
    ],
    needs = [Root]
)]
fn bind_mounted_pidns_outlives_init_but_is_unusable() -> Verdict {
    let init = spawn(CLONE_NEWPID | CLONE_NEWUTS, |outside| {
        sethostname("kept")?;
        outside.go()?;
        outside.wait()
    })?;
    init.recv::<()>()?;
    let inode = inode_of(init.pid(), Kind::Pid)?;
    let (pid, uts) = (bind(init.pid(), Kind::Pid)?, bind(init.pid(), Kind::Uts)?);
    init.kill(libc::SIGKILL)?;
    init.wait()?;
    expect_eq!(inode_at(&pid)?, inode);
    expect_errno!(fork_inside(&Namespace::at(&pid)?)?, ENOMEM);
    let hostname = child(NONE, || {
        setns(Namespace::at(&uts)?, CLONE_NEWUTS)?;
        child(NONE, || Ok(gethostname()?.into_string().unwrap_or_default()))
    })?;
    expect_eq!(hostname, "kept");
    holds()
}

/// A PID namespace without processes exists, and counts against max_pid_namespaces, as long as an open file refers to
/// it.
#[claim(
    source = ["Linux Namespaces", "namespaces(7) Namespace lifetime"],
    needs = [Root, UserNamespaces],
    erratum = "«Linux Namespaces»: a namespace cannot exist without a process in it."
)]
fn namespace_can_exist_empty() -> Verdict {
    const NEW_PID: CloneArgs<'_> = CloneArgs::new(CLONE_NEWPID);
    user_namespace(NONE, || {
        set_limit(Kind::Pid, 2).doing("set max_pid_namespaces")?;
        // Another process holds it, so that no later child inherits the descriptor.
        let holder = spawn(NONE, |parent| {
            let held = kept_without_init()?;
            expect_eq!(expect_ok!(held.owner()).inode()?, own_inode(Kind::User)?);
            expect_eq!(expect_ok!(get_nstype(&held)), CLONE_NEWPID);
            parent.go()?;
            parent.wait()
        })?;
        holder.recv::<()>()?;
        // One that nothing holds makes room for another in the kernel's own time; the held one, older, does not.
        drop(waiting(CLONE_NEWPID)?);
        let mut living = None;
        let freed = eventually(|| {
            living = waiting(CLONE_NEWPID).ok();
            Ok(living.is_some())
        })?;
        expect!(freed, "one that nothing holds still takes room");
        expect_errno!(try_clone3(&NEW_PID), ENOSPC, "beside one that lives and one that is held");
        holder.go()?;
        holder.join()?;
        expect!(eventually(|| Ok(try_clone3(&NEW_PID).is_ok()))?, "no room after the last reference is gone");
        Ok(())
    })?;
    holds()
}

/// An init whose main thread has exited goes on in its other threads: orphans are still reparented to it, as PID 1.
#[claim(source = "kernel/exit.c find_child_reaper", needs = [Root])]
fn pidns_init_main_thread_may_exit() -> Verdict {
    let init = spawn::<()>(CLONE_NEWPID, |outside| {
        thread::scope(|threads| {
            threads.spawn(|| {
                if let Err(failure) = second_thread(outside) {
                    let _ = outside.send(&Err::<(), _>(failure));
                }
                // exit_group(2): all threads there are.
                exit_now(7)
            });
            exit_thread()
        })
    })?;
    let process = Process::new(init.pid().as_raw())?;
    let first_thread_is_gone = || Ok(process.stat()?.state == 'Z');
    expect!(eventually(first_thread_is_gone)?, "the first thread is no zombie");
    expect!(!Change::has_ended(init.pidfd())?, "init ended with its first thread");
    init.go()?;
    let parent_of_orphan: Outcome<i32> = init.recv()?;
    expect_eq!(parent_of_orphan?, 1);
    let orphan = init.peer().recv_fd()?;
    expect_ok!(pidfd_send_signal(&orphan, 0), "the orphan before the last thread's end");
    init.go()?;
    expect_eq!(init.wait()?, Ended::Exited(7), "by its last thread");
    expect_errno!(pidfd_send_signal(&orphan, 0), ESRCH, "the orphan after the last thread's end");
    holds()
}

/// Makes an orphan once the first thread is gone, and tells who its parent is.
fn second_thread(outside: &Peer) -> Outcome<()> {
    outside.wait()?;
    expect_ok!(try_fork(), "by the thread that is left");
    let (ours, theirs) = Peer::pair()?;
    let middle = spawn(NONE, |_| {
        let orphan = spawn(NONE, |_| {
            theirs.wait()?;
            theirs.send(&getppid().as_raw())?;
            theirs.wait()
        })?;
        theirs.send_fd(orphan.forget().1)
    })?;
    let orphan = ours.recv_fd()?;
    middle.join()?;
    ours.go()?;
    outside.send(&Ok::<i32, Failure>(ours.recv()?))?;
    outside.send_fd(orphan)?;
    outside.wait()
}

/// A PID namespace whose only process is gone, held by this value.
fn kept_without_init() -> Outcome<Namespace> {
    let init = waiting(CLONE_NEWPID)?;
    let namespace = init.namespace(Kind::Pid)?;
    init.kill(libc::SIGKILL)?;
    init.wait()?;
    Ok(namespace)
}

/// What a process that has joined a PID namespace gets when it forks.
fn fork_inside(namespace: &Namespace) -> Outcome<Result<(), Refusal>> {
    child(NONE, || {
        expect_ok!(setns(namespace, CLONE_NEWPID));
        Ok(try_fork().portable())
    })
}

/// Binds a process's namespace to a file of the stage, and answers its path.
fn bind(pid: Pid, kind: Kind) -> Outcome<String> {
    let path = format!("/tmp/{kind}");
    fs::write(&path, "")?;
    let source = format!("/proc/{pid}/ns/{kind}");
    kit::mounts::bind(source, &path)?;
    Ok(path)
}
