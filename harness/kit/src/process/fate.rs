//! What has become of a process that something may have killed.

use super::child::Child;
use super::status::Ended;
use crate::words::verdict::Outcome;

/// Lets a [`waiting`](super::waiting) child go on, if it still can, and tells how it ended.
///
/// A fatal signal that was sent to it before wins: it then does not come back from waiting.
pub fn fate(child: Child<()>) -> Outcome<Ended> {
    // Fails when it is dead already, which is one of the answers.
    let _ = child.go();
    child.wait()
}
