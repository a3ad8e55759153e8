//! Mounts that show files' owners through the maps of a user namespace: `mount_setattr(2)`, ID-mapped mounts.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};

use kit::mounts::Detached;
use kit::prelude::*;
use kit::process::{as_user, user_namespace_with};
use kit::sysctl::sysctl;

use super::mounts::{PLACE, mount_kind};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    idmapped_mount_with_initial_userns_eperm,
    tmpfs_is_not_idmapped,
    idmapped_mount_shifts_ownership,
    only_a_detached_mount_is_idmapped_once,
];

/// The user whose file it is, and as whom the mount shows him.
const ON_DISK: u32 = 1000;
const SHOWN: u32 = 2000;

/// A mount takes its ID map from any user namespace but the initial one (EPERM), and from no other namespace (EINVAL).
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, UserNamespaces, Config("NET_NS")])]
fn idmapped_mount_with_initial_userns_eperm() -> Verdict {
    mount_kind("tmpfs", None).doing("mount a tmpfs")?;
    let mapper = mapper()?;
    let clone = cloned()?;
    expect_errno!(clone.map_ids(Namespace::own(Kind::User)?), EPERM, "the initial user namespace");
    expect_errno!(clone.map_ids(mapper.namespace(Kind::Net)?), EINVAL, "a network namespace");
    expect_errno!(clone.map_ids(File::open("/tmp")?), EINVAL, "a directory");
    expect_ok!(clone.map_ids(mapper.namespace(Kind::User)?), "another user namespace");
    holds()
}

/// A tmpfs cannot be mounted with an ID map at all: EINVAL. The initial user namespace is refused before that: EPERM.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", until = "6.3", needs = [Root, UserNamespaces])]
fn tmpfs_is_not_idmapped() -> Verdict {
    mount_kind("tmpfs", None).doing("mount a tmpfs")?;
    let mapper = mapper()?;
    let clone = cloned()?;
    expect_errno!(clone.map_ids(mapper.namespace(Kind::User)?), EINVAL, "another user namespace");
    expect_errno!(clone.map_ids(Namespace::own(Kind::User)?), EPERM, "the initial user namespace");
    holds()
}

/// Through a mount with an ID map of 1000 to 2000, a file of user 1000 is shown as user 2000's; elsewhere as it was.
///
/// Before 6.3 a tmpfs could not have one; other file systems could since 5.12.
#[claim(source = "mount_setattr(2) ID-mapped mounts", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapped_mount_shifts_ownership() -> Verdict {
    mount_kind("tmpfs", None).doing("mount a tmpfs")?;
    make_file("/mnt/his", ON_DISK)?;
    make_file("/mnt/others", ON_DISK + 1)?;
    fs::create_dir("/mnt/folder").and_then(|()| give("/mnt/folder", ON_DISK)).doing("make a directory")?;
    let clone = cloned()?;
    expect_ok!(clone.map_ids(mapper()?.namespace(Kind::User)?));
    clone.attach("/home")?;
    let overflow: u32 = sysctl("kernel/overflowuid")?;
    expect_eq!(owner("/home/his")?, SHOWN, "user {ON_DISK}, through the mount with the map");
    expect_eq!(owner("/home/others")?, overflow, "a user that is not in the map");
    expect_eq!(owner("/mnt/his")?, ON_DISK, "through the mount without");
    as_user(SHOWN, NONE, || {
        expect_ok!(File::create("/home/folder/new"), "in a directory of his");
        Ok(())
    })?;
    expect_eq!(owner("/mnt/folder/new")?, ON_DISK, "a file that user {SHOWN} has made there");
    holds()
}

/// An ID map is set once, and for a mount that is in no mount namespace: the second one is EPERM, an attached mount EINVAL.
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, UserNamespaces])]
fn only_a_detached_mount_is_idmapped_once() -> Verdict {
    mount_kind("tmpfs", None).doing("mount a tmpfs")?;
    let mapper = mapper()?;
    let namespace = mapper.namespace(Kind::User)?;
    let attached = cloned()?;
    attached.attach("/home")?;
    expect_errno!(attached.map_ids(&namespace), EINVAL, "attached");
    let detached = cloned()?;
    expect_ok!(detached.map_ids(&namespace), "detached");
    expect_errno!(detached.map_ids(&namespace), EPERM, "a second time");
    holds()
}

/// A process in a user namespace with the map of these cases.
fn mapper() -> Outcome<Child<()>> {
    let line = vec![IdMap { inside: ON_DISK, outside: SHOWN, count: 1 }];
    let maps = Maps { uid: line.clone(), gid: line, deny_setgroups: false };
    user_namespace_with(&maps, CLONE_NEWNET, Peer::wait)
}

/// A copy of the mount on [`PLACE`] that is in no mount namespace.
fn cloned() -> Outcome<Detached> {
    Ok(Detached::copy_of(PLACE)?)
}

fn make_file(path: &str, user: u32) -> Outcome<()> {
    File::create(path).doing(format!("make {path}"))?;
    give(path, user).doing(format!("chown {path}"))
}

fn give(path: &str, user: u32) -> std::io::Result<()> {
    chown(path, Some(user), Some(user))
}

fn owner(path: &str) -> Outcome<u32> {
    Ok(fs::metadata(path).doing(format!("stat {path}"))?.uid())
}
