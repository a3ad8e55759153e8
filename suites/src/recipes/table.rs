//! What a network namespace has by the way in which it was made: an ID, a name, an inode number. By the ways of Docker and
//! Podman, carried out by hand, by unshare(1), and by ip(8).

use kit::Behaviour;
use kit::prelude::*;
use kit::process::{Container, Shell, prepare_ip_netns, prompt, run_line};

use super::reading::numbers;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    network_by_dockers_way_has_an_id,
    network_by_dockers_way_has_no_name,
    network_by_dockers_way_has_an_inode_that_lsns_lists,
    network_by_podmans_way_has_an_id,
    network_by_podmans_way_has_a_name,
    network_by_podmans_way_has_an_inode_that_lsns_lists,
    network_by_unshare_has_no_id,
    network_by_unshare_has_no_name,
    network_by_unshare_has_an_inode_that_lsns_lists,
    network_by_ip_netns_add_has_no_id,
    network_by_ip_netns_add_has_a_name,
    network_by_ip_netns_add_has_an_inode_that_lsns_does_not_list,
    network_by_ip_netns_add_has_an_inode_that_newer_lsns_lists,
];

/// Docker's name for a container's network namespace is part of the container's ID.
const DOCKERS_FILE: &str = "/run/docker/netns/0123456789ab";

const SEES_ONLY_PROCESSES: &Behaviour =
    &Behaviour { what: "comes with an lsns(8) without the option --persistent", probe: || !lsns_sees_mounts() };
const SEES_MOUNTS: &Behaviour =
    &Behaviour { what: "comes with an lsns(8) that has the option --persistent", probe: lsns_sees_mounts };

fn lsns_sees_mounts() -> bool {
    run_line(&["lsns", "--help"]).is_ok_and(|help| help.output.contains("--persistent"))
}

/// A network namespace that was made as Docker makes a container's has an ID where the other end of its veth pair is.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [
        Root, Tool("ip"), Tool("unshare"), Tool("mount"), Tool("mkdir"), Tool("touch"), Tool("cat"), Tool("sh"), Module("veth"),
    ],
    deadline = 60,
)]
fn network_by_dockers_way_has_an_id() -> Verdict {
    expect_id_by_a_veth_pair(dockers_way()?)
}

/// A network namespace that was made as Docker makes a container's has no name: its file is not in /run/netns.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("unshare"), Tool("mount"), Tool("mkdir"), Tool("touch"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn network_by_dockers_way_has_no_name() -> Verdict {
    let container = dockers_way()?;
    expect_eq!(names(&container)?, (String::new(), String::new()));
    let kept = inode_at(DOCKERS_FILE)?;
    expect_eq!(kept, inode_of(container.init()?, Kind::Net)?, "what the file of the engine's leads to");
    holds()
}

/// A network namespace that was made as Docker makes a container's has an inode number, which lsns lists.
#[claim(
    source = ["lsns(8)", "Linux Namespaces"],
    needs = [Root, Tool("lsns"), Tool("unshare"), Tool("mount"), Tool("mkdir"), Tool("touch"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn network_by_dockers_way_has_an_inode_that_lsns_lists() -> Verdict {
    let container = dockers_way()?;
    expect_listed_once(inode_of(container.init()?, Kind::Net)?)
}

/// A network namespace that was made as Podman makes a container's has an ID where the other end of its veth pair is.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [
        Root, Tool("ip"), Tool("unshare"), Tool("mount"), Tool("mkdir"), Tool("touch"), Tool("cat"), Tool("sh"), Module("veth"),
    ],
    deadline = 60,
)]
fn network_by_podmans_way_has_an_id() -> Verdict {
    expect_id_by_a_veth_pair(podmans_way()?)
}

/// A network namespace that was made as Podman makes a container's has a name, that of its file in /run/netns.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("unshare"), Tool("mount"), Tool("mkdir"), Tool("touch"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn network_by_podmans_way_has_a_name() -> Verdict {
    let container = podmans_way()?;
    expect_eq!(names(&container)?, ("netns-web".to_owned(), "netns-web".to_owned()));
    holds()
}

/// A network namespace that was made as Podman makes a container's has an inode number, which lsns lists.
#[claim(
    source = ["lsns(8)", "Linux Namespaces"],
    needs = [Root, Tool("lsns"), Tool("unshare"), Tool("mount"), Tool("mkdir"), Tool("touch"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn network_by_podmans_way_has_an_inode_that_lsns_lists() -> Verdict {
    let container = podmans_way()?;
    expect_listed_once(inode_of(container.init()?, Kind::Net)?)
}

/// A network namespace that «unshare --net» made has no ID.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("unshare"), Tool("cat"), Tool("sh"), Module("veth")],
    deadline = 60,
)]
fn network_by_unshare_has_no_id() -> Verdict {
    expect_id_by_a_veth_pair(by_unshare()?)
}

/// A network namespace that «unshare --net» made has no name.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("unshare"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn network_by_unshare_has_no_name() -> Verdict {
    let container = by_unshare()?;
    expect_eq!(names(&container)?, (String::new(), String::new()));
    Shell::with("PID", container.init()?).prompt("ip netns attach web $PID")?;
    expect_eq!(names(&container)?, ("web".to_owned(), "web".to_owned()), "one that is given a name");
    holds()
}

