//! What cases take for granted before they ask: where it is not so, the case is broken, and the claim is not violated.

use std::fmt::Display;

use super::verdict::{Failure, Outcome};

/// Goes on only if the preparation has brought about what the case needs; `what` says what that is.
#[track_caller]
pub fn prepared(is_so: bool, what: impl Display) -> Outcome<()> {
    if is_so { Ok(()) } else { Err(Failure::broken(format!("the case was to have {what}"))) }
}
