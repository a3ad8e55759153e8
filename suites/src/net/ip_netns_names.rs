//! Names of network namespaces, as `ip-netns(8)` gives and takes them.

use std::fs;

use kit::eventually;
use kit::mounts::Propagation;
use kit::prelude::*;
use kit::process::{expect_failure, expect_success, prepare_ip_netns, run_line};
use rtnetlink::LinkVeth;

use super::networks::Network;
use super::wires::hand_over;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    run_netns_is_a_shared_mount,
    ip_netns_list_lists_the_files_in_run_netns,
    ip_netns_add_refuses_a_name_that_is_there,
    ip_netns_add_refuses_what_is_no_file_name,
    named_network_lives_until_its_name_is_deleted,
    deleted_network_lives_on_with_its_process,
    ip_netns_del_takes_the_name_from_other_mount_namespaces,
    ip_netns_attach_names_the_network_of_a_process,
    ip_netns_identify_tells_one_name_of_a_process_network,
    ip_netns_pids_lists_the_processes_of_a_network,
    ip_netns_del_can_take_all_names,
];

/// No process has this number: kernels give none above 4194304.
const NO_PROCESS: &str = "4194305";

/// The first «ip netns add» makes /run/netns a shared mount, so that later names appear in the mounts of its peer group.
#[claim(
    source = ["ip-netns(8)", "Few notes about network namespaces in Linux"],
    needs = [Root, Tool("ip")],
    deadline = 30,
)]
fn run_netns_is_a_shared_mount() -> Verdict {
    prepare_ip_netns()?;
    expect_success(&["ip", "netns", "add", "early"])?;
    let look = |apart: bool| {
        spawn(CLONE_NEWNS, move |case| {
            if apart {
                Propagation::Private.make_all("/")?;
            }
            case.go()?;
            case.wait()?;
            Ok(nsfs_mounts()?.iter().any(|point| point == "/run/netns/late"))
        })
    };
    let (peer, stranger) = (look(false)?, look(true)?);
    for process in [&peer, &stranger] {
        process.recv::<()>()?;
    }
    expect_success(&["ip", "netns", "add", "late"])?;
    for process in [&peer, &stranger] {
        process.go()?;
    }
    expect!(peer.join()?, "not mounted in a mount namespace that has a peer of the mount");
    expect!(!stranger.join()?, "mounted in a mount namespace whose mounts were made private");
    holds()
}

/// «ip netns list» prints the names of the files in /run/netns, also of one that is no namespace.
#[claim(
    source = ["ip-netns(8)", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("true")],
    deadline = 30,
)]
fn ip_netns_list_lists_the_files_in_run_netns() -> Verdict {
    prepare_ip_netns()?;
    for name in ["red", "test", "blue"] {
        expect_success(&["ip", "netns", "add", name])?;
    }
    expect_eq!(names()?, ["blue", "red", "test"]);
    fs::write("/run/netns/plain", "").doing("create a file")?;
    expect_eq!(names()?, ["blue", "plain", "red", "test"], "with a file that is no namespace");
    expect_ne!(run_line(&["ip", "netns", "exec", "plain", "true"])?.status, Some(0), "in a file that is no namespace");
    expect_success(&["ip", "netns", "exec", "red", "true"])?;
    holds()
}

/// «ip netns add» with a name that is there already fails with status 1, and the namespace stays.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip")], deadline = 30)]
fn ip_netns_add_refuses_a_name_that_is_there() -> Verdict {
    prepare_ip_netns()?;
    expect_success(&["ip", "netns", "add", "blue"])?;
    let before = inode_at("/run/netns/blue")?;
    expect_failure(&["ip", "netns", "add", "blue"], "File exists")?;
    expect_eq!(inode_at("/run/netns/blue")?, before, "the namespace of that name");
    expect_success(&["ip", "netns", "add", "green"])?;
    holds()
}

/// «ip netns add» refuses names that are no file name: empty ones, «.», «..», with a slash, or of more than 255 bytes.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip")], deadline = 30)]
fn ip_netns_add_refuses_what_is_no_file_name() -> Verdict {
    prepare_ip_netns()?;
    let (longest, too_long) = ("n".repeat(255), "n".repeat(256));
    for name in ["", ".", "..", "a/b", &too_long] {
        let run = run_line(&["ip", "netns", "add", name])?;
        expect_eq!(run.status, Some(255), "«{name}»: {}", run.errors);
    }
    expect_success(&["ip", "netns", "add", &longest])?;
    expect_eq!(names()?, [longest], "names after that");
    holds()
}

