//! What `ip-netns(8)` does with mounts.

use std::fs;
use std::os::unix::fs::symlink;

use kit::mounts::{Mounts, Propagation};
use kit::prelude::*;
use kit::process::expect_success;
use kit::sys::device_flags::set_loopback;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![ip_netns_add_makes_its_directory_a_shared_mount, ip_netns_exec_mounts_a_sysfs_of_the_namespace];

/// «ip netns add» makes /run/netns a shared mount, by binding it on itself, and mounts the namespace's file in it.
#[claim(source = ["ip-netns(8)", "Linux Namespaces"], needs = [Root, Tool("ip"), Config("NET_NS")])]
fn ip_netns_add_makes_its_directory_a_shared_mount() -> Verdict {
    prepare()?;
    expect_eq!(Mounts::own()?.find("/run/netns"), None, "before");
    for name in ["blue", "red"] {
        expect_success(&["ip", "netns", "add", name])?;
        let seen = Mounts::own()?;
        let directory = seen.at("/run/netns")?;
        expect_eq!(directory.device, seen.at("/")?.device, "the device of {directory}");
        expect!(directory.root.ends_with("run/netns"), "{directory}");
        expect_eq!(Propagation::of(directory), Propagation::Shared, "after {name}");
        expect_eq!(seen.stack("/run/netns").len(), 1, "mounts after {name}");
        let file = seen.at(format!("/run/netns/{name}"))?;
        expect_eq!(file.kind, "nsfs");
        expect_eq!(file.parent, directory.id, "what {file} is mounted on");
    }
    holds()
}

/// «ip netns exec» runs its program with a sysfs of the network namespace on /sys, in a mount namespace whose mounts do not
/// show outside.
#[claim(source = ["ip-netns(8)", "Linux Namespaces"], needs = [Root, Tool("ip"), Tool("cat"), Config("NET_NS")])]
fn ip_netns_exec_mounts_a_sysfs_of_the_namespace() -> Verdict {
    prepare()?;
    expect_success(&["ip", "netns", "add", "blue"])?;
    set_loopback(true).doing("bring the stage's lo up")?;
    let before = Mounts::own()?;
    let within = ["ip", "netns", "exec", "blue"];
    let flags =
        |line: &[&str]| -> Outcome<String> { expect_success(&[line, &["cat", "/sys/class/net/lo/flags"]].concat()) };
    expect_ne!(flags(&within)?, flags(&[])?, "flags of lo by sysfs, which is down inside and up outside");
    expect_success(&[&within[..], &["ip", "link", "set", "lo", "up"]].concat())?;
    expect_eq!(flags(&within)?, flags(&[])?, "flags of lo by sysfs, which is up in both");
    let text = expect_success(&[&within[..], &["cat", "/proc/self/mountinfo"]].concat())?;
    let inside = Mounts::parse(text.as_bytes())?;
    expect_eq!(inside.at("/sys")?.kind, "sysfs");
    expect_ne!(inside.at("/sys")?.device, before.at("/sys")?.device, "the device of /sys inside");
    expect_eq!(inside.at("/sys")?.source, "blue", "the source of the mount inside");
    expect_eq!(Mounts::own()?, before, "outside");
    holds()
}

/// Some builds of ip(8) have the folder's older name in them.
fn prepare() -> Outcome<()> {
    if fs::symlink_metadata("/var/run").is_err() {
        symlink("/run", "/var/run").doing("link /var/run")?;
    }
    Ok(())
}
