//! Mounts that are in no mount namespace: `open_tree(2)`, `fsmount(2)`, `move_mount(2)`, `mount_setattr(2)`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create, fsconfig_set_string,
    fsmount, fsopen, move_mount, open_tree,
};

use crate::sys::mount_attributes::{MountAttributes, mount_setattr};
use crate::words::refusal::{Answer, Portable};
use crate::words::verdict::{Doing, Outcome};

/// `AT_RECURSIVE` of `mount_setattr(2)`, which `rustix` has for `open_tree(2)` only.
pub const RECURSIVE: AtFlags = AtFlags::from_bits_retain(OpenTreeFlags::AT_RECURSIVE.bits());

/// A mount held by a descriptor (since 5.2). As long as it is attached nowhere it goes with this value.
#[derive(Debug)]
pub struct Detached(OwnedFd);

impl Detached {
    /// A copy of the mount at this place, of that alone.
    pub fn copy_of(place: impl AsRef<Path>) -> Answer<Self> {
        Self::copied(place.as_ref(), OpenTreeFlags::empty())
    }

    /// A copy of the mount at this place with all that is mounted below.
    pub fn copy_of_all(place: impl AsRef<Path>) -> Answer<Self> {
        Self::copied(place.as_ref(), OpenTreeFlags::AT_RECURSIVE)
    }

    fn copied(place: &Path, more: OpenTreeFlags) -> Answer<Self> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | more;
        open_tree(CWD, place, flags).map(Self).calling(format!("open_tree {}", place.display()))
    }

    /// The mount at this place itself, attached as it is: to be moved by its descriptor.
    pub fn opened(place: impl AsRef<Path>) -> Answer<Self> {
        let place = place.as_ref();
        open_tree(CWD, place, OpenTreeFlags::OPEN_TREE_CLOEXEC)
            .map(Self)
            .calling(format!("open_tree {}", place.display()))
    }

    /// A new file system of this type, with options and attributes of the mount.
    pub fn new(kind: &str, options: &[(&str, &str)], attributes: MountAttrFlags) -> Answer<Self> {
        let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).calling(format!("fsopen {kind}"))?;
        for (name, value) in options {
            fsconfig_set_string(&context, *name, *value).calling(format!("fsconfig {kind}, {name}={value}"))?;
        }
        fsconfig_create(&context).calling(format!("fsconfig {kind}, FSCONFIG_CMD_CREATE"))?;
        let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes);
        mount.map(Self).calling(format!("fsmount {kind}"))
    }

    /// A mount that some other call has returned.
    pub fn from_fd(mount: OwnedFd) -> Self {
        Self(mount)
    }

    /// Mounts it at a place, and stays with it: it can be moved on by the same call.
    pub fn attach(&self, place: impl AsRef<Path>) -> Answer {
        self.attach_by(place, MoveMountFlags::empty())
    }

    /// The same with flags, such as `MOVE_MOUNT_BENEATH`.
    pub fn attach_by(&self, place: impl AsRef<Path>, flags: MoveMountFlags) -> Answer {
        let place = place.as_ref();
        move_mount(&self.0, "", CWD, place, flags | MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
            .calling(format!("move_mount to {}", place.display()))
    }

    /// Changes it by `mount_setattr(2)`.
    pub fn change(&self, attributes: &MountAttributes<'_>) -> Answer {
        mount_setattr(&self.0, "", AtFlags::EMPTY_PATH, attributes).calling("mount_setattr a detached mount")
    }

    /// Has it show files' owners through the maps of a user namespace.
    pub fn map_ids(&self, user_namespace: impl AsFd) -> Answer {
        self.change(&MountAttributes::mapping_by(user_namespace.as_fd()))
    }
}

impl AsFd for Detached {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The ID of the mount at this place that no other mount ever has, by `statx(2)`; none before 6.8.
pub fn unique_id(place: impl AsRef<Path>) -> Outcome<Option<u64>> {
    const STATX_MNT_ID_UNIQUE: StatxFlags = StatxFlags::from_bits_retain(0x4000);
    let place = place.as_ref();
    let found = statx(CWD, place, AtFlags::empty(), STATX_MNT_ID_UNIQUE).doing(format!("statx {}", place.display()))?;
    let told = StatxFlags::from_bits_retain(found.stx_mask).contains(STATX_MNT_ID_UNIQUE);
    Ok(told.then_some(found.stx_mnt_id))
}
