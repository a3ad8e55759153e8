//! Waiting for what the kernel does in its own time and tells nobody of.

use std::thread::sleep;
use std::time::Instant;

use crate::pace::{GLANCE, SETTLED};
use crate::verdict::Outcome;

/// Looks again and again until `seen` is true, and answers whether that came to pass before the kernel must have
/// settled. For counts of freed objects and the like; what can be waited for is waited for.
pub fn eventually(mut seen: impl FnMut() -> Outcome<bool>) -> Outcome<bool> {
    let until = Instant::now() + SETTLED;
    loop {
        if seen()? {
            return Ok(true);
        }
        if Instant::now() > until {
            return Ok(false);
        }
        sleep(GLANCE);
    }
}
