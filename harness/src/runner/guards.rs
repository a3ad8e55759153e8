//! Which claims are chosen by what they guard, as kept proofs say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use kit::Case;
use results::ReadError;
use results::proof::Proof;

use crate::terminal::shell_word;

/// Functions and files, and where proofs are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct Guards {
    /// Only claims that a proof saw guard this function, or this file of the kernel's tree; of several, any of them
    #[arg(long, value_name = "FUNCTION|FILE")]
    pub(crate) guards: Vec<String>,

    /// The proofs that --guards is answered from: a folder, or one record
    #[arg(long, value_name = "PATH", default_value = "results/proof")]
    proofs: PathBuf,
}

impl Guards {
    /// Those of these cases whose claims are meant; all if nothing was typed.
    pub(crate) fn pick(&self, cases: impl Iterator<Item = &'static Case>) -> Result<Vec<&'static Case>> {
        if self.guards.is_empty() {
            return Ok(cases.collect());
        }
        let proofs = match Proof::read_all(&self.proofs) {
            Err(ReadError::Empty { .. }) => bail!(self.without_proof()),
            Err(ReadError::Io { .. }) if !self.proofs.exists() => bail!(self.without_proof()),
            proofs => proofs?,
        };
        let mut names = BTreeSet::new();
        for what in &self.guards {
            names.extend(known(&proofs, what, &self.proofs)?);
        }
        Ok(cases.filter(|case| names.contains(case.name().as_str())).collect())
    }

    fn without_proof(&self) -> String {
        format!(
            "there is no proof in {}: `nsproof prove --kernel 6.12 --functions {}` makes the one that --guards is answered from",
            self.proofs.display(),
            shell_word(&self.guards[0])
        )
    }

    /// What was typed, as it was.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        self.guards.iter().map(|what| format!("--guards {what}"))
    }
}

/// The claims that any proof saw guard something.
fn known<'a>(proofs: &'a [Proof], what: &str, path: &Path) -> Result<BTreeSet<&'a str>> {
    let about: Vec<_> = proofs.iter().filter_map(|proof| proof.guards_of(what)).collect();
    let claims: BTreeSet<&str> = about.iter().flatten().copied().collect();
    match (about.is_empty(), claims.is_empty()) {
        (true, _) => bail!(
            "no proof in {} is about «{what}»: `nsproof prove --kernel 6.12 --functions {}` makes one",
            path.display(),
            shell_word(what)
        ),
        (false, true) => bail!("no claim was seen to guard «{what}», as the proofs in {} say", path.display()),
        (false, false) => Ok(claims),
    }
}
