//! The devices in a sysfs are those of the network namespace in which it was mounted: `network_namespaces(7)`;
//! `sysfs(5)`.

use std::fs::{OpenOptions, metadata, read_dir};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use kit::lifetime::goes_in_spite_of;
use kit::mounts::{Tree, mount_kind};
use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use kit::process::user_namespace_with;
use kit::settle;
use nix::mount::MsFlags;
use rtnetlink::LinkDummy;

use super::devices::send;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_sysfs_shows_mounters_namespace,
    net_unshare_still_sees_old_sysfs,
    net_sysfs_device_moves_with_device,
    net_sysfs_mount_needs_owned_netns,
    net_sysfs_mount_does_not_pin,
    net_sysfs_is_empty_after_its_namespace,
    net_sysfs_no_move_file,
    net_sysfs_belongs_to_the_owners_root,
    net_sysfs_of_a_device_made_before_the_maps,
];

/// The directory class/net of a sysfs lists the devices of the network namespace in which that was mounted, to all
/// readers.
#[claim(source = ["network_namespaces(7) DESCRIPTION", "Linux Namespaces", "sysfs(5)"], needs = [Root, Module("dummy")])]
fn net_sysfs_shows_mounters_namespace() -> Verdict {
    let tree = Tree::new()?;
    let (here, there) = two_places()?;
    mounted(&tree, "here", None)?;
    mounted(&tree, "there", Some(&there))?;
    let seen = || Ok::<_, Failure>((class_net(&tree, "here")?, class_net(&tree, "there")?));
    let expected = (here.names()?, there.netlink().names()?);
    expect_eq!(sorted(seen()?), sorted(expected.clone()), "read here: the one mounted here, and the one mounted there");
    let seen_there = enter(there.pid(), &[Kind::Net], seen)?;
    expect_eq!(sorted(seen_there), sorted(expected), "read there: the one mounted here, and the one mounted there");
    holds()
}

/// After unshare(CLONE_NEWNET) alone a process still sees the devices of the old network namespace in the old sysfs.
#[claim(source = "Linux Namespaces", needs = [Root, Module("dummy")])]
fn net_unshare_still_sees_old_sysfs() -> Verdict {
    let tree = Tree::new()?;
    let (here, _there) = two_places()?;
    mounted(&tree, "here", None)?;
    let (old, new, own) = child(NONE, || {
        unshare(CLONE_NEWNET)?;
        mounted(&tree, "new", None)?;
        Ok((class_net(&tree, "here")?, class_net(&tree, "new")?, Netlink::open()?.names()?))
    })?;
    expect_eq!(sorted((old, new)), sorted((here.names()?, own)), "the old sysfs, and one mounted after it");
    holds()
}

/// A device that is moved goes from the sysfs of its old network namespace, and comes into that of the new one.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [Root, Module("dummy")])]
fn net_sysfs_device_moves_with_device() -> Verdict {
    let tree = Tree::new()?;
    let (here, there) = two_places()?;
    mounted(&tree, "here", None)?;
    mounted(&tree, "there", Some(&there))?;
    let present = || {
        let places = ["class/net", "devices/virtual/net"];
        let paths = places.into_iter().flat_map(|place| ["here", "there"].map(|root| format!("{root}/{place}/ours")));
        paths.map(|path| tree.path(path).exists()).collect::<Vec<_>>()
    };
    expect_eq!(present(), [true, false, true, false], "here, there in class/net and devices/virtual/net, before");
    here.change(send("ours", &there).build())?.doing("move the device")?;
    expect_eq!(present(), [false, true, false, true], "after the move");
    holds()
}

/// To mount sysfs requires capabilities in the user namespace that owns the network namespace; otherwise it fails with
/// EPERM.
#[claim(source = ["user_namespaces(7)", "sysfs(5)"], needs = [Root, UserNamespaces])]
fn net_sysfs_mount_needs_owned_netns() -> Verdict {
    let tree = Tree::new()?;
    // One that is visible whole must be there already.
    mounted(&tree, "visible", None)?;
    tree.dir("new")?;
    let mount_new = || Ok(mount_kind("sysfs", tree.path("new"), MsFlags::empty(), None));
    expect_errno!(user_namespace(CLONE_NEWNS, mount_new)?, EPERM, "in the network namespace of the parent");
    expect_ok!(user_namespace(CLONE_NEWNS | CLONE_NEWNET, mount_new)?, "in an owned network namespace");
    holds()
}

/// A network namespace ends with its last process although the sysfs that was mounted in it stays mounted.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [Root, UserNamespaces])]
fn net_sysfs_mount_does_not_pin() -> Verdict {
    let tree = Tree::new()?;
    mounted(&tree, "visible", None)?;
    tree.dir("theirs")?;
    goes_in_spite_of(Kind::Net, |room| {
        let process = room.member()?.doing("make a network namespace")?;
        enter(process.pid(), &[Kind::Net], || mounted(&tree, "theirs", None))?;
        class_net(&tree, "theirs")?;
        Ok((process, ()))
    })
}

/// The directory class/net of a sysfs is empty when the network namespace has ended in which that was mounted.
#[claim(source = "fs/sysfs/mount.c sysfs_kill_sb", needs = [Root, Module("dummy")])]
fn net_sysfs_is_empty_after_its_namespace() -> Verdict {
    let tree = Tree::new()?;
    let (here, there) = two_places()?;
    mounted(&tree, "here", None)?;
    mounted(&tree, "there", Some(&there))?;
    expect!(class_net(&tree, "there")?.contains(&"theirs".into()), "while it exists");
    drop(there);
    let left = settle(|left: &Vec<String>| left.is_empty(), || class_net(&tree, "there"))?;
    expect_eq!(left, Vec::<String>::new());
    expect_eq!(sorted((class_net(&tree, "here")?, left)), sorted((here.names()?, vec![])), "the one mounted here");
    holds()
}

