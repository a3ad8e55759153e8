//! Mounts that show files' owners through the maps of a user namespace: `mount_setattr(2)`, ID-mapped mounts.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};

use kit::mounts::Detached;
use kit::prelude::*;
use kit::process::{as_user, user_namespace_with};
use kit::sysctl::sysctl;
use nix::mount::{MsFlags, mount};

use super::mounting_refused::LoopDevice;
use super::mounts::{PLACE, mount_kind};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    idmapped_mount_with_initial_userns_eperm,
    tmpfs_is_not_idmapped,
    idmapped_mount_shifts_ownership,
    only_a_detached_mount_is_idmapped_once,
];

/// A user that owns files, and the one that the mount shows as their owner.
const ON_DISK: u32 = 1000;
const SHOWN: u32 = 2000;

/// mount_setattr() with MOUNT_ATTR_IDMAP fails with EPERM for the initial user namespace, and with EINVAL for a file that is
/// no user namespace.
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, UserNamespaces, Config("NET_NS")])]
fn idmapped_mount_with_initial_userns_eperm() -> Verdict {
    mount_kind("tmpfs", None).doing("mount a tmpfs")?;
    let mapper = mapper()?;
    let clone = cloned()?;
    expect_errno!(clone.map_ids(Namespace::own(Kind::User)?), EPERM, "the initial user namespace");
    for kind in [Kind::Mnt, Kind::Net] {
        expect_errno!(clone.map_ids(mapper.namespace(kind)?), EINVAL, "a {kind} namespace");
    }
    expect_errno!(clone.map_ids(File::open("/tmp")?), EINVAL, "a directory");
    expect_ok!(clone.map_ids(mapper.namespace(Kind::User)?), "another user namespace");
    holds()
}

/// mount_setattr() with MOUNT_ATTR_IDMAP fails with EINVAL for a mount of a tmpfs, which does not support it as ext4 does.
#[claim(
    source = "mount_setattr(2) ERRORS",
    since = "5.12",
    until = "6.3",
    needs = [Root, UserNamespaces, Disposable, Module("loop"), Module("ext4"), Tool("mkfs.ext4")],
)]
fn tmpfs_is_not_idmapped() -> Verdict {
    let mapper = mapper()?;
    let namespace = mapper.namespace(Kind::User)?;
    let device = LoopDevice::with_ext4()?;
    mount(Some(device.path.as_str()), PLACE, Some("ext4"), MsFlags::empty(), None::<&str>).doing("mount an ext4")?;
    expect_ok!(cloned()?.map_ids(&namespace), "a mount of an ext4");
    mount_kind("tmpfs", None).doing("mount a tmpfs")?;
    expect_errno!(cloned()?.map_ids(&namespace), EINVAL, "a mount of a tmpfs");
    holds()
}

/// Through a mount with an ID map of 1000 to 2000, files of user 1000 belong to user 2000, and files that user 2000 creates
/// belong to user 1000 elsewhere.
///
/// Users that are not in the map show as the overflow ID. A tmpfs can be mounted so since 6.3, other file systems since 5.12.
#[claim(
    source = "mount_setattr(2) ID-mapped mounts",
    since = "6.3",
    replaces = "tmpfs_is_not_idmapped",
    needs = [Root, UserNamespaces],
)]
fn idmapped_mount_shifts_ownership() -> Verdict {
    mount_kind("tmpfs", None).doing("mount a tmpfs")?;
    make_file("/mnt/mapped", ON_DISK)?;
    make_file("/mnt/unmapped", ON_DISK + 1)?;
    fs::create_dir("/mnt/folder").and_then(|()| give("/mnt/folder", ON_DISK)).doing("make a directory")?;
    let clone = cloned()?;
    expect_ok!(clone.map_ids(mapper()?.namespace(Kind::User)?));
    clone.attach("/home")?;
    let overflow: u32 = sysctl("kernel/overflowuid")?;
    expect_eq!(owner("/home/mapped")?, SHOWN, "user {ON_DISK}, through the mount with the map");
    expect_eq!(owner("/home/unmapped")?, overflow, "a user that is not in the map");
    expect_eq!(owner("/mnt/mapped")?, ON_DISK, "through the mount without");
    as_user(SHOWN, NONE, || {
        expect_ok!(
            File::create("/home/folder/new"),
            "in a directory of user {ON_DISK}'s, through the mount with the map"
        );
        expect_errno!(File::create("/mnt/folder/new"), EACCES, "the same through the mount without");
        Ok(())
    })?;
    expect_eq!(owner("/mnt/folder/new")?, ON_DISK, "a file that user {SHOWN} has made there");
    holds()
}

/// mount_setattr() with MOUNT_ATTR_IDMAP fails with EINVAL for a mount that is attached in a mount namespace, and with EPERM
/// the second time.
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
