//! Packets between network namespaces: `veth(4)`; `network_namespaces(7)`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use kit::prelude::*;
use kit::sys::device_flags::set_loopback;
use kit::sysctl::set_sysctl;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::Ipv4RecvErr;
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::link::MacVlanMode;
use rtnetlink::packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
use rtnetlink::{LinkBridge, LinkMacVlan, LinkUnspec};

use super::echo::echo;
use super::networks::Network;
use super::wires::{hand_over, wire};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    echo_passes_between_networks,
    echo_passes_over_ipv6,
    loopback_answers_once_it_is_up,
    own_address_answers_only_with_lo_up,
    hardware_address_is_learnt_in_one_network_only,
    bridge_connects_networks,
    macvlans_reach_the_network_of_the_lower_device,
];

const HERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const THERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const FARTHER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 3);

/// Echo requests are answered both ways between two network namespaces that a pair of veth devices connects, with the
/// loopback devices of both down.
#[claim(
    source = ["veth(4) DESCRIPTION", "namespaces-fun", "network_namespaces(7) DESCRIPTION"],
    needs = [Root, Module("veth"), Config("INET")],
)]
fn echo_passes_between_networks() -> Verdict {
    let (one, other) = connected([HERE.into(), THERE.into()])?;
    let third = Network::new()?;
    expect!(answers(&one, THERE)?, "no answer from there");
    expect!(answers(&other, HERE)?, "no answer from here");
    expect_errno!(ask(&third, THERE)?, ENETUNREACH, "from a third network namespace");
    holds()
}

/// Echo requests over IPv6 are answered both ways between two network namespaces that a pair of veth devices connects.
#[claim(
    source = ["veth(4) DESCRIPTION", "network_namespaces(7) DESCRIPTION"],
    needs = [Root, Module("veth"), Config("INET"), Config("IPV6")],
)]
fn echo_passes_over_ipv6() -> Verdict {
    let [here, there] = [Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 1), Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 2)];
    let (one, other) = connected([here.into(), there.into()])?;
    let third = Network::with_loopback()?;
    expect!(answers(&one, there)?, "no answer from there");
    expect!(answers(&other, here)?, "no answer from here");
    expect_errno!(ask(&third, there)?, ENETUNREACH, "from a third network namespace");
    holds()
}

/// The loopback device of a new network namespace answers echo requests to 127.0.0.1 and ::1 once it is set up.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "Linux_name_space"],
    needs = [UserNamespaces, Config("INET"), Config("IPV6")],
)]
fn loopback_answers_once_it_is_up() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        expect_errno!(echo(Ipv4Addr::LOCALHOST)?, ENETUNREACH, "while it is down");
        expect_errno!(echo(Ipv6Addr::LOCALHOST)?, EADDRNOTAVAIL, "while it is down");
        set_loopback(true).doing("set the loopback device up")?;
        expect!(echo(Ipv4Addr::LOCALHOST)? == Ok(true), "no answer from 127.0.0.1");
        expect!(echo(Ipv6Addr::LOCALHOST)? == Ok(true), "no answer from ::1");
        holds()
    })
}

/// What is sent to an own address of another device is lost while the loopback device is down, and arrives once it is up.
///
/// sendto() succeeds all the same.
#[claim(source = "Linux_name_space", needs = [Root, Module("veth"), Config("INET")])]
fn own_address_answers_only_with_lo_up() -> Verdict {
    let (one, _other) = connected([HERE.into(), THERE.into()])?;
    one.inside(|| {
        let socket = UdpSocket::bind((HERE, 7000)).doing("bind to the own address")?;
        expect_ok!(socket.send_to(b"lost", (HERE, 7000)), "with the loopback device down");
        set_loopback(true).doing("set the loopback device up")?;
        expect_ok!(socket.send_to(b"kept", (HERE, 7000)), "with the loopback device up");
        // What is sent to a host's own address is queued before sendto() returns or is gone for ever: in this order.
        let mut buffer = [0; 16];
        let length = socket.recv(&mut buffer).doing("receive")?;
        expect_eq!(&buffer[..length], b"kept", "the first that has arrived");
        expect!(echo(HERE)? == Ok(true), "no answer from the own address, with the loopback device up");
        holds()
    })
}

/// The hardware address that ARP finds is known to the network namespace that asked, and to no other one with the same
/// addresses.
#[claim(
    source = "network_namespaces(7) DESCRIPTION",
    needs = [Root, Module("veth"), Config("INET")],
)]
fn hardware_address_is_learnt_in_one_network_only() -> Verdict {
    let (one, other) = connected([HERE.into(), THERE.into()])?;
    let (third, _fourth) = connected([HERE.into(), THERE.into()])?;
    let known = |place: &Network| neighbours(place, THERE);
    expect_eq!((known(&one)?, known(&third)?), (vec![], vec![]), "before a packet was sent");
    expect!(answers(&one, THERE)?, "no answer from there");
    expect_eq!(known(&one)?, [other.netlink().device("far")?.address], "where the request was sent from");
    expect_eq!(known(&third)?, Vec::<Vec<u8>>::new(), "in another network namespace");
    holds()
}

