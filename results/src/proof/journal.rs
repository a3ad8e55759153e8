//! What a proof has found so far, a line each: it goes on from there when it was interrupted.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::Altered;
use crate::file::write_atomically;
use crate::outdir::slug;

/// What the lines of a journal are about: those of another proof are no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalHead {
    /// Stands for the kernel.
    pub kernel: String,
    /// Stands for the executable and the claims.
    pub claims: String,
    /// The shard, `1/4`; empty when there is none.
    pub shard: String,
    /// Whether every claim that reaches an alteration is tried.
    pub all: bool,
}

impl JournalHead {
    /// Whether all else is the same.
    fn differs_in_claims(&self, other: &Self) -> bool {
        Self { claims: other.claims.clone(), ..self.clone() } == *other
    }
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
    /// Which of [`Reach::builds`](super::Reach::builds) found it, by its number from 0.
    #[serde(default)]
    pub build: usize,
}

/// A claim that had noticed nothing, and was asked about what it executes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The claim.
    pub claim: String,
    /// About how many alterations it was asked and did not notice them.
    pub tried: usize,
    /// How many there were that it was not asked about.
    #[serde(default)]
    pub left: usize,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// As in [`Entry::build`].
    #[serde(default)]
    pub build: usize,
}

/// One line of a journal. Of lines about the same the last one counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// An alteration and what became of it.
    Alteration(Entry),
    /// A claim and what it was asked.
    Claim(Asked),
}

impl Line {
    /// How long it took, in milliseconds.
    #[must_use]
    pub fn ms(&self) -> u64 {
        match self {
            Self::Alteration(entry) => entry.ms,
            Self::Claim(asked) => asked.ms,
        }
    }
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It is about something else.
    #[error(
        "{} was begun by another proof (another kernel, other claims, or another nsproof): remove it to begin anew, name \
         another folder with --out, or go on with --keep from what was found", path.display()
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

    /// Opens the journal of a proof, begun now or before; answers what is known already. What another executable found, or
    /// other claims, is taken over only if it is to be kept.
    ///
    /// # Errors
    /// If it is another proof's, or cannot be read or written.
    pub fn open(path: &Path, head: &JournalHead, keep: bool) -> Result<(Self, Vec<Line>), JournalError> {
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
        let entries: Vec<Line> = lines.map_while(|line| serde_json::from_str(line).ok()).collect();
        let is_same = match known_head {
            Some(Ok(known)) if known == *head => true,
            Some(Ok(known)) if keep && known.differs_in_claims(head) => false,
            Some(_) => return Err(JournalError::Other { path: path.to_owned() }),
            None => false,
        };
        if !is_same {
            let line = |line: serde_json::Result<String>| line.map(|line| format!("{line}\n")).map_err(io::Error::from);
            let head = std::iter::once(serde_json::to_string(head));
            let lines = head.chain(entries.iter().map(serde_json::to_string)).map(line).collect::<Result<String, _>>();
            let written = lines.and_then(|text| write_atomically(path, &text).map_err(io::Error::other));
            written.map_err(failed)?;
        }
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        if is_same {
            file.set_len(whole as u64).map_err(failed)?;
        }
        Ok((Self { path: path.to_owned(), file }, entries))
    }

    /// Adds a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, entry: &Line) -> Result<(), JournalError> {
        let added = serde_json::to_string(entry).map_err(io::Error::from).and_then(|text| {
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

    fn entry(at: &str) -> Line {
        let altered = Altered {
            at: at.to_owned(),
            fate: Fate::Unreached,
            by: Vec::new(),
            how: String::new(),
            reached: 0,
            tried: None,
            disturbed: Disturbance::default(),
            instruction: String::new(),
            equivalent: None,
        };
        Line::Alteration(Entry { function: "copy_pid_ns".to_owned(), altered, ms: 7, build: 0 })
    }

    fn head(claims: &str) -> JournalHead {
        let kernel = "6.12".to_owned();
        JournalHead { kernel, claims: claims.to_owned(), shard: String::new(), all: false }
    }

    #[test]
    fn what_was_written_is_known_again_but_for_half_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.journal");
        let (mut journal, known) = Journal::open(&path, &head("one"), false).unwrap();
        assert!(known.is_empty());
        journal.add(&entry("0x1:jcc")).unwrap();
        journal.file.write_all(b"{\"function\":\"cop").unwrap();
        let (mut journal, known) = Journal::open(&path, &head("one"), false).unwrap();
        assert_eq!(known, [entry("0x1:jcc")]);
        journal.add(&entry("0x2:jcc")).unwrap();
        let asked = Line::Claim(Asked { claim: "pid::nesting".to_owned(), tried: 3, left: 2, ms: 7, build: 0 });
        journal.add(&asked).unwrap();
        let (_, known) = Journal::open(&path, &head("one"), false).unwrap();
        assert_eq!(known, [entry("0x1:jcc"), entry("0x2:jcc"), asked]);
    }

    #[test]
    fn the_journal_of_another_proof_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.journal");
        let (mut journal, _) = Journal::open(&path, &head("one"), false).unwrap();
        journal.add(&entry("0x1:jcc")).unwrap();
        assert!(matches!(Journal::open(&path, &head("other"), false), Err(JournalError::Other { .. })));
        assert_eq!(Journal::open(&path, &head("one"), false).unwrap().1.len(), 1);
    }

    #[test]
    fn what_another_executable_found_is_taken_over_if_it_is_to_be_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.journal");
        let (mut journal, _) = Journal::open(&path, &head("one"), false).unwrap();
        journal.add(&entry("0x1:jcc")).unwrap();
        let (mut journal, known) = Journal::open(&path, &head("other"), true).unwrap();
        assert_eq!(known, [entry("0x1:jcc")]);
        journal.add(&entry("0x2:jcc")).unwrap();
        assert_eq!(Journal::open(&path, &head("other"), false).unwrap().1.len(), 2);
        let of_another_kernel = JournalHead { kernel: "7.3".to_owned(), ..head("other") };
        assert!(matches!(Journal::open(&path, &of_another_kernel, true), Err(JournalError::Other { .. })));
    }
}
