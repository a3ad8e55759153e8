//! A case that somebody else has to end.

use kit::prelude::*;

pub(crate) const CASES: &[Case] = cases![waits_to_be_killed];

/// The case waits for a minute.
#[claim(source = "namespaces(7)", deadline = 60)]
fn waits_to_be_killed() -> Verdict {
    loop {
        nix::unistd::pause();
    }
}
