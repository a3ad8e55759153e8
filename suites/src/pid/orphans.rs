//! Which process adopts one whose parent ends: `pid_namespaces(7)`, «Adoption of orphaned children».

use std::path::Path;

use kit::eventually;
use kit::prelude::*;
use kit::process::{mount_proc, status};
use kit::sys::children::let_children_vanish;
use kit::sys::raw;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, getppid};
use rustix::event::{PollFd, PollFlags, poll};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    orphan_reparented_to_ns_init,
    orphan_prefers_inner_subreaper,
    outer_subreaper_never_crosses_into_ns,
    setns_orphan_adopted_in_parents_namespace,
    setns_orphan_adopted_by_outer_subreaper,
    ns_init_must_reap_orphans,
];

/// A process whose parent ends is reparented to the init of its PID namespace, which can wait for it.
#[claim(
    source = ["pid_namespaces(7) Adoption of orphaned children", "pid_namespaces(7) The namespace init process"],
    needs = [Root],
)]
fn orphan_reparented_to_ns_init() -> Verdict {
    child(CLONE_NEWPID, || {
        let (parent, grandchild) = family()?;
        expect_eq!(grandchild.ppid()?, parent.pid().as_raw(), "while its parent lives");
        expect_errno!(waitpid(grandchild.pid, None), ECHILD, "while its parent lives");
        end(parent)?;
        expect_eq!(grandchild.ppid()?, 1);
        grandchild.exit()?;
        expect_eq!(waitpid(grandchild.pid, None), Ok(WaitStatus::Exited(grandchild.pid, Grandchild::STATUS)));
        holds()
    })
}

/// An orphan in a PID namespace is reparented to its nearest ancestor there that is a child subreaper, rather than to
/// init.
#[claim(
    source = ["pid_namespaces(7) Adoption of orphaned children", "PR_SET_CHILD_SUBREAPER(2const)"],
    needs = [Root],
)]
fn orphan_prefers_inner_subreaper() -> Verdict {
    child(CLONE_NEWPID, || {
        child(NONE, || {
            expect_eq!(adopter()?, 1, "without a subreaper");
            set_child_subreaper(true)?;
            expect_eq!(adopter()?, getpid().as_raw());
            // Its own child is nearer to the orphan, but adopts only when it is a subreaper itself.
            expect_eq!(child(NONE, adopter)?, getpid().as_raw(), "below a process that is no subreaper itself");
            let (nearest, chosen) = child(NONE, || {
                set_child_subreaper(true)?;
                Ok((getpid().as_raw(), adopter()?))
            })?;
            expect_eq!(chosen, nearest, "below two subreapers");
            holds()
        })
    })
}

/// A child subreaper outside a PID namespace does not adopt a process whose parent was inside; the namespace's init
/// does.
///
/// That holds also if the subreaper is an ancestor of a parent that was forked into the namespace after `setns(2)`.
#[claim(source = "pid_namespaces(7) Adoption of orphaned children", needs = [Root])]
fn outer_subreaper_never_crosses_into_ns() -> Verdict {
    set_child_subreaper(true)?;
    expect_eq!(adopter()?, getpid().as_raw(), "in the subreaper's own namespace");
    expect_eq!(child(CLONE_NEWPID, || child(NONE, adopter))?, 1);
    let init = waiting(CLONE_NEWPID)?;
    let chosen = enter(init.pid(), &[Kind::Pid], adopter)?;
    reap_all(&init)?;
    expect_eq!(chosen, 1, "parent put into the namespace by setns");
    holds()
}

/// A process forked into another PID namespace after setns(2) is reparented to the init of its parent's PID namespace.
///
/// Its getppid(2) returns 0 as before.
#[claim(source = "pid_namespaces(7) Adoption of orphaned children", needs = [Root])]
fn setns_orphan_adopted_in_parents_namespace() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let (parent, grandchild) = family_into(&init)?;
    expect_eq!(status(grandchild.pid)?.ppid, parent.pid().as_raw(), "while its parent lives");
    end(parent)?;
    // The stage's procfs counts in the dead parent's namespace, the process itself in the other.
    expect_eq!(status(grandchild.pid)?.ppid, 1);
    expect_eq!(grandchild.ppid()?, 0);
    expect_eq!(enter(init.pid(), &[Kind::Pid], adopter)?, 1, "parent was in the other namespace too");
    holds()
}

