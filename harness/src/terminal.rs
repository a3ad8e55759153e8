//! What standard output is, and how to write to it.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::{self, JoinHandle};

use anyhow::Result;
use results::Terminal;
use rustix::fs::{FileType, fstat};
use rustix::stdio::dup2_stdout;

/// How wide lines are where nobody says.
const WIDTH: usize = 120;

/// Whether a person is looking: then lines may be drawn over and coloured.
///
/// Services that run a build set `CI` and often give it a terminal, which they keep as a file.
pub(crate) fn is_watched() -> bool {
    let variable = |name: &str| std::env::var_os(name);
    std::io::stdout().is_terminal()
        && !variable("CI").is_some_and(|value| is_yes(&value))
        && variable("TERM").is_none_or(|value| value != "dumb")
}

/// `CI=true`, `CI=1` and the like.
fn is_yes(value: &OsStr) -> bool {
    !["", "0", "false"].iter().any(|no| value == OsStr::new(no))
}

/// What tables are written for: the terminal's width, and colours unless `NO_COLOR` forbids them (no-color.org).
pub(crate) fn terminal() -> Terminal {
    let width = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    Terminal {
        width: if width == 0 { WIDTH } else { width },
        colour: is_watched() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Writes to standard output; a reader that has gone, such as `head`, is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a line to standard error; that nobody reads it any more is no error.
pub(crate) fn note(line: impl fmt::Display) {
    aside(&format!("{line}\n"));
}

/// The same with a text as it is.
pub(crate) fn aside(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Standard output for code that panics when its reader has gone, as `println!` does.
///
/// While this lives, what is printed goes to the reader by way of a thread; once there is no reader, it is dropped.
#[derive(Debug)]
pub(crate) struct PatientOutput(Option<(OwnedFd, JoinHandle<()>)>);

impl PatientOutput {
    /// From now on. Does nothing where standard output is no pipe.
    pub(crate) fn begin() -> io::Result<Self> {
        let kind = FileType::from_raw_mode(fstat(io::stdout())?.st_mode);
        if !matches!(kind, FileType::Fifo | FileType::Socket) {
            return Ok(Self(None));
        }
        let reader = io::stdout().as_fd().try_clone_to_owned()?;
        let mut out = File::from(reader.try_clone()?);
        let (mut words, printed) = io::pipe()?;
        dup2_stdout(&printed)?;
        let copy = move || {
            let mut bytes = [0; 4096];
            let mut gone = false;
            while let Ok(count @ 1..) = words.read(&mut bytes) {
                gone = gone || out.write_all(&bytes[..count]).is_err();
            }
        };
        Ok(Self(Some((reader, thread::spawn(copy)))))
    }
}

impl Drop for PatientOutput {
    fn drop(&mut self) {
        if let Some((reader, copier)) = self.0.take() {
            let _ = io::stdout().flush();
            // Closes the pipe's last end on this side; the thread ends when it has copied what is in it.
            if dup2_stdout(&reader).is_ok() {
                let _ = copier.join();
            }
        }
    }
}

/// A word as a shell takes it: quoted where it holds more than letters that mean nothing there.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/:+@=,-".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("true", true)]
    #[case("1", true)]
    #[case("woodpecker", true)]
    #[case("false", false)]
    #[case("0", false)]
    #[case("", false)]
    fn a_service_says_yes(#[case] value: &str, #[case] yes: bool) {
        assert_eq!(is_yes(OsStr::new(value)), yes);
    }

    #[rstest]
    #[case("6.12.107+deb13-cloud-amd64", "6.12.107+deb13-cloud-amd64")]
    #[case("../linux", "../linux")]
    #[case("my tree/$x", "'my tree/$x'")]
    #[case("it's", r"'it'\''s'")]
    #[case("", "''")]
    fn a_shell_reads_the_same_word(#[case] word: &str, #[case] typed: &str) {
        assert_eq!(shell_word(word), typed);
    }
}
