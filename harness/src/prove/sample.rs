//! What was guarded in a kept proof, to be tried again: is it still, by the claims that noticed it then?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use results::Shard;
use results::proof::{Fate, Proof};

use crate::code::kind::Name;

/// The guarded alterations of a kept proof, or a part of them.
#[derive(Debug)]
pub(crate) struct Sample {
    kept: Proof,
    /// Each alteration and the claims that noticed it.
    by: BTreeMap<String, Vec<String>>,
}

impl Sample {
    /// Reads the kept proof of the kernel of this word, in a folder or a record.
    pub(crate) fn read(path: &Path, word: &str, shard: Option<Shard>) -> Result<Self> {
        let kept = Proof::read_all(path)?;
        let Some(kept) = kept.into_iter().find(|kept| kept.kernel.word == word) else {
            bail!("{} has no proof of {word}: `nsproof prove --kernel {word}` makes one", path.display());
        };
        let is_guarded = |fate: Fate| matches!(fate, Fate::Noticed | Fate::Fatal);
        let by =
            kept.alterations().filter(|(_, altered)| is_guarded(altered.fate)).filter_map(|(function, altered)| {
                let name: Name = format!("{}+{}", function.name, altered.at).parse().ok()?;
                let is_ours = shard.is_none_or(|shard| shard.takes(word, &name.place()));
                is_ours.then(|| (name.to_string(), altered.by.clone()))
            });
        Ok(Self { by: by.collect(), kept })
    }

    /// The claims that noticed something.
    pub(crate) fn claims(&self) -> BTreeSet<&str> {
        self.by.values().flatten().map(String::as_str).collect()
    }

    /// Whether an alteration was guarded.
    pub(crate) fn has(&self, name: &Name) -> bool {
        self.by.contains_key(&name.to_string())
    }

    /// The functions of what was guarded.
    pub(crate) fn functions(&self) -> Vec<String> {
        let functions = self.by.keys().filter_map(|name| Some(name.rsplit_once('+')?.0.to_owned()));
        functions.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What is not guarded any more, one line each.
    pub(crate) fn worse(&self, now: &Proof) -> Result<Vec<String>> {
        if now.kernel.version != self.kept.kernel.version {
            bail!(
                "the kept proof is of {}, and this is {}: another build of a kernel has its instructions elsewhere; prove it anew",
                self.kept.kernel.release,
                now.kernel.release
            );
        }
        Ok(now.worse_than(&self.kept))
    }
}
