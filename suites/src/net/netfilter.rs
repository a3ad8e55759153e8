//! The packet filter and the tracking of connections, of which each network namespace has its own:
//! `network_namespaces(7)`.

use std::net::UdpSocket;

use kit::netlink::Answer;
use kit::prelude::*;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::sys::protocols::NETLINK_NETFILTER;

use super::networks::Network;
use super::raw_netlink::{Raw, RawNetlink, attribute, nested};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    filter_tables_are_of_their_network,
    filter_chain_drops_in_its_network_only,
    connections_are_tracked_in_each_network,
];

/// `NFNL_SUBSYS_CTNETLINK` and `NFNL_SUBSYS_NFTABLES`, where they stand in a message's type.
const CONNECTIONS: u16 = 1 << 8;
const TABLES: u16 = 10 << 8;
/// Messages of nf_tables, by their numbers in `linux/netfilter/nf_tables.h`.
const NEW_TABLE: u16 = TABLES;
const GET_TABLE: u16 = TABLES | 1;
const NEW_CHAIN: u16 = TABLES | 3;
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
    let hook = nested(4, &[attribute(1, &3_u32.to_be_bytes()), attribute(2, &0_u32.to_be_bytes())]);
    let policy = attribute(5, &0_u32.to_be_bytes());
    let body = [header(IPV4, 0), text(1, table), text(3, "output"), hook, policy, text(7, "filter")].concat();
    Raw { kind: NEW_CHAIN, flags: NLM_F_CREATE | NLM_F_EXCL, body }
}

/// Adds tables and chains, all or none.
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
