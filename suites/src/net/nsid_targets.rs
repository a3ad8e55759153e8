//! Requests about devices in a network namespace that is named by its ID: IFLA_TARGET_NETNSID, IFLA_LINK_NETNSID and
//! IFLA_NEW_NETNSID, `rtnetlink(7)`; `ip-link(8)`, netns and link-netnsid.

use kit::netlink::{Elsewhere, Events, Named, Netlink};
use kit::prelude::*;
use kit::process::{NOBODY, as_user_with, user_namespace_with};
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage, MacVlanMode};
use rtnetlink::{LinkDummy, LinkMacVlan, LinkVeth};
use rustix::thread::CapabilitySet;

use super::devices::send;
use super::drivers;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsid_lists_devices_in_target,
    nsid_newlink_in_target,
    nsid_target_needs_net_admin_there,
    nsid_link_netnsid_create,
    nsid_link_netnsid_needs_net_admin_there,
    nsid_dellink_tells_destination,
];

/// `linux/rtnetlink.h`.
const RTNLGRP_LINK: u32 = 1;

/// With IFLA_TARGET_NETNSID the devices of the network namespace with that ID are listed.
///
/// An ID that no network namespace has fails with EINVAL.
#[claim(source = "net/core/rtnetlink.c rtnl_dump_ifinfo", needs = [Root, Module("dummy")])]
fn nsid_lists_devices_in_target() -> Verdict {
    let (here, there) = known_as(12)?;
    here.add(drivers::dummy("ours", 0))?.doing("make a device here")?;
    there.netlink().add(drivers::dummy("theirs", 0))?.doing("make a device there")?;
    let listed = |nsid: i32| Ok::<_, Failure>(here.devices_in(nsid)?.map(names));
    expect_eq!(listed(12)?, Ok(there.netlink().names()?));
    expect_eq!(here.names()?.contains(&"theirs".into()), false, "without an ID");
    expect_errno!(here.devices_in(77)?, EINVAL, "an ID that no namespace has");
    holds()
}

/// With IFLA_TARGET_NETNSID a device is made and deleted in the network namespace with that ID.
///
/// The peer of a veth device is made where the request came from.
#[claim(source = "net/core/rtnetlink.c rtnl_newlink", needs = [Root, Module("veth")])]
fn nsid_newlink_in_target() -> Verdict {
    let (here, there) = known_as(12)?;
    let place = |name: &str| Ok::<_, Failure>((here.device(name).is_ok(), there.netlink().device(name).is_ok()));
    let target = |nsid: i32| LinkAttribute::IfNetnsId(nsid);
    let pair = |nsid: i32| LinkVeth::new("one", "other").index(777).append_extra_attribute(target(nsid)).build();
    expect_errno!(here.add(pair(77))?, EINVAL, "an ID that no namespace has");
    expect_ok!(here.add(pair(12))?);
    expect_eq!(place("one")?, (false, true), "where the device is: here, there");
    expect_eq!(place("other")?, (true, false), "where its peer is: here, there");
    let delete = |attributes: Vec<LinkAttribute>| {
        let mut message = LinkMessage::default();
        message.header.index = 777;
        message.attributes = attributes;
        here.tell(Message::DelLink(message), 0)
    };
    expect_errno!(delete(vec![])?, ENODEV, "looked for here");
    expect_ok!(delete(vec![target(12)])?);
    expect_eq!(place("one")?, (false, false), "after it was deleted");
    holds()
}

/// IFLA_TARGET_NETNSID requires CAP_NET_ADMIN over the network namespace with that ID, and fails with EACCES without it.
///
/// The devices of the caller's own network namespace can be listed without it.
#[claim(source = "net/core/rtnetlink.c rtnl_get_net_ns_capable", needs = [Root, Module("dummy")])]
fn nsid_target_needs_net_admin_there() -> Verdict {
    let (_here, there) = known_as(12)?;
    there.netlink().add(drivers::dummy("theirs", 0))?.doing("make a device there")?;
    let list = |held: CapabilitySet| {
        as_user_with(NOBODY, held, || {
            let asker = Netlink::open()?;
            Ok((asker.devices_in(12)?.map(names).portable(), asker.names()?))
        })
    };
    let (refused, own) = list(CapabilitySet::empty())?;
    expect_errno!(refused, EACCES, "without capabilities");
    expect!(own.contains(&"lo".into()), "the own devices: {own:?}");
    let (listed, _) = list(CapabilitySet::NET_ADMIN)?;
    expect_eq!(listed, Ok(there.netlink().names()?), "with CAP_NET_ADMIN alone");
    holds()
}