/// No file in sysfs is about a device's network namespace: a device can be moved by rtnetlink only.
#[claim(source = "Few notes about network namespaces in Linux", needs = [Root, Module("dummy")])]
fn net_sysfs_no_move_file() -> Verdict {
    let tree = Tree::new()?;
    let (here, there) = two_places()?;
    mounted(&tree, "here", None)?;
    let mut files = listed(&tree.path("here/class/net/ours"))?;
    expect!(files.contains(&"ifindex".into()), "the files of a device: {files:?}");
    files.retain(|name| name.split('_').any(|word| ["ns", "netns", "namespace"].contains(&word)));
    expect_eq!(files, Vec::<String>::new());
    expect_ok!(here.change(send("ours", &there).build())?, "by rtnetlink");
    holds()
}

/// A device's files in sysfs belong to root of the user namespace that owns its network namespace, which may write
/// them.
#[claim(source = ["user_namespaces(7)", "net/core/net-sysfs.c net_ns_get_ownership"], needs = [Root, UserNamespaces])]
fn net_sysfs_belongs_to_the_owners_root() -> Verdict {
    let tree = Tree::new()?;
    mounted(&tree, "visible", None)?;
    tree.dir("new")?;
    for outside in [NOBODY, NOBODY + 1] {
        let map = Maps::range(outside, 1);
        let seen = user_namespace_with(&map, NONE, |case| {
            kit::process::become_root_inside()?;
            unshare(CLONE_NEWNS | CLONE_NEWNET)?;
            mounted(&tree, "new", None)?;
            case.send(&owner_and_write(&tree, "lo")?)
        })?;
        expect_eq!(seen.recv::<(u32, bool)>()?, (0, true), "as root that is user {outside} outside");
    }
    let own: (u32, bool) = child(CLONE_NEWNET | CLONE_NEWNS, || {
        mounted(&tree, "new", None)?;
        owner_and_write(&tree, "lo")
    })?;
    expect_eq!(own, (0, true), "root of the initial user namespace, in a network namespace of its own");
    holds()
}

/// The files of a device that is made before root has an ID in the user namespace belong to no user there, and cannot
/// be written.
///
/// So it is with lo when user and network namespace are made by one call. Devices that are made later belong to root.
#[claim(source = "net/core/net-sysfs.c net_ns_get_ownership", needs = [Root, UserNamespaces, Module("dummy")])]
fn net_sysfs_of_a_device_made_before_the_maps() -> Verdict {
    let tree = Tree::new()?;
    mounted(&tree, "visible", None)?;
    tree.dir("new")?;
    let seen = user_namespace_with(&Maps::range(NOBODY, 1), CLONE_NEWNS | CLONE_NEWNET, |case| {
        kit::process::become_root_inside()?;
        Netlink::open()?.add(LinkDummy::new("later").build())?.doing("make a dummy device")?;
        mounted(&tree, "new", None)?;
        case.send(&(owner_and_write(&tree, "lo")?, owner_and_write(&tree, "later")?))
    })?;
    let (lo, later) = seen.recv::<((u32, bool), (u32, bool))>()?;
    expect_eq!(lo, (65534, false), "lo: owner, and whether it can be opened for writing");
    expect_eq!(later, (0, true), "a device that was made later");
    holds()
}

const NOBODY: u32 = kit::process::NOBODY;

/// A device `ours` here, and a device `theirs` in another network namespace.
fn two_places() -> Outcome<(Netlink, Elsewhere)> {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    here.add(LinkDummy::new("ours").build())?.doing("make a device here")?;
    there.netlink().add(LinkDummy::new("theirs").build())?.doing("make a device there")?;
    Ok((here, there))
}

/// Mounts sysfs, in the calling process's network namespace or in another one.
fn mounted(tree: &Tree, name: &str, elsewhere: Option<&Elsewhere>) -> Outcome<()> {
    tree.dir(name)?;
    let mount = || mount_kind("sysfs", tree.path(name), MsFlags::empty(), None).doing("mount sysfs");
    match elsewhere {
        Some(there) => enter(there.pid(), &[Kind::Net], mount),
        None => mount(),
    }
}

/// The devices of a mounted sysfs, but for `bonding_masters`, which is no device.
fn class_net(tree: &Tree, name: &str) -> Outcome<Vec<String>> {
    let mut names = listed(&tree.path(format!("{name}/class/net")))?;
    names.retain(|name| name != "bonding_masters");
    Ok(names)
}

fn listed(directory: &Path) -> Outcome<Vec<String>> {
    let what = || format!("list {}", directory.display());
    let entries = read_dir(directory).doing(what())?;
    entries.map(|entry| Ok(entry.doing(what())?.file_name().to_string_lossy().into_owned())).collect()
}

fn sorted(lists: (Vec<String>, Vec<String>)) -> [Vec<String>; 2] {
    let mut lists = [lists.0, lists.1];
    lists.iter_mut().for_each(|list| list.sort());
    lists
}

/// Whom a device's MTU belongs to, and whether it can be opened for writing.
fn owner_and_write(tree: &Tree, device: &str) -> Outcome<(u32, bool)> {
    let path = tree.path(format!("new/class/net/{device}/mtu"));
    let owner = metadata(&path).doing(format!("stat {}", path.display()))?.uid();
    Ok((owner, OpenOptions::new().write(true).open(&path).is_ok()))
}
