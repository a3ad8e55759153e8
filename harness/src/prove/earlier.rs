//! What was known of an alteration before it is tried, and who was asked about it then.

use results::proof::Altered;

use super::reach::Taker;
use super::sign::STALLED;

/// What was known of an alteration before.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    /// What became of it, and the build that found so: cases that were asked then are not asked again.
    pub(super) known: Option<(Altered, usize)>,
    /// A claim that noticed what is alike.
    pub(super) hint: Option<String>,
}

/// Which cases were asked before, and how many are asked now.
#[derive(Debug)]
pub(super) struct Earlier {
    build: Option<usize>,
    /// How many of those that this build or an older one had, in their order.
    asked: usize,
    pub(super) patience: usize,
}

impl Earlier {
    pub(super) fn of(before: &Before, most: usize) -> Self {
        let Some((known, build)) = &before.known else { return Self { build: None, asked: 0, patience: most } };
        // Whoever had less patience goes on from there; else only cases that came later are asked.
        match known.tried.filter(|_| was_tired_early(known, most)) {
            Some(tried) => Self { build: Some(*build), asked: tried, patience: most - cost(known) },
            None => Self { build: Some(*build), asked: usize::MAX, patience: most },
        }
    }

    pub(super) fn has_asked(&mut self, taker: &Taker) -> bool {
        let is_asked = self.build.is_some_and(|build| taker.build <= build) && self.asked > 0;
        self.asked -= usize::from(is_asked);
        is_asked
    }
}

/// Whether an alteration has survived only since fewer cases were asked than would be now.
pub(super) fn was_tired_early(known: &Altered, most: usize) -> bool {
    known.tried.is_some() && cost(known) < most
}

/// How many cases those that were asked count as.
fn cost(known: &Altered) -> usize {
    known.tried.unwrap_or(known.reached) + known.disturbed.stalled * (STALLED - 1)
}
