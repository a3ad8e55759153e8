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

/// What a program complained of, in the one line that says most: apt's last error, or its first warning (the last one sums up), or
/// anybody's last line.
pub(crate) fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines.clone().rev().find_map(|line| line.strip_prefix("E: "));
    let warning = lines.clone().find_map(|line| line.strip_prefix("W: "));
    error.or(warning).or_else(|| lines.next_back()).unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("W: first\nE: one\nE: two\nW: last\n", "two")]
    #[case("W: Failed to fetch it\nW: Some index files failed\n", "Failed to fetch it")]
    #[case("depmod: ERROR: could not open\n\n", "depmod: ERROR: could not open")]
    #[case("", "it said nothing")]
    fn the_line_that_says_most_is_quoted(#[case] text: &str, #[case] line: &str) {
        assert_eq!(last_words(text.as_bytes()), line);
    }
}
