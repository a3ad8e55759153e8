//! What each claim's case executes of a kernel's functions; taken once, and kept beside the proof.

use std::collections::BTreeMap;
use std::ops::Range;
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
    /// Which of [`Reach::builds`] carried it out, by its number from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub build: usize,
    /// Which bytes of [`Reach::functions`], laid end to end: `0-14,17`.
    #[serde(default, skip_serializing_if = "Runs::is_empty")]
    pub executed: Runs,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands on a reference")]
fn is_first(build: &usize) -> bool {
    *build == 0
}

/// Whole numbers that mostly follow each other; written down in short: `0-14,17`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Runs(Vec<Range<u64>>);

impl Runs {
    /// All numbers of these ranges, in order; ranges that touch are one.
    #[must_use]
    pub fn of(mut ranges: Vec<Range<u64>>) -> Self {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_by_key(|range| range.start);
        let mut joined: Vec<Range<u64>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        Self(joined)
    }

    /// The ranges that they are.
    #[must_use]
    pub fn into_ranges(self) -> Vec<Range<u64>> {
        self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether this number is among them.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        let after = self.0.partition_point(|range| range.start <= number);
        after > 0 && self.0[after - 1].contains(&number)
    }

    /// Those within a range.
    #[must_use]
    pub fn within(&self, range: &Range<u64>) -> Self {
        let cut = |run: &Range<u64>| run.start.max(range.start)..run.end.min(range.end);
        Self::of(self.0.iter().map(cut).collect())
    }
}

impl From<Runs> for String {
    fn from(runs: Runs) -> Self {
        let word = |run: &Range<u64>| match run.end - run.start {
            1 => run.start.to_string(),
            _ => format!("{}-{}", run.start, run.end - 1),
        };
        runs.0.iter().map(word).collect::<Vec<_>>().join(",")
    }
}

impl From<String> for Runs {
    /// What is no number is passed over.
    fn from(text: String) -> Self {
        let run = |word: &str| {
            let (start, end) = word.split_once('-').unwrap_or((word, word));
            Some(start.parse().ok()?..end.parse::<u64>().ok()?.saturating_add(1))
        };
        Self::of(text.split(',').filter_map(run).collect())
    }
}

/// What all cases execute of a set of functions in one kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Stands for the kernel.
    pub kernel: String,
    /// Stand for the executables that carried cases out, the oldest first.
    pub builds: Vec<String>,
    /// The functions and their lengths in bytes.
    pub functions: Vec<(String, u64)>,
    /// The cases, by name.
    pub cases: BTreeMap<String, CaseReach>,
}

impl Reach {
    /// Where it is kept for the kernel of this word.
    #[must_use]
    pub fn path(folder: &Path, word: &str) -> PathBuf {
        folder.join(format!("reach-{}.json", slug(word)))
    }

    /// Where each function's bytes begin.
    #[must_use]
    pub fn bases(&self) -> BTreeMap<&str, u64> {
        let mut bases = BTreeMap::new();
        let mut next = 0;
        for (name, length) in &self.functions {
            bases.insert(name.as_str(), next);
            next += length;
        }
        bases
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
    #[case(vec![], "")]
    #[case(vec![3..4], "3")]
    #[case(vec![7..9, 0..2, 2..3, 5..6, 6..6], "0-2,5,7-8")]
    fn numbers_are_written_in_short_and_read_again(#[case] ranges: Vec<Range<u64>>, #[case] short: &str) {
        let runs = Runs::of(ranges.clone());
        assert_eq!(String::from(runs.clone()), short);
        assert_eq!(Runs::from(short.to_owned()), runs);
        let contained: Vec<u64> = (0..12).filter(|number| runs.contains(*number)).collect();
        assert_eq!(
            contained,
            (0..12).filter(|number| ranges.iter().any(|range| range.contains(number))).collect::<Vec<_>>()
        );
        assert_eq!(runs.count(), contained.len() as u64);
    }

    #[test]
    fn numbers_of_nothing_are_passed_over() {
        assert_eq!(Runs::from("0,x,2-3,5-4".to_owned()), Runs::of(vec![0..1, 2..4]));
    }

    #[test]
    fn a_part_is_cut_out() {
        assert_eq!(Runs::of(vec![0..4, 6..9]).within(&(2..7)), Runs::of(vec![2..4, 6..7]));
    }

    #[test]
    fn functions_lie_end_to_end() {
        let functions = vec![("f".to_owned(), 16), ("a".to_owned(), 3), ("g".to_owned(), 1)];
        let reach = Reach { kernel: String::new(), builds: Vec::new(), functions, cases: BTreeMap::new() };
        assert_eq!(reach.bases(), BTreeMap::from([("a", 16), ("f", 0), ("g", 19)]));
    }
}
