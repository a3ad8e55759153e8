//! Starting QEMU such that it never outlives us.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// The user and group that a QEMU started by root becomes: nobody, who owns nothing.
const NOBODY: u32 = 65534;

struct Job {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

/// Starts a program that inherits these descriptors under their numbers, gets SIGKILL when this process ends in whatever
/// way, and is not root: as root it becomes nobody, with `group` (65534 if none) as its only group.
///
/// The signal of PR_SET_PDEATHSIG(2const) comes when the *thread* that started the child ends, so a thread of its own that
/// lasts as long as the process starts them all.
pub(crate) fn spawn(command: Command, inherited: Vec<OwnedFd>, group: Option<u32>) -> io::Result<Child> {
    static SPAWNER: OnceLock<Option<Sender<Job>>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts QEMU is gone");
    let spawner = SPAWNER.get_or_init(start_spawner).as_ref().ok_or_else(gone)?;
    let (reply, answer) = channel();
    let command = prepare(command, inherited, group);
    spawner.send(Job { command, reply }).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

fn start_spawner() -> Option<Sender<Job>> {
    let (jobs, queue) = channel::<Job>();
    let serve = move || {
        for mut job in queue {
            // The one who asked may have given up; then the child is dropped, and killed by whoever holds its sockets closing.
            if let Err(unwanted) = job.reply.send(job.command.spawn())
                && let Ok(mut child) = unwanted.0
            {
                let _already_dead = child.kill();
                let _reaped = child.wait();
            }
        }
    };
    thread::Builder::new().name("vm-spawner".into()).spawn(serve).ok().map(|_| jobs)
}

#[expect(unsafe_code, reason = "std offers no safe way to run these three system calls between fork(2) and execve(2)")]
fn prepare(mut command: Command, inherited: Vec<OwnedFd>, group: Option<u32>) -> Command {
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(group.unwrap_or(NOBODY));
    }
    let parent = getpid();
    let before_exec = move || {
        for fd in &inherited {
            fcntl_setfd(fd, FdFlags::empty())?;
        }
        // After the change of user, which would clear it (PR_SET_PDEATHSIG(2const)).
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Had the parent died before that call, no signal would ever come.
        if getppid() == Some(parent) { Ok(()) } else { Err(Errno::SRCH.into()) }
    };
    // SAFETY: the closure runs in the child of a fork in a process that may have other threads: it makes system calls only, takes no
    // lock and allocates nothing (an io::Error made from an errno holds no box).
    unsafe { command.pre_exec(before_exec) };
    command
}
