//! The operations of `mount(2)` and `umount(2)`, each by its name. The paths are passed on as they are.

use std::path::Path;

use bitflags::Flags;
use bitflags::parser::WriteHex;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rustix::fs::{AtFlags, CWD};
use rustix::mount::MountAttrFlags;

use super::detached::RECURSIVE;
use crate::flags::names;
use crate::sys::mount_attributes::{MountAttributes, mount_setattr};
use crate::words::refusal::{Answer, Portable};

/// Do not follow symbolic links on this mount (since 5.10).
pub const MS_NOSYMFOLLOW: MsFlags = MsFlags::from_bits_retain(0x100);

const NONE: Option<&str> = None;

/// Mounts a new file system of this type, whose source is named `nsproof`. `data` is for the file system.
pub fn mount_kind(kind: &str, point: impl AsRef<Path>, flags: MsFlags, data: Option<&str>) -> Answer {
    let point = point.as_ref();
    let flag_names = with(flags);
    mount(Some("nsproof"), point, Some(kind), flags, data)
        .calling(format!("mount {kind} on {}{flag_names}", point.display()))
}

/// Mounts a new tmpfs without options.
pub fn tmpfs(point: impl AsRef<Path>) -> Answer {
    mount_kind("tmpfs", point, MsFlags::empty(), None)
}

/// Shows the directory or file `from` also at `to` (`MS_BIND`).
pub fn bind(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Answer {
    from_to("bind", from.as_ref(), to.as_ref(), MsFlags::MS_BIND)
}

/// The same with all that is mounted below it (`MS_BIND | MS_REC`).
pub fn rbind(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Answer {
    from_to("bind recursively", from.as_ref(), to.as_ref(), MsFlags::MS_BIND | MsFlags::MS_REC)
}

/// Moves the mount at `from`, with all that is mounted below it (`MS_MOVE`).
pub fn move_to(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Answer {
    from_to("move", from.as_ref(), to.as_ref(), MsFlags::MS_MOVE)
}

fn from_to(what: &str, from: &Path, to: &Path, flags: MsFlags) -> Answer {
    mount(Some(from), to, NONE, flags, NONE).calling(format!("{what} {} to {}", from.display(), to.display()))
}

/// Changes the flags and options of the file system at `point`, for all its mounts (`MS_REMOUNT`). Flags of the mount that
/// are not named are cleared.
pub fn remount(point: impl AsRef<Path>, flags: MsFlags, data: Option<&str>) -> Answer {
    let point = point.as_ref();
    let flag_names = with(flags);
    mount(NONE, point, NONE, MsFlags::MS_REMOUNT | flags, data)
        .calling(format!("remount {}{flag_names}", point.display()))
}

/// Changes the flags of the mount at `point` alone (`MS_REMOUNT | MS_BIND`). Those that are not named are cleared.
pub fn bind_remount(point: impl AsRef<Path>, flags: MsFlags) -> Answer {
    remount(point, MsFlags::MS_BIND | flags, None)
}

/// Changes the propagation of the mount at `point`.
pub(super) fn change(point: &Path, flags: MsFlags) -> Answer {
    mount(NONE, point, NONE, flags, NONE).calling(format!("make {} {}", point.display(), names(flags)))
}

/// Unmounts what is topmost at `point`, without flags.
pub fn umount(point: impl AsRef<Path>) -> Answer {
    umount_by(point, MntFlags::empty())
}

/// Unmounts it at once for look-ups, and with all below it, while files that are open keep it (`MNT_DETACH`).
pub fn detach(point: impl AsRef<Path>) -> Answer {
    umount_by(point, MntFlags::MNT_DETACH)
}

/// `umount2(2)` with flags.
pub fn umount_by(point: impl AsRef<Path>, flags: MntFlags) -> Answer {
    let point = point.as_ref();
    let flag_names = with(flags);
    umount2(point, flags).calling(format!("unmount {}{flag_names}", point.display()))
}

/// Changes the attributes of the mount at `point` by `mount_setattr(2)` (since 5.12; ENOSYS before).
pub fn set_attributes(point: impl AsRef<Path>, attributes: &MountAttributes<'_>) -> Answer {
    set(point.as_ref(), AtFlags::empty(), attributes)
}

/// Makes a mount and all below it read-only by one `mount_setattr(2)` (since 5.12; ENOSYS before).
pub fn make_read_only(point: impl AsRef<Path>) -> Answer {
    set(point.as_ref(), RECURSIVE, &MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_RDONLY))
}

fn set(point: &Path, flags: AtFlags, attributes: &MountAttributes<'_>) -> Answer {
    mount_setattr(CWD, point, flags, attributes).calling(format!("mount_setattr {} with {attributes}", point.display()))
}

fn with<F: Flags>(flags: F) -> String
where
    F::Bits: WriteHex,
{
    if flags.is_empty() { String::new() } else { format!(" with {}", names(flags)) }
}
