//! Programs in named network namespaces, and IDs of these: `ip-netns(8)`.

use std::fs;
use std::net::Ipv4Addr;

use kit::mounts::{bind, tmpfs};
use kit::prelude::*;
use kit::process::{NOBODY, as_user, expect_failure, expect_success, prepare_ip_netns, run_line};

use super::echo::echo;
use super::networks::Network;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ip_netns_exec_passes_the_status_on,
    ip_netns_exec_mounts_a_sysfs_named_after_the_network,
    ip_netns_exec_shows_files_of_etc_netns_in_etc,
    ip_netns_exec_can_run_in_all_networks,
    ip_n_acts_in_a_named_network,
    ip_netns_add_requires_privilege,
    ip_netns_add_assigns_no_id,
    ip_netns_set_assigns_ids_that_list_id_tells,
    ip_netns_set_auto_takes_the_lowest_free_id,
    nameless_network_of_a_veth_end_gets_an_id,
    ip_n_does_not_find_devices_elsewhere,
    initial_network_can_be_given_a_name,
];

/// «ip netns exec» ends with the status of the program; with 255 for an unknown name, and with 1 where no program can be run.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip"), Tool("true"), Tool("sh")], deadline = 30)]
fn ip_netns_exec_passes_the_status_on() -> Verdict {
    prepare_ip_netns()?;
    expect_success(&["ip", "netns", "add", "blue"])?;
    let exec = |more: &[&str]| Ok::<_, Failure>(run_line(&[&["ip", "netns", "exec"][..], more].concat())?.status);
    expect_eq!(exec(&["blue", "true"])?, Some(0));
    for status in [1, 7, 200] {
        expect_eq!(exec(&["blue", "sh", "-c", &format!("exit {status}")])?, Some(status));
    }
    expect_eq!(exec(&["unknown", "true"])?, Some(255), "a name that is not there");
    expect_eq!(exec(&["blue"])?, Some(1), "no program");
    expect_eq!(exec(&["blue", "/no/such/program"])?, Some(1), "a program that is not there");
    holds()
}

/// «ip netns exec NAME» runs programs with a sysfs of the network namespace on /sys, whose source is NAME, in a mount
/// namespace of their own.
#[claim(
    source = ["ip-netns(8)", "Few notes about network namespaces in Linux"],
    needs = [Root, Tool("ip"), Tool("cat"), Tool("ls"), Tool("nsenter")],
    deadline = 30,
)]
fn ip_netns_exec_mounts_a_sysfs_named_after_the_network() -> Verdict {
    prepare_ip_netns()?;
    expect_success(&["ip", "netns", "add", "vpn"])?;
    expect_success(&["ip", "link", "set", "lo", "up"])?;
    let flags = |line: &[&str]| expect_success(&[line, &["cat", "/sys/class/net/lo/flags"]].concat());
    let (inside, outside) = (flags(&["ip", "netns", "exec", "vpn"])?, flags(&[])?);
    expect_eq!((inside.trim(), outside.trim()), ("0x8", "0x9"), "lo is down inside, and up outside");
    expect_eq!(flags(&["nsenter", "--net=/run/netns/vpn"])?, outside, "with nsenter(1), which mounts nothing");
    let mounts = expect_success(&["ip", "netns", "exec", "vpn", "cat", "/proc/self/mountinfo"])?;
    expect!(mounts.lines().any(|line| line.contains(" /sys ") && line.contains(" - sysfs vpn ")), "{mounts}");
    let own = fs::read_to_string("/proc/self/mountinfo")?;
    expect!(!own.contains("sysfs vpn"), "it is mounted outside: {own}");
    holds()
}

