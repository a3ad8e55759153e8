//! What there is in a new network namespace: `network_namespaces(7)`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use kit::sysctl::set_sysctl;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};
use rtnetlink::packet_route::route::RouteType;
use rtnetlink::packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage as Message};
use rtnetlink::{LinkDummy, RouteMessageBuilder};

use super::devices::device;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_new_namespace_has_only_lo,
    net_new_lo_is_down,
    net_new_lo_has_ifindex_one,
    net_new_lo_has_no_address,
    net_new_has_no_routes,
    net_new_neighbour_table_empty,
    net_fallback_tunnels,
];

/// The devices that tunnel modules put into each network namespace.
const FALLBACK: [&str; 9] =
    ["tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip_vti0", "ip6tnl0", "ip6gre0", "ip6_vti0"];

/// A new network namespace has one device, lo, and nothing of what its creator has.
///
/// If tunnel modules are loaded it has their fallback devices, too.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "namespaces-fun", "unshare(1)"],
    needs = [Root, Module("dummy")],
)]
fn net_new_namespace_has_only_lo() -> Verdict {
    let here = Netlink::open()?;
    here.add(LinkDummy::new("ours").build())?.doing("make a device here")?;
    let made_by_clone = others_in(Elsewhere::new()?.netlink())?;
    let made_by_unshare = child(NONE, || {
        unshare(CLONE_NEWNET)?;
        others_in(&Netlink::open()?)
    })?;
    expect_eq!((made_by_clone, made_by_unshare), (vec!["lo".to_owned()], vec!["lo".to_owned()]));
    expect!(others_in(&here)?.contains(&"ours".into()), "the creator's");
    holds()
}

/// The loopback device of a new network namespace is down, whether or not its creator's is up.
#[claim(source = ["namespaces-fun", "Linux_name_space"], needs = [Root])]
fn net_new_lo_is_down() -> Verdict {
    let here = Netlink::open()?;
    for up in [false, true] {
        let set = if up { device("lo").up() } else { device("lo").down() };
        here.change(set.build())?.doing("set lo up or down here")?;
        let there = Elsewhere::new()?;
        expect!(!there.netlink().device("lo")?.up, "lo is up there; here it is up: {up}");
        there.netlink().change(device("lo").up().build())?.doing("set lo up there")?;
        expect!(there.netlink().device("lo")?.up, "lo is down there after it was set up");
        expect_eq!(here.device("lo")?.up, up, "lo here after it was set up there");
    }
    holds()
}

/// The loopback device has index 1 in each network namespace.
#[claim(source = ["Linux_name_space", "Few notes about network namespaces in Linux"], needs = [Root, Module("dummy")])]
fn net_new_lo_has_ifindex_one() -> Verdict {
    let here = Netlink::open()?;
    here.add(LinkDummy::new("ours").build())?.doing("make a device here")?;
    let others = [Elsewhere::new()?, Elsewhere::new()?];
    for place in [&here, others[0].netlink(), others[1].netlink()] {
        expect_eq!(place.device("lo")?.index, 1);
    }
    expect_ne!(here.device("ours")?.index, 1, "another device");
    holds()
}

/// The loopback device of a new network namespace has no address; set up, it has 127.0.0.1/8 and ::1/128.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "Linux_name_space"],
    needs = [Root, Config("INET"), Config("IPV6")],
)]
fn net_new_lo_has_no_address() -> Verdict {
    let there = Elsewhere::new()?;
    expect_eq!(addresses(there.netlink())?, vec![]);
    there.netlink().change(device("lo").up().build())?.doing("set lo up")?;
    let own: [(IpAddr, u8); 2] = [(Ipv4Addr::LOCALHOST.into(), 8), (Ipv6Addr::LOCALHOST.into(), 128)];
    expect_eq!(addresses(there.netlink())?, own, "after it was set up");
    holds()
}

/// A new network namespace has no routes, and only the rules that each has: local, main and default.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [Root, Config("INET"), Config("IP_MULTIPLE_TABLES")])]
fn net_new_has_no_routes() -> Verdict {
    let here = Netlink::open()?;
    let route = RouteMessageBuilder::<Ipv4Addr>::new().destination_prefix(REMOTE, 16).kind(RouteType::BlackHole);
    let mut rule = RuleMessage::default();
    rule.header.family = AddressFamily::Inet;
    rule.header.table = 77;
    rule.header.action = RuleAction::ToTable;
    rule.attributes.push(RuleAttribute::Priority(77));
    let new = NLM_F_CREATE | NLM_F_EXCL;
    here.tell(Message::NewRoute(route.build()), new)?.doing("add a route here")?;
    here.tell(Message::NewRule(rule), new)?.doing("add a rule here")?;
    let there = Elsewhere::new()?;
    expect_eq!((routes(&here)?, rules(&here)?), (1, vec![0, 77, 32766, 32767]), "here");
    expect_eq!((routes(there.netlink())?, rules(there.netlink())?), (0, vec![0, 32766, 32767]), "there");
    holds()
}

