//! The packet filter and the tracking of connections, of which each network namespace has its own:
//! `network_namespaces(7)`.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use kit::netlink::Answer;
use kit::prelude::*;
use kit::sysctl::set_sysctl;
use rtnetlink::RouteMessageBuilder;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::sys::protocols::NETLINK_NETFILTER;

use super::networks::Network;
use super::raw_netlink::{Raw, RawNetlink, attribute, nested};
use super::wires::wire;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    filter_tables_are_of_their_network,
    filter_chain_drops_in_its_network_only,
    connections_are_tracked_in_each_network,
    hidden_network_is_answered_by_masquerading,
];

/// `NFNL_SUBSYS_CTNETLINK` and `NFNL_SUBSYS_NFTABLES`, where they stand in a message's type.
const CONNECTIONS: u16 = 1 << 8;
const TABLES: u16 = 10 << 8;
/// Messages of nf_tables, by their numbers in `linux/netfilter/nf_tables.h`.
const NEW_TABLE: u16 = TABLES;
const GET_TABLE: u16 = TABLES | 1;
const NEW_CHAIN: u16 = TABLES | 3;
const NEW_RULE: u16 = TABLES | 6;
/// `NFPROTO_IPV4`.
const IPV4: u8 = 2;
/// How long a `struct nfgenmsg` is.
const HEADER: usize = 4;

/// Each network namespace has nftables tables of its own, and none at first.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "Linux_name_space", "What's in a name(space)?"],
    needs = [Root, Module("nf_tables")],
)]
fn filter_tables_are_of_their_network() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    expect_eq!((tables(&one)?, tables(&other)?), (vec![], vec![]), "in new network namespaces");
    expect_ok!(add(&one, &[table("common"), table("first")])?, "in the one");
    expect_ok!(add(&other, &[table("common"), table("second")])?, "in the other");
    expect_errno!(add(&one, &[table("common")])?, EEXIST, "again in the one");
    expect_eq!(tables(&one)?, ["common", "first"], "in the one");
    expect_eq!(tables(&other)?, ["common", "second"], "in the other");
    let new = one.inside(Network::new)?;
    expect_eq!(tables(&new)?, Vec::<String>::new(), "in one made from there");
    holds()
}

/// A chain of nftables that drops all output does so in its own network namespace alone.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "Linux_name_space"],
    needs = [Root, Module("nf_tables"), Config("INET")],
)]
fn filter_chain_drops_in_its_network_only() -> Verdict {
    let (one, other) = (Network::with_loopback()?, Network::with_loopback()?);
    let send = |place: &Network| {
        place.inside(|| {
            let socket = UdpSocket::bind("127.0.0.1:0").doing("make a socket")?;
            Ok(socket.send_to(b"hello", socket.local_addr()?))
        })
    };
    expect_ok!(send(&one)?, "before there is a chain");
    expect_ok!(add(&one, &[table("filter"), dropping_chain("filter")])?, "a table and a chain");
    expect_errno!(send(&one)?, EPERM, "where the chain is");
    expect_ok!(send(&other)?, "in another network namespace");
    let new = one.inside(Network::with_loopback)?;
    expect_ok!(send(&new)?, "in one made from there");
    holds()
}

/// Each network namespace tracks its own connections: the same addresses and ports can be those of one connection in each.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/netfilter/nf_conntrack_core.c nf_ct_key_equal"],
    needs = [Root, Module("nf_conntrack_netlink")],
)]
fn connections_are_tracked_in_each_network() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    expect_eq!((connections(&one)?, connections(&other)?), (0, 0), "in new network namespaces");
    expect_ok!(track(&one)?, "in the one");
    expect_eq!((connections(&one)?, connections(&other)?), (1, 0), "in the one, and in the other");
    expect_errno!(track(&one)?, EEXIST, "again in the one");
    expect_ok!(track(&other)?, "in the other");
    expect_eq!((connections(&one)?, connections(&other)?), (1, 1), "in each");
    holds()
}

