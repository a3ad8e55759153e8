//! Which alterations each claim's case executes; taken once, and kept beside the proof.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lines;
use crate::error::{ReadError, WriteError};
use crate::file::write_atomically;
use crate::json::{REACH, from_file, to_text_with};
use crate::outdir::slug;
use crate::verdict::Verdict;

/// What one case executes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseReach {
    /// What it found in the kernel as it is.
    pub verdict: Verdict,
    /// How long it took there, in microseconds.
    pub duration_us: u64,
    /// Which of [`Reach::alterations`], by their numbers from 0: `0-14,17`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reached: String,
}

impl CaseReach {
    /// The numbers, written down in short.
    #[must_use]
    pub fn shorten(numbers: &[usize]) -> String {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for number in numbers {
            match runs.last_mut() {
                Some((_, end)) if *end + 1 == *number => *end = *number,
                _ => runs.push((*number, *number)),
            }
        }
        let words = runs.iter().map(|(start, end)| match start == end {
            true => start.to_string(),
            false => format!("{start}-{end}"),
        });
        words.collect::<Vec<_>>().join(",")
    }

    /// The numbers, below `count`; what is none is passed over.
    #[must_use]
    pub fn numbers(&self, count: usize) -> Vec<usize> {
        let run = |word: &str| {
            let (start, end) = word.split_once('-').unwrap_or((word, word));
            let (start, end) = (start.parse().ok()?, end.parse::<usize>().ok()?);
            Some(start..(end.saturating_add(1)).min(count))
        };
        self.reached.split(',').filter_map(run).flatten().collect()
    }
}

/// What all cases execute of a set of functions in one kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Stands for the executable, the kernel and the places: what is otherwise in one of them has to be taken again.
    pub fingerprint: String,
    /// What can be altered: `copy_pid_ns+0xc8:jcc`.
    pub alterations: Vec<String>,
    /// The cases, by name.
    pub cases: BTreeMap<String, CaseReach>,
}

impl Reach {
    /// Where it is kept for the kernel of this word.
    #[must_use]
    pub fn path(folder: &Path, word: &str) -> PathBuf {
        folder.join(format!("reach-{}.json", slug(word)))
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let text = to_text_with(&REACH, self, lines::to_text).map_err(|error| WriteError::at(path)(error.into()))?;
        write_atomically(path, &text)
    }

    /// Reads it.
    ///
    /// # Errors
    /// If the file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        Ok(from_file(&REACH, path)?.1)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], "")]
    #[case(&[3], "3")]
    #[case(&[0, 1, 2, 5, 7, 8], "0-2,5,7-8")]
    fn numbers_are_written_in_short_and_read_again(#[case] numbers: &[usize], #[case] short: &str) {
        assert_eq!(CaseReach::shorten(numbers), short);
        let case = CaseReach { verdict: Verdict::Holds, duration_us: 1, reached: short.to_owned() };
        assert_eq!(case.numbers(9), numbers);
    }

    #[test]
    fn numbers_of_nothing_are_passed_over() {
        let case = CaseReach { verdict: Verdict::Holds, duration_us: 1, reached: "0,x,2-99999999999,5-4".to_owned() };
        assert_eq!(case.numbers(4), [0, 2, 3]);
    }
}
