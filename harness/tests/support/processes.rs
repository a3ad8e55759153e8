//! What is going on below a run.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// The processes below one, the deepest last.
pub(crate) fn below(pid: i32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut children: Vec<i32> = threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| text.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>())
        .collect();
    children.extend(text.split_whitespace().filter_map(|word| word.parse::<i32>().ok()));
    children.sort_unstable();
    children.dedup();
    let deeper: Vec<i32> = children.iter().flat_map(|child| below(*child)).collect();
    children.extend(deeper);
    children
}

/// How many are below a runner while a case is at work on this machine: the worker, as root the airlock's and the stage's
/// PID 1, and the case.
pub(crate) fn of_a_case() -> usize {
    if nix::unistd::geteuid().is_root() { 4 } else { 2 }
}

/// Looks again until the answer is yes; a test must not hang, so there is a deadline.
pub(crate) fn until(what: &str, mut yes: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !yes() {
        assert!(Instant::now() < end, "still not: {what}");
        thread::yield_now();
    }
}
