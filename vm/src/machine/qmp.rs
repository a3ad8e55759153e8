//! QEMU's monitor, as far as it is needed here: commands, their answers, events.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use serde_json::{Value, json};

use crate::deadline;

/// An answer that is longer than this is no answer.
const LONGEST_LINE: usize = 1 << 20;
/// Events that nobody asked for are forgotten past this many.
const EVENTS_KEPT: usize = 64;

/// Why the monitor gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QmpError {
    /// It did not answer in time.
    #[error("QEMU did not answer `{0}` in time")]
    Late(String),
    /// It said no.
    #[error("QEMU refused `{command}`: {why}")]
    Refused {
        /// The command.
        command: String,
        /// QEMU's words.
        why: String,
    },
    /// The connection failed, or what came is no QMP.
    #[error("the connection to QEMU's monitor failed: {0}")]
    Io(#[from] io::Error),
}

/// A connection to QEMU's monitor.
#[derive(Debug)]
pub(crate) struct Qmp {
    stream: UnixStream,
    unread: Vec<u8>,
    events: Vec<Value>,
    last_id: u64,
}

impl Qmp {
    /// Takes a connection on which nothing was said yet. Nothing is waited for: QEMU reads when it is ready.
    pub(crate) fn new(stream: UnixStream) -> Qmp {
        let mut qmp = Qmp { stream, unread: Vec::new(), events: Vec::new(), last_id: 0 };
        // A QEMU that is dead already is found out by whoever asks next.
        let _id = qmp.send("qmp_capabilities", Value::Null, None);
        qmp
    }

    /// Sends a command without waiting for its answer; a descriptor goes along if there is one.
    pub(crate) fn send(
        &mut self,
        command: &str,
        arguments: Value,
        fd: Option<BorrowedFd<'_>>,
    ) -> Result<u64, QmpError> {
        self.last_id += 1;
        let mut message = json!({ "execute": command, "id": self.last_id });
        if !arguments.is_null() {
            message["arguments"] = arguments;
        }
        let line = format!("{message}\n");
        match fd {
            None => self.stream.write_all(line.as_bytes())?,
            Some(fd) => {
                let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
                let mut ancillary = SendAncillaryBuffer::new(&mut space);
                let fds = [fd];
                ancillary.push(SendAncillaryMessage::ScmRights(&fds));
                let part = [io::IoSlice::new(line.as_bytes())];
                let sent =
                    sendmsg(&self.stream, &part, &mut ancillary, SendFlags::NOSIGNAL).map_err(io::Error::from)?;
                self.stream.write_all(&line.as_bytes()[sent..])?;
            }
        }
        Ok(self.last_id)
    }

    /// Runs a command and returns its answer.
    pub(crate) fn execute(&mut self, command: &str, arguments: Value, deadline: Instant) -> Result<Value, QmpError> {
        let id = self.send(command, arguments, None)?;
        self.answer(command, id, deadline)
    }

    /// Waits for the answer to a command that was sent.
    pub(crate) fn answer(&mut self, command: &str, id: u64, deadline: Instant) -> Result<Value, QmpError> {
        loop {
            let mut message = self.next(deadline)?.ok_or_else(|| QmpError::Late(command.to_owned()))?;
            if message.get("event").is_some() {
                self.keep(message);
            } else if message["id"] == id {
                return match message.get_mut("return") {
                    Some(value) => Ok(value.take()),
                    None => Err(QmpError::Refused { command: command.to_owned(), why: words_of(&message["error"]) }),
                };
            }
        }
    }

    /// Waits for an event that satisfies a condition; those that came while an answer was awaited count.
    pub(crate) fn event(
        &mut self,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
        deadline: Instant,
    ) -> Result<Value, QmpError> {
        let matches = |event: &Value| event["event"] == name && wanted(&event["data"]);
        loop {
            if let Some(found) = self.events.iter().position(matches) {
                return Ok(self.events.remove(found));
            }
            let message = self.next(deadline)?.ok_or_else(|| QmpError::Late(name.to_owned()))?;
            self.keep(message);
        }
    }

    fn keep(&mut self, message: Value) {
        if message.get("event").is_some() && self.events.len() < EVENTS_KEPT {
            self.events.push(message);
        }
    }

    /// The next line; `None` when the deadline is over.
    fn next(&mut self, deadline: Instant) -> Result<Option<Value>, QmpError> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(Some(serde_json::from_slice(&line).map_err(io::Error::from)?));
            }
            if self.unread.len() > LONGEST_LINE {
                return Err(io::Error::other("a line without end").into());
            }
            if !deadline::readable(self.stream.as_fd(), deadline)? {
                return Ok(None);
            }
            let mut buffer = [0; 4096];
            match io::Read::read(&mut self.stream, &mut buffer)? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                n => self.unread.extend_from_slice(&buffer[..n]),
            }
        }
    }
}

fn words_of(error: &Value) -> String {
    error["desc"].as_str().unwrap_or("it gave no reason").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(200)
    }

    fn qmp_that_hears(answers: &[&str]) -> (Qmp, UnixStream) {
        let (ours, mut qemus) = UnixStream::pair().unwrap();
        for answer in answers {
            writeln!(qemus, "{answer}").unwrap();
        }
        (Qmp::new(ours), qemus)
    }

    #[test]
    fn answers_are_told_from_events_and_from_each_other() {
        let (mut qmp, qemu) = qmp_that_hears(&[
            r#"{"QMP": {"version": {}}}"#,
            r#"{"return": {}, "id": 1}"#,
            r#"{"event": "STOP"}"#,
            r#"{"return": {"status": "paused"}, "id": 2}"#,
        ]);
        let status = qmp.execute("query-status", Value::Null, soon()).unwrap();
        assert_eq!(status["status"], "paused");
        assert_eq!(qmp.event("STOP", |_| true, soon()).unwrap()["event"], "STOP");
        let said: Vec<String> = BufReader::new(qemu).lines().take(2).map(Result::unwrap).collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        {"execute":"qmp_capabilities","id":1}
        {"execute":"query-status","id":2}
        "#);
    }

    #[test]
    fn a_refusal_is_told_with_its_reason() {
        let (mut qmp, _qemu) =
            qmp_that_hears(&[r#"{"id": 2, "error": {"class": "GenericError", "desc": "no such thing"}}"#]);
        let error = qmp.execute("migrate", json!({"uri": "fd:x"}), soon()).unwrap_err();
        assert_eq!(error.to_string(), "QEMU refused `migrate`: no such thing");
    }

    #[test]
    fn a_monitor_that_never_answers_costs_one_deadline() {
        let (mut qmp, _qemu) = qmp_that_hears(&[]);
        assert!(matches!(qmp.execute("stop", Value::Null, soon()), Err(QmpError::Late(_))));
    }

    #[test]
    fn a_monitor_that_babbles_is_given_up() {
        let (mut qmp, qemu) = qmp_that_hears(&[]);
        let babble = std::thread::spawn(move || {
            let mut qemu = qemu;
            while qemu.write_all(&[b'x'; 65536]).is_ok() {}
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        assert!(matches!(qmp.execute("stop", Value::Null, deadline), Err(QmpError::Io(_))));
        drop(qmp);
        babble.join().unwrap();
    }
}
