//! What a proof has found so far, in memory and in its journal.

use std::collections::BTreeMap;

use anyhow::Result;
use results::proof::{Altered, Asked, Entry, Journal, Line};

/// What was found, and where it is kept.
pub(super) struct Kept {
    pub(super) journal: Journal,
    /// What became of alterations, with the builds that found it.
    pub(super) found: BTreeMap<usize, (Altered, usize)>,
    /// What claims were asked by themselves.
    pub(super) asked: BTreeMap<String, Asked>,
}

impl Kept {
    /// What became of an alteration.
    pub(super) fn keep(&mut self, number: usize, entry: Entry) -> Result<()> {
        self.found.insert(number, (entry.altered.clone(), entry.build));
        Ok(self.journal.add(&Line::Alteration(entry))?)
    }

    /// That a claim noticed nothing.
    pub(super) fn keep_asked(&mut self, asked: Asked) -> Result<()> {
        self.asked.insert(asked.claim.clone(), asked.clone());
        Ok(self.journal.add(&Line::Claim(asked))?)
    }
}
