//! Devices on top of one in another network namespace: `ip-link(8)`.

use std::net::Ipv4Addr;

use kit::eventually;
use kit::prelude::*;
use rtnetlink::packet_route::link::{IpVlanMode, LinkMessage, MacVlanMode};
use rtnetlink::{LinkIpVlan, LinkMacVlan};

use super::echo::echo;
use super::networks::Network;
use super::wires::{hand_over, link, wire};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    macvlan_goes_with_its_lower_device,
    ipvlan_has_the_address_of_its_lower_device,
    ipvlan_reaches_the_network_of_the_lower_device,
];

/// A macvlan device in another network namespace is deleted with its lower device, and tells that device's index and where
/// that is.
#[claim(source = "ip-link(8)", needs = [Root, Module("veth"), Module("macvlan")])]
fn macvlan_goes_with_its_lower_device() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    wire(&one, "lower", &one, "spare")?;
    let lower = one.netlink().device("lower")?.index;
    let device = LinkMacVlan::new("upper", lower, MacVlanMode::Bridge).build();
    one.netlink().add(device)?.doing("make a macvlan device")?;
    hand_over(&one, "upper", &other)?;
    let told = link(&other, "upper")?;
    expect_eq!((told.link, told.nsid), (Some(lower), Some(0)), "what it tells of the device below");
    expect_ok!(one.netlink().delete(lower)?, "the lower device");
    let gone = eventually(|| Ok(other.netlink().names()? == ["lo"]))?;
    expect!(gone, "in the other network namespace are {:?}", other.netlink().names()?);
    holds()
}

/// An ipvlan device that was moved to another network namespace has the hardware address of its lower device, unlike a
/// macvlan device.
#[claim(source = "ip-link(8)", needs = [Root, Module("veth"), Module("macvlan"), Module("ipvlan")])]
fn ipvlan_has_the_address_of_its_lower_device() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    wire(&one, "lower", &one, "second")?;
    let address = |place: &Network, name: &str| Ok::<_, Failure>(place.netlink().device(name)?.address);
    let index = |name: &str| Ok::<_, Failure>(one.netlink().device(name)?.index);
    one.netlink().add(ipvlan("upper", index("lower")?))?.doing("make an ipvlan device")?;
    let device = LinkMacVlan::new("apart", index("second")?, MacVlanMode::Bridge).build();
    one.netlink().add(device)?.doing("make a macvlan device")?;
    for name in ["upper", "apart"] {
        hand_over(&one, name, &other)?;
    }
    expect_eq!(address(&other, "upper")?, address(&one, "lower")?, "of the ipvlan device");
    expect_ne!(address(&other, "apart")?, address(&one, "second")?, "of the macvlan device");
    holds()
}

/// Ipvlan devices in L2 mode that were moved to network namespaces reach each other and the network of the lower device.
#[claim(source = "ip-link(8)", needs = [Root, Module("veth"), Module("ipvlan"), Config("INET")])]
fn ipvlan_reaches_the_network_of_the_lower_device() -> Verdict {
    let (middle, gateway) = (Network::new()?, Network::new()?);
    let outside = Ipv4Addr::new(10, 77, 0, 9);
    wire(&middle, "lower", &gateway, "far")?;
    gateway.add_address("far", outside, 24)?;
    gateway.set_up("far")?;
    middle.set_up("lower")?;
    let lower = middle.netlink().device("lower")?.index;
    let places =
        [(Network::new()?, 1), (Network::new()?, 2)].map(|(place, last)| (place, Ipv4Addr::new(10, 77, 0, last)));
    for (place, address) in &places {
        middle.netlink().add(ipvlan("upper", lower))?.doing("make an ipvlan device")?;
        hand_over(&middle, "upper", place)?;
        place.add_address("upper", *address, 24)?;
        place.set_up("upper")?;
    }
    let [(first, _), (_, second)] = &places;
    for to in [outside, *second] {
        expect!(first.inside(|| echo(to))? == Ok(true), "no answer from {to}");
    }
    expect!(gateway.inside(|| echo(*second))? == Ok(true), "no answer from an ipvlan device, asked from outside");
    expect_errno!(
        middle.inside(|| echo(outside))?,
        ENETUNREACH,
        "from where the lower device is, which has no address"
    );
    holds()
}

fn ipvlan(name: &str, lower: u32) -> LinkMessage {
    LinkIpVlan::new(name, lower, IpVlanMode::L2).build()
}
