//! What netlink lists of a network namespace: its sockets, and the families of generic netlink. `sock_diag(7)`.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;

use kit::prelude::*;
use rtnetlink::packet_core::NLM_F_ACK;
use rtnetlink::sys::protocols::{NETLINK_GENERIC, NETLINK_SOCK_DIAG};
use rustix::fs::fstat;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen};

use super::networks::{BACKLOG, Network, loopback, new_socket};
use super::raw_netlink::{Raw, RawNetlink, attribute};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unix_sockets_are_listed_in_their_network,
    tcp_sockets_are_listed_in_their_network,
    udp_sockets_are_listed_in_their_network,
    some_generic_families_are_in_the_initial_network_only,
];

/// sock_diag lists the UNIX domain sockets of the network namespace of the socket that asks, and no others.
#[claim(source = "sock_diag(7)", needs = [UserNamespaces, Module("unix_diag"), Config("UNIX")])]
fn unix_sockets_are_listed_in_their_network() -> Verdict {
    expect_listed_in_their_network(unix_request(), UNIX_INODE, |number| {
        let socket = new_socket(AddressFamily::UNIX, SocketType::DGRAM)?;
        bind(&socket, &SocketAddrUnix::new_abstract_name(format!("socket {number}").as_bytes())?)?;
        Ok(socket)
    })
}

/// sock_diag lists the TCP sockets of the network namespace of the socket that asks, and no others.
#[claim(source = "sock_diag(7)", needs = [UserNamespaces, Module("tcp_diag"), Config("INET")])]
fn tcp_sockets_are_listed_in_their_network() -> Verdict {
    expect_listed_in_their_network(inet_request(6), INET_INODE, |_| {
        let socket = new_socket(AddressFamily::INET, SocketType::STREAM)?;
        bind(&socket, &loopback(0))?;
        listen(&socket, BACKLOG)?;
        Ok(socket)
    })
}

/// sock_diag lists the UDP sockets of the network namespace of the socket that asks, and no others.
#[claim(source = "sock_diag(7)", needs = [UserNamespaces, Module("udp_diag"), Config("INET")])]
fn udp_sockets_are_listed_in_their_network() -> Verdict {
    expect_listed_in_their_network(inet_request(17), INET_INODE, |_| Ok(UdpSocket::bind("127.0.0.1:0")?.into()))
}

/// The generic netlink family VFS_DQUOT is in the initial network namespace only; elsewhere it is not listed, and asking for
/// it fails with ENOENT.
///
/// So are all families that do not say that they are for every network namespace; nlctrl is one that does.
#[claim(
    source = "net/netlink/genetlink.c ctrl_dumpfamily",
    needs = [InitialNamespaces, Root, Config("QUOTA_NETLINK_INTERFACE")],
)]
fn some_generic_families_are_in_the_initial_network_only() -> Verdict {
    let other = Network::new()?;
    let (here, there) = (families()?, other.inside(families)?);
    expect!(there.is_subset(&here), "{there:?} in a new network namespace, {here:?} in the initial one");
    for (family, is_everywhere) in [("VFS_DQUOT", false), ("nlctrl", true)] {
        expect!(here.contains(family), "{family} in the initial network namespace: {here:?}");
        expect_eq!(there.contains(family), is_everywhere, "{family} in another one: {there:?}");
        expect_ok!(ask_for(family)?, "{family} in the initial network namespace");
        if is_everywhere {
            expect_ok!(other.inside(|| ask_for(family))?, "{family} in another one");
        } else {
            expect_errno!(other.inside(|| ask_for(family))?, ENOENT, "{family} in another one");
        }
    }
    holds()
}

/// `SOCK_DIAG_BY_FAMILY`.
const BY_FAMILY: u16 = 20;
/// Where the inode number stands in a `struct unix_diag_msg`, and in a `struct inet_diag_msg`.
const UNIX_INODE: usize = 4;
const INET_INODE: usize = 68;

/// A `struct unix_diag_req` for sockets in any state.
fn unix_request() -> Vec<u8> {
    let mut request = vec![0; 24];
    request[0] = libc::AF_UNIX as u8;
    request[4..8].fill(0xff);
    request
}

/// A `struct inet_diag_req_v2` for IPv4 sockets of this protocol in any state.
fn inet_request(protocol: u8) -> Vec<u8> {
    let mut request = vec![0; 56];
    request[0] = libc::AF_INET as u8;
    request[1] = protocol;
    request[4..8].fill(0xff);
    request
}

/// Of sockets made in two network namespaces each lists its own.
fn expect_listed_in_their_network(
    request: Vec<u8>,
    inode_at: usize,
    make: impl Fn(usize) -> Outcome<OwnedFd>,
) -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let places = [Network::with_loopback()?, Network::with_loopback()?];
        let mut sockets = Vec::new();
        for place in &places {
            sockets.push(place.inside(|| Ok([make(1)?, make(2)?]))?);
        }
        for (place, sockets) in places.iter().zip(&sockets) {
            let socket = place.inside(|| RawNetlink::open(NETLINK_SOCK_DIAG))?;
            let found = socket.dump(BY_FAMILY, request.clone())?.doing("ask sock_diag")?;
            let inode = |one: &Raw| one.body.get(inode_at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
            let listed: BTreeSet<_> = found.iter().filter_map(inode).collect();
            let own: Result<BTreeSet<_>, _> =
                sockets.iter().map(|socket| fstat(socket).map(|status| status.st_ino as u32)).collect();
            expect_eq!(listed, own?, "the inode numbers of the sockets that are listed");
        }
        holds()
    })
}

/// `GENL_ID_CTRL`, the family that tells of families, and its command `CTRL_CMD_GETFAMILY` as a `struct genlmsghdr`.
const CONTROL: u16 = 16;
const GET_FAMILY: [u8; 4] = [3, 2, 0, 0];
/// `CTRL_ATTR_FAMILY_NAME`.
const FAMILY_NAME: u16 = 2;

/// The names of the families of generic netlink.
fn families() -> Outcome<BTreeSet<String>> {
    let found = RawNetlink::open(NETLINK_GENERIC)?.dump(CONTROL, GET_FAMILY.to_vec())?.doing("list the families")?;
    let names = found.iter().filter_map(|one| one.attribute(GET_FAMILY.len(), FAMILY_NAME));
    Ok(names.map(|name| String::from_utf8_lossy(name).trim_end_matches('\0').to_owned()).collect())
}

/// Whether a family of this name is found.
fn ask_for(family: &str) -> kit::netlink::Answer<()> {
    let name = attribute(FAMILY_NAME, &[family.as_bytes(), &[0]].concat());
    let body = [GET_FAMILY.to_vec(), name].concat();
    let answer = RawNetlink::open(NETLINK_GENERIC)?.tell(&[Raw { kind: CONTROL, flags: NLM_F_ACK, body }])?;
    Ok(answer.map(drop))
}
