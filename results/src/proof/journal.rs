//! What a proof has found so far, a line each: it goes on from there when it was interrupted.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::Altered;
use crate::outdir::slug;

/// What the lines of a journal are about: those of another proof are no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHead {
    /// Stands for the kernel, the executable, the functions and the claims.
    pub fingerprint: String,
    /// The shard, `1/4`; empty when there is none.
    pub shard: String,
    /// Whether every claim that reaches an alteration is tried.
    pub all: bool,
}

/// One alteration and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The function.
    pub function: String,
    /// What became of it.
    pub altered: Altered,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It is about something else.
    #[error(
        "{} was begun by another proof (another kernel, other functions or claims, or another nsproof): remove it to begin \
         anew, or name another folder with --out", path.display()
    )]
    Other {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("failed to keep the journal {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A file that lines are only ever added to.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Where it is kept for the kernel of this word.
    #[must_use]
    pub fn path(folder: &Path, word: &str) -> PathBuf {
        folder.join(format!("proof-{}.journal", slug(word)))
    }

    /// Opens the journal of a proof, begun now or before; answers what is known already.
    ///
    /// # Errors
    /// If it is another proof's, or cannot be read or written.
    pub fn open(path: &Path, head: &JournalHead) -> Result<(Self, Vec<Entry>), JournalError> {
        let failed = |source: io::Error| JournalError::Io { path: path.to_owned(), source };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        // Whoever was stopped may have been so in the middle of a line.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        let known_head = lines.next().map(serde_json::from_str::<JournalHead>);
        match known_head {
            Some(Ok(known)) if known == *head => {}
            None => {}
            Some(_) => return Err(JournalError::Other { path: path.to_owned() }),
        }
        let entries = lines.map_while(|line| serde_json::from_str(line).ok()).collect();
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        file.set_len(whole as u64).map_err(failed)?;
        let mut journal = Self { path: path.to_owned(), file };
        if whole == 0 {
            journal.add_line(head)?;
        }
        Ok((journal, entries))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.add_line(entry)
    }

    fn add_line(&mut self, line: &impl Serialize) -> Result<(), JournalError> {
        let added = serde_json::to_string(line).map_err(io::Error::from).and_then(|text| {
            // In one write, so that a line is there whole or not at all, but for a full disk.
            self.file.write_all(format!("{text}\n").as_bytes())
        });
        added.map_err(|source| JournalError::Io { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::{Disturbance, Fate};

    fn entry(at: &str) -> Entry {
        let altered = Altered {
            at: at.to_owned(),
            fate: Fate::Unreached,
            by: Vec::new(),
            how: String::new(),
            reached: 0,
            disturbed: Disturbance::default(),
            instruction: String::new(),
            equivalent: None,
        };
        Entry { function: "copy_pid_ns".to_owned(), altered, ms: 7 }
    }

    fn head(fingerprint: &str) -> JournalHead {
        JournalHead { fingerprint: fingerprint.to_owned(), shard: String::new(), all: false }
    }

    #[test]
    fn what_was_written_is_known_again_but_for_half_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.journal");
        let (mut journal, known) = Journal::open(&path, &head("one")).unwrap();
        assert!(known.is_empty());
        journal.add(&entry("0x1:jcc")).unwrap();
        journal.file.write_all(b"{\"function\":\"cop").unwrap();
        let (mut journal, known) = Journal::open(&path, &head("one")).unwrap();
        assert_eq!(known, [entry("0x1:jcc")]);
        journal.add(&entry("0x2:jcc")).unwrap();
        let (_, known) = Journal::open(&path, &head("one")).unwrap();
        assert_eq!(known, [entry("0x1:jcc"), entry("0x2:jcc")]);
    }

    #[test]
    fn the_journal_of_another_proof_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.journal");
        let (mut journal, _) = Journal::open(&path, &head("one")).unwrap();
        journal.add(&entry("0x1:jcc")).unwrap();
        assert!(matches!(Journal::open(&path, &head("other")), Err(JournalError::Other { .. })));
        assert_eq!(Journal::open(&path, &head("one")).unwrap().1.len(), 1);
    }
}
