//! How many namespaces of a kind may be made in a user namespace: `/proc/sys/user/max_*_namespaces`, of
//! `namespaces(7)`. The files that a process opens are those of its own user namespace.

use std::fmt::Display;
use std::fs::File;
use std::io;

use crate::namespace::Kind;
use crate::sysctl::{open_sysctl, set_sysctl, sysctl};
use crate::words::verdict::Outcome;

/// What a user namespace begins with, whatever the limits around it are.
pub const NO_LIMIT: u32 = i32::MAX as u32;

/// The file of this kind.
pub fn limit_path(kind: Kind) -> String {
    format!("/proc/sys/{}", name(kind))
}

/// The limit in the caller's user namespace.
pub fn limit(kind: Kind) -> Outcome<u32> {
    sysctl(&name(kind))
}

/// Writes a limit, or whatever else.
pub fn set_limit(kind: Kind, value: impl Display) -> io::Result<()> {
    set_sysctl(&name(kind), value)
}

/// Opens the file for writing.
pub fn open_limit(kind: Kind) -> io::Result<File> {
    open_sysctl(&name(kind))
}

fn name(kind: Kind) -> String {
    format!("user/max_{kind}_namespaces")
}
