//! What the files on ID-mapped mounts share.

use kit::mounts::Tree;
use kit::prelude::*;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};

/// The first of the IDs outside in [`mapping`].
pub(super) const FIRST: u32 = 10_000;

/// A user namespace that maps 0 to 999 to as many from [`FIRST`] on.
pub(super) fn mapping() -> Outcome<Namespace> {
    Maps::range(FIRST, 1000).namespace()
}

/// Changes the mode of a file of the tree.
pub(super) fn mode(tree: &Tree, name: &str, mode: Mode) -> Outcome<()> {
    fchmodat(AT_FDCWD, &tree.path(name), mode, FchmodatFlags::FollowSymlink).doing(format!("chmod {name}"))
}
