//! Files of certain owners, for the cases about who may do what with them.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use kit::prelude::*;
use nix::unistd::{Gid, Uid};

/// A new file of this user and group.
pub(super) fn file_of(path: &str, (user, group): (u32, u32), mode: u32) -> Outcome<String> {
    File::create(path).doing(format!("create {path}"))?;
    give(path, (user, group), mode)?;
    Ok(path.to_owned())
}

/// Gives a file to this user and group, with this mode.
pub(super) fn give(path: &str, (user, group): (u32, u32), mode: u32) -> Outcome<()> {
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
    nix::unistd::chown(path, Some(user), Some(group)).doing(format!("chown {path} to {user}:{group}"))?;
    // After the other, which takes set-user-ID bits away.
    fs::set_permissions(path, Permissions::from_mode(mode)).doing(format!("chmod {path} to {mode:o}"))
}

/// The user and the group that own a file, as the caller sees them.
pub(super) fn owners_at(path: impl AsRef<Path>) -> Outcome<(u32, u32)> {
    let path = path.as_ref();
    let seen = fs::symlink_metadata(path).doing(format!("stat {}", path.display()))?;
    Ok((seen.uid(), seen.gid()))
}

/// A file's permissions, with the set-user-ID and set-group-ID bits.
pub(super) fn mode_at(path: impl AsRef<Path>) -> Outcome<u32> {
    let path = path.as_ref();
    Ok(fs::symlink_metadata(path).doing(format!("stat {}", path.display()))?.mode() & 0o7777)
}
