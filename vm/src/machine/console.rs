//! Keeping the end of what a machine says on its console.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};

/// How much of the end is kept, in bytes: some hundred lines, whatever the guest does.
const KEPT: usize = 64 * 1024;

/// The end of a stream of any length.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    bytes: VecDeque<u8>,
}

impl Tail {
    fn push(&mut self, new: &[u8]) {
        let new = &new[new.len().saturating_sub(KEPT)..];
        let excess = (self.bytes.len() + new.len()).saturating_sub(KEPT);
        self.bytes.drain(..excess);
        self.bytes.extend(new);
    }

    fn text(&self) -> String {
        let (front, back) = self.bytes.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
    }
}

/// A thread that reads a machine's console and QEMU's own complaints until both end.
#[derive(Debug)]
pub(crate) struct Console {
    tails: Arc<[Mutex<Tail>; 2]>,
    reader: Option<JoinHandle<()>>,
}

impl Console {
    pub(crate) fn start(console: UnixStream, complaints: UnixStream) -> io::Result<Console> {
        let tails: Arc<[Mutex<Tail>; 2]> = Arc::default();
        let shared = Arc::clone(&tails);
        let read = move || read_both([console, complaints], &shared);
        let reader = thread::Builder::new().name("vm-console".into()).stack_size(256 * 1024).spawn(read)?;
        Ok(Console { tails, reader: Some(reader) })
    }

    /// The end of the console, up to 64 KiB. The guest wrote it: it may hold anything.
    pub(crate) fn text(&self) -> String {
        self.tails[0].lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// What QEMU itself had to say.
    pub(crate) fn complaints(&self) -> String {
        self.tails[1].lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// Waits until all is read; only for a machine that has ended, whose streams therefore end too.
    pub(crate) fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _panicked = reader.join();
        }
    }
}

fn read_both(streams: [UnixStream; 2], tails: &[Mutex<Tail>; 2]) {
    let mut open: Vec<(UnixStream, &Mutex<Tail>)> = streams.into_iter().zip(tails).collect();
    let mut buffer = [0; 16 * 1024];
    while !open.is_empty() {
        let mut fds: Vec<PollFd<'_>> = open.iter().map(|(stream, _)| PollFd::new(stream, PollFlags::IN)).collect();
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        let mut ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        open.retain_mut(|(stream, tail)| !ready.remove(0) || read_some(stream, tail, &mut buffer));
    }
}

/// Reads what is there; `false` at the end.
fn read_some(stream: &mut UnixStream, tail: &Mutex<Tail>, buffer: &mut [u8]) -> bool {
    match stream.read(buffer) {
        Ok(0) => false,
        Ok(n) => {
            tail.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..n]);
            true
        }
        Err(error) => error.kind() == io::ErrorKind::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_the_end_of_a_flood_is_kept() {
        let (mut guest, console) = UnixStream::pair().unwrap();
        let (qemu, complaints) = UnixStream::pair().unwrap();
        let mut reader = Console::start(console, complaints).unwrap();
        drop(qemu);
        for _ in 0..200 {
            guest.write_all(&[b'x'; 10_000]).unwrap();
        }
        guest.write_all(b"the end").unwrap();
        drop(guest);
        reader.finish();
        let text = reader.text();
        assert_eq!(text.len(), KEPT);
        assert!(text.ends_with("xxthe end"));
    }
}
