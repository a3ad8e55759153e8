//! Network namespaces that reach each other: `ip-link(8)` and `ping(8)` at the prompt.

use std::fs;

use kit::prelude::*;
use kit::process::{Shell, prepare_ip_netns, prompt, try_prompt};

use super::reading::index_of;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    moved_end_keeps_its_index_and_shows_where_the_other_is,
    ends_of_a_pair_answer_each_other,
    end_is_without_carrier_until_the_other_is_up,
    own_address_answers_when_lo_is_up,
    ip_all_netns_exec_prints_a_section_a_network,
    networks_on_a_bridge_answer_each_other,
    bridge_is_without_carrier_until_a_port_is_up,
    macvlans_of_one_parent_answer_each_other,
];

/// «ip link set v1 netns blue» moves a veth device with its index; both ends then show the other's index and an ID or name.
#[claim(
    source = ["ip-link(8)", "veth(4) DESCRIPTION", "namespaces-fun", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("sh"), Module("veth")],
    deadline = 60,
)]
fn moved_end_keeps_its_index_and_shows_where_the_other_is() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip link add v0 type veth peer name v1")?;
    let (near, far) = (index_of(&prompt("ip -o link show v0")?)?, prompt("ip -o link show v1")?);
    let index = index_of(&far)?;
    expect!(far.starts_with(&format!("{index}: v1@v0: ")), "before: {far}");
    prompt("ip link set v1 netns blue")?;
    let gone = try_prompt("ip link show v1")?;
    expect!(gone.status == Some(1) && gone.errors.contains("does not exist"), "outside after that: {gone:?}");
    let there = prompt("ip -n blue -o link show v1")?;
    expect!(there.starts_with(&format!("{index}: v1@if{near}: ")) && there.contains("link-netnsid 0"), "{there}");
    let here = prompt("ip -o link show v0")?;
    let named = here.contains("link-netns blue") || here.contains("link-netnsid 0");
    expect!(here.starts_with(&format!("{near}: v0@if{index}: ")) && named, "{here}");
    let seen = fs::read_to_string("/sys/class/net/v0/iflink").doing("read iflink")?;
    expect_eq!(seen.trim(), index.to_string(), "the other end's index, as the kernel has it");
    holds()
}

/// The ends of a veth pair in two network namespaces answer each other's ping when both have an address and are up.
#[claim(
    source = ["ping(8)", "ip-address(8)", "namespaces-fun", "What's in a name(space)?"],
    needs = [Root, Tool("ip"), Tool("ping"), Tool("sh"), Module("veth"), Config("INET")],
    deadline = 90,
)]
fn ends_of_a_pair_answer_each_other() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add myns; ip link add v0 type veth peer name v1; ip link set v1 netns myns")?;
    prompt("ip addr add 10.0.0.1/24 dev v0; ip link set v0 up")?;
    prompt("ip netns exec myns ip addr add 10.0.0.2/24 dev v1")?;
    expect_ne!(try_prompt("ping -c 1 -W 1 10.0.0.2")?.status, Some(0), "before the other end is up");
    prompt("ip netns exec myns ip link set v1 up")?;
    expect_answer(&prompt("ping -c 1 -w 30 10.0.0.2")?, "10.0.0.2")?;
    expect_answer(&prompt("ip netns exec myns ping -c 1 -w 30 10.0.0.1")?, "10.0.0.1")?;
    let counted = fs::read_to_string("/sys/class/net/v0/statistics/rx_packets").doing("read rx_packets")?;
    expect!(counted.trim().parse::<u64>()? >= 2, "packets that came over the pair: {counted}");
    holds()
}

