//! Children: a closure carried out in a new process, in new namespaces where flags say so.

use std::fs::File;
use std::io::Write;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::guard::guarded;
use super::peer::{Packet, Peer};
use super::status::{Ended, signal_name};
use crate::namespace::{Kind, Namespace};
use crate::sys::clone::{CloneArgs, CloneFlags, Side, clone3};
use crate::sys::raw;
use crate::words::verdict::{Doing, Failure, Outcome};

/// Counts forks on the way from the worker to this process: what one generation owns, the next must not drop.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// How long, in milliseconds, what a case found is held back for the end of a child. A kernel that lets no child go must not turn
/// what was found about it into a missed deadline; what is left is the stage's to end, and to tell of.
const PATIENCE: u16 = 5_000;

/// Runs `body` in a child made with `flags`, waits for its end and returns its value.
///
/// What goes wrong in the child goes wrong here: a violated expectation stays violated, a failed preparation broken.
pub fn child<T>(flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    spawn(flags, |_| body())?.join()
}

/// Starts `body` in a child made with `flags` and goes on. The body's argument is its line to us.
pub fn spawn<T>(flags: CloneFlags, body: impl FnOnce(&Peer) -> Outcome<T>) -> Outcome<Child<T>>
where
    T: Serialize + DeserializeOwned,
{
    Spawn::new(flags).start(body)
}

/// A child that does nothing until it is told to [`go`](Child::go) or dropped: somebody to look at.
pub fn waiting(flags: CloneFlags) -> Outcome<Child<()>> {
    spawn(flags, |parent| parent.wait())
}

/// Whether `clone3(2)` lets the caller have such a child: one that exits at once, and is reaped.
pub fn try_clone3(wanted: &CloneArgs<'_>) -> nix::Result<()> {
    match clone3(wanted)? {
        Side::Child => raw::exit_now(0),
        Side::Parent(_, pidfd) => {
            // Nothing else can be wrong here; a child that cannot be waited for is the next wait's finding.
            let _ = Ended::wait(pidfd);
            Ok(())
        }
    }
}

/// Whether the caller can fork at all.
pub fn try_fork() -> nix::Result<()> {
    try_clone3(&CloneArgs::new(CloneFlags::empty()))
}

/// How to start a child, where [`spawn`] is too plain.
#[derive(Debug, Clone, Copy)]
pub struct Spawn<'a> {
    args: CloneArgs<'a>,
    without_files: bool,
}

impl<'a> Spawn<'a> {
    /// A child with these flags.
    pub fn new(flags: CloneFlags) -> Self {
        Self { args: CloneArgs::new(flags), without_files: false }
    }

    /// The PIDs wished for, innermost namespace first.
    pub fn set_tid(mut self, pids: &'a [i32]) -> Self {
        self.args.set_tid = pids;
        self
    }

    /// The cgroup to start in.
    pub fn into_cgroup(mut self, cgroup: BorrowedFd<'a>) -> Self {
        self.args.flags |= CloneFlags::INTO_CGROUP;
        self.args.cgroup = Some(cgroup);
        self
    }

    /// The child closes every open file that it inherits, but for standard input, output and error and its line to us:
    /// where what an open file keeps alive is the question, a copy in a child would keep it too.
    pub fn without_files(mut self) -> Self {
        self.without_files = true;
        self
    }

    /// Starts the child.
    pub fn start<T>(self, body: impl FnOnce(&Peer) -> Outcome<T>) -> Outcome<Child<T>>
    where
        T: Serialize + DeserializeOwned,
    {
        self.try_start(body)?.doing(format!("clone3({})", self.args.flags))
    }

    /// Starts the child where its making is the question: the inner result is the kernel's answer to `clone3(2)`.
    pub fn try_start<T>(self, body: impl FnOnce(&Peer) -> Outcome<T>) -> Outcome<nix::Result<Child<T>>>
    where
        T: Serialize + DeserializeOwned,
    {
        let (ours, theirs) = Peer::pair()?;
        // What stands in these buffers would otherwise be written by both sides.
        let _ = std::io::stdout().flush();
        match clone3(&self.args) {
            Err(errno) => Ok(Err(errno)),
            Ok(Side::Parent(pid, pidfd)) => Ok(Ok(Child {
                pid,
                pidfd,
                peer: ours,
                generation: GENERATION.load(Ordering::Relaxed),
                reaped: false,
                value: PhantomData,
            })),
            Ok(Side::Child) => {
                drop(ours);
                if self.without_files {
                    raw::close_files_but(&theirs);
                }
                GENERATION.fetch_add(1, Ordering::Relaxed);
                let done = guarded(|| body(&theirs)).and_then(|value| Ok(serde_json::to_value(value)?));
                let _ = theirs.put(&Packet::Done(done), None);
                let _ = std::io::stdout().flush();
                raw::exit_now(0)
            }
        }
    }
}

/// A child of this process. Dropping it kills it.
#[derive(Debug)]
pub struct Child<T> {
    pid: Pid,
    pidfd: OwnedFd,
    peer: Peer,
    generation: u64,
    reaped: bool,
    value: PhantomData<fn() -> T>,
}

