//! What rtnetlink tells of a network device.

use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkMessage, Prop};
use serde::{Deserialize, Serialize};

/// A network device, as far as cases look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its number in its network namespace.
    pub index: u32,
    /// Its name there.
    pub name: String,
    /// Its other names.
    pub altnames: Vec<String>,
    /// Whether it is administratively up.
    pub up: bool,
    /// Its hardware address.
    pub address: Vec<u8>,
    /// Its greatest packet.
    pub mtu: u32,
    /// The length of its transmit queue.
    pub queue_length: u32,
    /// Its group.
    pub group: u32,
    /// The text it was given.
    pub alias: Option<String>,
    /// How its packets wait to be sent.
    pub queueing: Option<String>,
    /// The bridge or the like that it is a port of.
    pub controller: Option<u32>,
    /// The index of the device that it is made on or paired with (IFLA_LINK), in the network namespace of that one.
    pub link: Option<u32>,
    /// The ID of the network namespace in which that one is (IFLA_LINK_NETNSID); none where it is in the same one.
    pub link_nsid: Option<i32>,
    /// Whether it stays in its network namespace (IFLA_NETNS_IMMUTABLE, since 6.15).
    pub immutable: Option<bool>,
}

impl From<LinkMessage> for Device {
    fn from(link: LinkMessage) -> Self {
        let mut device =
            Self { index: link.header.index, up: link.header.flags.contains(LinkFlags::Up), ..Self::default() };
        for attribute in link.attributes {
            match attribute {
                LinkAttribute::IfName(name) => device.name = name,
                LinkAttribute::Address(address) => device.address = address,
                LinkAttribute::Mtu(mtu) => device.mtu = mtu,
                LinkAttribute::TxQueueLen(length) => device.queue_length = length,
                LinkAttribute::Group(group) => device.group = group,
                LinkAttribute::IfAlias(alias) => device.alias = Some(alias),
                LinkAttribute::Qdisc(queueing) => device.queueing = Some(queueing),
                LinkAttribute::Controller(controller) => device.controller = Some(controller),
                LinkAttribute::Link(index) => device.link = Some(index),
                LinkAttribute::LinkNetNsId(nsid) => device.link_nsid = Some(nsid),
                LinkAttribute::NetnsImmutable(immutable) => device.immutable = Some(immutable),
                LinkAttribute::PropList(properties) => {
                    device.altnames.extend(properties.into_iter().filter_map(|property| match property {
                        Prop::AltIfName(name) => Some(name),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
        device
    }
}
