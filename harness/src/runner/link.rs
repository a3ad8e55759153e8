//! The runner's end of the line to a worker. What comes from there is bounded, parsed, and never trusted.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::protocol::{Event, LONGEST_LINE, Request};

/// A line to a worker.
#[derive(Debug)]
pub(crate) struct Link {
    stream: UnixStream,
    pending: Vec<u8>,
}

/// Why no event came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// The other side is gone.
    #[error("the line to the worker was closed")]
    Closed,
    /// Nothing came in time.
    #[error("the worker said nothing for {0:?}")]
    Silent(Duration),
    /// Something came that is no event: the text, escaped and cut.
    #[error("the worker sent something that is no event: «{0}»")]
    Garbage(String),
}

impl Link {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self { stream, pending: Vec::new() }
    }

    pub(crate) fn send(&mut self, request: &Request) -> Result<(), LinkError> {
        let mut text = serde_json::to_string(request).map_err(|error| LinkError::Garbage(error.to_string()))?;
        text.push('\n');
        // A worker that does not read for so long is not reading at all.
        let _ = self.stream.set_write_timeout(Some(crate::deadlines::GRACE));
        self.stream.write_all(text.as_bytes()).map_err(|_| LinkError::Closed)
    }

    /// Ends the line; the worker notices.
    pub(crate) fn hang_up(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// Bytes that are no event, as an error that can be shown.
    pub(crate) fn garbage(bytes: &[u8]) -> LinkError {
        garbage(bytes)
    }

    /// The next event, waited for until `until`.
    pub(crate) fn event(&mut self, until: Instant) -> Result<Event, LinkError> {
        let began = Instant::now();
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return parse(&line[..end]);
            }
            if self.pending.len() > LONGEST_LINE {
                return Err(garbage(&self.pending));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(LinkError::Silent(began.elapsed()));
            }
            self.read_some(left)?;
        }
    }

    fn read_some(&mut self, left: Duration) -> Result<(), LinkError> {
        let mut bytes = [0; 16 * 1024];
        self.stream.set_read_timeout(Some(left)).map_err(|_| LinkError::Closed)?;
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(LinkError::Closed),
            Ok(count) => {
                self.pending.extend_from_slice(&bytes[..count]);
                Ok(())
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
            {
                Ok(())
            }
            Err(_) => Err(LinkError::Closed),
        }
    }
}

fn parse(line: &[u8]) -> Result<Event, LinkError> {
    serde_json::from_slice(line).map_err(|_| garbage(line))
}

fn garbage(bytes: &[u8]) -> LinkError {
    const SHOWN: usize = 200;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
    LinkError::Garbage(results::escape_line(&text, SHOWN))
}

#[cfg(test)]
mod tests;
