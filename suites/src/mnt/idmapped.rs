//! ID-mapped mounts: what they show and store. `mount_setattr(2)`, NOTES.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use kit::mounts::{Detached, Tree};
use kit::prelude::*;
use kit::process::as_user;
use nix::sys::stat::Mode;

use super::idmapping::{FIRST, mapping, mode};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    idmapped_mounts_show_mapped_owners,
    idmapped_mounts_store_mapped_owners,
    idmapped_mounts_have_several_ranges,
    idmapped_mounts_show_others_as_overflow_ids,
    idmapped_mounts_store_no_others,
    idmapped_mounts_map_access_control_lists,
    copies_of_idmapped_mounts_are_idmapped,
    idmapped_mounts_outlive_their_user_namespace,
];

/// Through an ID-mapped mount files have the owner and group that the map makes of theirs, and through other mounts their
/// own.
#[claim(source = "mount_setattr(2) NOTES", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapped_mounts_show_mapped_owners() -> Verdict {
    let tree = ready()?;
    for (user, group) in [(0, 0), (5, 6), (999, 7), (8, 999)] {
        chown(tree.path("plain/file"), Some(user), Some(group)).doing("chown")?;
        expect_eq!(owner(&tree, "mapped/file")?, (FIRST + user, FIRST + group), "through the ID-mapped mount");
        expect_eq!(owner(&tree, "plain/file")?, (user, group), "through the other");
    }
    holds()
}

/// What a process makes or chowns through an ID-mapped mount is stored with the IDs that the map makes its own of.
#[claim(source = "mount_setattr(2) NOTES", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapped_mounts_store_mapped_owners() -> Verdict {
    let tree = ready()?;
    mode(&tree, "plain", Mode::S_IRWXU | Mode::S_IRWXG | Mode::S_IRWXO)?;
    for id in [FIRST, FIRST + 7, FIRST + 999] {
        let name = |folder| format!("{folder}/by-{id}");
        as_user(id, NONE, || {
            expect_ok!(File::create(tree.path(name("mapped"))), "by user {id}");
            Ok(())
        })?;
        expect_eq!(owner(&tree, &name("plain"))?, (id - FIRST, id - FIRST), "what user {id} has made");
        expect_eq!(owner(&tree, &name("mapped"))?, (id, id), "what user {id} has made, through the ID-mapped mount");
        expect_ok!(chown(tree.path("mapped/file"), Some(id), Some(FIRST + 1)), "to {id}");
        expect_eq!(owner(&tree, "plain/file")?, (id - FIRST, 1), "a file chowned to {id}");
    }
    holds()
}

/// An ID-mapped mount maps each range of its user namespace's map apart, and users otherwise than groups if the maps differ.
#[claim(source = "mount_setattr(2) NOTES", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapped_mounts_have_several_ranges() -> Verdict {
    let ranges = |first: u32| {
        [(0, first, 5), (5, 3 * first, 1), (10, 2 * first, 5)]
            .map(|(inside, outside, count)| IdMap { inside, outside, count })
            .to_vec()
    };
    let maps = Maps { uid: ranges(FIRST), gid: ranges(FIRST + 500), deny_setgroups: false };
    let tree = Tree::new()?;
    tree.tmpfs("plain")?.file("plain/file", "")?.dir("mapped")?;
    let copy = Detached::copy_of(tree.path("plain"))?;
    copy.map_ids(&maps.namespace()?)?;
    copy.attach(tree.path("mapped"))?;
    for (id, times, offset) in [(0, 1, 0), (4, 1, 4), (5, 3, 0), (10, 2, 0), (14, 2, 4)] {
        chown(tree.path("plain/file"), Some(id), Some(id)).doing("chown")?;
        let expected = (times * FIRST + offset, times * (FIRST + 500) + offset);
        expect_eq!(owner(&tree, "mapped/file")?, expected, "of {id}, through the ID-mapped mount");
        expect_ok!(chown(tree.path("mapped/file"), Some(expected.0), Some(expected.1)), "through it");
        expect_eq!(owner(&tree, "plain/file")?, (id, id), "stored");
    }
    holds()
}

/// Through an ID-mapped mount a file whose owner or group has no mapping shows the overflow ID.
#[claim(source = "mount_setattr(2) NOTES", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapped_mounts_show_others_as_overflow_ids() -> Verdict {
    let tree = ready()?;
    let overflow = |kind: &str| -> Outcome<u32> { kit::sysctl::sysctl(&format!("kernel/overflow{kind}")) };
    let (user, group) = (overflow("uid")?, overflow("gid")?);
    for (id, other) in [(1000, 1), (60_000, 2)] {
        chown(tree.path("plain/file"), Some(id), Some(other)).doing("chown")?;
        expect_eq!(owner(&tree, "mapped/file")?, (user, FIRST + other), "of user {id}");
        chown(tree.path("plain/file"), Some(other), Some(id)).doing("chown")?;
        expect_eq!(owner(&tree, "mapped/file")?, (FIRST + other, group), "of group {id}");
    }
    holds()
}