/// With IFLA_LINK_NETNSID a device is made on one in the network namespace with that ID, although it is in another one.
///
/// Without it the index of the lower device is looked up where the new device is made. An ID that no network namespace
/// has fails with EINVAL.
#[claim(
    source = ["ip-link(8) ip link add - add virtual link", "net/core/rtnetlink.c rtnl_newlink"],
    needs = [Root, Module("macvlan"), Module("dummy")],
)]
fn nsid_link_netnsid_create() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let own = Namespace::own(Kind::Net)?;
    there.netlink().set_nsid(Named::File(own.fd()), 5)?.doing("give our namespace an ID there")?;
    here.add(LinkDummy::new("lower").index(777).build())?.doing("make a dummy device here")?;
    let make = |nsid: Option<i32>| {
        let device = LinkMacVlan::new("upper", 777, MacVlanMode::Bridge);
        let attribute = nsid.map(LinkAttribute::LinkNetNsId);
        let device = attribute.into_iter().fold(device, |device, one| device.append_extra_attribute(one));
        there.netlink().add(device.build())
    };
    expect_errno!(make(None)?, ENODEV, "without an ID");
    expect_errno!(make(Some(77))?, EINVAL, "an ID that no namespace has");
    expect_ok!(make(Some(5))?);
    let upper = there.netlink().device("upper")?;
    expect_eq!((upper.link, upper.link_nsid), (Some(777), Some(5)), "index and nsid of the lower device");
    here.delete(777)?.doing("delete the lower device")?;
    expect!(there.netlink().device("upper").is_err(), "the device outlives the one that it was made on");
    holds()
}

/// IFLA_LINK_NETNSID requires CAP_NET_ADMIN over the network namespace of the lower device, and fails with EPERM
/// without it.
#[claim(
    source = "net/core/rtnetlink.c rtnl_newlink",
    needs = [UserNamespaces, Root, Module("macvlan"), Module("dummy")],
)]
fn nsid_link_netnsid_needs_net_admin_there() -> Verdict {
    let (here, outer) = (Netlink::open()?, Namespace::own(Kind::Net)?);
    let lower = drivers::lower(&here)?;
    let inner = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNET, |case| {
        let (own, second) = (Netlink::open()?, Elsewhere::new()?);
        own.set_nsid(Named::File(outer.fd()), 5)?.doing("give the outer namespace an ID")?;
        own.set_nsid(Named::Pid(second.pid().as_raw()), 6)?.doing("give a second one an ID")?;
        second.netlink().add(LinkDummy::new("lower").index(lower).build())?.doing("make a dummy device in it")?;
        let make = |nsid: i32| {
            let device = LinkMacVlan::new("upper", lower, MacVlanMode::Bridge);
            own.add(device.append_extra_attribute(LinkAttribute::LinkNetNsId(nsid)).build())
        };
        case.send(&(make(5)?.portable(), make(6)?.portable()))
    })?;
    let (on_ours, on_theirs): (Result<(), Refusal>, Result<(), Refusal>) = inner.recv()?;
    expect_errno!(on_ours, EPERM, "on a device of the outer user namespace's network namespace");
    expect_ok!(on_theirs, "on one in another network namespace of the same user namespace");
    holds()
}

/// The RTM_DELLINK that a moved device leaves behind tells the nsid of where it is now, and its index there.
///
/// That of a deleted device tells neither.
#[claim(source = "net/core/rtnetlink.c rtnl_fill_ifinfo", needs = [Root, Module("dummy")])]
fn nsid_dellink_tells_destination() -> Verdict {
    let (here, there) = known_as(12)?;
    let events = Events::of(RTNLGRP_LINK)?;
    for name in ["moved", "deleted"] {
        here.add(drivers::dummy(name, 0))?.doing("make a device")?;
    }
    let (moved, deleted) = (here.device("moved")?.index, here.device("deleted")?.index);
    there.netlink().add(LinkDummy::new("holder").index(moved).build())?.doing("take its index there")?;
    here.change(send("moved", &there).build())?.doing("move it")?;
    here.delete(deleted)?.doing("delete the other one")?;
    let new = there.netlink().device("moved")?.index;
    expect_ne!(new, moved, "the index there");
    expect_eq!(destination(&next_end(&events, moved)?), (Some(12), Some(new as i32)), "of the moved device");
    expect_eq!(destination(&next_end(&events, deleted)?), (None, None), "of the deleted device");
    holds()
}

/// Our namespace, and one that has this ID in it.
fn known_as(nsid: i32) -> Outcome<(Netlink, Elsewhere)> {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    here.set_nsid(Named::Pid(there.pid().as_raw()), nsid)?.doing("give the other namespace an ID")?;
    Ok((here, there))
}

fn names(devices: Vec<kit::netlink::Device>) -> Vec<String> {
    let mut devices = devices;
    devices.sort_by_key(|device| device.index);
    devices.into_iter().map(|device| device.name).collect()
}

/// The next thing told of the end of a device here.
fn next_end(events: &Events, index: u32) -> Outcome<LinkMessage> {
    loop {
        if let Message::DelLink(told) = events.next()?
            && told.header.index == index
        {
            return Ok(told);
        }
    }
}

/// The nsid and the index that a message gives.
fn destination(told: &LinkMessage) -> (Option<i32>, Option<i32>) {
    let mut found = (None, None);
    for attribute in &told.attributes {
        match attribute {
            LinkAttribute::NewNetnsId(nsid) => found.0 = Some(*nsid),
            LinkAttribute::NewIfIndex(index) => found.1 = Some(*index),
            _ => {}
        }
    }
    found
}
