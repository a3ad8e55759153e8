//! Whose settings a path below `/proc/sys/net` leads to: `network_namespaces(7)`; `proc_sys_net(5)`.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use kit::prelude::*;
use kit::sysctl::set_sysctl;
use rtnetlink::LinkVeth;
use rustix::fs::{Mode, OFlags, openat};

use super::networks::Network;
use super::settings::value;
use super::wires::hand_over;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_settings_are_those_of_the_reader,
    open_setting_stays_in_the_openers_network,
    setting_of_another_root_is_the_readers,
    net_settings_are_those_of_the_thread,
    device_settings_are_where_the_device_is,
];

const NAME: &str = "ipv4/ip_forward";
const PATH: &str = "/proc/sys/net/ipv4/ip_forward";

/// A path below /proc/sys/net leads to the setting of the process's network namespace at that time, in one and the same
/// mount of procfs.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("INET")])]
fn net_settings_are_those_of_the_reader() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = differing()?;
        for _ in 0..2 {
            expect_eq!(one.inside(|| Ok(value(NAME)))?.as_deref(), Some("1"), "inside the one");
            expect_eq!(other.inside(|| Ok(value(NAME)))?.as_deref(), Some("0"), "inside the other");
        }
        expect_eq!(one.inside(|| child(NONE, || Ok(value(NAME))))?.as_deref(), Some("1"), "by a child inside the one");
        holds()
    })
}

/// A file below /proc/sys/net and a folder with such files, once opened, stay those of the network namespace in which they
/// were opened.
///
/// Unlike /proc/sys/kernel/hostname, whose file shows the reader's.
#[claim(source = "net/sysctl_net.c net_ctl_header_lookup", needs = [UserNamespaces, Config("INET")])]
fn open_setting_stays_in_the_openers_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = differing()?;
        for (opener, reader, expected) in [(&one, &other, "1"), (&other, &one, "0")] {
            let (mut file, folder) = opener.inside(|| Ok((File::open(PATH)?, File::open("/proc/sys/net/ipv4")?)))?;
            reader.inside(|| {
                let mut text = String::new();
                file.read_to_string(&mut text)?;
                expect_eq!(text.trim(), expected, "by the open file");
                let mut below = File::from(openat(&folder, "ip_forward", OFlags::RDONLY, Mode::empty())?);
                text.clear();
                below.read_to_string(&mut text)?;
                expect_eq!(text.trim(), expected, "by the open folder");
                expect_ne!(value(NAME).as_deref(), Some(expected), "by the path");
                holds()
            })?;
        }
        holds()
    })
}

/// /proc/PID/root/proc/sys/net shows the settings of the reader's network namespace, not of the process's.
#[claim(source = "net/sysctl_net.c net_ctl_header_lookup", needs = [UserNamespaces, Config("INET")])]
fn setting_of_another_root_is_the_readers() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = differing()?;
        let process = other.inside(|| waiting(NONE))?;
        let path = format!("/proc/{}/root{PATH}", process.proc_pid()?);
        expect_ne!(process.namespace(Kind::Net)?.inode()?, one.inode()?);
        expect_eq!(one.inside(|| Ok(fs::read_to_string(&path)?))?.trim(), "1", "by a reader in the one");
        expect_eq!(other.inside(|| Ok(fs::read_to_string(&path)?))?.trim(), "0", "by a reader in the other");
        holds()
    })
}

/// In a thread that has left its process's network namespace a path below /proc/sys/net leads to the thread's settings.
///
/// /proc/net still shows the process's.
#[claim(source = "net/sysctl_net.c net_ctl_header_lookup", needs = [UserNamespaces, Config("INET")])]
fn net_settings_are_those_of_the_thread() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        set_sysctl(&format!("net/{NAME}"), 1).doing("write ip_forward")?;
        let (staying, seen) = Thread::start(|| Ok(value(NAME)))?;
        expect_eq!(seen.as_deref(), Some("1"), "by a thread that stays");
        let (leaving, seen) = Thread::start(|| {
            unshare(CLONE_NEWNET).doing("unshare")?;
            set_sysctl(&format!("net/{NAME}"), 0).doing("write ip_forward")?;
            Ok(value(NAME))
        })?;
        expect_eq!(seen.as_deref(), Some("0"), "by the thread that has left");
        expect_eq!(value(NAME).as_deref(), Some("1"), "by the process's first thread");
        leaving.end()?;
        staying.end()?;
        holds()
    })
}

/// The settings of a device are in the network namespace that has the device, with the values of that one's default when it
/// is moved there.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [Root, Module("veth"), Config("INET"), Config("IPV6")])]
fn device_settings_are_where_the_device_is() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    one.netlink().add(LinkVeth::new("near", "far").build())?.doing("make a pair of veth devices")?;
    let there = |place: &Network, family: &str| {
        place.inside(|| Ok(Path::new(&format!("/proc/sys/net/{family}/near")).is_dir()))
    };
    let folders = ["ipv4/conf", "ipv4/neigh", "ipv6/conf", "ipv6/neigh"];
    for folder in folders {
        expect_eq!((there(&one, folder)?, there(&other, folder)?), (true, false), "{folder} before the move");
    }
    one.inside(|| set_sysctl("net/ipv4/conf/near/rp_filter", 2).doing("write rp_filter"))?;
    other.inside(|| set_sysctl("net/ipv4/conf/default/rp_filter", 1).doing("write rp_filter"))?;
    hand_over(&one, "near", &other)?;
    for folder in folders {
        expect_eq!((there(&one, folder)?, there(&other, folder)?), (false, true), "{folder} after the move");
    }
    expect_eq!(other.inside(|| Ok(value("ipv4/conf/near/rp_filter")))?.as_deref(), Some("1"), "after the move");
    holds()
}

/// Two network namespaces: in the first ip_forward is 1, and in the second 0.
fn differing() -> Outcome<(Network, Network)> {
    let pair = (Network::new()?, Network::new()?);
    for (place, forwards) in [(&pair.0, 1), (&pair.1, 0)] {
        place.inside(|| set_sysctl(&format!("net/{NAME}"), forwards).doing("write ip_forward"))?;
    }
    Ok(pair)
}
