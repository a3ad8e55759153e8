//! When mount_setattr(2) fails: its page, ERRORS. What is about ID-mapped mounts stands in `idmapped_refused.rs`.

use std::os::fd::AsRawFd;

use kit::mounts::Tree;
use kit::prelude::*;
use kit::sys::mount_attributes::{
    ATTRIBUTES_SIZE, MountAttributes, mount_setattr, mount_setattr_at_number, mount_setattr_bytes,
};
use nix::mount::MsFlags;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, open};
use rustix::mount::{MountAttrFlags, OpenTreeFlags};

use super::rights::needs_cap_sys_admin;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mount_setattr_needs_cap_sys_admin,
    mount_setattr_needs_a_mount_point,
    mount_setattr_refuses_mounts_of_other_namespaces,
    mount_setattr_refuses_unknown_flags,
    mount_setattr_refuses_unknown_attributes,
    mount_setattr_refuses_a_part_of_the_access_time,
    mount_setattr_takes_one_propagation_type,
    a_longer_structure_must_end_with_zeros,
    mount_setattr_bounds_the_structure,
];

/// Attributes that are valid in `attr_set` alone.
const SOME: MountAttributes<'_> = MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_NODEV);

/// mount_setattr(2) requires CAP_SYS_ADMIN in the user namespace that owns the mount namespace, which need not be the initial
/// one.
#[claim(
    source = "fs/namespace.c",
    since = "5.12",
    needs = [Root, UserNamespaces],
    erratum = "mount_setattr(2), ERRORS: EPERM if the caller does not have CAP_SYS_ADMIN in the initial user namespace.",
)]
fn mount_setattr_needs_cap_sys_admin() -> Verdict {
    let tree = Tree::new()?;
    let call = |tree: &Tree| mount_setattr(CWD, &tree.path(""), AtFlags::empty(), &SOME);
    needs_cap_sys_admin(|| call(&tree))?;
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            expect_ok!(call(&Tree::new()?), "root of the user namespace that owns the mount namespace");
            holds()
        })
    })
}

/// mount_setattr(2) fails with EINVAL if the path is no mount point, with ENOENT if it is missing or empty, and with EBADF if
/// dirfd is not open.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", needs = [Root])]
fn mount_setattr_needs_a_mount_point() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("plain")?.tmpfs("a")?;
    let folder = open(tree.path(""), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).doing("open the tree")?;
    let call = |path: &str, flags| mount_setattr(&folder, path, flags, &SOME);
    expect_errno!(call("plain", AtFlags::empty()), EINVAL, "a directory of a mount");
    expect_errno!(call("missing", AtFlags::empty()), ENOENT, "nothing there");
    expect_errno!(call("", AtFlags::empty()), ENOENT, "an empty path");
    expect_ok!(call("", AtFlags::EMPTY_PATH), "an empty path with AT_EMPTY_PATH");
    expect_ok!(call("a", AtFlags::empty()), "a mount point");
    let number = folder.as_raw_fd();
    drop(folder);
    for number in [number, -1] {
        let answer = mount_setattr_at_number(number, "a", AtFlags::empty(), &SOME.to_bytes());
        expect_errno!(answer, EBADF, "number {number}, which is no descriptor");
    }
    holds()
}

/// mount_setattr(2) fails with EINVAL for a mount of another mount namespace, even with all capabilities there.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", needs = [Root])]
fn mount_setattr_refuses_mounts_of_other_namespaces() -> Verdict {
    let tree = Tree::new()?;
    let folder = open(tree.path(""), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).doing("open the tree")?;
    let call = || mount_setattr(&folder, "", AtFlags::EMPTY_PATH, &SOME);
    child(CLONE_NEWNS, || {
        expect_errno!(call(), EINVAL, "in a new mount namespace");
        Ok(())
    })?;
    expect_ok!(call(), "in the mount's own");
    holds()
}

/// mount_setattr(2) fails with EINVAL for each flag but AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW and AT_NO_AUTOMOUNT.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", needs = [Root])]
fn mount_setattr_refuses_unknown_flags() -> Verdict {
    let tree = Tree::new()?;
    let known = AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let known = known.bits() | OpenTreeFlags::AT_RECURSIVE.bits();
    for bit in (0..u32::BITS).map(|number| 1_u32 << number) {
        let answer = mount_setattr(CWD, &tree.path(""), AtFlags::from_bits_retain(bit), &SOME);
        if known & bit == 0 {
            expect_errno!(answer, EINVAL, "flag {bit:#x}");
        } else {
            expect_ok!(answer, "flag {bit:#x}");
        }
    }
    holds()
}

