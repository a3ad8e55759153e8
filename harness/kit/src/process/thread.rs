//! A second thread in a process of a case, which is single-threaded otherwise.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use procfs::process::Process;

use crate::settle::settle;
use crate::words::verdict::{Doing, Failure, Outcome};

/// A thread that does one thing and then stays, doing nothing, until it is told to end or its process ends.
#[derive(Debug)]
pub struct Thread {
    end: Sender<()>,
    handle: JoinHandle<()>,
}

impl Thread {
    /// Starts a thread that does nothing.
    pub fn idle() -> Outcome<Self> {
        Ok(Self::start(|| Ok(()))?.0)
    }

    /// Starts a thread that carries `body` out, and returns with its value while the thread stays.
    pub fn start<T>(body: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<(Self, T)>
    where
        T: Send + 'static,
    {
        let (end, told): (_, Receiver<()>) = channel();
        let (say, said) = channel();
        let handle = std::thread::Builder::new()
            .spawn(move || {
                // Nobody listens any more only when the process is ending.
                let _ = say.send(body());
                let _ = told.recv();
            })
            .doing("start a thread")?;
        let value = said.recv().map_err(|_| Failure::broken("a thread of the case ended without a word"))??;
        Ok((Self { end, handle }, value))
    }

    /// Ends the thread and waits until the kernel has forgotten it: `pthread_join(3)` returns a moment too early.
    pub fn end(self) -> Outcome<()> {
        let before = threads()?;
        drop(self.end);
        self.handle.join().map_err(|_| Failure::broken("a thread of the case panicked"))?;
        let after = settle(|now| *now < before, threads)?;
        if after < before { Ok(()) } else { Err(Failure::broken("the kernel does not forget a thread that has ended")) }
    }
}

/// How many threads this process has, as the kernel counts them. Counted under the lock under which a thread is taken
/// off the list that decides whether a process is single-threaded.
fn threads() -> Outcome<i64> {
    Ok(Process::myself().doing("open /proc/self")?.stat().doing("read /proc/self/stat")?.num_threads)
}
