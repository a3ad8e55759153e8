//! `/sys/class/net`: `sysfs(5)`; `network_namespaces(7)`.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt;

use kit::eventually;
use kit::mounts::mount_kind;
use kit::prelude::*;
use kit::process::{NOBODY, owned_by};
use nix::mount::MsFlags;
use nix::unistd::mkdtemp;
use rtnetlink::LinkVeth;

use super::networks::Network;
use super::wires::{hand_over, wire};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    sysfs_shows_the_network_it_was_mounted_in,
    unsharing_the_network_leaves_the_old_sysfs,
    moved_device_moves_in_sysfs,
    sysfs_does_not_keep_its_network,
    device_files_belong_to_the_owners_root,
    device_files_made_before_the_maps_belong_to_nobody,
];

/// /sys/class/net lists the devices of the network namespace in which that sysfs was mounted, to readers in any.
#[claim(
    source = ["sysfs(5)", "network_namespaces(7) DESCRIPTION", "Few notes about network namespaces in Linux"],
    needs = [Root, Module("veth")],
)]
fn sysfs_shows_the_network_it_was_mounted_in() -> Verdict {
    child(CLONE_NEWNS, || {
        let (one, other) = (Network::new()?, Network::new()?);
        wire(&one, "near", &other, "far")?;
        let (ours, theirs) = (mount_sysfs(&one)?, mount_sysfs(&other)?);
        for reader in [&one, &other] {
            reader.inside(|| {
                expect_eq!(ours.devices()?, ["lo", "near"], "mounted in the one");
                expect_eq!(theirs.devices()?, ["far", "lo"], "mounted in the other");
                holds()
            })?;
        }
        expect_ne!(fs::metadata(&ours.at)?.dev(), fs::metadata(&theirs.at)?.dev(), "the file systems");
        let again = mount_sysfs(&one)?;
        expect_eq!(fs::metadata(&again.at)?.dev(), fs::metadata(&ours.at)?.dev(), "two mounts in the one");
        holds()
    })
}

/// After unshare(CLONE_NEWNET) the sysfs that was mounted before still lists the devices of the network namespace before.
#[claim(
    source = ["Few notes about network namespaces in Linux", "sysfs(5)"],
    needs = [Root, Module("veth")],
)]
fn unsharing_the_network_leaves_the_old_sysfs() -> Verdict {
    child(CLONE_NEWNS | CLONE_NEWNET, || {
        let here = Network::new()?;
        here.netlink().add(LinkVeth::new("near", "far").build())?.doing("make a pair of veth devices")?;
        let old = mount_sysfs(&here)?;
        let seen = here.inside(|| {
            unshare(CLONE_NEWNET).doing("unshare")?;
            let new = Network::new()?;
            Ok((old.devices()?, mount_sysfs(&new)?.devices()?))
        })?;
        expect_eq!(seen.0, ["far", "lo", "near"], "by the sysfs that was there before");
        expect_eq!(seen.1, ["lo"], "by one that was mounted after it");
        holds()
    })
}

/// A device that is moved to another network namespace goes from the sysfs of the old one to that of the new one, in
/// class/net and in devices/virtual/net.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [Root, Module("veth")])]
fn moved_device_moves_in_sysfs() -> Verdict {
    child(CLONE_NEWNS, || {
        let (one, other) = (Network::new()?, Network::new()?);
        one.netlink().add(LinkVeth::new("near", "far").build())?.doing("make a pair of veth devices")?;
        let (ours, theirs) = (mount_sysfs(&one)?, mount_sysfs(&other)?);
        for (from, to) in [(&one, &other), (&other, &one)] {
            let (old, new) = if std::ptr::eq(from, &one) { (&ours, &theirs) } else { (&theirs, &ours) };
            expect_eq!((old.has("far"), new.has("far")), ([true; 2], [false; 2]), "before the move");
            hand_over(from, "far", to)?;
            expect_eq!((old.has("far"), new.has("far")), ([false; 2], [true; 2]), "after the move");
        }
        holds()
    })
}

