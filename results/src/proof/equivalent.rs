//! Alterations that no program can notice, told so by somebody who looked.
//!
//! The file is TOML, one table an alteration:
//!
//! ```toml
//! [[equivalent]]
//! kernel = "6.12"                         # the word that names it
//! alteration = "copy_pid_ns+0x1b:never"   # or "copy_pid_ns+0x1b" for every kind
//! instruction = "je copy_pid_ns+0x40"     # what stands there: another compiler's kernel has something else at the place
//! reason = "kmem_cache_zalloc() does not fail without fault injection"
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::record::{Fate, Proof};

/// One alteration, and why it cannot be noticed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalent {
    /// The word of the kernel.
    pub kernel: String,
    /// The alteration's name, or the place's.
    pub alteration: String,
    /// The instruction that stands there, as the proof shows it.
    pub instruction: String,
    /// Why.
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct All {
    #[serde(default)]
    equivalent: Vec<Equivalent>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EquivalentError {
    /// It cannot be read.
    #[error("failed to read {}: {source}: check the path", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not as it should be.
    #[error("{}: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        why: String,
    },
}

impl Equivalent {
    /// Reads a file of them.
    ///
    /// # Errors
    /// If it cannot be read, or is not as it should be.
    pub fn read(path: &Path) -> Result<Vec<Self>, EquivalentError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| EquivalentError::Io { path: path.to_owned(), source })?;
        let broken = |why: String| EquivalentError::Broken { path: path.to_owned(), why };
        let all = toml::from_str::<All>(&text).map_err(|error| broken(error.to_string()))?.equivalent;
        match all.iter().find(|one| one.reason.trim().is_empty()) {
            Some(one) => Err(broken(format!("{} has no reason", one.alteration))),
            None => Ok(all),
        }
    }
}

impl Proof {
    /// Marks what survived and cannot be noticed; answers what was told of this kernel and is not so any more: it was noticed
    /// after all, or something else stands there.
    pub fn excuse(&mut self, equivalents: &[Equivalent]) -> Vec<String> {
        let word = self.kernel.word.clone();
        let is_whole = self.selection.is_none() && self.shard.is_none();
        let mut stale = Vec::new();
        for one in equivalents.iter().filter(|one| one.kernel == word) {
            let (mut is_here, mut applied) = (is_whole, false);
            for function in &mut self.functions {
                for altered in &mut function.alterations {
                    let name = format!("{}+{}", function.name, altered.at);
                    let place = name.rsplit_once(':').map_or(name.as_str(), |(place, _)| place);
                    let is_meant = one.alteration == name || one.alteration == place;
                    is_here |= is_meant;
                    if is_meant && altered.fate == Fate::Survived && altered.instruction.starts_with(&one.instruction) {
                        altered.equivalent = Some(one.reason.clone());
                        applied = true;
                    }
                }
            }
            if is_here && !applied {
                stale.push(one.alteration.clone());
            }
        }
        stale
    }
}