impl<T> Child<T> {
    /// Its PID in this process's PID namespace.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Its PID as `/proc` here numbers it: another one where `/proc` belongs to a namespace around this process's.
    pub fn proc_pid(&self) -> Outcome<Pid> {
        let path = format!("/proc/self/fdinfo/{}", self.pidfd.as_raw_fd());
        let text = std::fs::read_to_string(&path).doing(format!("read {path}"))?;
        let pid = text.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
        match pid {
            Some(pid) if pid > 0 => Ok(Pid::from_raw(pid)),
            _ => Err(Failure::broken(format!("/proc does not show process {}", self.pid))),
        }
    }

    /// A descriptor that refers to it.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// The line to it.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Says a value to it.
    pub fn send<M: Serialize>(&self, message: &M) -> Outcome<()> {
        self.peer.send(message)
    }

    /// Waits for its next value; when it failed instead, its failure is ours.
    pub fn recv<M: DeserializeOwned>(&self) -> Outcome<M> {
        self.speaks()?;
        self.peer.recv()
    }

    /// Tells it to go on.
    pub fn go(&self) -> Outcome<()> {
        self.peer.go()
    }

    /// Its namespace of this kind, opened through `/proc/PID/ns`.
    pub fn namespace(&self, kind: Kind) -> Outcome<Namespace> {
        Namespace::of(self.proc_pid()?, kind)
    }

    /// A file of its directory in `/proc`, opened for reading.
    pub fn proc_file(&self, name: &str) -> Outcome<File> {
        let path = format!("/proc/{}/{name}", self.proc_pid()?);
        File::open(&path).doing(format!("open {path}"))
    }

    /// Sends it a signal by `kill(2)`.
    pub fn kill(&self, signal: i32) -> Outcome<()> {
        raw::kill(self.pid, signal).doing(format!("kill({}, {})", self.pid, signal_name(signal)))
    }

    /// Waits until it has said something or is dead. A grandchild may hold the line open long after its parent's end,
    /// so the end of the line alone does not tell.
    fn speaks(&self) -> Outcome<()> {
        let mut sources =
            [PollFd::new(self.peer.as_fd(), PollFlags::POLLIN), PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        // It may say its last word and end while poll(2) is between the two: only a look at the line after the end tells.
        let mut has_ended = false;
        loop {
            match poll(&mut sources, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
                Ok(_) if sources[0].any() == Some(true) => return Ok(()),
                Ok(_) if has_ended => return Err(Failure::broken("a child of the case ended without a word")),
                Ok(_) => has_ended = true,
            }
        }
    }

    /// Waits for its end and reaps it. What it says at its end is lost; [`Child::join`] returns that.
    pub fn wait(mut self) -> Outcome<Ended> {
        self.reap()
    }

    fn reap(&mut self) -> Outcome<Ended> {
        let ended = Ended::wait(&self.pidfd)?;
        self.reaped = true;
        Ok(ended)
    }

    /// The same for a child that is about to end, but not for longer than [`PATIENCE`].
    fn reap_soon(&self) {
        let mut end = [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        let answer = loop {
            match poll(&mut end, PATIENCE) {
                Err(Errno::EINTR) => {}
                answer => break answer,
            }
        };
        // Where poll(2) is refused, by RLIMIT_NOFILE for one, wait(2) is not.
        if answer != Ok(0) {
            let _ = Ended::wait(&self.pidfd);
        }
    }

    /// Lets the child be: it is neither waited for nor killed when this value goes. The stage's end ends it.
    pub fn forget(mut self) -> (Pid, OwnedFd) {
        self.reaped = true;
        let pidfd = self.pidfd.try_clone();
        (self.pid, pidfd.unwrap_or_else(|_| raw::own(-1)))
    }
}

impl<T: DeserializeOwned> Child<T> {
    /// Waits for its end and returns the value of its body.
    pub fn join(self) -> Outcome<T> {
        match self.end()? {
            (_, Some(value)) => Ok(value),
            (ended, None) => Err(Failure::broken(format!("a child of the case {ended} without a result"))),
        }
    }

    /// Waits for its end and tells how it came, with the value of its body if it lived to return one. A failure of
    /// its body is ours.
    pub fn end(mut self) -> Outcome<(Ended, Option<T>)> {
        let packet = loop {
            match self.speaks().and_then(|()| self.peer.take()) {
                Ok((Packet::Done(done), _)) => break Some(done),
                Ok(_) => {}
                Err(_) => break None,
            }
        };
        let value = match packet {
            Some(Ok(value)) => Some(value),
            Some(Err(failure)) => {
                self.reap_soon();
                // Not waited for once more when this goes.
                self.reaped = true;
                return Err(failure);
            }
            None => None,
        };
        let ended = self.reap()?;
        Ok((ended, value.map(serde_json::from_value).transpose()?))
    }
}

impl<T> Drop for Child<T> {
    fn drop(&mut self) {
        // A child inherits its parent's values, but they are not its own: it must not kill its siblings.
        if self.reaped || self.generation != GENERATION.load(Ordering::Relaxed) {
            return;
        }
        let _ = raw::pidfd_send_signal(&self.pidfd, libc::SIGKILL);
        self.reap_soon();
    }
}

/// Marks this process as a new generation; for processes that are not made by [`Spawn`].
pub fn next_generation() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
