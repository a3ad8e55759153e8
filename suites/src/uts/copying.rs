//! What a new UTS namespace starts with.

use harness::prelude::*;
use nix::unistd::{gethostname, sethostname};

/// The cases of this file.
pub const CASES: &[Case] = cases![a_new_namespace_starts_with_a_copy];

/// A new UTS namespace starts with a copy of its creator's hostname.
#[claim(source = "uts_namespaces(7)", needs = [Root])]
fn a_new_namespace_starts_with_a_copy() -> Verdict {
    sethostname("creator")?;
    let seen = child(CLONE_NEWUTS, || Ok(gethostname()?.into_string().unwrap_or_default()))?;
    expect_eq!(seen, "creator");
    holds()
}