/// A veth device that is up alone shows NO-CARRIER and LOWERLAYERDOWN; with the other end up it shows LOWER_UP and UP.
#[claim(
    source = ["ip-link(8)", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("sh"), Module("veth")],
    deadline = 60,
)]
fn end_is_without_carrier_until_the_other_is_up() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip link add v0 type veth peer name v1; ip link set v1 netns blue")?;
    prompt("ip -n blue link set v1 up")?;
    let shows = |carrier: &str, state: &str| {
        let line = prompt("ip -n blue -o link show v1")?;
        Ok(line.contains(carrier) && line.contains(&format!(" state {state} ")))
    };
    // The kernel follows the state of the other end a moment later.
    expect!(kit::eventually(|| shows("<NO-CARRIER,", "LOWERLAYERDOWN"))?, "alone");
    prompt("ip link set v0 up")?;
    expect!(kit::eventually(|| shows(",LOWER_UP>", "UP"))?, "with the other end up");
    holds()
}

/// In a new network namespace ping gets no answer from the own address while lo is down, and gets one when it is up.
#[claim(
    source = ["ping(8)", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("ping"), Tool("sh"), Module("veth"), Config("INET")],
    deadline = 90,
)]
fn own_address_answers_when_lo_is_up() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add test; ip link add v0 type veth peer name v1 netns test; ip link set v0 up")?;
    prompt("ip -n test addr add 10.0.0.2/24 dev v1; ip -n test link set v1 up")?;
    let own = try_prompt("ip netns exec test ping -c 1 -W 1 10.0.0.2")?;
    expect!(own.status == Some(1) && own.output.contains("100% packet loss"), "lo is down: {own:?}");
    expect_ne!(try_prompt("ip netns exec test ping -c 1 -W 1 127.0.0.1")?.status, Some(0), "lo is down");
    prompt("ip netns exec test ip link set lo up")?;
    expect_answer(&prompt("ip netns exec test ping -c 1 -w 30 10.0.0.2")?, "10.0.0.2")?;
    expect_answer(&prompt("ip netns exec test ping -c 1 -w 30 127.0.0.1")?, "127.0.0.1")?;
    holds()
}

/// «ip -all netns exec ip link» prints a section for each named network namespace, with the devices in that.
#[claim(
    source = ["ip-netns(8)", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("sh"), Module("veth")],
    deadline = 60,
)]
fn ip_all_netns_exec_prints_a_section_a_network() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip netns add red; ip netns add test")?;
    prompt("ip link add outer type veth peer name in-blue netns blue")?;
    prompt("ip -n red link add in-red type veth peer name in-test netns test")?;
    let shown = prompt("ip -all netns exec ip -o link")?;
    let sections: Vec<_> = shown.split("netns: ").skip(1).collect();
    expect_eq!(sections.len(), 3, "{shown}");
    for name in ["blue", "red", "test"] {
        let section = sections.iter().find(|section| section.starts_with(&format!("{name}\n"))).copied();
        let section = section.unwrap_or_default();
        expect!(section.contains(": lo: ") && section.contains(&format!(": in-{name}@")), "{name}: {section}");
        expect_eq!(section.matches(": in-").count(), 1, "devices of others in {section}");
    }
    expect!(!shown.contains(": outer@"), "a device of outside: {shown}");
    holds()
}

/// Two network namespaces whose veth devices are joined by a bridge outside answer each other's ping.
#[claim(
    source = ["bridge(8)", "ip-link(8)", "ping(8)", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("ping"), Tool("sh"), Module("veth"), Module("bridge"), Config("INET")],
    deadline = 120,
)]
fn networks_on_a_bridge_answer_each_other() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip link add name bridge0 type bridge; ip link set bridge0 up")?;
    for (name, address) in [("red", "192.168.10.10"), ("blue", "192.168.10.11")] {
        let shell = Shell::with("NAME", name).and("ADDRESS", address);
        shell.prompt("ip netns add $NAME; ip link add v-$NAME type veth peer name eth0 netns $NAME")?;
        shell.prompt("ip -n $NAME addr add $ADDRESS/24 dev eth0; ip -n $NAME link set eth0 up")?;
        shell.prompt("ip link set v-$NAME master bridge0; ip link set v-$NAME up")?;
    }
    expect_answer(&prompt("ip netns exec red ping -c 1 -w 30 192.168.10.11")?, "192.168.10.11")?;
    expect_answer(&prompt("ip netns exec blue ping -c 1 -w 30 192.168.10.10")?, "192.168.10.10")?;
    prompt("ip link set v-blue nomaster")?;
    let apart = try_prompt("ip netns exec red ping -c 1 -W 1 192.168.10.11")?;
    expect_eq!(apart.status, Some(1), "when one is no port of the bridge: {}", apart.output);
    prompt("ip link set v-blue master bridge0")?;
    expect_answer(&prompt("ip netns exec red ping -c 1 -w 30 192.168.10.11")?, "192.168.10.11")?;
    holds()
}