/// A network namespace with a name stays with its devices though no process is in it, and ends with «ip netns del».
#[claim(
    source = ["ip-netns(8)", "Few notes about network namespaces in Linux", "namespaces-fun"],
    needs = [Root, Tool("ip"), Module("veth")],
    deadline = 30,
)]
fn named_network_lives_until_its_name_is_deleted() -> Verdict {
    prepare_ip_netns()?;
    let here = named_with_a_device("blue")?;
    expect_eq!(expect_success(&["ip", "netns", "pids", "blue"])?, "", "processes in it");
    expect_success(&["ip", "-n", "blue", "link", "show", "far"])?;
    expect!(here.netlink().names()?.contains(&"near".to_owned()), "the other end is not there");
    expect_success(&["ip", "netns", "del", "blue"])?;
    expect_eq!(names()?, Vec::<String>::new(), "names after it was deleted");
    let gone = eventually(|| Ok(!here.netlink().names()?.contains(&"near".to_owned())))?;
    expect!(gone, "the device in it still exists: its other end is there");
    expect_failure(&["ip", "netns", "del", "blue"], "No such file or directory")?;
    holds()
}

/// After «ip netns del» the network namespace lives on while a process is in it, and «ip netns attach» gives it a name
/// again.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip"), Module("veth")], deadline = 30)]
fn deleted_network_lives_on_with_its_process() -> Verdict {
    prepare_ip_netns()?;
    let here = named_with_a_device("blue")?;
    let member = member_of("blue")?;
    let pid = member.pid().to_string();
    expect_eq!(expect_success(&["ip", "netns", "identify", &pid])?.trim(), "blue");
    expect_success(&["ip", "netns", "del", "blue"])?;
    expect_eq!(expect_success(&["ip", "netns", "identify", &pid])?.trim(), "", "after the name was deleted");
    expect!(
        here.netlink().names()?.contains(&"near".to_owned()),
        "the device in it is gone: its other end is not there"
    );
    expect_success(&["ip", "netns", "attach", "again", &pid])?;
    expect_success(&["ip", "-n", "again", "link", "show", "far"])?;
    holds()
}

/// «ip netns del» succeeds though the name is mounted in another mount namespace as well, and takes it from there, too.
#[claim(
    source = "ip-netns(8)",
    needs = [Root, Tool("ip")],
    erratum = "ip-netns(8), ip netns delete: the call may fail while the mount point is in use in another mount namespace.",
    deadline = 30,
)]
fn ip_netns_del_takes_the_name_from_other_mount_namespaces() -> Verdict {
    prepare_ip_netns()?;
    expect_success(&["ip", "netns", "add", "blue"])?;
    let other = spawn(CLONE_NEWNS, |case| {
        Propagation::Private.make_all("/")?;
        case.send(&nsfs_mounts()?)?;
        case.wait()?;
        nsfs_mounts()
    })?;
    let before: Vec<String> = other.recv()?;
    expect!(before.contains(&"/run/netns/blue".to_owned()), "mounted in the other mount namespace: {before:?}");
    expect_success(&["ip", "netns", "del", "blue"])?;
    other.go()?;
    expect_eq!(other.join()?, Vec::<String>::new(), "mounted in the other mount namespace after that");
    holds()
}

/// «ip netns attach» gives the network namespace of a process a name, also a second one, unless the name or no process is
/// there.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip")], deadline = 30)]
fn ip_netns_attach_names_the_network_of_a_process() -> Verdict {
    prepare_ip_netns()?;
    let process = waiting(CLONE_NEWNET)?;
    let (pid, inode) = (process.pid().to_string(), process.namespace(Kind::Net)?.inode()?);
    for name in ["one", "other"] {
        expect_success(&["ip", "netns", "attach", name, &pid])?;
        expect_eq!(inode_at(format!("/run/netns/{name}"))?, inode, "{name}");
    }
    expect_failure(&["ip", "netns", "attach", "one", &pid], "File exists")?;
    expect_eq!(run_line(&["ip", "netns", "attach", "third", NO_PROCESS])?.status, Some(1), "no process");
    expect_eq!(names()?, ["one", "other"], "names after that");
    holds()
}

