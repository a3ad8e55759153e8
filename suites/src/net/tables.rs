//! Routes, rules and neighbours, of which each network namespace has its own: `network_namespaces(7)`.

use std::net::Ipv4Addr;

use kit::prelude::*;
use rtnetlink::RouteMessageBuilder;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState};
use rtnetlink::packet_route::route::{RouteAttribute, RouteMessage};
use rtnetlink::packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage as Message};

use super::networks::Network;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![new_network_has_no_routes, new_network_has_the_three_rules, neighbours_are_of_their_network,];

const DESTINATION: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 0);

/// A new network namespace has no routes in any table, and a route that is added in one is in no other.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("INET"), Config("IPV6")])]
fn new_network_has_no_routes() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (creator, other) = (Network::with_loopback()?, Network::new()?);
        let index = creator.netlink().device("lo")?.index;
        let route = RouteMessageBuilder::<Ipv4Addr>::new();
        let route = route.destination_prefix(DESTINATION, 16).output_interface(index).build();
        let answer = creator.netlink().tell(Message::NewRoute(route), NLM_F_CREATE | NLM_F_EXCL)?;
        answer.doing("add a route")?;
        let new = creator.inside(Network::new)?;
        expect!(destinations(&creator)?.contains(&Some(DESTINATION)), "the route is not where it was added");
        expect_eq!(destinations(&new)?, vec![], "in a network namespace made from there");
        expect_eq!(destinations(&other)?, vec![], "in one made before");
        holds()
    })
}

/// A new network namespace has the three rules for the tables local, main and default, whatever rules its creator's has.
#[claim(source = ["network_namespaces(7) DESCRIPTION", "net/ipv4/fib_rules.c fib_default_rules_init"], needs = [UserNamespaces, Config("INET"), Config("IP_MULTIPLE_TABLES")])]
fn new_network_has_the_three_rules() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (creator, other) = (Network::new()?, Network::new()?);
        let mut rule = RuleMessage::default();
        rule.header.family = AddressFamily::Inet;
        rule.header.table = 253;
        rule.header.action = RuleAction::ToTable;
        rule.attributes.push(RuleAttribute::Priority(77));
        creator.netlink().tell(Message::NewRule(rule), NLM_F_CREATE | NLM_F_EXCL)?.doing("add a rule")?;
        let new = creator.inside(Network::new)?;
        let three = [(0, 255), (32766, 254), (32767, 253)];
        expect_eq!(rules(&creator)?, [&three[..1], &[(77, 253)], &three[1..]].concat(), "where a rule was added");
        for place in [&new, &other] {
            expect_eq!(rules(place)?, three, "priorities and tables elsewhere");
        }
        holds()
    })
}

/// Each network namespace has a neighbour table of its own, which is empty at first.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("INET")])]
fn neighbours_are_of_their_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (creator, other) = (Network::with_loopback()?, Network::with_loopback()?);
        expect_eq!((neighbours(&creator)?, neighbours(&other)?), (vec![], vec![]), "in new network namespaces");
        for (place, last) in [(&creator, 1), (&other, 2)] {
            let mut neighbour = NeighbourMessage::default();
            neighbour.header.family = AddressFamily::Inet;
            neighbour.header.ifindex = place.netlink().device("lo")?.index;
            neighbour.header.state = NeighbourState::Permanent;
            let address = NeighbourAddress::Inet(Ipv4Addr::new(10, 77, 0, last));
            let hardware = NeighbourAttribute::LinkLayerAddress(vec![2, 0, 0, 0, 0, last]);
            neighbour.attributes = vec![NeighbourAttribute::Destination(address), hardware];
            let answer = place.netlink().tell(Message::NewNeighbour(neighbour), NLM_F_CREATE | NLM_F_EXCL)?;
            answer.doing("add a neighbour")?;
        }
        let new = creator.inside(Network::new)?;
        expect_eq!(neighbours(&creator)?, [[2, 0, 0, 0, 0, 1]], "in the one");
        expect_eq!(neighbours(&other)?, [[2, 0, 0, 0, 0, 2]], "in the other");
        expect_eq!(neighbours(&new)?, Vec::<Vec<u8>>::new(), "in one made from the first");
        holds()
    })
}

/// The destinations of all routes: of IPv6 routes, and of those to everywhere, as none.
fn destinations(place: &Network) -> Outcome<Vec<Option<Ipv4Addr>>> {
    let mut found = Vec::new();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut all = RouteMessage::default();
        all.header.address_family = family;
        for message in place.netlink().dump(Message::GetRoute(all))? {
            if let Message::NewRoute(route) = message {
                found.push(route.attributes.iter().find_map(|attribute| match attribute {
                    RouteAttribute::Destination(rtnetlink::packet_route::route::RouteAddress::Inet(to)) => Some(*to),
                    _ => None,
                }));
            }
        }
    }
    Ok(found)
}

/// The priorities and tables of the IPv4 rules, in their order.
fn rules(place: &Network) -> Outcome<Vec<(u32, u8)>> {
    let mut all = RuleMessage::default();
    all.header.family = AddressFamily::Inet;
    let found = place.netlink().dump(Message::GetRule(all))?.into_iter().filter_map(|message| match message {
        Message::NewRule(rule) => {
            let priority = rule.attributes.iter().find_map(|attribute| match attribute {
                RuleAttribute::Priority(priority) => Some(*priority),
                _ => None,
            });
            Some((priority.unwrap_or(0), rule.header.table))
        }
        _ => None,
    });
    Ok(found.collect())
}

/// The hardware addresses in the neighbour table. For a loopback device the kernel keeps no other addresses there.
fn neighbours(place: &Network) -> Outcome<Vec<Vec<u8>>> {
    let found = place.netlink().dump(Message::GetNeighbour(NeighbourMessage::default()))?;
    let addresses = found.into_iter().filter_map(|message| match message {
        Message::NewNeighbour(one) => one.attributes.into_iter().find_map(|attribute| match attribute {
            NeighbourAttribute::LinkLayerAddress(address) => Some(address),
            _ => None,
        }),
        _ => None,
    });
    Ok(addresses.collect())
}
