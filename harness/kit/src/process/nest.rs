//! User namespaces one inside the other.

use nix::errno::Errno;

use super::userns::{Maps, map_self};
use crate::sys::clone::{CloneFlags, unshare};
use crate::words::verdict::{Doing, Outcome};

/// Moves the calling process down by as many levels as it asks for and gets, each with a map as the next one needs it;
/// returns how many. Any other refusal than the one for depth and number is a failure.
pub fn nest(levels: usize) -> Outcome<usize> {
    for level in 0..levels {
        let maps = Maps::own_as_root();
        match unshare(CloneFlags::NEWUSER) {
            Ok(()) => map_self(&maps).doing(format!("map level {} from here", level + 1))?,
            Err(Errno::ENOSPC) => return Ok(level),
            Err(errno) => return Err(errno).doing(format!("make level {} from here", level + 1)),
        }
    }
    Ok(levels)
}
