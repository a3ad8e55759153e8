//! Settings of the kernel in `/proc/sys`, named as their path there: `kernel/pid_max`.
//!
//! Which namespace's setting it is depends on who opens the file, not on whose procfs it is in.

use std::error::Error;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::str::FromStr;

use crate::words::verdict::{Doing, Outcome};

/// The value as it is now.
pub fn sysctl<T>(name: &str) -> Outcome<T>
where
    T: FromStr,
    T::Err: Error,
{
    let path = path_of(name);
    let text = fs::read_to_string(&path).doing(format!("read {path}"))?;
    text.trim().parse().doing(format!("understand what {path} says"))
}

/// Writes a value; the error is the one of `open(2)` or of `write(2)`.
pub fn set_sysctl(name: &str, value: impl Display) -> io::Result<()> {
    open_sysctl(name)?.write_all(value.to_string().as_bytes())
}

/// Opens the file for writing, where it matters which of the two calls is refused.
pub fn open_sysctl(name: &str) -> io::Result<File> {
    OpenOptions::new().write(true).open(path_of(name))
}

fn path_of(name: &str) -> String {
    format!("/proc/sys/{name}")
}