/// A process forked into another PID namespace after setns(2) is reparented to a subreaper among its parent's
/// ancestors, if any.
#[claim(
    source = ["pid_namespaces(7) Adoption of orphaned children", "PR_SET_CHILD_SUBREAPER(2const)"],
    needs = [Root],
)]
fn setns_orphan_adopted_by_outer_subreaper() -> Verdict {
    for (subreaper, adopter) in [(false, 1), (true, getpid().as_raw())] {
        set_child_subreaper(subreaper)?;
        let init = waiting(CLONE_NEWPID)?;
        let (parent, grandchild) = family_into(&init)?;
        end(parent)?;
        let seen = (status(grandchild.pid)?.ppid, grandchild.ppid()?);
        reap_all(&init)?;
        expect_eq!(seen, (adopter, 0), "subreaper: {subreaper}");
    }
    holds()
}

/// An orphan that exits stays a zombie until the init of its PID namespace waits for it, unless init ignores SIGCHLD.
#[claim(
    source = ["pid_namespaces(7) Adoption of orphaned children", "pid_namespaces(7) The namespace init process"],
    needs = [Root],
)]
fn ns_init_must_reap_orphans() -> Verdict {
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        mount_proc()?;
        let zombie = orphan()?;
        let pidfd = raw::pidfd_open(zombie.pid, 0)?;
        zombie.exit()?;
        poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], None)?;
        expect!(Path::new(&format!("/proc/{}", zombie.pid)).exists(), "it vanished by itself");
        expect_eq!(status(zombie.pid)?.state, "Z (zombie)");
        expect_eq!(waitpid(None, None), Ok(WaitStatus::Exited(zombie.pid, Grandchild::STATUS)));
        expect!(!Path::new(&format!("/proc/{}", zombie.pid)).exists());

        let unloved = orphan()?;
        let_children_vanish()?;
        unloved.exit()?;
        // Blocks as long as there is a child; one that reaps itself is none a moment before its number goes (wait_consider_task).
        expect_errno!(waitpid(None, None), ECHILD, "with SIGCHLD ignored");
        let gone = || Ok(!Path::new(&format!("/proc/{}", unloved.pid)).exists());
        expect!(eventually(gone)?, "the number is free");
        holds()
    })
}

/// A process that answers questions of its grandparent's.
struct Grandchild {
    /// As the grandparent's namespace numbers it.
    pid: Pid,
    line: Peer,
}

impl Grandchild {
    /// What it exits with.
    const STATUS: i32 = 3;

    /// What its `getppid(2)` returns.
    fn ppid(&self) -> Outcome<i32> {
        self.line.send(&true)?;
        self.line.recv()
    }

    /// Tells it to exit.
    fn exit(&self) -> Outcome<()> {
        self.line.send(&false)
    }

    fn main(line: &Peer) -> Outcome<()> {
        while line.recv()? {
            line.send(&getppid().as_raw())?;
        }
        raw::exit_now(Self::STATUS)
    }
}

/// A child of the caller's, which lives until [`end`], and its child. `first` is what the former does before it forks.
fn family_after(first: impl FnOnce() -> Outcome<()>) -> Outcome<(Child<()>, Grandchild)> {
    let (line, theirs) = Peer::pair()?;
    let parent = spawn(NONE, |caller| {
        first()?;
        let (pid, _) = spawn(NONE, |_| Grandchild::main(&theirs))?.forget();
        caller.send(&pid.as_raw())?;
        caller.wait()
    })?;
    let pid = Pid::from_raw(parent.recv()?);
    Ok((parent, Grandchild { pid, line }))
}

fn family() -> Outcome<(Child<()>, Grandchild)> {
    family_after(|| Ok(()))
}

/// The same with a grandchild that is in the PID namespace of `init`, unlike its parent.
fn family_into(init: &Child<()>) -> Outcome<(Child<()>, Grandchild)> {
    family_after(|| setns(Namespace::of(init.pid(), Kind::Pid)?, CLONE_NEWPID).doing("setns"))
}

fn end(parent: Child<()>) -> Outcome<()> {
    parent.go()?;
    parent.join()
}

fn orphan() -> Outcome<Grandchild> {
    let (parent, grandchild) = family()?;
    end(parent)?;
    Ok(grandchild)
}

/// The parent that a grandchild of the caller's gets when its own ends.
fn adopter() -> Outcome<i32> {
    let orphan = orphan()?;
    let parent = orphan.ppid()?;
    orphan.exit()?;
    Ok(parent)
}

/// Ends a PID namespace whose processes may have become the caller's children: the init's end waits for their reaping.
fn reap_all(init: &Child<()>) -> Outcome<()> {
    init.kill(libc::SIGKILL)?;
    while waitpid(None, None).is_ok() {}
    Ok(())
}