/// mount_setattr(2) fails with EINVAL for each bit of attr_set and attr_clr that is no attribute.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", needs = [Root])]
fn mount_setattr_refuses_unknown_attributes() -> Verdict {
    // RDONLY to NOEXEC, the access times and NODIRATIME, IDMAP and NOSYMFOLLOW.
    const KNOWN: u64 = 0xff | 0x0010_0000 | 0x0020_0000;
    let tree = Tree::new()?;
    let some = MountAttrFlags::MOUNT_ATTR_NODEV.bits().into();
    let call = |set: u64, clear: u64| {
        let bytes = [set, clear, 0, 0].map(u64::to_ne_bytes).concat();
        mount_setattr_bytes(CWD, &tree.path(""), AtFlags::empty(), &bytes)
    };
    for bit in (0..u64::BITS).map(|number| 1_u64 << number).filter(|bit| bit & KNOWN == 0) {
        expect_errno!(call(bit | some, 0), EINVAL, "attr_set with {bit:#x}");
        expect_errno!(call(some, bit), EINVAL, "attr_clr with {bit:#x}");
    }
    expect_ok!(call(some, 0), "attr_set without it");
    expect_ok!(call(0, some), "attr_clr without it");
    holds()
}

/// mount_setattr(2) fails with EINVAL for an access time in attr_set unless it is one of three, and attr_clr has all of
/// MOUNT_ATTR__ATIME.
///
/// A part of that in attr_clr is refused as well.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", needs = [Root])]
fn mount_setattr_refuses_a_part_of_the_access_time() -> Verdict {
    const ATIME: u32 = MountAttrFlags::MOUNT_ATTR__ATIME.bits();
    let tree = Tree::new()?;
    // All values of the three bits in both fields.
    let values = || (0..=ATIME).filter(|bits| bits & !ATIME == 0).map(MountAttrFlags::from_bits_retain);
    let ways = [
        MountAttrFlags::MOUNT_ATTR_RELATIME,
        MountAttrFlags::MOUNT_ATTR_NOATIME,
        MountAttrFlags::MOUNT_ATTR_STRICTATIME,
    ];
    for (set, clear) in values().flat_map(|set| values().map(move |clear| (set, clear))) {
        let attributes = MountAttributes::setting(set).and_clearing(clear);
        let answer = mount_setattr(CWD, &tree.path(""), AtFlags::empty(), &attributes);
        let is_nothing = set.is_empty() && clear.is_empty();
        if is_nothing || clear == MountAttrFlags::MOUNT_ATTR__ATIME && ways.contains(&set) {
            expect_ok!(answer, "{attributes}");
        } else {
            expect_errno!(answer, EINVAL, "{attributes}");
        }
    }
    holds()
}

/// mount_setattr(2) fails with EINVAL where the propagation has more than one type, or a flag that is no type.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", needs = [Root])]
fn mount_setattr_takes_one_propagation_type() -> Verdict {
    let tree = Tree::new()?;
    let types = [MsFlags::MS_PRIVATE, MsFlags::MS_SLAVE, MsFlags::MS_SHARED, MsFlags::MS_UNBINDABLE];
    let all: MsFlags = types.into_iter().collect();
    for one in (0..u64::BITS).map(|number| MsFlags::from_bits_retain(1 << number)) {
        for other in types {
            let call = |wanted| {
                let attributes = MountAttributes::NONE.with_propagation(wanted);
                mount_setattr(CWD, &tree.path(""), AtFlags::empty(), &attributes)
            };
            if all.contains(one) && one == other {
                expect_ok!(call(one), "{one:?}");
            } else {
                expect_errno!(call(one | other), EINVAL, "{one:?} and {other:?}");
            }
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

/// mount_setattr(2) fails with EINVAL for a structure that is shorter than 32 bytes, and with E2BIG for one that is longer than
/// a page.
#[claim(source = ["mount_setattr(2) ERRORS", "fs/namespace.c"], since = "5.12", needs = [Root])]
fn mount_setattr_bounds_the_structure() -> Verdict {
    let tree = Tree::new()?;
    let page = rustix::param::page_size();
    let call = |size: usize| {
        let mut bytes = SOME.to_bytes();
        bytes.resize(size, 0);
        mount_setattr_bytes(CWD, &tree.path(""), AtFlags::empty(), &bytes)
    };
    for size in 0..ATTRIBUTES_SIZE {
        expect_errno!(call(size), EINVAL, "{size} bytes");
    }
    expect_ok!(call(ATTRIBUTES_SIZE), "{ATTRIBUTES_SIZE} bytes");
    expect_ok!(call(page), "a page");
    expect_errno!(call(page + 1), E2BIG, "a byte more");
    holds()
}