/// A network namespace reaches a third by a default route and forwarding in between; masquerading there lets answers come back.
///
/// The third has no route to it. What it receives comes from the address in between, then.
#[claim(
    source = ["What's in a name(space)?", "network_namespaces(7) DESCRIPTION"],
    needs = [
        Root, Module("veth"), Module("nf_tables"), Module("nft_chain_nat"), Module("nft_masq"), Config("INET"),
    ],
)]
fn hidden_network_is_answered_by_masquerading() -> Verdict {
    let [hidden, router, third] = [Network::new()?, Network::new()?, Network::new()?];
    chain_up(&hidden, &router, &third)?;
    let ours = hidden.inside(|| UdpSocket::bind((HIDDEN, 7000)).doing("bind a socket"))?;
    let theirs = third.inside(|| UdpSocket::bind((THIRD, 7000)).doing("bind a socket"))?;
    let send = |text: &str| ours.send_to(text.as_bytes(), (THIRD, 7000));
    let answer = |to: Ipv4Addr| theirs.send_to(b"answer", (to, 7000));
    expect_errno!(send("without a route"), ENETUNREACH);
    let route = RouteMessageBuilder::<Ipv4Addr>::new().gateway(INNER).build();
    hidden.netlink().tell(Message::NewRoute(route), NLM_F_CREATE | NLM_F_EXCL)?.doing("add a default route")?;
    expect_ok!(send("without forwarding"));
    router.inside(|| set_sysctl("net/ipv4/ip_forward", 1).doing("switch forwarding on"))?;
    expect_ok!(send("forwarded"));
    // Had the one before come, it would have come first.
    expect_eq!(next(&theirs)?, ("forwarded".into(), IpAddr::V4(HIDDEN)), "the first that has come");
    expect_errno!(answer(HIDDEN), ENETUNREACH, "an answer to the address of the hidden one");
    let rules = || [table("nat"), masquerading_chain("nat"), masquerade("nat")];
    expect_ok!(add(&third, &rules())?, "masquerading in the third");
    expect_ok!(send("as before"));
    expect_eq!(next(&theirs)?, ("as before".into(), IpAddr::V4(HIDDEN)), "with masquerading elsewhere");
    expect_ok!(add(&router, &rules())?, "masquerading in between");
    expect_ok!(send("masqueraded"));
    expect_eq!(next(&theirs)?, ("masqueraded".into(), IpAddr::V4(OUTER)), "with masquerading in between");
    expect_ok!(answer(OUTER));
    expect_eq!(next(&ours)?, ("answer".into(), IpAddr::V4(THIRD)), "what has come back");
    holds()
}

const HIDDEN: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const INNER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const OUTER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
const THIRD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

/// Pairs of veth devices from the first to the second, and from there to the third, with addresses.
fn chain_up(hidden: &Network, router: &Network, third: &Network) -> Outcome<()> {
    wire(hidden, "near", router, "inner")?;
    wire(third, "near", router, "outer")?;
    for (place, device, address) in
        [(hidden, "near", HIDDEN), (router, "inner", INNER), (router, "outer", OUTER), (third, "near", THIRD)]
    {
        place.add_address(device, address, 24)?;
        place.set_up(device)?;
    }
    Ok(())
}

/// The next datagram, and the address that it is from.
fn next(socket: &UdpSocket) -> Outcome<(String, IpAddr)> {
    let mut buffer = [0; 64];
    let (length, from) = socket.recv_from(&mut buffer).doing("receive")?;
    Ok((String::from_utf8_lossy(&buffer[..length]).into_owned(), from.ip()))
}

/// A `struct nfgenmsg`.
fn header(family: u8, resource: u16) -> Vec<u8> {
    let [high, low] = resource.to_be_bytes();
    vec![family, 0, high, low]
}

fn text(kind: u16, text: &str) -> Vec<u8> {
    attribute(kind, &[text.as_bytes(), &[0]].concat())
}

fn table(name: &str) -> Raw {
    let body = [header(IPV4, 0), text(1, name)].concat();
    Raw { kind: NEW_TABLE, flags: NLM_F_CREATE | NLM_F_EXCL, body }
}

/// A chain at the hook for what processes here send (number 3), whose policy is to drop (number 0).
fn dropping_chain(table: &str) -> Raw {
    chain(table, "output", "filter", (3, 0), 0)
}

