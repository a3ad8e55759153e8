//! What was once found, kept small enough for version control: a verdict a cell, one line a claim.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{ReadError, WriteError};
use crate::file::write_atomically;
use crate::grid::Grid;
use crate::json::{BASELINE, SCHEMA, from_file, is_of, read};
use crate::record::{CaseRecord, Kernel, Machine, Matrix, Run};
use crate::release::Release;
use crate::verdict::Verdict;

/// An earlier matrix that a new one is compared with: its verdicts alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The version of nsproof that ran.
    pub nsproof: String,
    /// The kernels: the word that named each, and its release.
    pub kernels: BTreeMap<String, String>,
    /// For each claim its verdict on each kernel, by the kernel's word. A flaky cell has its worst one.
    pub claims: BTreeMap<String, BTreeMap<String, Verdict>>,
}

impl Baseline {
    /// The verdicts of `matrix`.
    #[must_use]
    pub fn of(matrix: &Matrix) -> Self {
        let grid = Grid::of(matrix);
        let mut baseline = Self::default();
        for run in &matrix.runs {
            baseline.nsproof.clone_from(&run.nsproof);
            baseline.kernels.insert(run.kernel.word.clone(), run.kernel.release.clone());
        }
        for row in &grid.rows {
            let verdicts = baseline.claims.entry(row.case.name.clone()).or_default();
            for (cell, column) in row.cells.iter().zip(&grid.columns) {
                if let Some(verdict) = cell.verdict() {
                    verdicts.insert(column.label.to_owned(), verdict);
                }
            }
        }
        baseline
    }

    /// Reads a baseline, or takes it from the records of a run or a folder of them.
    ///
    /// # Errors
    /// If it cannot be read or is neither.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        match path.is_dir() || is_of(&crate::json::RUN, path) {
            true => read(path).map(|matrix| Self::of(&matrix)),
            false => from_file(&BASELINE, path).map(|(_, baseline)| baseline),
        }
    }

    /// True for a file that says that it is one.
    #[must_use]
    pub fn is_at(path: &Path) -> bool {
        is_of(&BASELINE, path)
    }

    /// The verdicts as records, for what is made of records. What they are about is taken from `claims`; of a claim that
    /// is not among them only the name is known. When and on what they were found is not known.
    #[must_use]
    pub fn matrix(&self, claims: &[CaseRecord]) -> Matrix {
        let mut words: Vec<_> = self.kernels.iter().collect();
        words.sort_by_key(|(word, release)| (Release::parse(release), (*word).clone()));
        let known: HashMap<&str, &CaseRecord> = claims.iter().map(|claim| (claim.name.as_str(), claim)).collect();
        let case = |name: &str, verdict| match known.get(name) {
            Some(claim) => CaseRecord { verdict, ..CaseRecord::clone(claim) },
            None => CaseRecord::new(name, verdict),
        };
        let run = |(word, release): (&String, &String)| Run {
            nsproof: self.nsproof.clone(),
            kernel: Kernel { word: word.clone(), release: release.clone(), ..Kernel::default() },
            machine: Machine::default(),
            started: Timestamp::UNIX_EPOCH,
            wall: Duration::ZERO,
            selection: None,
            shard: None,
            problem: None,
            unfinished: 0,
            cases: self.claims.iter().filter_map(|(name, verdicts)| Some(case(name, *verdicts.get(word)?))).collect(),
        };
        Matrix { runs: words.into_iter().map(run).collect() }
    }

    /// Writes the baseline to the file `path`, a line a claim, so that version control shows what changed.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let text = self.to_text().map_err(|error| WriteError::at(path)(error.into()))?;
        write_atomically(path, &text)
    }

    /// The file's text.
    fn to_text(&self) -> serde_json::Result<String> {
        let mut text = format!(
            "{{\n  \"kind\": \"baseline\",\n  \"schema\": {SCHEMA},\n  \"nsproof\": {},\n",
            serde_json::to_string(&self.nsproof)?
        );
        text.push_str(&lines("kernels", &self.kernels)?);
        text.push_str(",\n");
        text.push_str(&lines("claims", &self.claims)?);
        text.push_str("\n}\n");
        Ok(text)
    }
}

/// A field that is an object with each of its own fields on one line.
fn lines<T: Serialize>(field: &str, object: &BTreeMap<String, T>) -> serde_json::Result<String> {
    let mut text = format!("  \"{field}\": {{");
    for (number, (name, value)) in object.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let (name, value) = (serde_json::to_string(name)?, serde_json::to_string(value)?);
        let _ = write!(text, "{comma}\n    {name}: {value}");
    }
    text.push_str("\n  }");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::small_matrix;

    #[test]
    fn is_written_a_line_a_claim_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baseline.json");
        let baseline = Baseline::of(&small_matrix());
        baseline.write(&path).unwrap();
        insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap());
        assert_eq!(Baseline::read(&path).unwrap(), baseline);
    }

    #[test]
    fn records_serve_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let matrix = small_matrix();
        for run in &matrix.runs {
            run.write(&folder.path().join(format!("run-{}.json", run.kernel.word))).unwrap();
        }
        assert_eq!(Baseline::read(folder.path()).unwrap(), Baseline::of(&matrix));
        let one = Baseline::read(&folder.path().join("run-6.12.json")).unwrap();
        assert_eq!(one.kernels.len(), 1);
    }

    #[test]
    fn serves_as_records_of_what_is_known() {
        let baseline = Baseline::of(&small_matrix());
        let claims = small_matrix().runs[0].cases.clone();
        let matrix = baseline.matrix(&claims);
        let words: Vec<_> = matrix.runs.iter().map(|run| run.kernel.word.as_str()).collect();
        assert_eq!(words, ["5.10", "6.12", "6.18", "7.3"]);
        assert_eq!(Baseline::of(&matrix), baseline);
        assert_eq!(matrix.runs[1].cases[0].claim, claims[0].claim);
    }

    #[test]
    fn an_empty_one_is_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baseline.json");
        Baseline::default().write(&path).unwrap();
        assert_eq!(Baseline::read(&path).unwrap(), Baseline::default());
    }
}
