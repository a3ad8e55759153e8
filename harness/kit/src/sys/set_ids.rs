//! `setreuid(2)` and `setregid(2)`, which no crate wraps.

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};

/// Sets the real and the effective user ID; the number 4294967295 leaves one as it is.
pub fn setreuid(real: Uid, effective: Uid) -> nix::Result<()> {
    // SAFETY: takes two integers.
    Errno::result(unsafe { libc::setreuid(real.as_raw(), effective.as_raw()) }).map(drop)
}

/// Sets the real and the effective group ID; the number 4294967295 leaves one as it is.
pub fn setregid(real: Gid, effective: Gid) -> nix::Result<()> {
    // SAFETY: takes two integers.
    Errno::result(unsafe { libc::setregid(real.as_raw(), effective.as_raw()) }).map(drop)
}