/// A mount of sysfs does not keep its network namespace in existence; once that has ended its class/net is empty.
#[claim(source = "namespaces(7) Namespace lifetime", needs = [Root, Module("veth")])]
fn sysfs_does_not_keep_its_network() -> Verdict {
    child(CLONE_NEWNS, || {
        let (one, other) = (Network::new()?, Network::new()?);
        wire(&one, "near", &other, "far")?;
        let theirs = mount_sysfs(&other)?;
        expect_eq!(theirs.devices()?, ["far", "lo"], "while an open file refers to it");
        drop(other);
        let gone = eventually(|| Ok(!one.netlink().names()?.contains(&"near".to_owned())))?;
        expect!(gone, "the pair's other end is still there");
        expect_eq!(theirs.devices()?, Vec::<String>::new(), "after its end");
        holds()
    })
}

/// The files of a device in sysfs belong to root of the user namespace that owns its network namespace, who may write them.
#[claim(source = "net/core/net-sysfs.c net_ns_get_ownership", needs = [Root, UserNamespaces])]
fn device_files_belong_to_the_owners_root() -> Verdict {
    let seen = lo_by_its_owner(true)?;
    expect_eq!(seen, (NOBODY, true), "the owner of the file mtu of lo as numbered outside, and whether it is writable");
    holds()
}

/// The files of a device that was made before the ID maps of the owning user namespace were written belong to the user 0
/// outside, and cannot be written inside.
#[claim(source = "net/core/net-sysfs.c net_ns_get_ownership", needs = [Root, UserNamespaces])]
fn device_files_made_before_the_maps_belong_to_nobody() -> Verdict {
    let seen = lo_by_its_owner(false)?;
    expect_eq!(seen, (0, false), "the owner of the file mtu of lo as numbered outside, and whether it is writable");
    holds()
}

/// A sysfs, mounted in a mount namespace of the case's own.
struct Sysfs {
    at: String,
}

impl Sysfs {
    /// The names in its `class/net`, in order.
    fn devices(&self) -> Outcome<Vec<String>> {
        let found = fs::read_dir(format!("{}/class/net", self.at)).doing("list class/net")?;
        let names: Result<Vec<_>, _> =
            found.map(|one| one.map(|one| one.file_name().to_string_lossy().into())).collect();
        let mut names: Vec<String> = names?;
        names.sort();
        Ok(names)
    }

    /// Whether a device is in class/net, and in devices/virtual/net.
    fn has(&self, name: &str) -> [bool; 2] {
        ["class/net", "devices/virtual/net"].map(|folder| fs::metadata(format!("{}/{folder}/{name}", self.at)).is_ok())
    }
}

/// Mounts sysfs inside a network namespace.
fn mount_sysfs(place: &Network) -> Outcome<Sysfs> {
    let at = mkdtemp("/tmp/nsproof-XXXXXX").doing("create a directory")?;
    place.inside(|| Ok(mount_kind("sysfs", &at, MsFlags::empty(), None)?))?;
    Ok(Sysfs { at: at.to_string_lossy().into_owned() })
}

/// Who owns the file of lo's MTU, as numbered outside, and whether root inside can open it for writing. The network
/// namespace is made after the maps of its owner were written, or before.
fn lo_by_its_owner(maps_first: bool) -> Outcome<(u32, bool)> {
    let at = mkdtemp("/tmp/nsproof-XXXXXX").doing("create a directory")?;
    let path = at.join("class/net/lo/mtu");
    let flags = if maps_first { CLONE_NEWNS } else { CLONE_NEWNS | CLONE_NEWNET };
    let owner = owned_by(NOBODY, Some(&Maps::range(NOBODY, 1)), flags, |case| {
        if maps_first {
            unshare(CLONE_NEWNET).doing("unshare")?;
        }
        mount_kind("sysfs", &at, MsFlags::empty(), None)?;
        case.send(&OpenOptions::new().write(true).open(&path).is_ok())?;
        case.wait()
    })?;
    let writable = owner.recv()?;
    let seen = fs::metadata(format!("/proc/{}/root{}", owner.proc_pid()?, path.display()));
    Ok((seen.doing("stat from outside")?.uid(), writable))
}