/// «ip netns identify» tells one name of a process's network namespace, even where it has two, and nothing where it has
/// none.
#[claim(
    source = "ip-netns(8)",
    needs = [Root, Tool("ip")],
    erratum = "ip-netns(8), ip netns identify: all names are reported where a network namespace has several.",
    deadline = 30,
)]
fn ip_netns_identify_tells_one_name_of_a_process_network() -> Verdict {
    prepare_ip_netns()?;
    let (process, other) = (waiting(CLONE_NEWNET)?, waiting(CLONE_NEWNET)?);
    let (pid, nameless) = (process.pid().to_string(), other.pid().to_string());
    let identify = |pid: &str| expect_success(&["ip", "netns", "identify", pid]);
    expect_success(&["ip", "netns", "attach", "one", &pid])?;
    expect_eq!(identify(&pid)?.trim(), "one", "with one name");
    expect_eq!(identify(&nameless)?.trim(), "", "without a name");
    expect_success(&["ip", "netns", "attach", "other", &pid])?;
    let told = identify(&pid)?;
    expect!(["one", "other"].contains(&told.trim()), "with two names: {told}");
    for wrong in [NO_PROCESS, "abc"] {
        expect_eq!(run_line(&["ip", "netns", "identify", wrong])?.status, Some(1), "{wrong}");
    }
    holds()
}

/// «ip netns pids» lists exactly the processes whose network namespace has the name.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip")], deadline = 30)]
fn ip_netns_pids_lists_the_processes_of_a_network() -> Verdict {
    prepare_ip_netns()?;
    for name in ["one", "other"] {
        expect_success(&["ip", "netns", "add", name])?;
    }
    let members = [member_of("one")?, member_of("one")?];
    let listed = expect_success(&["ip", "netns", "pids", "one"])?;
    let mut listed: Vec<i32> = listed.lines().map(|line| line.trim().parse()).collect::<Result<_, _>>()?;
    listed.sort_unstable();
    let mut expected = members.each_ref().map(|member| member.pid().as_raw());
    expected.sort_unstable();
    expect_eq!(listed, expected, "in the one with two processes");
    expect_eq!(expect_success(&["ip", "netns", "pids", "other"])?, "", "in the one without");
    expect_eq!(run_line(&["ip", "netns", "pids", "unknown"])?.status, Some(1), "a name that is not there");
    holds()
}

/// «ip -all netns del» deletes every name.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip")], deadline = 30)]
fn ip_netns_del_can_take_all_names() -> Verdict {
    prepare_ip_netns()?;
    for name in ["red", "test", "blue"] {
        expect_success(&["ip", "netns", "add", name])?;
    }
    expect_eq!((names()?.len(), nsfs_mounts()?.is_empty()), (3, false), "before");
    expect_success(&["ip", "-all", "netns", "del"])?;
    expect_eq!((names()?.len(), nsfs_mounts()?.is_empty()), (0, true), "after");
    holds()
}

/// The names that «ip netns list» prints, in order, without the IDs behind them.
fn names() -> Outcome<Vec<String>> {
    let listed = run_line(&["ip", "netns", "list"])?.succeeded()?;
    let mut names: Vec<_> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

/// Where namespaces are mounted in the caller's mount namespace, each place once.
fn nsfs_mounts() -> Outcome<Vec<String>> {
    let mut points: Vec<String> = Vec::new();
    for line in fs::read_to_string("/proc/thread-self/mountinfo").doing("read mountinfo")?.lines() {
        let point = line.split(' ').nth(4).unwrap_or_default();
        if line.contains(" - nsfs ") && !points.iter().any(|known| known == point) {
            points.push(point.to_owned());
        }
    }
    Ok(points)
}

/// Makes a named network namespace with one end of a pair of veth devices, `far`; the other end, `near`, is where this
/// returns a network namespace of.
fn named_with_a_device(name: &str) -> Outcome<Network> {
    run_line(&["ip", "netns", "add", name])?.succeeded()?;
    let here = Network::own()?;
    here.netlink().add(LinkVeth::new("near", "far").build())?.doing("make a pair of veth devices")?;
    hand_over(&here, "far", &Network::at(&format!("/run/netns/{name}"))?)?;
    Ok(here)
}

/// A process in the network namespace of this name.
fn member_of(name: &str) -> Outcome<Child<()>> {
    let started = spawn(NONE, |parent| {
        setns(Namespace::at(format!("/run/netns/{name}"))?, CLONE_NEWNET).doing("enter the network namespace")?;
        parent.go()?;
        parent.wait()
    })?;
    started.recv::<()>()?;
    Ok(started)
}
