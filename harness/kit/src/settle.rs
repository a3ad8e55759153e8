//! Waiting for what the kernel does in its own time and tells nobody: asking again and again, with a deadline.
//!
//! Only for that. Whatever has an event (a pidfd, a pipe, a netlink message) is waited for by it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::words::verdict::Outcome;

/// How much of a case's deadline the kernel may take for what it does in its own time, such as counting a freed namespace
/// out: many times what was ever seen, and short enough that the case still says what it waited for.
const SETTLE_PERCENT: u32 = 70;

/// How long to leave the kernel alone between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The deadline of the case that is carried out, in milliseconds; inherited by its processes.
static CASE_DEADLINE: AtomicU64 = AtomicU64::new(0);

/// Before a case: how long it may take, as scaled for this machine.
pub fn begin_case(deadline: Duration) {
    CASE_DEADLINE.store(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// How long the running case may wait for what the kernel does in its own time.
fn patience() -> Duration {
    Duration::from_millis(CASE_DEADLINE.load(Ordering::Relaxed)) * SETTLE_PERCENT / 100
}

/// Asks until the answer is `settled` or the kernel has had more than enough time. Returns the last answer, whichever it
/// is: what it means is for the case to say.
pub fn settle<T>(settled: impl Fn(&T) -> bool, mut ask: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let end = Instant::now() + patience();
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
