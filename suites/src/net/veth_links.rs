//! What one end of a pair of veth devices tells of the other: `veth(4)`.

use std::net::{Ipv4Addr, UdpSocket};

use kit::prelude::*;
use kit::sys::device_features::statistic;
use kit::{eventually, prepared, settle};
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::link::State;
use rtnetlink::packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage as Message};
use rtnetlink::{LinkUnspec, LinkVeth};

use super::networks::Network;
use super::wires::{Link, hand_over, link, wire};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    veth_end_has_no_carrier_while_the_other_is_down,
    veth_state_tells_that_the_other_end_is_down,
    veth_state_goes_by_a_device_of_its_own_network,
    nothing_passes_while_the_other_veth_end_is_down,
    veth_names_its_other_end_and_where_it_is,
    veth_statistic_tells_the_index_of_the_other_end,
];

/// A veth device that is up has a carrier only while its other end, in another network namespace, is up.
#[claim(source = ["veth(4) DESCRIPTION", "Linux_name_space"], needs = [Root, Module("veth")])]
fn veth_end_has_no_carrier_while_the_other_is_down() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    wire(&one, "near", &other, "far")?;
    one.set_up("near")?;
    for _ in 0..2 {
        expect!(becomes(&one, false, None)?, "there is a carrier while the other end is down");
        other.set_up("far")?;
        expect!(becomes(&one, true, Some(State::Up))?, "there is no carrier while both ends are up");
        set_down(&other, "far")?;
    }
    holds()
}

/// A veth device whose other end is down is in the state LOWERLAYERDOWN, also if that is in another network namespace.
///
/// Since 6.2 it is only if a device of its own network namespace that has no carrier has the other end's index.
#[claim(
    source = ["Linux_name_space", "kernel 6.1 net/core/link_watch.c default_operstate"],
    until = "6.2",
    needs = [Root, Module("veth")],
)]
fn veth_state_tells_that_the_other_end_is_down() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    wire(&one, "near", &other, "far")?;
    expect!(loses_its_other_end(&one, &other, State::LowerLayerDown)?, "{:?}", link(&one, "near")?);
    holds()
}

/// A veth device whose other end is down in another network namespace is LOWERLAYERDOWN only if a device without carrier in
/// its own has the other end's index.
///
/// Else it is DOWN: the kernel looks the index up in the wrong network namespace. Before 6.2 it was LOWERLAYERDOWN always.
#[claim(
    source = "net/core/link_watch.c default_operstate",
    since = "6.2",
    replaces = "veth_state_tells_that_the_other_end_is_down",
    needs = [Root, Module("veth")],
    erratum = "Linux_name_space: a veth device that is up while its other end, in another network namespace, is down is in the \
               state LOWERLAYERDOWN.",
)]
fn veth_state_goes_by_a_device_of_its_own_network() -> Verdict {
    for (namesake, state) in [(None, State::Down), (Some(false), State::LowerLayerDown), (Some(true), State::Down)] {
        let (one, other) = (Network::new()?, Network::new()?);
        one.netlink().add(LinkVeth::new("near", "far").build())?.doing("make a pair of veth devices")?;
        let index = one.netlink().device("far")?.index;
        hand_over(&one, "far", &other)?;
        expect_eq!(other.netlink().device("far")?.index, index, "the other end, after it was moved");
        if let Some(has_carrier) = namesake {
            let device = LinkVeth::new("namesake", "namesake-peer").index(index).build();
            one.netlink().add(device)?.doing("make a device with the same index")?;
            if has_carrier {
                one.set_up("namesake-peer")?;
                one.set_up("namesake")?;
                settle(|link: &Link| link.carrier, || link(&one, "namesake"))?;
            }
        }
        let became = loses_its_other_end(&one, &other, state)?;
        expect!(became, "{namesake:?}: expected {state:?}, saw {:?}", link(&one, "near")?);
    }
    holds()
}

/// What is sent over a veth device while its other end is down does not arrive there later.
#[claim(source = "veth(4) DESCRIPTION", needs = [Root, Module("veth"), Config("INET")])]
fn nothing_passes_while_the_other_veth_end_is_down() -> Verdict {
    let [here, there] = [Ipv4Addr::new(10, 77, 0, 1), Ipv4Addr::new(10, 77, 0, 2)];
    let (one, other) = (Network::new()?, Network::new()?);
    wire(&one, "near", &other, "far")?;
    for (place, name, address) in [(&one, "near", here), (&other, "far", there)] {
        place.add_address(name, address, 24)?;
        place.set_up(name)?;
    }
    // A packet for a neighbour that is not known would wait, and go out when the other end has answered.
    know(&one, "near", there, other.netlink().device("far")?.address)?;
    let receiver = other.inside(|| UdpSocket::bind((there, 7000)).doing("bind"))?;
    let sender = one.inside(|| UdpSocket::bind((here, 7000)).doing("bind"))?;
    becomes(&one, true, Some(State::Up))?;
    let send = |text: &str| sender.send_to(text.as_bytes(), (there, 7000)).doing("send").map(drop);
    send("first")?;
    set_down(&other, "far")?;
    becomes(&one, false, None)?;
    let _ = sender.send_to(b"lost", (there, 7000));
    other.set_up("far")?;
    becomes(&one, true, Some(State::Up))?;
    send("last")?;
    let mut buffer = [0; 16];
    for wanted in ["first", "last"] {
        let length = receiver.recv(&mut buffer).doing("receive")?;
        expect_eq!(String::from_utf8_lossy(&buffer[..length]), wanted);
    }
    holds()
}