/// A bridge that is up, with an address, reaches the network namespace behind its port when that port is up, and not before.
#[claim(
    source = ["bridge(8)", "ip-link(8)", "ping(8)", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("ping"), Tool("sh"), Module("veth"), Module("bridge"), Config("INET")],
    erratum = "Linux_name_space: the bridge reaches the network namespace without a command that sets its port up.",
    deadline = 120,
)]
fn bridge_is_without_carrier_until_a_port_is_up() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip netns add blue; ip link add veth0 type veth peer name veth1; ip link set veth1 netns blue")?;
    prompt("ip -n blue addr add 192.168.10.10/24 dev veth1; ip -n blue link set veth1 up")?;
    prompt("ip link add bridge0 type bridge; ip link set veth0 master bridge0; ip link set bridge0 up")?;
    prompt("ip addr add 192.168.10.1/32 dev bridge0; ip route add 192.168.10.0/24 dev bridge0")?;
    let shows = |what: &str| Ok(prompt("ip -o link show bridge0")?.contains(what));
    expect!(kit::eventually(|| shows("<NO-CARRIER,"))?, "before the port is up");
    expect_ne!(try_prompt("ping -c 1 -W 1 192.168.10.10")?.status, Some(0), "before the port is up");
    prompt("ip link set veth0 up")?;
    expect!(kit::eventually(|| shows(",LOWER_UP>"))?, "when the port is up");
    let answered = prompt("ping -c 1 -w 30 192.168.10.10")?;
    expect_answer(&answered, "192.168.10.10")
}

/// Two macvlan devices of one parent in bridge mode, each moved to a network namespace, answer each other's ping; private ones
/// do not.
#[claim(
    source = ["ip-link(8)", "ping(8)", "Linux_name_space"],
    needs = [Root, Tool("ip"), Tool("ping"), Tool("sh"), Module("macvlan"), Module("dummy"), Config("INET")],
    deadline = 120,
)]
fn macvlans_of_one_parent_answer_each_other() -> Verdict {
    prepare_ip_netns()?;
    prompt("ip link add parent type dummy; ip link set parent up")?;
    for (name, address) in [("ns0", "172.29.6.10"), ("ns1", "172.29.6.11")] {
        let shell = Shell::with("NAME", name).and("ADDRESS", address);
        shell.prompt("ip netns add $NAME; ip link add mv-$NAME link parent type macvlan mode bridge")?;
        shell.prompt("ip link set mv-$NAME netns $NAME; ip -n $NAME addr add $ADDRESS/24 dev mv-$NAME")?;
        shell.prompt("ip -n $NAME link set mv-$NAME up")?;
        expect_ne!(shell.try_prompt("ip link show mv-$NAME")?.status, Some(0), "outside after the move");
    }
    expect_answer(&prompt("ip netns exec ns0 ping -c 1 -w 30 172.29.6.11")?, "172.29.6.11")?;
    expect_answer(&prompt("ip netns exec ns1 ping -c 1 -w 30 172.29.6.10")?, "172.29.6.10")?;
    for name in ["ns0", "ns1"] {
        Shell::with("NAME", name).prompt("ip -n $NAME link set mv-$NAME type macvlan mode private")?;
    }
    let apart = try_prompt("ip netns exec ns0 ping -c 1 -W 1 172.29.6.11")?;
    expect_eq!(apart.status, Some(1), "in private mode: {}", apart.output);
    holds()
}

/// What ping prints of one answer.
fn expect_answer(printed: &str, address: &str) -> Verdict {
    expect!(printed.contains(&format!("bytes from {address}: icmp_seq=")), "{printed}");
    holds()
}
