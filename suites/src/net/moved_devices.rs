//! What a network device keeps and what it loses when it is moved to another network namespace: `ip-link(8)`.

use std::net::Ipv4Addr;

use kit::netlink::{Device, Elsewhere, Netlink};
use kit::prelude::*;
use kit::sysctl::{set_sysctl, sysctl};
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use rtnetlink::packet_route::address::AddressMessage;
use rtnetlink::packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};
use rtnetlink::packet_route::route::RouteAttribute;
use rtnetlink::packet_route::tc::{TcAttribute, TcHandle, TcMessage};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage as Message};
use rtnetlink::{AddressMessageBuilder, LinkBridge, RouteMessageBuilder};

use super::devices::{device, fetch, send, veth_pair};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_move_takes_device_down,
    net_move_loses_addresses_and_routes,
    net_move_keeps_link_properties,
    net_move_keeps_altnames,
    net_move_leaves_bridge,
    wireguard_socket_stays_where_the_device_was_made,
];

/// A device that is up is down after a move to another network namespace, unless the same request sets it up.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [Root, Module("veth")])]
fn net_move_takes_device_down() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    for name in ["a", "b"] {
        here.change(device(name).up().build())?.doing("set the device up")?;
        expect!(here.device(name)?.up, "{name} before the move");
    }
    expect_ok!(here.change(send("a", &there).build())?);
    expect_ok!(here.change(send("b", &there).up().build())?, "and up");
    expect!(!there.netlink().device("a")?.up, "a is up, which no request asked for");
    expect!(there.netlink().device("b")?.up, "b is down, and was asked to be up");
    holds()
}

/// A device that is moved loses its IP addresses, routes, neighbours, queueing discipline and settings in
/// /proc/sys/net.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [Root, Module("veth"), Config("INET")])]
fn net_move_loses_addresses_and_routes() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    for name in ["a", "b"] {
        here.change(device(name).up().build())?.doing("set the device up")?;
    }
    let index = here.device("a")?.index;
    furnish(&here, index)?;
    set_sysctl(SETTING, 1).doing(format!("set {SETTING}"))?;
    expect_eq!(belongings(&here, index)?, [true; 3], "address, route and neighbour before the move");
    expect_eq!(here.device("a")?.queueing.as_deref(), Some("pfifo"), "before the move");
    expect_ok!(here.change(send("a", &there).up().build())?);
    let index = there.netlink().device("a")?.index;
    expect_eq!(belongings(there.netlink(), index)?, [false; 3], "address, route and neighbour after the move");
    expect_ne!(there.netlink().device("a")?.queueing.as_deref(), Some("pfifo"), "after the move");
    let setting: u32 = enter(there.pid(), &[Kind::Net], || sysctl(SETTING))?;
    expect_eq!(setting, 0, "{SETTING} after the move");
    holds()
}

/// A device that is moved keeps its hardware address, MTU, alias, group and the length of its transmit queue.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [Root, Module("veth")])]
fn net_move_keeps_link_properties() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    let fresh = here.device("a")?;
    let set = device("a").mtu(1400).alias("foo").txqueuelen(77).link_group(7);
    here.change(set.address(vec![2, 0, 0, 0, 0, 0xaa]).build())?.doing("set the properties")?;
    let properties = |device: Device| (device.address, device.mtu, device.alias, device.queue_length, device.group);
    let before = properties(here.device("a")?);
    expect_eq!(before, (vec![2, 0, 0, 0, 0, 0xaa], 1400, Some("foo".to_owned()), 77, 7), "before the move");
    let fresh = properties(fresh);
    let all_changed = fresh.0 != before.0 && fresh.1 != before.1 && fresh.2 != before.2 && fresh.3 != before.3;
    expect!(all_changed && fresh.4 != before.4, "before they were set: {fresh:?}");
    here.change(send("a", &there).build())?.doing("move it")?;
    expect_eq!(properties(there.netlink().device("a")?), before, "after the move");
    holds()
}

/// The alternative names of a device move with it to another network namespace, and no longer name it in the old one.
///
/// Before 6.6 they stayed behind and named a device that was not there; stable kernels as old as 6.1 were mended too.
#[claim(source = "ip-link(8)", since = "6.6", needs = [Root, Module("veth")])]
fn net_move_keeps_altnames() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    here.add_altname(here.device("a")?.index, "another")?.doing("give the device another name")?;
    let use_it = |netlink: &Netlink| netlink.change(device("another").mtu(1400).build());
    expect_ok!(use_it(&here)?, "here before the move");
    expect_errno!(use_it(there.netlink())?, ENODEV, "there before the move");
    here.change(send("a", &there).build())?.doing("move it")?;
    expect_eq!(there.netlink().device("a")?.altnames, ["another"]);
    expect_ok!(use_it(there.netlink())?, "there after the move");
    expect_errno!(use_it(&here)?, ENODEV, "here after the move");
    holds()
}