/// A network namespace that «unshare --net» made has an inode number, which lsns lists.
#[claim(
    source = ["lsns(8)", "Linux Namespaces"],
    needs = [Root, Tool("lsns"), Tool("unshare"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn network_by_unshare_has_an_inode_that_lsns_lists() -> Verdict {
    let container = by_unshare()?;
    expect_listed_once(inode_of(container.init()?, Kind::Net)?)
}

/// A network namespace that «ip netns add» made has no ID.
#[claim(source = ["ip-netns(8)", "Linux Namespaces"], needs = [Root, Tool("ip"), Tool("sh")], deadline = 60)]
fn network_by_ip_netns_add_has_no_id() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue")?;
    expect_eq!(ids()?, Vec::<i32>::new());
    prompt("ip netns set blue auto")?;
    expect_eq!(ids()?, [0], "one that is given an ID");
    holds()
}

/// A network namespace that «ip netns add» made has a name.
#[claim(
    source = ["ip-netns(8)", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn network_by_ip_netns_add_has_a_name() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue")?;
    expect_eq!(prompt("ip netns list")?, "blue\n");
    let member = Shell::default().prompt_cat("ip netns exec blue")?;
    expect_eq!(Shell::with("PID", member.tool()).prompt("ip netns identify $PID")?, "blue\n", "of a process in it");
    holds()
}

/// A network namespace that «ip netns add» made has an inode number, which lsns does not list before a process is in it.
#[claim(
    source = ["lsns(8) DESCRIPTION", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("lsns"), Tool("stat"), Tool("cat"), Tool("sh"), Behaviour(SEES_ONLY_PROCESSES)],
    erratum = "Linux Namespaces: a network namespace that ip netns add made has no inode.",
    deadline = 60,
)]
fn network_by_ip_netns_add_has_an_inode_that_lsns_does_not_list() -> Verdict {
    let (inode, listed) = added_and_listed()?;
    expect!(!listed.contains(&inode), "{inode} among {listed:?}");
    let _member = Shell::default().prompt_cat("ip netns exec blue")?;
    expect_listed_once(inode)
}

/// A network namespace that «ip netns add» made has an inode number, which an lsns with the option --persistent lists.
#[claim(
    source = ["lsns(8) DESCRIPTION", "Linux Namespaces"],
    needs = [Root, Tool("ip"), Tool("lsns"), Tool("stat"), Tool("cat"), Tool("sh"), Behaviour(SEES_MOUNTS)],
    erratum = "Linux Namespaces: a network namespace that ip netns add made has no inode.",
    deadline = 60,
)]
fn network_by_ip_netns_add_has_an_inode_that_newer_lsns_lists() -> Verdict {
    let (inode, listed) = added_and_listed()?;
    expect!(listed.contains(&inode), "{inode} among {listed:?}");
    let _member = Shell::default().prompt_cat("ip netns exec blue")?;
    expect_listed_once(inode)
}

/// A container, of whose network namespace a file is kept where Docker has it.
fn dockers_way() -> Outcome<Container> {
    kept_at(DOCKERS_FILE)
}

/// The same with the file where Podman has it.
fn podmans_way() -> Outcome<Container> {
    kept_at("/run/netns/netns-web")
}

fn kept_at(file: &str) -> Outcome<Container> {
    let container = by_unshare()?;
    let shell = Shell::with("PID", container.init()?).and("FILE", file);
    shell.prompt("mkdir -p ${FILE%/*}; touch $FILE; mount --bind /proc/$PID/ns/net $FILE")?;
    Ok(container)
}

fn by_unshare() -> Outcome<Container> {
    prepare_ip_netns()?;
    Shell::default().prompt_cat("unshare --net --pid --mount --fork")
}

/// A pair of veth devices, of which one is in the container, as engines have it.
fn with_a_veth_pair(container: &Container) -> Outcome<()> {
    let shell = Shell::with("PID", container.init()?);
    shell.prompt("ip link add veth0 type veth peer name eth0; ip link set eth0 netns $PID")?;
    Ok(())
}

/// A network namespace has no ID here, until the other end of a veth pair in it is here.
fn expect_id_by_a_veth_pair(container: Container) -> Verdict {
    expect_eq!(ids()?, Vec::<i32>::new(), "before its veth pair");
    with_a_veth_pair(&container)?;
    expect_eq!(ids()?, [0], "after that");
    holds()
}

/// The IDs that are assigned in the caller's network namespace.
fn ids() -> Outcome<Vec<i32>> {
    let listed = prompt("ip netns list-id")?;
    let mut ids = Vec::new();
    for line in listed.lines() {
        ids.extend(line.split_whitespace().nth(1).map(str::parse::<i32>).transpose()?);
    }
    Ok(ids)
}

/// What `ip netns list` prints, without IDs, and what `ip netns identify` says of the container.
fn names(container: &Container) -> Outcome<(String, String)> {
    let listed = prompt("ip netns list")?;
    let names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let identified = Shell::with("PID", container.init()?).prompt("ip netns identify $PID")?;
    Ok((names.join(" "), identified.trim().to_owned()))
}

/// The inode number of a new named network namespace, and those that lsns lists.
fn added_and_listed() -> Outcome<(Inode, Vec<Inode>)> {
    prepare_ip_netns()?;
    prompt("ip netns add blue")?;
    let shown = prompt("stat -c %i /run/netns/blue")?;
    expect_eq!(shown.trim(), inode_at("/run/netns/blue")?.to_string(), "as stat shows it");
    Ok((inode_at("/run/netns/blue")?, listed()?))
}

fn listed() -> Outcome<Vec<Inode>> {
    let shown = prompt("lsns -n -t net -o NS")?;
    shown.split_whitespace().map(|number| Ok(number.parse()?)).collect()
}

fn expect_listed_once(inode: Inode) -> Verdict {
    let listed = listed()?;
    expect_eq!(listed.iter().filter(|number| **number == inode).count(), 1, "{inode} among {listed:?}");
    expect!(listed.contains(&own_inode(Kind::Net)?), "the own one among {listed:?}");
    let pids = numbers(&prompt("lsns -n -t net -o PID")?);
    expect_eq!(pids.len(), listed.len(), "a row has a process");
    holds()
}