/// Making a file through an ID-mapped mount fails with EOVERFLOW for a process whose user or group ID has no mapping.
#[claim(source = "mount_setattr(2) NOTES", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapped_mounts_store_no_others() -> Verdict {
    let tree = ready()?;
    mode(&tree, "plain", Mode::S_IRWXU | Mode::S_IRWXG | Mode::S_IRWXO)?;
    for id in [77, FIRST - 1, FIRST + 1000] {
        as_user(id, NONE, || {
            expect_errno!(File::create(tree.path("mapped/new")), EOVERFLOW, "by user {id}");
            expect_errno!(fs::create_dir(tree.path("mapped/new")), EOVERFLOW, "a directory by user {id}");
            expect_ok!(File::create(tree.path(format!("plain/by-{id}"))), "by user {id}, through the other mount");
            Ok(())
        })?;
    }
    as_user(FIRST, NONE, || {
        expect_ok!(File::create(tree.path("mapped/new")), "by a user who has a mapping");
        holds()
    })
}

/// Through an ID-mapped mount the IDs of a POSIX ACL are read and stored as the map makes them.
#[claim(
    source = "mount_setattr(2) NOTES",
    since = "6.3",
    needs = [Root, UserNamespaces, Config("TMPFS_POSIX_ACL")],
)]
fn idmapped_mounts_map_access_control_lists() -> Verdict {
    let tree = ready()?;
    for (set, seen_there, seen_here) in [("mapped", "mapped", "plain"), ("plain", "plain", "mapped")] {
        let id = if set == "mapped" { FIRST + 7 } else { 7 };
        set_acl(&tree.path(format!("{set}/file")), id)?;
        let expected = if seen_here == "plain" { 7 } else { FIRST + 7 };
        expect_eq!(named_user(&tree.path(format!("{seen_there}/file")))?, id, "set and read through {set}");
        expect_eq!(named_user(&tree.path(format!("{seen_here}/file")))?, expected, "read through {seen_here}");
    }
    holds()
}

/// A bind mount of an ID-mapped mount, and its copy in a new mount namespace, are ID-mapped in the same way.
#[claim(source = "fs/namespace.c clone_mnt", since = "6.3", needs = [Root, UserNamespaces])]
fn copies_of_idmapped_mounts_are_idmapped() -> Verdict {
    let tree = ready()?;
    tree.bind("mapped", "copy")?.bind("plain", "plain-copy")?;
    chown(tree.path("plain/file"), Some(5), Some(6)).doing("chown")?;
    let expect_all = |by: &str| {
        for (name, is_mapped) in [("mapped", true), ("copy", true), ("plain", false), ("plain-copy", false)] {
            let shift = if is_mapped { FIRST } else { 0 };
            expect_eq!(owner(&tree, &format!("{name}/file"))?, (5 + shift, 6 + shift), "through {name} {by}");
            let options = &tree.mounts()?.at(name)?.options.clone();
            expect_eq!(options.has("idmapped"), is_mapped, "the option at {name} {by}: {options:?}");
        }
        Ok(())
    };
    expect_all("here")?;
    child(CLONE_NEWNS, || expect_all("in a new mount namespace"))?;
    holds()
}

/// An ID-mapped mount keeps its map when the user namespace that it was made with has no process and no file any more.
#[claim(source = "fs/namespace.c clone_mnt", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapped_mounts_outlive_their_user_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("plain")?.file("plain/file", "")?.dir("mapped")?;
    chown(tree.path("plain/file"), Some(5), Some(6)).doing("chown")?;
    let copy = Detached::copy_of(tree.path("plain"))?;
    let namespace = mapping()?;
    expect_ok!(copy.map_ids(&namespace));
    let before = namespace.inode()?;
    drop(namespace);
    copy.attach(tree.path("mapped"))?;
    drop(copy);
    expect_eq!(owner(&tree, "mapped/file")?, (FIRST + 5, FIRST + 6), "of user namespace {before}, which is gone");
    holds()
}

/// A tmpfs `plain` with a `file`, and an ID-mapped copy of it at `mapped`.
fn ready() -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.tmpfs("plain")?.file("plain/file", "")?.dir("mapped")?;
    let copy = Detached::copy_of(tree.path("plain"))?;
    copy.map_ids(&mapping()?)?;
    copy.attach(tree.path("mapped"))?;
    Ok(tree)
}

fn owner(tree: &Tree, name: &str) -> Outcome<(u32, u32)> {
    let found = fs::symlink_metadata(tree.path(name)).doing(format!("stat {name}"))?;
    Ok((found.uid(), found.gid()))
}

/// Where the named user stands in what [`set_acl`] writes: behind the version and the owner's entry, its tag and its bits.
const NAMED_USER: std::ops::Range<usize> = 16..20;

/// Gives a file an ACL (`include/uapi/linux/posix_acl_xattr.h`) with one named user.
fn set_acl(path: &Path, user: u32) -> Outcome<()> {
    const UNDEFINED: u32 = u32::MAX;
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, id) in [(0x01_u16, UNDEFINED), (0x02, user), (0x04, UNDEFINED), (0x10, UNDEFINED), (0x20, UNDEFINED)] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(6_u16.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    rustix::fs::setxattr(path, ACL, &bytes, rustix::fs::XattrFlags::empty()).doing("set an ACL")
}

fn named_user(path: &Path) -> Outcome<u32> {
    let mut bytes = [0; 64];
    rustix::fs::getxattr(path, ACL, &mut bytes[..]).doing("read an ACL")?;
    let id = bytes[NAMED_USER].first_chunk().ok_or_else(|| Failure::broken("an ACL without an entry for a user"))?;
    Ok(u32::from_le_bytes(*id))
}

const ACL: &str = "system.posix_acl_access";
