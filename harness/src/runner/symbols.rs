//! Asking a kernel which functions it has, and where.

use std::io::Read;
use std::time::Instant;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::DeflateDecoder;
use vm::machine::Machine;

use super::executor::ExecutorError;
use super::link::Link;
use crate::code::symbols::{LONGEST, Symbols};
use crate::deadlines::SYMBOLS;
use crate::protocol::{Event, Request};

/// Asks the worker in a clone that nothing was asked of yet.
pub(crate) fn ask(machine: &Machine) -> Result<Symbols, ExecutorError> {
    let mut link = Link::new(machine.control().try_clone()?);
    let refused = |why: String| ExecutorError::NotReady(format!("the kernel's symbols could not be read: {why}"));
    link.send(&Request::Symbols).map_err(|error| refused(error.to_string()))?;
    let until = Instant::now() + SYMBOLS;
    let mut bytes = Vec::new();
    loop {
        match link.event(until).map_err(|error| refused(error.to_string()))? {
            Event::Symbols { part, last } => {
                bytes.extend(BASE64_STANDARD.decode(part).map_err(|error| refused(error.to_string()))?);
                if last {
                    break;
                }
            }
            _ => return Err(refused("the worker said something else".to_owned())),
        }
        if bytes.len() > LONGEST {
            return Err(refused("they have no end".to_owned()));
        }
    }
    let mut text = Vec::new();
    let all = DeflateDecoder::new(bytes.as_slice()).take(LONGEST as u64).read_to_end(&mut text);
    all.map_err(|error| refused(error.to_string()))?;
    Ok(Symbols::read(&String::from_utf8_lossy(&text)))
}
