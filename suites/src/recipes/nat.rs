//! A network namespace that reaches others through the one outside: `nft(8)` and `ip-route(8)` at the prompt.

use std::net::{SocketAddr, UdpSocket};

use kit::prelude::*;
use kit::process::{prepare_ip_netns, prompt, try_prompt};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![masqueraded_network_is_answered_from_far_away, masqueraded_packet_has_the_outer_address,];

/// Where the far one listens.
const FAR: &str = "203.0.113.9:7";

/// A network namespace is answered from far away with a default route, ip_forward and masquerading outside, and not before.
#[claim(
    source = ["nft(8)", "ip-route(8)", "ping(8)", "namespaces-fun"],
    needs = [
        Root, Tool("ip"), Tool("nft"), Tool("ping"), Tool("sh"), Module("veth"), Module("nf_tables"), Module("nft_chain_nat"),
        Module("nft_masq"), Config("INET"),
    ],
    deadline = 120,
)]
fn masqueraded_network_is_answered_from_far_away() -> Verdict {
    inner_and_far()?;
    let none = try_prompt("ip netns exec myns ping -c 1 -W 1 203.0.113.9")?;
    expect!(none.errors.contains("Network is unreachable"), "without a route: {none:?}");
    prompt("ip netns exec myns ip route add default via 10.0.0.1")?;
    expect_eq!(try_prompt("ip netns exec myns ping -c 1 -W 1 203.0.113.9")?.status, Some(1), "without ip_forward");
    prompt("echo 1 > /proc/sys/net/ipv4/ip_forward")?;
    expect_eq!(try_prompt("ip netns exec myns ping -c 1 -W 1 203.0.113.9")?.status, Some(1), "without masquerading");
    masquerade()?;
    let answered = prompt("ip netns exec myns ping -c 1 -w 30 203.0.113.9")?;
    expect!(answered.contains("bytes from 203.0.113.9: icmp_seq="), "{answered}");
    prompt("echo 0 > /proc/sys/net/ipv4/ip_forward")?;
    let closed = try_prompt("ip netns exec myns ping -c 1 -W 1 203.0.113.9")?;
    expect_eq!(closed.status, Some(1), "when ip_forward is taken back: {}", closed.output);
    holds()
}

/// A packet from a masqueraded network namespace arrives far away with the address of the device that it left by outside.
#[claim(
    source = ["nft(8)", "ip-route(8)", "namespaces-fun"],
    needs = [
        Root, Tool("ip"), Tool("nft"), Tool("sh"), Module("veth"), Module("nf_tables"), Module("nft_chain_nat"),
        Module("nft_masq"), Config("INET"),
    ],
    deadline = 90,
)]
fn masqueraded_packet_has_the_outer_address() -> Verdict {
    inner_and_far()?;
    prompt("ip netns exec myns ip route add default via 10.0.0.1; echo 1 > /proc/sys/net/ipv4/ip_forward")?;
    let far = spawn(NONE, |case| {
        setns(Namespace::at("/run/netns/far")?, CLONE_NEWNET).doing("enter the network namespace far")?;
        let socket = UdpSocket::bind(FAR).doing("make a socket")?;
        case.go()?;
        for _ in 0..2 {
            let (_, from) = socket.recv_from(&mut [0; 16]).doing("wait for a packet")?;
            case.send(&from.ip().to_string())?;
        }
        Ok(())
    })?;
    far.recv::<()>()?;
    let send = || {
        child(NONE, || {
            setns(Namespace::at("/run/netns/myns")?, CLONE_NEWNET).doing("enter the network namespace myns")?;
            let socket = UdpSocket::bind(SocketAddr::from(([0, 0, 0, 0], 0))).doing("make a socket")?;
            socket.send_to(b"hello", FAR).doing("send a packet")?;
            Ok(())
        })
    };
    send()?;
    expect_eq!(far.recv::<String>()?, "10.0.0.2", "the address that it comes from, without masquerading");
    masquerade()?;
    send()?;
    expect_eq!(far.recv::<String>()?, "203.0.113.1", "the address that it comes from, masqueraded");
    holds()
}

/// A network namespace `myns` with the address 10.0.0.2, and another, `far`, with 203.0.113.9, which knows no way to the first.
/// Outside has the other ends of both.
fn inner_and_far() -> Outcome<()> {
    prepare_ip_netns()?;
    prompt(
        "ip netns add myns; ip link add v0 type veth peer name v1 netns myns\n\
         ip addr add 10.0.0.1/24 dev v0; ip link set v0 up\n\
         ip -n myns addr add 10.0.0.2/24 dev v1; ip -n myns link set v1 up\n\
         ip netns add far; ip link add wan type veth peer name eth0 netns far\n\
         ip addr add 203.0.113.1/24 dev wan; ip link set wan up\n\
         ip -n far addr add 203.0.113.9/24 dev eth0; ip -n far link set eth0 up",
    )?;
    Ok(())
}

fn masquerade() -> Outcome<()> {
    prompt(
        "nft add table ip nat\n\
         nft add chain ip nat postrouting '{ type nat hook postrouting priority 100 ; }'\n\
         nft add rule ip nat postrouting ip saddr 10.0.0.0/24 masquerade",
    )?;
    let rules = prompt("nft list ruleset")?;
    expect!(rules.contains("ip saddr 10.0.0.0/24 masquerade"), "the rules: {rules}");
    Ok(())
}
