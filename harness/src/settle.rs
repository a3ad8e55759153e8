//! Waiting for what the kernel does in its own time and tells nobody: asking again and again, with a deadline.
//!
//! Only for that. Whatever has an event (a pidfd, a pipe, a netlink message) is waited for by it.

use std::time::Instant;

use crate::pace::{LOOK_AGAIN, SETTLE};
use crate::verdict::Outcome;

/// Asks until the answer is `settled` or the kernel has had more than enough time. Returns the last answer, whichever it
/// is: what it means is for the case to say.
pub fn settle<T>(settled: impl Fn(&T) -> bool, mut ask: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let end = Instant::now() + SETTLE;
    loop {
        let answer = ask()?;
        if settled(&answer) || Instant::now() >= end {
            return Ok(answer);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Asks until the answer is yes or the kernel has had more than enough time; answers whether it ever was.
pub fn eventually(seen: impl FnMut() -> Outcome<bool>) -> Outcome<bool> {
    settle(|seen| *seen, seen)
}
