//! Finding programs.

use std::env;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Where administrators' programs are, which an ordinary user's PATH often leaves out (depmod(8), ip(8)).
const ALSO: [&str; 2] = ["/usr/sbin", "/sbin"];

/// The first executable of that name in PATH and the folders of administrators' programs.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(ALSO.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

/// The last line of a program's complaint that says something, for a message of ours.
pub(crate) fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("it said nothing").trim_start_matches("E: ").to_owned()
}