/// A new network namespace has no neighbours; each has its own.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [Root, Module("dummy"), Config("INET")])]
fn net_new_neighbour_table_empty() -> Verdict {
    let here = Netlink::open()?;
    here.add(LinkDummy::new("ours").build())?.doing("make a device here")?;
    here.change(device("ours").up().build())?.doing("set it up")?;
    let mut neighbour = NeighbourMessage::default();
    neighbour.header.family = AddressFamily::Inet;
    neighbour.header.ifindex = here.device("ours")?.index;
    neighbour.header.state = NeighbourState::Permanent;
    let address = NeighbourAttribute::Destination(NeighbourAddress::Inet(REMOTE));
    neighbour.attributes = vec![address.clone(), NeighbourAttribute::LinkLayerAddress(vec![2, 0, 0, 0, 0, 0xbb])];
    here.tell(Message::NewNeighbour(neighbour), NLM_F_CREATE | NLM_F_EXCL)?.doing("add a neighbour here")?;
    let there = Elsewhere::new()?;
    let mut question = NeighbourMessage::default();
    question.header.family = AddressFamily::Inet;
    let known = |place: &Netlink| {
        let told = place.dump(Message::GetNeighbour(question.clone()))?;
        Ok::<_, Failure>(told.iter().filter(|one| matches!(one, Message::NewNeighbour(_))).count())
    };
    expect_eq!((known(&here)?, known(there.netlink())?), (1, 0), "here, and there");
    holds()
}

/// Tunnel modules that are loaded put their fallback devices into each new network namespace.
///
/// With fb_tunnels_only_for_init_net set to 1 they do not.
#[claim(
    source = "Documentation/admin-guide/sysctl/net.rst fb_tunnels_only_for_init_net",
    needs = [
        InitialNamespaces, Disposable, Root, Module("ipip"), Module("ip_gre"), Module("sit"), Module("ip_vti"),
        Module("ip6_tunnel"), Module("ip6_gre"), Module("ip6_vti"),
    ],
)]
fn net_fallback_tunnels() -> Verdict {
    for (setting, expected) in [(0, FALLBACK.len()), (1, 0), (0, FALLBACK.len())] {
        set_sysctl("net/core/fb_tunnels_only_for_init_net", setting)?;
        let names = Elsewhere::new()?.netlink().names()?;
        let found = FALLBACK.iter().filter(|name| names.iter().any(|one| one == *name)).count();
        expect_eq!((found, names.len()), (expected, expected + 1), "with {setting}: {names:?}");
    }
    let here = Netlink::open()?.names()?;
    expect!(FALLBACK.iter().all(|name| here.iter().any(|one| one == name)), "in the initial one: {here:?}");
    holds()
}

const REMOTE: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 0);

/// The names of the devices that no tunnel module has put there.
fn others_in(place: &Netlink) -> Outcome<Vec<String>> {
    let mut names = place.names()?;
    names.retain(|name| !FALLBACK.contains(&name.as_str()));
    Ok(names)
}

/// All addresses of a network namespace, with their prefixes.
fn addresses(place: &Netlink) -> Outcome<Vec<(IpAddr, u8)>> {
    let mut found = Vec::new();
    for message in place.dump(Message::GetAddress(AddressMessage::default()))? {
        let Message::NewAddress(told) = message else { continue };
        found.extend(told.attributes.iter().filter_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some((*address, told.header.prefix_len)),
            _ => None,
        }));
    }
    found.sort();
    Ok(found)
}

/// How many routes there are for IPv4, in all tables.
fn routes(place: &Netlink) -> Outcome<usize> {
    let told = place.dump(Message::GetRoute(RouteMessageBuilder::<Ipv4Addr>::new().build()))?;
    Ok(told.iter().filter(|one| matches!(one, Message::NewRoute(_))).count())
}

/// The priorities of the rules for IPv4.
fn rules(place: &Netlink) -> Outcome<Vec<u32>> {
    let mut question = RuleMessage::default();
    question.header.family = AddressFamily::Inet;
    let told = place.dump(Message::GetRule(question))?;
    let mut priorities: Vec<_> = told.iter().filter_map(priority).collect();
    priorities.sort_unstable();
    Ok(priorities)
}

/// That of a rule's message; the first rule's is not told, since it is 0.
fn priority(message: &Message) -> Option<u32> {
    let Message::NewRule(rule) = message else { return None };
    let told = rule.attributes.iter().find_map(|attribute| match attribute {
        RuleAttribute::Priority(priority) => Some(*priority),
        _ => None,
    });
    Some(told.unwrap_or(0))
}
