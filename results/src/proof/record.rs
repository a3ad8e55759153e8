//! The record of a proof, `proof-<kernel>.json`; `SCHEMA.md` says how it is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lines;
use crate::error::{ReadError, WriteError};
use crate::file::write_atomically;
use crate::json::{PROOF, from_file, is_of, to_text_with};
use crate::outdir::slug;
use crate::record::{Kernel, Machine, Shard};
use crate::release::Release;

/// What became of one alteration. In JSON: `noticed`, `fatal`, `survived`, `unreached`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// A claim that holds without it is violated with it.
    Noticed,
    /// The kernel crashed, warned or hung before a claim was violated.
    Fatal,
    /// Claims reach it, and none of them is violated.
    Survived,
    /// No claim's case executes it, or goes the way that it closes.
    Unreached,
}

impl Fate {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Noticed, Self::Fatal, Self::Survived, Self::Unreached];

    /// The word that people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Noticed => "noticed",
            Self::Fatal => "fatal",
            Self::Survived => "survived",
            Self::Unreached => "unreached",
        }
    }
}

/// What an alteration did to cases without any of their claims being violated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disturbance {
    /// Cases that could not be carried out: their preparations fail.
    #[serde(skip_serializing_if = "is_zero")]
    pub broken: usize,
    /// Cases that waited for ever, while the kernel went on.
    #[serde(skip_serializing_if = "is_zero")]
    pub stalled: usize,
    /// Cases that found a need missing which is there without it.
    #[serde(skip_serializing_if = "is_zero")]
    pub unmet: usize,
}

impl Disturbance {
    /// Whether there was none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands on a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// One alteration and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Altered {
    /// Where in the function, and its kind: `0xc8:jcc`.
    pub at: String,
    /// What became of it.
    pub fate: Fate,
    /// The claims that noticed it, in the order in which they did; for a fatal one, the claim under which the kernel died.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// How a fatal one ended.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub how: String,
    /// How many claims' cases execute it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reached: usize,
    /// How many of these were tried; none: all, or as many as it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<usize>,
    /// What it did to cases beside.
    #[serde(default, skip_serializing_if = "Disturbance::is_none")]
    pub disturbed: Disturbance,
    /// The instruction as it was and as it became; for those that a person looks at.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instruction: String,
    /// Why nobody in user space can notice it, where somebody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equivalent: Option<String>,
}

impl Altered {
    /// The kind: `jcc`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.at.rsplit_once(':').map_or("", |(_, kind)| kind)
    }

    /// One more claim notices it.
    pub fn noticed_by(&mut self, claim: &str) {
        if self.fate != Fate::Noticed {
            self.by.clear();
            self.how.clear();
        }
        self.by.push(claim.to_owned());
        self.fate = Fate::Noticed;
        // Of those that are guarded nobody wants to see the instruction.
        self.instruction.clear();
        self.tried = None;
    }

    /// The kernel ends under a claim's case; if a claim has noticed it, that counts.
    pub fn fatal_under(&mut self, claim: &str, how: String) {
        if self.fate == Fate::Noticed {
            return;
        }
        self.fate = Fate::Fatal;
        self.by = vec![claim.to_owned()];
        self.how = how;
        self.instruction.clear();
        self.tried = None;
    }

    /// Whether somebody should look at it: it survived, and nobody has said why it has to.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.fate == Fate::Survived && self.equivalent.is_none()
    }
}

/// A function's alterations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlteredFunction {
    /// The function's name.
    pub name: String,
    /// The file of the kernel's tree; empty when it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// In the order of addresses.
    pub alterations: Vec<Altered>,
}

/// A claim that took part: it holds on the kernel as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prover {
    /// Its name.
    pub name: String,
    /// What it says.
    pub claim: String,
    /// How many of the alterations its case executes.
    pub reaches: usize,
    /// About how many of them it was asked by itself and did not notice them; of a claim that has noticed one, nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tried: usize,
}

/// A proof: every alteration of a set of functions of one kernel, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The version of nsproof that ran.
    pub nsproof: String,
    /// The kernel.
    pub kernel: Kernel,
    /// What it ran on.
    pub machine: Machine,
    /// When it was begun.
    pub started: Timestamp,
    /// How long it took, all its parts together, in JSON as whole milliseconds.
    #[serde(rename = "wall_ms", with = "crate::wire::millis")]
    pub wall: Duration,
    /// What narrowed the functions and the claims, as typed; none: all there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<String>,
    /// Whether every claim that reaches an alteration was tried, or only those up to the first that noticed.
    pub all: bool,
    /// Which shard it is; none: not sharded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The functions, in the order of files and addresses.
    pub functions: Vec<AlteredFunction>,
    /// The claims, in the order of the suites.
    pub claims: Vec<Prover>,
}

impl Proof {
    /// Every alteration with its function.
    pub fn alterations(&self) -> impl Iterator<Item = (&AlteredFunction, &Altered)> {
        self.functions.iter().flat_map(|function| function.alterations.iter().map(move |altered| (function, altered)))
    }

    /// How many came to each end.
    #[must_use]
    pub fn count(&self, fate: Fate) -> usize {
        self.alterations().filter(|(_, altered)| altered.fate == fate).count()
    }