/// «ip netns exec NAME» shows the files and directories of /etc/netns/NAME in place of those in /etc, inside only.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip"), Tool("cat")], deadline = 30)]
fn ip_netns_exec_shows_files_of_etc_netns_in_etc() -> Verdict {
    prepare_ip_netns()?;
    // What is there of the system's own is not to be written to.
    if fs::symlink_metadata("/etc").is_ok() {
        tmpfs("/etc")?;
    } else {
        fs::create_dir("/etc")?;
    }
    for (path, text) in [("/etc/netns-file", "outside"), ("/etc/netns-folder/file", "outside")] {
        write(path, text)?;
    }
    for (path, text) in [("/etc/netns/vpn/netns-file", "inside"), ("/etc/netns/vpn/netns-folder/file", "inside")] {
        write(path, text)?;
    }
    for name in ["vpn", "other"] {
        expect_success(&["ip", "netns", "add", name])?;
    }
    for path in ["/etc/netns-file", "/etc/netns-folder/file"] {
        expect_eq!(expect_success(&["ip", "netns", "exec", "vpn", "cat", path])?, "inside", "{path} inside");
        expect_eq!(expect_success(&["ip", "netns", "exec", "other", "cat", path])?, "outside", "{path} in another one");
        expect_eq!(fs::read_to_string(path)?, "outside", "{path} outside");
    }
    holds()
}

/// «ip -all netns exec» runs a program in each named network namespace, goes on when it fails, and ends with status 0.
#[claim(source = ["ip-netns(8)", "Linux_name_space"], needs = [Root, Tool("ip"), Tool("readlink"), Tool("false")], deadline = 30)]
fn ip_netns_exec_can_run_in_all_networks() -> Verdict {
    prepare_ip_netns()?;
    let mut expected = Vec::new();
    for name in ["red", "test", "blue"] {
        expect_success(&["ip", "netns", "add", name])?;
        expected.push(format!("net:[{}]", inode_at(format!("/run/netns/{name}"))?));
    }
    let said = expect_success(&["ip", "-all", "netns", "exec", "readlink", "/proc/self/ns/net"])?;
    let mut seen: Vec<_> = said.lines().filter(|line| line.starts_with("net:[")).collect();
    seen.sort_unstable();
    expected.sort();
    expect_eq!(seen, expected, "the network namespaces in which the program ran");
    let headings = |said: &str| said.lines().filter(|line| line.starts_with("netns: ")).count();
    expect_eq!(headings(&said), 3, "{said}");
    let failing = run_line(&["ip", "-all", "netns", "exec", "false"])?;
    expect_eq!((failing.status, headings(&failing.output)), (Some(0), 3), "with a program that fails");
    holds()
}

/// «ip -n NAME» acts in the network namespace of that name; with an unknown name it fails with status 255.
#[claim(source = ["ip-netns(8)", "What's in a name(space)?"], needs = [Root, Tool("ip")], deadline = 30)]
fn ip_n_acts_in_a_named_network() -> Verdict {
    prepare_ip_netns()?;
    expect_success(&["ip", "netns", "add", "blue"])?;
    let is_up = |line: &[&str]| {
        Ok::<_, Failure>(expect_success(&[line, &["-o", "link", "show", "lo"]].concat())?.contains("LOOPBACK,UP"))
    };
    expect_eq!((is_up(&["ip", "-n", "blue"])?, is_up(&["ip"])?), (false, false), "at first");
    expect_success(&["ip", "-n", "blue", "link", "set", "lo", "up"])?;
    expect_eq!((is_up(&["ip", "-n", "blue"])?, is_up(&["ip"])?), (true, false), "after it was set up in the named one");
    expect_eq!(run_line(&["ip", "-n", "unknown", "link"])?.status, Some(255), "a name that is not there");
    holds()
}

/// «ip netns add» fails for an ordinary user, and works as root of a user namespace with mount and network namespaces and a
/// /run of its own.
#[claim(source = "ip-netns(8)", needs = [Root, UserNamespaces, Tool("ip"), Tool("true")], deadline = 30)]
fn ip_netns_add_requires_privilege() -> Verdict {
    prepare_ip_netns()?;
    as_user(NOBODY, NONE, || {
        expect_ne!(run_line(&["ip", "netns", "add", "blue"])?.status, Some(0), "as an ordinary user");
        user_namespace(CLONE_NEWNS | CLONE_NEWNET, || {
            expect_ne!(run_line(&["ip", "netns", "add", "blue"])?.status, Some(0), "with the /run of others");
            tmpfs("/run")?;
            expect_success(&["ip", "netns", "add", "blue"])?;
            expect_eq!(expect_success(&["ip", "netns", "list"])?.trim(), "blue");
            expect_ne!(inode_at("/run/netns/blue")?, own_inode(Kind::Net)?);
            Ok(())
        })
    })?;
    holds()
}

