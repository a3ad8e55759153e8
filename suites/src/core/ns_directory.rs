//! Directories and the identity of files, for the cases about the directory `ns` of a process.

use std::{fs, io};

use kit::prelude::*;
use rustix::fs::stat;

/// The names in a directory, sorted.
pub(super) fn names_in(directory: &str) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<_> = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

/// Device and inode number of the file behind a path.
pub(super) fn identity(path: &str) -> Outcome<(u64, Inode)> {
    let file = stat(path).doing(format!("stat {path}"))?;
    Ok((file.st_dev, file.st_ino))
}
