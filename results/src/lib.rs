//! Runs, matrices, baselines, and every format they are written in. Knows neither cases nor kernels: it takes
//! plain records and hands back text.

mod baseline;
mod chain;
mod changes;
mod columns;
mod counts;
mod diff;
mod difference;
mod diffnotes;
mod difftext;
mod error;
mod file;
#[cfg(test)]
mod fixtures;
mod flaw;
mod fold;
mod grid;
mod html;
mod json;
mod junit;
mod kcidb;
mod ktap;
mod markdown;
mod merge;
mod outcome;
mod outdir;
mod paint;
pub mod proof;
mod recipes;
mod record;
mod release;
mod reports;
mod shard;
mod table;
mod text;
mod verdict;
mod waived;
mod waiver;
mod wire;
mod xml;

use std::path::Path;

pub use baseline::Baseline;
pub use changes::{Change, ChangeKind, changes};
pub use diff::{Diff, NothingInCommon};
pub use difference::{Difference, DifferenceKind, Former, Interlude};
pub use error::{ReadError, WriteError};
pub use file::check_writable;
pub use html::html;
pub use jiff::Timestamp;
pub use jiff::civil::Date;
pub use json::{SCHEMA, read};
pub use junit::junit;
pub use kcidb::{OriginError, kcidb};
pub use ktap::ktap;
pub use markdown::markdown;
pub use merge::{MergeError, merge};
pub use outcome::Outcome;
pub use outdir::OutDir;
pub use record::{CaseRecord, Evidence, Kernel, Machine, Matrix, Passage, Place, Run, Shard};
pub use shard::ShardError;
pub use table::{Terminal, table};
pub use text::{escape_block, escape_line, without_version};
pub use verdict::Verdict;
pub use waived::{Waived, WaivedCell, WaiverProblem};
pub use waiver::{Waiver, WaiverError};

/// Writes `matrix` as JUnit XML to the file `path`, whole or not at all.
///
/// # Errors
/// If the file cannot be written.
pub fn write_junit(matrix: &Matrix, path: &Path) -> Result<(), WriteError> {
    file::write_atomically(path, &junit(matrix))
}