/// «ip netns add NAME» assigns no ID to the network namespace, also with a number behind the name, which is ignored.
#[claim(
    source = "ip-netns(8)",
    needs = [Root, Tool("ip")],
    erratum = "«Few notes about network namespaces in Linux»: ip netns add with a number behind the name gives the network \
               namespace that ID.",
    deadline = 30,
)]
fn ip_netns_add_assigns_no_id() -> Verdict {
    prepare_ip_netns()?;
    expect_success(&["ip", "netns", "add", "plain"])?;
    expect_success(&["ip", "netns", "add", "numbered", "5"])?;
    expect_eq!(expect_success(&["ip", "netns", "list-id"])?, "", "IDs after that");
    expect_success(&["ip", "netns", "set", "numbered", "5"])?;
    expect!(expect_success(&["ip", "netns", "list-id"])?.starts_with("nsid 5 "), "after ip netns set");
    holds()
}

/// «ip netns set» assigns IDs, once each, and «ip netns list-id» tells those of the own and of another network namespace.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip")], deadline = 30)]
fn ip_netns_set_assigns_ids_that_list_id_tells() -> Verdict {
    prepare_ip_netns()?;
    for (name, id) in [("foo", "12"), ("bar", "13")] {
        expect_success(&["ip", "netns", "add", name])?;
        expect_success(&["ip", "netns", "set", name, id])?;
    }
    for (name, id) in [("foo", "22"), ("bar", "23")] {
        expect_success(&["ip", "-n", "foo", "netns", "set", name, id])?;
    }
    let told = |more: &[&str]| {
        let said = expect_success(&[&["ip", "netns", "list-id"][..], more].concat())?;
        let mut lines: Vec<_> =
            said.lines().map(|line| line.split_once(" (").map_or(line, |(ids, _)| ids).trim().to_owned()).collect();
        lines.sort();
        Ok::<_, Failure>(lines)
    };
    expect_eq!(told(&[])?, ["nsid 12", "nsid 13"], "of the own network namespace");
    let both = ["nsid 22 current-nsid 12", "nsid 23 current-nsid 13"];
    expect_eq!(told(&["target-nsid", "12"])?, both, "of the one with the ID 12");
    expect_eq!(told(&["target-nsid", "12", "nsid", "13"])?, [both[1]], "of the one with the ID 12, for one");
    expect_eq!(run_line(&["ip", "netns", "list-id", "nsid", "99"])?.status, Some(2), "an ID that is not assigned");
    for id in ["12", "44"] {
        let again = run_line(&["ip", "netns", "set", "foo", id])?;
        expect_eq!(again.status, Some(2), "assigned twice: {}", again.errors);
    }
    holds()
}

/// «ip netns set NAME auto» assigns the lowest ID that is free; negative numbers are refused.
#[claim(source = "ip-netns(8)", needs = [Root, Tool("ip")], deadline = 30)]
fn ip_netns_set_auto_takes_the_lowest_free_id() -> Verdict {
    prepare_ip_netns()?;
    for name in ["first", "second", "third", "fourth"] {
        expect_success(&["ip", "netns", "add", name])?;
    }
    let list = || expect_success(&["ip", "netns", "list"]);
    expect_success(&["ip", "netns", "set", "first", "1"])?;
    for (name, id) in [("second", 0), ("third", 2)] {
        expect_success(&["ip", "netns", "set", name, "auto"])?;
        expect!(list()?.contains(&format!("{name} (id: {id})")), "{}", list()?);
    }
    expect_eq!(run_line(&["ip", "netns", "set", "fourth", "-1"])?.status, Some(255), "a negative number");
    holds()
}