/// A device that is a port of a bridge leaves the bridge when it is moved to another network namespace.
#[claim(source = "ip-link(8)", needs = [Root, Module("veth"), Module("bridge")])]
fn net_move_leaves_bridge() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    here.add(LinkBridge::new("bridge").build())?.doing("make a bridge")?;
    let bridge = here.device("bridge")?.index;
    for name in ["a", "b"] {
        here.change(device(name).controller(bridge).build())?.doing("make it a port")?;
        expect_eq!(here.device(name)?.controller, Some(bridge), "{name} before the move");
    }
    expect_ok!(here.change(send("a", &there).build())?);
    expect_eq!(there.netlink().device("a")?.controller, None, "a there");
    expect_ok!(there.netlink().change(fetch("a").build())?);
    expect_eq!(here.device("a")?.controller, None, "a back here");
    expect_eq!(here.device("b")?.controller, Some(bridge), "b, which was not moved");
    holds()
}

/// The UDP socket of a WireGuard device is in the network namespace in which the device was made, wherever it is set up.
#[claim(source = "drivers/net/wireguard/device.c wg_open", needs = [Root, Module("wireguard"), Config("INET")])]
fn wireguard_socket_stays_where_the_device_was_made() -> Verdict {
    let (here, there) = (Netlink::open()?, Elsewhere::new()?);
    let sockets = || {
        let table = std::fs::read_to_string("/proc/self/net/udp").doing("read /proc/self/net/udp")?;
        Ok(table.lines().skip(1).count())
    };
    let both = || Ok::<_, Failure>((sockets()?, enter(there.pid(), &[Kind::Net], sockets)?));
    here.add(super::drivers::wireguard("moved", 0))?.doing("make a WireGuard device")?;
    here.change(send("moved", &there).build())?.doing("move it")?;
    let (ours, theirs) = both()?;
    there.netlink().change(device("moved").up().build())?.doing("set it up")?;
    expect_eq!(both()?, (ours + 1, theirs), "UDP sockets here and there, after it was set up there");
    there.netlink().add(super::drivers::wireguard("own", 0))?.doing("make one there")?;
    there.netlink().change(device("own").up().build())?.doing("set it up")?;
    expect_eq!(both()?, (ours + 1, theirs + 1), "after one that was made there was set up");
    holds()
}

const SETTING: &str = "net/ipv4/conf/a/proxy_arp";

const OWN: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const REMOTE: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 0);

/// Gives a device an address, a route through it, a neighbour and a queueing discipline that is not the default.
fn furnish(netlink: &Netlink, index: u32) -> Outcome<()> {
    let address = AddressMessageBuilder::<Ipv4Addr>::new().index(index).address(OWN, 24).build();
    let route = RouteMessageBuilder::<Ipv4Addr>::new().destination_prefix(REMOTE, 16).output_interface(index).build();
    let mut neighbour = NeighbourMessage::default();
    neighbour.header.family = AddressFamily::Inet;
    neighbour.header.ifindex = index;
    neighbour.header.state = NeighbourState::Permanent;
    neighbour.attributes = vec![
        NeighbourAttribute::Destination(NeighbourAddress::Inet(NEIGHBOUR)),
        NeighbourAttribute::LinkLayerAddress(vec![2, 0, 0, 0, 0, 0xbb]),
    ];
    let mut queueing = TcMessage::default();
    queueing.header.index = index as i32;
    queueing.header.parent = TcHandle::ROOT;
    queueing.attributes.push(TcAttribute::Kind("pfifo".to_owned()));
    let new = NLM_F_CREATE | NLM_F_EXCL;
    netlink.tell(Message::NewAddress(address), new)?.doing("add an address")?;
    netlink.tell(Message::NewRoute(route), new)?.doing("add a route")?;
    netlink.tell(Message::NewNeighbour(neighbour), new)?.doing("add a neighbour")?;
    netlink.tell(Message::NewQueueDiscipline(queueing), NLM_F_CREATE | NLM_F_REPLACE)?.doing("set the qdisc")
}

/// Whether a device has an IPv4 address, a route through it to the remote network, and the neighbour.
fn belongings(netlink: &Netlink, index: u32) -> Outcome<[bool; 3]> {
    let mut address = AddressMessage::default();
    address.header.family = AddressFamily::Inet;
    let route = RouteMessageBuilder::<Ipv4Addr>::new().build();
    let mut neighbour = NeighbourMessage::default();
    neighbour.header.family = AddressFamily::Inet;
    let mut found = [false; 3];
    for question in [Message::GetAddress(address), Message::GetRoute(route), Message::GetNeighbour(neighbour)] {
        for answer in netlink.dump(question)? {
            match answer {
                Message::NewAddress(one) => found[0] |= one.header.index == index,
                Message::NewRoute(one) => found[1] |= one.attributes.contains(&RouteAttribute::Oif(index)),
                Message::NewNeighbour(one) => {
                    let wanted = NeighbourAttribute::Destination(NeighbourAddress::Inet(NEIGHBOUR));
                    found[2] |= one.header.ifindex == index && one.attributes.contains(&wanted);
                }
                _ => {}
            }
        }
    }
    Ok(found)
}