/// IFLA_LINK of a veth device is the index of its other end; IFLA_LINK_NETNSID is there only if that is in another network
/// namespace, whose ID it is.
#[claim(source = ["Linux_name_space", "ip-link(8)"], needs = [Root, Module("veth")])]
fn veth_names_its_other_end_and_where_it_is() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    // The two ends get different numbers.
    wire(&other, "spare", &other, "spare-peer")?;
    wire(&one, "near", &one, "far")?;
    let index = |place: &Network, name: &str| Ok::<_, Failure>(place.netlink().device(name)?.index);
    let seen = |place: &Network, name: &str| link(place, name).map(|link| (link.link, link.nsid));
    expect_eq!(seen(&one, "near")?, (Some(index(&one, "far")?), None), "in one network namespace");
    expect_eq!(seen(&one, "far")?, (Some(index(&one, "near")?), None), "in one network namespace");
    hand_over(&one, "far", &other)?;
    expect_ne!(index(&one, "near")?, index(&other, "far")?);
    expect_eq!(seen(&one, "near")?, (Some(index(&other, "far")?), Some(0)), "with the other end elsewhere");
    expect_eq!(seen(&other, "far")?, (Some(index(&one, "near")?), Some(0)), "with the other end elsewhere");
    holds()
}

/// The statistic peer_ifindex of a veth device («ethtool -S») is the index that the other end has in its own network namespace.
#[claim(source = "veth(4) DESCRIPTION", needs = [Root, Module("veth"), Config("INET")])]
fn veth_statistic_tells_the_index_of_the_other_end() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    one.netlink().add(LinkVeth::new("near", "far").index(777).build())?.doing("make a pair of veth devices")?;
    let index = one.netlink().device("far")?.index;
    let told =
        |place: &Network, name: &str| place.inside(|| Ok(statistic(name, "peer_ifindex").map(|one| one.unwrap_or(0))));
    expect_eq!(expect_ok!(told(&one, "near")?), u64::from(index), "in one network namespace");
    expect_eq!(expect_ok!(told(&one, "far")?), 777, "in one network namespace, of the other end");
    // Where it goes its index is taken.
    other
        .netlink()
        .add(LinkVeth::new("first", "second").build())?
        .doing("make another pair where the other end goes")?;
    hand_over(&one, "far", &other)?;
    let moved = other.netlink().device("far")?.index;
    prepared(moved != index, "another index after the move")?;
    expect_eq!(expect_ok!(told(&one, "near")?), u64::from(moved), "after the move");
    expect_eq!(expect_ok!(told(&other, "far")?), 777, "after the move, of the other end");
    holds()
}

/// Sets both ends up and then the far one down: whether the near one comes to be in this state. What it was in before its
/// other end was moved would stay, as long as the carrier does not change.
fn loses_its_other_end(one: &Network, other: &Network, state: State) -> Outcome<bool> {
    one.set_up("near")?;
    other.set_up("far")?;
    prepared(becomes(one, true, Some(State::Up))?, "both ends up")?;
    set_down(other, "far")?;
    becomes(one, false, Some(state))
}

/// Whether the device `near` comes to have, or not to have, a carrier, and to be in a state if that is asked for.
fn becomes(place: &Network, carrier: bool, state: Option<State>) -> Outcome<bool> {
    eventually(|| {
        let now = link(place, "near")?;
        Ok(now.carrier == carrier && (state.is_none() || now.state == state))
    })
}

fn set_down(place: &Network, name: &str) -> Outcome<()> {
    place.netlink().change(LinkUnspec::new_with_name(name).down().build())?.doing(format!("set {name} down"))
}

/// Has a network namespace know a neighbour's hardware address for good.
fn know(place: &Network, name: &str, address: Ipv4Addr, hardware: Vec<u8>) -> Outcome<()> {
    let mut neighbour = NeighbourMessage::default();
    neighbour.header.family = AddressFamily::Inet;
    neighbour.header.ifindex = place.netlink().device(name)?.index;
    neighbour.header.state = NeighbourState::Permanent;
    neighbour.attributes = vec![
        NeighbourAttribute::Destination(NeighbourAddress::Inet(address)),
        NeighbourAttribute::LinkLayerAddress(hardware),
    ];
    place.netlink().tell(Message::NewNeighbour(neighbour), NLM_F_CREATE | NLM_F_EXCL)?.doing("add a neighbour")
}
