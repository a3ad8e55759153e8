//! Time namespaces with offsets, and what `/proc/PID/timens_offsets` says and takes: shared by the suite's cases.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};

use kit::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Seconds by which a case's monotonic clocks are ahead: far more than any case takes.
pub(super) const MONOTONIC: i64 = 10_000_000;

/// Seconds by which a case's boot time clocks are ahead: many times the other offset.
pub(super) const BOOTTIME: i64 = 700_000_000;

/// Both offsets, and fractions that a clock of whole seconds would lose.
pub(super) const BOTH: &str = "monotonic 10000000 123456789\nboottime 700000000 987654321\n";

/// A second, and the fractions of [`BOTH`], in nanoseconds.
pub(super) const SECOND: i64 = 1_000_000_000;
pub(super) const FRACTIONS: [i64; 2] = [123_456_789, 987_654_321];

/// Runs `body` in a new time namespace whose offsets are written before: in the child of a child of the caller, which is
/// root of its user namespace. No text: nothing is written.
pub(super) fn inside<T>(text: &str, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(NONE, || {
        make(text)?;
        child(NONE, body)
    })
}

/// Makes a time namespace for the children of the calling process, and writes its offsets.
pub(super) fn make(text: &str) -> Outcome<()> {
    unshare(CLONE_NEWTIME).doing("unshare(CLONE_NEWTIME)")?;
    if text.is_empty() {
        return Ok(());
    }
    write("self", text).doing(format!("set the offsets «{text}»")).map(drop)
}

/// A process that has made a time namespace for its children, and has none. When it is told to go on, it has one, and
/// waits again.
pub(super) fn maker(text: &str) -> Outcome<Child<()>> {
    let maker = spawn(NONE, |case| {
        make(text)?;
        case.go()?;
        case.wait()?;
        child(NONE, || Ok(()))?;
        case.go()?;
        case.wait()
    })?;
    maker.recv::<()>()?;
    Ok(maker)
}

/// One `write(2)` to the file of a process, named as in `/proc`; how many bytes it took.
pub(super) fn write(process: impl Display, text: &str) -> io::Result<usize> {
    open(process)?.write(text.as_bytes())
}

/// Opens the file of a process for writing.
pub(super) fn open(process: impl Display) -> io::Result<File> {
    OpenOptions::new().write(true).open(path(process))
}

/// What the file of a process shows: seconds and nanoseconds of the monotonic and of the boot time clocks.
pub(super) fn shown(process: impl Display) -> Outcome<[(i64, i64); 2]> {
    let text = fs::read_to_string(path(process)).doing("read offsets")?;
    let words: Vec<_> = text.split_whitespace().collect();
    match words[..] {
        ["monotonic", s, ns, "boottime", boot_s, boot_ns] => {
            Ok([(s.parse()?, ns.parse()?), (boot_s.parse()?, boot_ns.parse()?)])
        }
        _ => Err(Failure::broken(format!("the offsets are not understood: {text}"))),
    }
}

/// The file's path.
pub(super) fn path(process: impl Display) -> String {
    format!("/proc/{process}/timens_offsets")
}
