//! The attributes of mounts: `mount_setattr(2)`, `open_tree_attr(2)`.

use kit::mounts::{Mounts, RECURSIVE, Tree};
use kit::prelude::*;
use kit::sys::mount_attributes::{ATTRIBUTES_SIZE, MountAttributes, mount_setattr, mount_setattr_bytes};
use rustix::fs::{AtFlags, CWD};
use rustix::mount::MountAttrFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![each_attribute_is_set_and_cleared, a_longer_structure_must_end_with_zeros];

/// mount_setattr(2) sets and clears each of the attributes alone, and with AT_RECURSIVE for all mounts below too.
#[claim(source = "mount_setattr(2)", since = "5.12", needs = [Root])]
fn each_attribute_is_set_and_cleared() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/b")?;
    let options = |seen: &Mounts, name| seen.find(name).map(|mount| mount.options.clone());
    let before = tree.mounts()?;
    for (attribute, option) in [
        (MountAttrFlags::MOUNT_ATTR_RDONLY, "ro"),
        (MountAttrFlags::MOUNT_ATTR_NOSUID, "nosuid"),
        (MountAttrFlags::MOUNT_ATTR_NODEV, "nodev"),
        (MountAttrFlags::MOUNT_ATTR_NOEXEC, "noexec"),
        (MountAttrFlags::MOUNT_ATTR_NODIRATIME, "nodiratime"),
    ] {
        let change = |flags, attributes| mount_setattr(CWD, &tree.path("a"), flags, &attributes);
        for (flags, covers_all) in [(AtFlags::empty(), false), (RECURSIVE, true)] {
            expect_ok!(change(flags, MountAttributes::setting(attribute)), "to set {option}");
            let seen = tree.mounts()?;
            for (name, has) in [("a", true), ("a/b", covers_all)] {
                expect_eq!(options(&seen, name).map(|all| all.has(option)), Some(has), "{option} at {name}");
            }
            expect_ok!(change(flags, MountAttributes::clearing(attribute)), "to clear {option}");
            expect_eq!(tree.mounts()?, before, "after {option} was cleared");
        }
    }
    holds()
}

/// mount_setattr(2) takes a longer structure than it knows if the rest is zero; else it fails with E2BIG.
#[claim(source = "mount_setattr(2)", since = "5.12", needs = [Root])]
fn a_longer_structure_must_end_with_zeros() -> Verdict {
    let tree = Tree::new()?;
    let mut bytes = MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_NOSUID).to_bytes();
    bytes.resize(2 * ATTRIBUTES_SIZE, 0);
    let change = |bytes: &[u8]| mount_setattr_bytes(CWD, &tree.path(""), AtFlags::empty(), bytes);
    expect_ok!(change(&bytes));
    for place in ATTRIBUTES_SIZE..bytes.len() {
        bytes[place] = 1;
        expect_errno!(change(&bytes), E2BIG, "byte {place} is not zero");
        bytes[place] = 0;
    }
    holds()
}
