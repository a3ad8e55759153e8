//! What `ip-netns(8)` makes of network namespaces: files in `/run/netns`.

use std::fs;

use kit::Links;
use kit::mounts::bind;
use kit::prelude::*;
use kit::process::{expect_success, prepare_ip_netns};
use kit::sys::ns::get_nstype;
use nix::sys::statfs::{FsType, statfs};

use super::programs::links_by;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![cli_ip_netns_file, cli_ip_netns_adopt, cli_ip_netns_exec_mntns];

/// `linux/magic.h`.
const NSFS_MAGIC: FsType = FsType(0x6e73_6673);

const NAME: &str = "blue";
const FILE: &str = "/run/netns/blue";

/// «ip netns add» mounts a new network namespace on a file in /run/netns, where it exists without any process.
///
/// «ip netns exec» runs programs in it, and «ip netns del» removes the file.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces", "Few notes about network namespaces in Linux", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("readlink"), Config("TIME_NS")],
)]
fn cli_ip_netns_file() -> Verdict {
    prepare_ip_netns()?;
    let own = link_text("/proc/self/ns/net")?;
    expect_success(&["ip", "netns", "add", NAME])?;
    expect_eq!(statfs(FILE)?.filesystem_type(), NSFS_MAGIC);
    expect_eq!(get_nstype(Namespace::at(FILE)?)?, CLONE_NEWNET);
    let number = inode_at(FILE)?;
    for _ in 0..2 {
        let inside = links_by(&["ip", "netns", "exec", NAME])?;
        expect_eq!(inside.get("net")?, number, "where a program is run");
        expect_eq!(members(number)?, Vec::<i32>::new(), "processes that stay in it");
    }
    expect_ne!(format!("net:[{number}]"), own);
    expect_eq!(link_text("/proc/self/ns/net")?, own, "the caller's");
    expect_success(&["ip", "netns", "del", NAME])?;
    expect_errno!(fs::metadata(FILE), ENOENT);
    holds()
}

/// «ip netns list» and «ip netns exec» know a process's network namespace that was bind-mounted in /run/netns by hand.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("readlink"), Config("TIME_NS")],
)]
fn cli_ip_netns_adopt() -> Verdict {
    prepare_ip_netns()?;
    let process = waiting(CLONE_NEWNET)?;
    expect_eq!(expect_success(&["ip", "netns", "list"])?, "", "before");
    fs::create_dir_all("/run/netns").doing("create /run/netns")?;
    fs::write(FILE, "").doing(format!("create {FILE}"))?;
    let theirs = format!("/proc/{}/ns/net", process.pid());
    bind(&theirs, FILE)?;
    expect_eq!(expect_success(&["ip", "netns", "list"])?.trim_end(), NAME);
    let inside = links_by(&["ip", "netns", "exec", NAME])?;
    expect_eq!(inside.get("net")?, inode_at(&theirs)?);
    expect_ne!(inside.get("net")?, own_inode(Kind::Net)?);
    holds()
}

/// «ip netns exec» runs a program in a new mount namespace as well, unlike «nsenter --net».
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("nsenter"), Tool("readlink"), Config("TIME_NS")],
)]
fn cli_ip_netns_exec_mntns() -> Verdict {
    prepare_ip_netns()?;
    expect_success(&["ip", "netns", "add", NAME])?;
    let own = Links::own()?;
    let (first, second) =
        (links_by(&["ip", "netns", "exec", NAME])?, links_by(&["nsenter", &format!("--net={FILE}")])?);
    expect_eq!(first.differing(&own), [Kind::Mnt, Kind::Net], "with ip netns exec");
    expect_eq!(second.differing(&own), [Kind::Net], "with nsenter --net");
    expect_eq!(first.get("net")?, second.get("net")?);
    holds()
}

/// The processes in a network namespace.
fn members(namespace: Inode) -> Outcome<Vec<i32>> {
    let all = kit::process::listed_pids()?;
    Ok(all
        .into_iter()
        .filter(|pid| inode_at(format!("/proc/{pid}/ns/net")).is_ok_and(|its| its == namespace))
        .collect())
}