/// A network namespace without a name, to which one end of a pair of veth devices is moved, gets an ID, and still no name.
#[claim(
    source = "ip-netns(8)",
    needs = [Root, Tool("ip"), Module("veth")],
    erratum = "«Few notes about network namespaces in Linux»: moving a device to a network namespace gives that an ID if it has a \
               name.",
    deadline = 30,
)]
fn nameless_network_of_a_veth_end_gets_an_id() -> Verdict {
    prepare_ip_netns()?;
    let process = waiting(CLONE_NEWNET)?;
    let pid = process.pid().to_string();
    expect_success(&["ip", "link", "add", "near", "type", "veth", "peer", "name", "far"])?;
    expect_eq!(expect_success(&["ip", "netns", "list-id"])?, "", "IDs before the move");
    expect_success(&["ip", "link", "set", "far", "netns", &pid])?;
    expect_eq!(expect_success(&["ip", "netns", "list-id"])?.trim(), "nsid 0", "IDs after the move");
    expect_eq!(expect_success(&["ip", "netns", "identify", &pid])?.trim(), "", "its name");
    let shown = expect_success(&["ip", "-o", "link", "show", "near"])?;
    expect!(shown.contains("near@if") && shown.contains("link-netnsid 0"), "{shown}");
    holds()
}

/// «ip -n NAME» does not find a device that is in another network namespace than that: the command fails with status 1.
#[claim(
    source = "ip-netns(8)",
    needs = [Root, Tool("ip"), Module("veth")],
    erratum = "«What's in a name(space)?»: ip -n left gives an address to the end of a veth pair that was made in the network \
               namespace right.",
    deadline = 30,
)]
fn ip_n_does_not_find_devices_elsewhere() -> Verdict {
    prepare_ip_netns()?;
    for name in ["left", "right"] {
        expect_success(&["ip", "netns", "add", name])?;
    }
    let pair =
        ["ip", "link", "add", "veth0", "netns", "left", "type", "veth", "peer", "name", "veth1", "netns", "right"];
    expect_success(&pair)?;
    let give = |place, address, device| ["ip", "-n", place, "addr", "add", address, "dev", device];
    expect_success(&give("left", "192.168.0.1/24", "veth0"))?;
    expect_failure(&give("left", "192.168.0.2/24", "veth1"), "Cannot find device")?;
    expect_success(&give("right", "192.168.0.2/24", "veth1"))?;
    for (place, device) in [("left", "veth0"), ("right", "veth1")] {
        expect_success(&["ip", "-n", place, "link", "set", device, "up"])?;
    }
    let left = Network::at("/run/netns/left")?;
    expect!(left.inside(|| echo(Ipv4Addr::new(192, 168, 0, 2)))? == Ok(true), "no answer from right");
    holds()
}

/// A bind mount of /proc/1/ns/net in /run/netns is a name of the initial network namespace, by which «ip netns exec» comes
/// back from any other one.
#[claim(
    source = ["Few notes about network namespaces in Linux", "ip-netns(8)"],
    needs = [Config("NET_NS"), InitialNamespaces, Disposable, Root, Tool("ip"), Tool("readlink")],
    deadline = 30,
)]
fn initial_network_can_be_given_a_name() -> Verdict {
    prepare_ip_netns()?;
    fs::create_dir_all("/run/netns").doing("create /run/netns")?;
    write("/run/netns/init_netns", "")?;
    bind("/proc/1/ns/net", "/run/netns/init_netns")?;
    let initial = format!("net:[{}]", inode_at("/proc/1/ns/net")?);
    let line = ["ip", "netns", "exec", "init_netns", "readlink", "/proc/self/ns/net"];
    expect_eq!(expect_success(&line)?.trim(), initial, "from the initial network namespace");
    child(CLONE_NEWNET, || {
        expect_ne!(link_text("/proc/self/ns/net")?, initial);
        expect_eq!(expect_success(&line)?.trim(), initial, "from another network namespace");
        Ok(())
    })?;
    holds()
}

fn write(path: &str, text: &str) -> Outcome<()> {
    if let Some((folder, _)) = path.rsplit_once('/') {
        fs::create_dir_all(folder).doing(format!("create {folder}"))?;
    }
    fs::write(path, text).doing(format!("write {path}"))
}
