//! Pairs of veth devices between network namespaces, and what is seen of them.

use std::os::fd::AsRawFd;

use kit::prelude::*;
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage, State};
use rtnetlink::{LinkUnspec, LinkVeth};

use super::networks::Network;

/// Puts a pair of veth devices between two network namespaces: `near` in the one, and `far` in the other.
pub(super) fn wire(one: &Network, near: &str, other: &Network, far: &str) -> Outcome<()> {
    one.netlink().add(LinkVeth::new(near, far).build())?.doing("make a pair of veth devices")?;
    hand_over(one, far, other)
}

/// Moves a device from one network namespace to another.
pub(super) fn hand_over(one: &Network, name: &str, other: &Network) -> Outcome<()> {
    let target = other.namespace().fd().as_raw_fd();
    let request = LinkUnspec::new_with_name(name).setns_by_fd(target).build();
    one.netlink().change(request)?.doing(format!("move {name} to the other network namespace"))
}

/// What a network namespace tells of a device's link.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// Whether there is a carrier.
    pub(super) carrier: bool,
    /// Its state as RFC 2863 has it.
    pub(super) state: Option<State>,
    /// The number of the device at the other end, or below.
    pub(super) link: Option<u32>,
    /// In which network namespace that is, if it is not the same.
    pub(super) nsid: Option<i32>,
}

/// What is told of the device of this name.
pub(super) fn link(place: &Network, name: &str) -> Outcome<Link> {
    for message in place.netlink().dump(Message::GetLink(LinkMessage::default()))? {
        if let Message::NewLink(message) = message
            && message.attributes.contains(&LinkAttribute::IfName(name.to_owned()))
        {
            return Ok(read(message.attributes));
        }
    }
    Err(Failure::broken(format!("there is no network device {name}")))
}

fn read(attributes: Vec<LinkAttribute>) -> Link {
    let mut link = Link::default();
    for attribute in attributes {
        match attribute {
            LinkAttribute::Carrier(carrier) => link.carrier = carrier == 1,
            LinkAttribute::OperState(state) => link.state = Some(state),
            LinkAttribute::Link(index) => link.link = Some(index),
            LinkAttribute::LinkNetNsId(nsid) => link.nsid = Some(nsid),
            _ => {}
        }
    }
    link
}
