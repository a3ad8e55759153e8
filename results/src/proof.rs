//! What became of a kernel's alterations: which claims noticed them, and which did not.

mod equivalent;
#[cfg(test)]
mod fixtures;
mod journal;
mod lines;
mod merge;
mod page;
mod reach;
mod record;
mod summary;

pub use equivalent::{Equivalent, EquivalentError};
pub use journal::{Asked, Entry, Journal, JournalError, JournalHead, Line};
pub use merge::merge;
pub use reach::{CaseReach, Reach, Runs};
pub use record::{Altered, AlteredFunction, Disturbance, Fate, Proof, Prover};
