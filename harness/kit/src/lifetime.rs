//! How cases see the end of a namespace: `namespaces(7)`, Namespace lifetime.

use std::os::fd::OwnedFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::namespace::Kind;
use crate::process::{Child, Spawn};
use crate::room::Room;
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Doing, Outcome, Verdict, holds};
use crate::{expect_errno, expect_ok};

/// Shows that something keeps a namespace of this kind in existence, and that nothing else does once it has let go.
///
/// `keep` makes a namespace that lives by one reference alone; with `together` others of its kind, counting itself, which
/// that reference keeps too. `let_go` gives the reference up, and returns whatever must be left alone until the end.
/// No process that the room makes has copies of the case's open files, so that the case itself can hold some.
///
/// How long must one wait to know that a namespace is not about to go? Until a twin has gone, which was made after it in
/// the same way and then given up, and the kernel has had its time for what it does late.
pub fn lives_by<K, L>(
    kind: Kind,
    together: u32,
    keep: impl Fn(&Room<'_>) -> Outcome<K>,
    let_go: impl Fn(K) -> Outcome<L>,
) -> Verdict {
    Room::with(kind, 2 * together, |room| {
        let kept = keep(room)?;
        let twin = keep(room)?;
        expect_errno!(room.member()?, ENOSPC, "a namespace and its twin are referred to");
        let _left = let_go(twin)?;
        let mut next = Vec::new();
        for _ in 0..together {
            next.push(expect_ok!(room.member_when_free()?, "the last reference to the twin has gone"));
        }
        room.let_the_kernel_catch_up()?;
        expect_errno!(room.member()?, ENOSPC, "the namespace is still referred to");
        let _left = let_go(kept)?;
        for _ in 0..together {
            next.push(expect_ok!(room.member_when_free()?, "the last reference to the namespace has gone"));
        }
        holds()
    })
}

/// Shows that a namespace of this kind goes with its only process although something stays that could be thought to keep
/// it. `make` returns that process and that something.
pub fn goes_in_spite_of<K>(kind: Kind, make: impl FnOnce(&Room<'_>) -> Outcome<(Child<()>, K)>) -> Verdict {
    Room::with(kind, 1, |room| {
        let (process, _stays) = make(room)?;
        expect_errno!(room.member()?, ENOSPC, "the namespace has a process");
        end(process)?;
        expect_ok!(room.member_when_free()?, "its only process has ended");
        holds()
    })
}

/// A process without any of our open files, which takes hold of something and waits to be told to
/// [`let_go`]. It stays after that, so that it is not its end that lets go.
pub fn holder<R>(take: impl FnOnce() -> Outcome<R>, give_up: impl FnOnce(R) -> Outcome<()>) -> Outcome<Child<()>> {
    let holder = Spawn::new(CloneFlags::empty()).without_files().start(|case| {
        let held = take()?;
        case.go()?;
        case.wait()?;
        give_up(held)?;
        case.go()?;
        case.wait()
    })?;
    holder.recv::<()>()?;
    Ok(holder)
}

/// Tells a [`holder`] to let go, and returns it when it has.
pub fn let_go(holder: Child<()>) -> Outcome<Child<()>> {
    holder.go()?;
    holder.recv::<()>()?;
    Ok(holder)
}

/// Makes a process in new namespaces that hands over a file that it has opened there; returns both.
pub fn file_from_inside(flags: CloneFlags, open: impl FnOnce() -> Outcome<OwnedFd>) -> Outcome<(Child<()>, OwnedFd)> {
    let process = Spawn::new(flags).without_files().start(|case| {
        case.send_fd(open()?)?;
        case.wait()
    })?;
    let file = process.peer().recv_fd()?;
    Ok((process, file))
}

/// Kills a process and waits until it is dead, but does not reap it.
pub fn make_zombie(process: Child<()>) -> Outcome<Child<()>> {
    process.kill(libc::SIGKILL)?;
    let mut dead = [PollFd::new(process.pidfd(), PollFlags::POLLIN)];
    poll(&mut dead, PollTimeout::NONE).doing("wait for a process's death")?;
    Ok(process)
}

/// Ends a process and reaps it.
pub fn end(process: Child<()>) -> Outcome<()> {
    process.kill(libc::SIGKILL)?;
    process.wait().map(drop)
}

/// Closes files by which something lived.
pub fn close<F>(files: F) -> Outcome<()> {
    drop(files);
    Ok(())
}
