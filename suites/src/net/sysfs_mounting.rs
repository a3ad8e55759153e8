//! Who can mount sysfs, and that nothing in it moves a device: `sysfs(5)`; `user_namespaces(7)`.

use std::fs::read_dir;
use std::path::Path;

use kit::mounts::{Tree, mount_kind};
use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use nix::mount::MsFlags;
use rtnetlink::LinkDummy;

use super::devices::send;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![net_sysfs_mount_needs_owned_netns, net_sysfs_no_move_file];

/// To mount sysfs requires capabilities in the user namespace that owns the network namespace; otherwise it fails with
/// EPERM.
#[claim(source = ["user_namespaces(7)", "sysfs(5)"], needs = [Root, UserNamespaces])]
fn net_sysfs_mount_needs_owned_netns() -> Verdict {
    let tree = Tree::new()?;
    // One that is visible whole must be there already.
    mounted(&tree, "visible")?;
    tree.dir("new")?;
    let mount_new = || Ok(mount_kind("sysfs", tree.path("new"), MsFlags::empty(), None));
    expect_errno!(user_namespace(CLONE_NEWNS, mount_new)?, EPERM, "in the network namespace of the parent");
    expect_ok!(user_namespace(CLONE_NEWNS | CLONE_NEWNET, mount_new)?, "in an owned network namespace");
    holds()
}

/// No file in sysfs is about a device's network namespace: a device can be moved by rtnetlink only.
#[claim(source = "Few notes about network namespaces in Linux", needs = [Root, Module("dummy")])]
fn net_sysfs_no_move_file() -> Verdict {
    let tree = Tree::new()?;
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    here.add(LinkDummy::new("ours").build())?.doing("make a dummy device")?;
    mounted(&tree, "here")?;
    let mut files = listed(&tree.path("here/class/net/ours"))?;
    expect!(files.contains(&"ifindex".into()), "the files of a device: {files:?}");
    files.retain(|name| name.split('_').any(|word| ["ns", "netns", "namespace"].contains(&word)));
    expect_eq!(files, Vec::<String>::new());
    expect_ok!(here.change(send("ours", &there).build())?, "by rtnetlink");
    holds()
}

/// Mounts sysfs in the calling process's network namespace.
fn mounted(tree: &Tree, name: &str) -> Outcome<()> {
    tree.dir(name)?;
    mount_kind("sysfs", tree.path(name), MsFlags::empty(), None).doing("mount sysfs")
}

fn listed(directory: &Path) -> Outcome<Vec<String>> {
    let what = || format!("list {}", directory.display());
    let entries = read_dir(directory).doing(what())?;
    entries.map(|entry| Ok(entry.doing(what())?.file_name().to_string_lossy().into_owned())).collect()
}
