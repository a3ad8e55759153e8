//! Between the guest's line and ours: bytes, and at the end the exit status.

use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use anyhow::{Context, Result};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::worker::shell::{AFTER_STATUS, BEFORE_STATUS};

/// The character that ends a terminal's input.
const END_OF_INPUT: u8 = 4;

/// The most digits that an exit status has.
const DIGITS: usize = 3;

/// Passes bytes until the line ends; answers the exit status that came last, if one did.
pub(super) fn pass_bytes(line: &UnixStream, with_input: bool) -> Result<Option<u8>> {
    let mut from_guest = line.try_clone().context("the machine's line cannot be shared")?;
    let mut to_guest = line.try_clone().context("the machine's line cannot be shared")?;
    let _raw = with_input.then(RawTerminal::begin);
    if with_input {
        // Blocks in read until the process ends; nothing waits for it.
        thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = std::io::stdin().read(&mut bytes) {
                if to_guest.write_all(&bytes[..count]).is_err() {
                    return;
                }
            }
            let _ = to_guest.write_all(&[END_OF_INPUT]);
        });
    }
    let mut held = LastWords::default();
    let mut screen = Screen { gone: false };
    let mut bytes = [0; 4096];
    loop {
        match from_guest.read(&mut bytes) {
            Ok(count @ 1..) => screen.show(&held.pass(&bytes[..count]))?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The end; or QEMU ended with something still on the way to it.
            Ok(_) | Err(_) => break,
        }
    }
    let code = held.code();
    if code.is_none() {
        screen.show(&held.0)?;
    }
    Ok(code)
}

/// Standard output.
struct Screen {
    /// Its reader has gone, such as `head`.
    gone: bool,
}

impl Screen {
    fn show(&mut self, bytes: &[u8]) -> Result<()> {
        if self.gone {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.gone = true,
            answer => answer?,
        }
        Ok(())
    }
}

/// The end of what came, held back as long as it may be the exit status.
#[derive(Debug, Default)]
struct LastWords(Vec<u8>);

impl LastWords {
    /// Takes what came; answers what is no part of an exit status for certain.
    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.0.extend(bytes);
        let longest = BEFORE_STATUS.len() + DIGITS + 1;
        let first = self.0.len().saturating_sub(longest);
        let begin = (first..self.0.len()).find(|at| may_be_status(&self.0[*at..])).unwrap_or(self.0.len());
        let held = self.0.split_off(begin);
        std::mem::replace(&mut self.0, held)
    }

    /// The exit status, now that nothing more comes.
    fn code(&self) -> Option<u8> {
        let text = std::str::from_utf8(&self.0).ok()?;
        text.strip_prefix(BEFORE_STATUS)?.strip_suffix(char::from(AFTER_STATUS))?.parse().ok()
    }
}

/// Whether an exit status begins with these bytes.
fn may_be_status(bytes: &[u8]) -> bool {
    let before = BEFORE_STATUS.as_bytes();
    let Some(rest) = bytes.strip_prefix(before) else { return before.starts_with(bytes) };
    let digits = rest.strip_suffix(&[AFTER_STATUS]).unwrap_or(rest);
    digits.len() <= DIGITS && digits.iter().all(u8::is_ascii_digit)
}

/// Our terminal, passing every key on, for as long as this value lives.
struct RawTerminal(Option<Termios>);

impl RawTerminal {
    fn begin() -> Self {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            return Self(None);
        }
        let Ok(before) = tcgetattr(&stdin) else { return Self(None) };
        let mut raw = before.clone();
        raw.make_raw();
        let _ = tcsetattr(&stdin, OptionalActions::Flush, &raw);
        Self(Some(before))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// In pieces of each length, as a line may bring it.
    #[rstest]
    #[case::plain("hello\n\x1eexit 7\x1e", "hello\n", Some(7))]
    #[case::nothing_else("\x1eexit 0\x1e", "", Some(0))]
    #[case::largest("x\x1eexit 255\x1e", "x", Some(255))]
    #[case::none("hello\n", "hello\n", None)]
    #[case::one_that_is_not_the_last("\x1eexit 3\x1e and on", "\x1eexit 3\x1e and on", None)]
    #[case::two("\x1eexit 3\x1e\x1eexit 4\x1e", "\x1eexit 3\x1e", Some(4))]
    #[case::half("a\x1eexi", "a\x1eexi", None)]
    #[case::too_large("\x1eexit 999\x1e", "\x1eexit 999\x1e", None)]
    #[case::no_number("\x1eexit \x1e", "\x1eexit \x1e", None)]
    fn the_last_words_are_the_status(#[case] text: &str, #[case] shown: &str, #[case] code: Option<u8>) {
        for length in 1..=text.len() {
            let mut held = LastWords::default();
            let mut screen: Vec<u8> = text.as_bytes().chunks(length).flat_map(|piece| held.pass(piece)).collect();
            if held.code().is_none() {
                screen.extend(&held.0);
            }
            assert_eq!((String::from_utf8(screen).unwrap().as_str(), held.code()), (shown, code), "{length}");
        }
    }
}
