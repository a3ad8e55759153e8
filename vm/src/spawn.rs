//! Starting programs such that they never outlive us.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Resource, Rlimit, Signal, getpid, getppid, set_parent_process_death_signal, setrlimit};

/// The user and group nobody, who own nothing.
pub(crate) const NOBODY: u32 = 65534;

struct Job {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

/// Who a program runs as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum User {
    /// Who we are.
    Same,
    /// If we are root: nobody, with this as its only group (65534 if none). Otherwise who we are.
    NotRoot {
        /// The group.
        group: Option<u32>,
        /// How long a file may become by what it writes, in bytes, before it is ended (SIGXFSZ, setrlimit(2)).
        longest_file: Option<u64>,
    },
}

/// Starts programs, all from one thread of its own that lasts as long as the process: the signal of PR_SET_PDEATHSIG(2const)
/// comes when the *thread* that started a child ends.
pub(crate) struct Spawner {
    jobs: OnceLock<Result<Sender<Job>, Errno>>,
    /// What the thread does to itself first; the programs inherit it.
    prepare: fn() -> Result<(), Errno>,
}

/// Starts programs where we are ourselves.
pub(crate) static HERE: Spawner = Spawner::new(|| Ok(()));

impl Spawner {
    pub(crate) const fn new(prepare: fn() -> Result<(), Errno>) -> Spawner {
        Spawner { jobs: OnceLock::new(), prepare }
    }

    /// Has the thread prepare itself, if that was not done yet.
    pub(crate) fn ready(&self) -> io::Result<()> {
        self.jobs().map(|_| ())
    }

    /// Starts a program that inherits these descriptors under their numbers, and gets SIGKILL when this process ends in whatever
    /// way.
    pub(crate) fn spawn(&self, command: Command, inherited: Vec<OwnedFd>, user: User) -> io::Result<Child> {
        let gone = || io::Error::other("the thread that starts programs is gone");
        let (reply, answer) = channel();
        let command = prepare(command, inherited, user);
        self.jobs()?.send(Job { command, reply }).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    fn jobs(&self) -> io::Result<&Sender<Job>> {
        let jobs = self.jobs.get_or_init(|| start_spawner(self.prepare));
        jobs.as_ref().map_err(|errno| (*errno).into())
    }
}

fn start_spawner(prepare: fn() -> Result<(), Errno>) -> Result<Sender<Job>, Errno> {
    let (jobs, queue) = channel::<Job>();
    let (ready, prepared) = channel();
    let serve = move || {
        let outcome = prepare();
        let _somebody_waits = ready.send(outcome);
        if outcome.is_err() {
            return;
        }
        for mut job in queue {
            // The one who asked may have given up.
            if let Err(unwanted) = job.reply.send(job.command.spawn())
                && let Ok(mut child) = unwanted.0
            {
                let _already_dead = child.kill();
                let _reaped = child.wait();
            }
        }
    };
    let thread = thread::Builder::new().name("vm-spawner".into()).spawn(serve);
    thread.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::AGAIN))?;
    prepared.recv().unwrap_or(Err(Errno::AGAIN)).map(|()| jobs)
}

#[expect(unsafe_code, reason = "std offers no safe way to run these few system calls between fork(2) and execve(2)")]
fn prepare(mut command: Command, inherited: Vec<OwnedFd>, user: User) -> Command {
    if let User::NotRoot { group, .. } = user
        && rustix::process::geteuid().is_root()
    {
        command.uid(NOBODY).gid(group.unwrap_or(NOBODY));
    }
    let longest_file = match user {
        User::NotRoot { longest_file, .. } => longest_file,
        User::Same => None,
    };
    let parent = getpid();
    let before_exec = move || {
        for fd in &inherited {
            fcntl_setfd(fd, FdFlags::empty())?;
        }
        if longest_file.is_some() {
            setrlimit(Resource::Fsize, Rlimit { current: longest_file, maximum: longest_file })?;
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