/// A chain at the hook for what leaves by a device (number 4), after others.
fn masquerading_chain(table: &str) -> Raw {
    chain(table, "postrouting", "nat", (4, 100), 1)
}

/// A chain of this type at a hook, with a priority there, and a policy.
fn chain(table: &str, name: &str, kind: &str, (hook, priority): (u32, u32), policy: u32) -> Raw {
    let hook = nested(4, &[attribute(1, &hook.to_be_bytes()), attribute(2, &priority.to_be_bytes())]);
    let policy = attribute(5, &policy.to_be_bytes());
    let body = [header(IPV4, 0), text(1, table), text(3, name), hook, policy, text(7, kind)].concat();
    Raw { kind: NEW_CHAIN, flags: NLM_F_CREATE | NLM_F_EXCL, body }
}

/// A rule in a [`masquerading_chain`], for every packet: the sender's address becomes that of the device.
fn masquerade(table: &str) -> Raw {
    let expressions = nested(4, &[nested(1, &[text(1, "masq")])]);
    let body = [header(IPV4, 0), text(1, table), text(2, "postrouting"), expressions].concat();
    Raw { kind: NEW_RULE, flags: NLM_F_CREATE, body }
}

/// Adds tables, chains and rules, all or none.
fn add(place: &Network, things: &[Raw]) -> Answer<()> {
    // NFNL_MSG_BATCH_BEGIN and NFNL_MSG_BATCH_END.
    let bracket = |kind: u16| Raw { kind, flags: 0, body: header(0, TABLES >> 8) };
    let last = things.len() - 1;
    let mut messages = vec![bracket(16)];
    for (number, thing) in things.iter().enumerate() {
        let answer = if number == last { NLM_F_ACK } else { 0 };
        messages.push(Raw { kind: thing.kind, flags: thing.flags | answer, body: thing.body.clone() });
    }
    messages.push(bracket(17));
    let socket = place.inside(|| RawNetlink::open(NETLINK_NETFILTER))?;
    Ok(socket.tell(&messages)?.map(drop))
}

/// The names of the tables.
fn tables(place: &Network) -> Outcome<Vec<String>> {
    let socket = place.inside(|| RawNetlink::open(NETLINK_NETFILTER))?;
    let found = socket.dump(GET_TABLE, header(IPV4, 0))?.doing("list the tables")?;
    let names = found.iter().filter(|one| one.kind == NEW_TABLE).filter_map(|one| one.attribute(HEADER, 1));
    let mut names: Vec<_> = names.map(|name| String::from_utf8_lossy(name).trim_end_matches('\0').to_owned()).collect();
    names.sort();
    Ok(names)
}

/// Has a UDP connection of 10.77.0.1, port 7000, with 10.77.0.2, port 7001, tracked for an hour.
fn track(place: &Network) -> Answer<()> {
    let tuple = |kind: u16, from: (u8, u16), to: (u8, u16)| {
        let addresses = nested(1, &[attribute(1, &[10, 77, 0, from.0]), attribute(2, &[10, 77, 0, to.0])]);
        let ports = [attribute(1, &[17]), attribute(2, &from.1.to_be_bytes()), attribute(3, &to.1.to_be_bytes())];
        nested(kind, &[addresses, nested(2, &ports)])
    };
    let (here, there) = ((1, 7000), (2, 7001));
    let timeout = attribute(7, &3600_u32.to_be_bytes());
    let body = [header(IPV4, 0), tuple(1, here, there), tuple(2, there, here), timeout].concat();
    let socket = place.inside(|| RawNetlink::open(NETLINK_NETFILTER))?;
    let flags = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
    Ok(socket.tell(&[Raw { kind: CONNECTIONS, flags, body }])?.map(drop))
}

/// How many connections are tracked.
fn connections(place: &Network) -> Outcome<usize> {
    let socket = place.inside(|| RawNetlink::open(NETLINK_NETFILTER))?;
    Ok(socket.dump(CONNECTIONS | 1, header(IPV4, 0))?.doing("list the connections")?.len())
}
