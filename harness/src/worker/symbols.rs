//! What the kernel says of its own functions, on its way to the runner.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use kit::{Doing, Outcome};

use crate::code::symbols::digest;
use crate::protocol::{Event, LONGEST_LINE};

/// Where the kernel says it.
const KALLSYMS: &str = "/proc/kallsyms";

/// All of it, in parts that each are one line: 5 MB of text become 0.5, which take a serial port some seconds.
pub(super) fn events() -> Outcome<Vec<Event>> {
    // A kernel that is built without has no such file, and no symbols.
    let text = digest(&std::fs::read_to_string(KALLSYMS).unwrap_or_default());
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).doing("compress the kernel's symbols")?;
    let bytes = encoder.finish().doing("compress the kernel's symbols")?;
    // Letters are four for three bytes, and the line has some around them.
    let parts: Vec<_> = bytes.chunks(LONGEST_LINE / 2).map(|part| BASE64_STANDARD.encode(part)).collect();
    let last = parts.len() - 1;
    Ok(parts.into_iter().enumerate().map(|(at, part)| Event::Symbols { part, last: at == last }).collect())
}