    /// Those that survived and that nobody has explained.
    pub fn open(&self) -> impl Iterator<Item = (&AlteredFunction, &Altered)> {
        self.alterations().filter(|(_, altered)| altered.is_open())
    }

    /// What was guarded in an older proof of the same kernel and is not any more, one line each; alterations that only one of
    /// the two has are passed over.
    #[must_use]
    pub fn worse_than(&self, older: &Self) -> Vec<String> {
        let name = |function: &AlteredFunction, altered: &Altered| format!("{}+{}", function.name, altered.at);
        let guarded = older.alterations().filter(|(_, one)| matches!(one.fate, Fate::Noticed | Fate::Fatal));
        let by: BTreeMap<String, &Altered> = guarded.map(|(function, one)| (name(function, one), one)).collect();
        let lost = self.alterations().filter(|(_, one)| one.is_open() || one.fate == Fate::Unreached);
        let line = |(function, one): (&AlteredFunction, &Altered)| {
            let name = name(function, one);
            let old = by.get(&name)?;
            Some(format!("{name} {}, which was {} by {}", one.fate.as_str(), old.fate.as_str(), old.by.join(", ")))
        };
        lost.filter_map(line).collect()
    }

    /// The claims that noticed something, or under which a kernel died; with the names of the alterations.
    #[must_use]
    pub fn guards(&self) -> BTreeMap<&str, Vec<String>> {
        let mut guards: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (function, altered) in self.alterations() {
            for claim in &altered.by {
                guards.entry(claim).or_default().push(format!("{}+{}", function.name, altered.at));
            }
        }
        guards
    }

    /// The claims that execute an alteration and were not seen to fail: that the kernel died under their cases says nothing.
    pub fn silent(&self) -> impl Iterator<Item = &Prover> {
        let noticed = self.alterations().filter(|(_, altered)| altered.fate == Fate::Noticed);
        let seen: BTreeSet<&str> = noticed.flat_map(|(_, altered)| &altered.by).map(String::as_str).collect();
        self.claims.iter().filter(move |claim| claim.reaches > 0 && !seen.contains(claim.name.as_str()))
    }

    /// The claims that guard a function or a file: one of its alterations made them fail. A function that a compiler split
    /// (`copy_pid_ns.part.0`) goes by its own name, too; a file by the end of its path.
    #[must_use]
    pub fn guards_of(&self, what: &str) -> Option<BTreeSet<&str>> {
        let is_meant = |function: &&AlteredFunction| {
            let whole = function.name.split(['.', '#']).next().unwrap_or_default();
            let ends = function.file.strip_suffix(what).is_some_and(|front| front.is_empty() || front.ends_with('/'));
            what == function.name || what == whole || ends
        };
        let mut meant = self.functions.iter().filter(is_meant).peekable();
        meant.peek()?;
        Some(meant.flat_map(|function| &function.alterations).flat_map(|one| &one.by).map(String::as_str).collect())
    }

    /// Writes the record `proof-<kernel>.json`, and beside it the summary in Markdown and the page, into a folder; returns what was written.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, WriteError> {
        let record = folder.join(format!("proof-{}.json", slug(&self.kernel.word)));
        let text = to_text_with(&PROOF, self, lines::to_text).map_err(|error| WriteError::at(&record)(error.into()))?;
        write_atomically(&record, &text)?;
        let summary = folder.join(format!("proof-{}.md", slug(&self.kernel.word)));
        write_atomically(&summary, &self.markdown())?;
        let page = folder.join(format!("proof-{}.html", slug(&self.kernel.word)));
        write_atomically(&page, &self.html())?;
        Ok(vec![record, summary, page])
    }

    /// Reads a record.
    ///
    /// # Errors
    /// If the file cannot be read, or is no record of a proof.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        Ok(from_file(&PROOF, path)?.1)
    }

    /// Whether a folder holds records of proofs, or a file is one.
    #[must_use]
    pub fn is_at(path: &Path) -> bool {
        match path.is_dir() {
            true => fs::read_dir(path).into_iter().flatten().flatten().any(|entry| is_record(&entry.path())),
            false => is_of(&PROOF, path),
        }
    }

    /// Reads every record `proof-*.json` in a folder, the oldest kernel first; or the one that is named.
    ///
    /// # Errors
    /// If one cannot be read, or there is none.
    pub fn read_all(path: &Path) -> Result<Vec<Self>, ReadError> {
        if !path.is_dir() {
            return Ok(vec![Self::read(path)?]);
        }
        let entries = fs::read_dir(path).map_err(ReadError::io(path))?;
        let mut proofs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(ReadError::io(path))?;
            if is_record(&entry.path()) {
                proofs.push(Self::read(&entry.path())?);
            }
        }
        if proofs.is_empty() {
            return Err(ReadError::Empty { path: path.to_owned(), wanted: PROOF.name });
        }
        proofs.sort_by_key(|proof| (Release::of(&proof.kernel), proof.kernel.word.clone()));
        Ok(proofs)
    }
}

fn is_record(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("proof-") && name.ends_with(".json")
}

#[cfg(test)]
mod tests;
