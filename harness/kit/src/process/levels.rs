//! How deep PID namespaces are nested.

use nix::errno::Errno;

use super::child::try_clone3;
use crate::expect;
use crate::sys::clone::{CloneArgs, CloneFlags};
use crate::words::verdict::Outcome;

/// One more than the kernel's `MAX_PID_NS_LEVEL`, which is the deepest level below the initial one.
const MOST: usize = 33;

/// How many PID namespaces there are from the caller's to the initial one: as many PIDs `set_tid` takes (since 5.5), and
/// the claim says that it refuses more with EINVAL. Each PID asked for is 1, which is taken on every level: no child is made.
pub fn pid_levels() -> Outcome<usize> {
    let ones = [1; MOST];
    let asked = |count| try_clone3(&CloneArgs { set_tid: &ones[..count], ..CloneArgs::new(CloneFlags::empty()) });
    let answers: Vec<_> = (1..=ones.len()).map(asked).collect();
    let levels = answers.iter().take_while(|answer| **answer == Err(Errno::EEXIST)).count();
    expect!(answers[levels..].iter().all(|answer| *answer == Err(Errno::EINVAL)), "{answers:?}");
    Ok(levels)
}