/// A bridge connects the network namespaces to which pairs of veth devices lead from its ports.
#[claim(
    source = ["veth(4) DESCRIPTION", "Linux_name_space"],
    needs = [Root, Module("veth"), Module("bridge"), Config("INET")],
)]
fn bridge_connects_networks() -> Verdict {
    let (middle, one, other) = (Network::new()?, Network::with_loopback()?, Network::new()?);
    middle.netlink().add(LinkBridge::new("bridge").up().build())?.doing("make a bridge")?;
    middle.add_address("bridge", FARTHER, 24)?;
    let bridge = middle.netlink().device("bridge")?.index;
    for (place, address, port) in [(&one, HERE, "port-one"), (&other, THERE, "port-other")] {
        wire(&middle, port, place, "far")?;
        place.add_address("far", address, 24)?;
        place.set_up("far")?;
        middle.set_up(port)?;
    }
    one.inside(|| give_up_soon("far"))?;
    expect_errno!(unreachable(&one, THERE)?, EHOSTUNREACH, "before they are ports");
    for port in ["port-one", "port-other"] {
        let request = LinkUnspec::new_with_name(port).controller(bridge).build();
        middle.netlink().change(request)?.doing("make it a port of the bridge")?;
    }
    expect!(answers(&other, HERE)?, "no answer from the one, asked by the other");
    expect!(answers(&middle, HERE)?, "no answer from the one, asked by the bridge's own");
    expect!(answers(&other, FARTHER)?, "no answer from the bridge's own address");
    let third = Network::new()?;
    expect_errno!(ask(&third, HERE)?, ENETUNREACH, "from a network namespace without such a pair");
    holds()
}

/// Macvlan devices in bridge mode that were moved to network namespaces reach each other and the network of the lower
/// device.
#[claim(
    source = "Linux_name_space",
    needs = [Root, Module("veth"), Module("macvlan"), Config("INET")],
)]
fn macvlans_reach_the_network_of_the_lower_device() -> Verdict {
    let (middle, gateway) = (Network::new()?, Network::new()?);
    wire(&middle, "lower", &gateway, "far")?;
    gateway.add_address("far", FARTHER, 24)?;
    gateway.set_up("far")?;
    middle.set_up("lower")?;
    let lower = middle.netlink().device("lower")?.index;
    let places = [(Network::new()?, HERE), (Network::new()?, THERE)];
    for (place, address) in &places {
        let device = LinkMacVlan::new("upper", lower, MacVlanMode::Bridge).build();
        middle.netlink().add(device)?.doing("make a macvlan device")?;
        hand_over(&middle, "upper", place)?;
        place.add_address("upper", *address, 24)?;
        place.set_up("upper")?;
    }
    expect!(answers(&places[0].0, FARTHER)?, "no answer from the network of the lower device");
    expect!(answers(&places[0].0, THERE)?, "no answer from the other macvlan device");
    expect!(answers(&gateway, THERE)?, "no answer from a macvlan device, asked from outside");
    expect_errno!(ask(&middle, FARTHER)?, ENETUNREACH, "from where the lower device is, which has no address");
    holds()
}

/// Two network namespaces with a pair of veth devices, `near` and `far`, which have these addresses and are up.
fn connected([here, there]: [IpAddr; 2]) -> Outcome<(Network, Network)> {
    let (one, other) = (Network::new()?, Network::new()?);
    let prefix = if here.is_ipv4() { 24 } else { 64 };
    wire(&one, "near", &other, "far")?;
    for (place, name, address) in [(&one, "near", here), (&other, "far", there)] {
        place.add_address(name, address, prefix)?;
        place.set_up(name)?;
    }
    Ok((one, other))
}

fn ask(place: &Network, to: impl Into<IpAddr>) -> Outcome<rustix::io::Result<bool>> {
    place.inside(|| echo(to))
}

/// Whether an echo request is answered.
fn answers(place: &Network, to: impl Into<IpAddr>) -> Outcome<bool> {
    Ok(ask(place, to)? == Ok(true))
}

/// Has a device ask once for a hardware address, and no longer than need be.
fn give_up_soon(device: &str) -> Outcome<()> {
    for (name, value) in [("mcast_solicit", 1), ("retrans_time_ms", 50)] {
        let path = format!("net/ipv4/neigh/{device}/{name}");
        set_sysctl(&path, value).doing(format!("set {path}"))?;
    }
    Ok(())
}

/// The error that a socket is told of when nothing answers for the hardware address. It comes over the loopback device.
fn unreachable(place: &Network, to: Ipv4Addr) -> Outcome<std::io::Result<usize>> {
    place.inside(|| {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).doing("make a UDP socket")?;
        setsockopt(&socket, Ipv4RecvErr, &true).doing("set IP_RECVERR")?;
        socket.connect((to, 9)).doing("connect a UDP socket")?;
        socket.send(b"hello").doing("send")?;
        Ok(socket.recv(&mut [0; 16]))
    })
}

/// The hardware addresses that are known for an address.
fn neighbours(place: &Network, address: Ipv4Addr) -> Outcome<Vec<Vec<u8>>> {
    let wanted = NeighbourAttribute::Destination(NeighbourAddress::Inet(address));
    let found = place.netlink().dump(Message::GetNeighbour(NeighbourMessage::default()))?;
    let of_it = found.into_iter().filter_map(|message| match message {
        Message::NewNeighbour(neighbour) if neighbour.attributes.contains(&wanted) => Some(neighbour.attributes),
        _ => None,
    });
    Ok(of_it
        .flatten()
        .filter_map(|attribute| match attribute {
            NeighbourAttribute::LinkLayerAddress(address) => Some(address),
            _ => None,
        })
        .collect())
}
