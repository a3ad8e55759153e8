//! Devices of every kind that the kernel makes on request: what a message to rtnetlink says to make one.
//!
//! Each function takes the new device's name and the index of the device that it is made on. A tunnel takes 0 for the
//! second, and is made on none then; what is never made on another does not look at it.

use std::net::{Ipv4Addr, Ipv6Addr};

use kit::netlink::Netlink;
use kit::prelude::*;
use rtnetlink::packet_route::link::{IpVlanMode, IpVtapMode, LinkMessage, MacVlanMode, MacVtapMode, NetkitMode};
use rtnetlink::{
    LinkBond, LinkBridge, LinkDummy, LinkGeneve, LinkGre, LinkGre6, LinkIfb, LinkIp6Tnl, LinkIpIp, LinkIpVlan,
    LinkIpVtap, LinkMacSec, LinkMacVlan, LinkMacVtap, LinkMessageBuilder, LinkNetkit, LinkNlmon, LinkSit, LinkTeam,
    LinkVeth, LinkVlan, LinkVrf, LinkVti, LinkVti6, LinkVxlan, LinkWireguard, LinkXfrm,
};

/// What makes a device of this name on the one with this index.
pub(super) type Make = fn(&str, u32) -> LinkMessage;

/// Makes a dummy device, and tells its index.
pub(super) fn lower(here: &Netlink) -> Outcome<u32> {
    here.add(LinkDummy::new("lower").build())?.doing("make a dummy device")?;
    Ok(here.device("lower")?.index)
}

pub(super) fn dummy(name: &str, _: u32) -> LinkMessage {
    LinkDummy::new(name).build()
}

pub(super) fn ifb(name: &str, _: u32) -> LinkMessage {
    LinkIfb::new(name).build()
}

pub(super) fn nlmon(name: &str, _: u32) -> LinkMessage {
    LinkNlmon::new(name).build()
}

pub(super) fn wireguard(name: &str, _: u32) -> LinkMessage {
    LinkWireguard::new(name).build()
}

pub(super) fn veth(name: &str, _: u32) -> LinkMessage {
    LinkVeth::new(name, "peer").build()
}

pub(super) fn netkit(name: &str, _: u32) -> LinkMessage {
    LinkNetkit::new(name, "peer", NetkitMode::L3).build()
}

pub(super) fn bridge(name: &str, _: u32) -> LinkMessage {
    LinkBridge::new(name).build()
}

pub(super) fn bond(name: &str, _: u32) -> LinkMessage {
    LinkBond::new(name).build()
}

pub(super) fn team(name: &str, _: u32) -> LinkMessage {
    LinkTeam::new(name).build()
}

pub(super) fn vrf(name: &str, _: u32) -> LinkMessage {
    LinkVrf::new(name, 77).build()
}

pub(super) fn macvlan(name: &str, lower: u32) -> LinkMessage {
    LinkMacVlan::new(name, lower, MacVlanMode::Bridge).build()
}

pub(super) fn macvtap(name: &str, lower: u32) -> LinkMessage {
    LinkMacVtap::new(name, lower, MacVtapMode::Bridge).build()
}

pub(super) fn ipvlan(name: &str, lower: u32) -> LinkMessage {
    LinkIpVlan::new(name, lower, IpVlanMode::L2).build()
}

pub(super) fn ipvtap(name: &str, lower: u32) -> LinkMessage {
    LinkIpVtap::new(name, lower, IpVtapMode::L2).build()
}

pub(super) fn vlan(name: &str, lower: u32) -> LinkMessage {
    LinkVlan::new(name, lower, 7).build()
}

pub(super) fn macsec(name: &str, lower: u32) -> LinkMessage {
    LinkMacSec::new(name, lower).build()
}

pub(super) fn vxlan(name: &str, lower: u32) -> LinkMessage {
    LinkVxlan::new(name, 7).dev(lower).port(8472).build()
}

pub(super) fn geneve(name: &str, _: u32) -> LinkMessage {
    LinkGeneve::new(name, 7).remote(REMOTE).build()
}

pub(super) fn gre(name: &str, lower: u32) -> LinkMessage {
    LinkGre::new(name).local(LOCAL).remote(REMOTE).dev(lower).build()
}

pub(super) fn gretap(name: &str, lower: u32) -> LinkMessage {
    LinkGre::new_gretap(name).local(LOCAL).remote(REMOTE).dev(lower).build()
}

pub(super) fn ipip(name: &str, lower: u32) -> LinkMessage {
    LinkIpIp::new(name).local(LOCAL).remote(REMOTE).dev(lower).build()
}

pub(super) fn sit(name: &str, lower: u32) -> LinkMessage {
    LinkSit::new(name).local(LOCAL).remote(REMOTE).dev(lower).build()
}

pub(super) fn vti(name: &str, lower: u32) -> LinkMessage {
    LinkVti::new(name).local(LOCAL).remote(REMOTE).dev(lower).build()
}

pub(super) fn ip6tnl(name: &str, lower: u32) -> LinkMessage {
    LinkIp6Tnl::new(name).local(LOCAL6).remote(REMOTE6).dev(lower).build()
}

pub(super) fn ip6gre(name: &str, lower: u32) -> LinkMessage {
    LinkGre6::new(name).local(LOCAL6).remote(REMOTE6).dev(lower).build()
}

pub(super) fn ip6gretap(name: &str, lower: u32) -> LinkMessage {
    LinkGre6::new_gretap6(name).local(LOCAL6).remote(REMOTE6).dev(lower).build()
}

pub(super) fn vti6(name: &str, lower: u32) -> LinkMessage {
    LinkVti6::new(name).local(LOCAL6).remote(REMOTE6).dev(lower).build()
}

pub(super) fn xfrm(name: &str, lower: u32) -> LinkMessage {
    let device = LinkMessageBuilder::<LinkXfrm>::new(name).if_id(7);
    if lower == 0 { device.build() } else { device.dev(lower).build() }
}

const LOCAL: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const REMOTE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const LOCAL6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 1);
const REMOTE6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 2);
