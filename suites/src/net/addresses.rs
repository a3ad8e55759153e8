//! Addresses and ports, of which each network namespace has its own: `network_namespaces(7)`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};

use kit::prelude::*;
use kit::sys::device_flags::set_loopback;

use super::networks::Network;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    address_belongs_to_one_network,
    port_is_taken_in_one_network_only,
    listener_is_not_reached_from_other_networks,
    loopback_addresses_are_unreachable_until_lo_is_up,
];

/// An IP address can be given in several network namespaces, and bind() to one that only another network namespace has
/// fails with EADDRNOTAVAIL.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("INET"), Config("IPV6")])]
fn address_belongs_to_one_network() -> Verdict {
    let v4 = [Ipv4Addr::new(10, 77, 0, 1), Ipv4Addr::new(10, 77, 0, 2)].map(IpAddr::from);
    let v6 = [Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 1), Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 2)].map(IpAddr::from);
    user_namespace(CLONE_NEWNET, || {
        for ([common, alone], prefix) in [(v4, 32), (v6, 128)] {
            let (one, other) = (Network::with_loopback()?, Network::with_loopback()?);
            let udp = |place: &Network, address| place.inside(|| Ok(UdpSocket::bind((address, 0))));
            for place in [&one, &other] {
                expect_errno!(udp(place, common)?, EADDRNOTAVAIL, "{common}, which no network namespace has");
            }
            for place in [&one, &other] {
                expect_ok!(place.try_add_address("lo", common, prefix)?, "{common}, in each");
            }
            other.add_address("lo", alone, prefix)?;
            for place in [&one, &other] {
                expect_ok!(udp(place, common)?, "{common}, which both have");
            }
            expect_errno!(udp(&one, alone)?, EADDRNOTAVAIL, "{alone}, which the other one has");
            expect_ok!(udp(&other, alone)?, "{alone}, where it is");
        }
        holds()
    })
}

/// A TCP or UDP port can be bound in each network namespace; a second time in the same one bind() fails with EADDRINUSE.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "Linux_name_space"],
    needs = [UserNamespaces, Config("INET")],
)]
fn port_is_taken_in_one_network_only() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::with_loopback()?, Network::with_loopback()?);
        for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST] {
            let tcp = |place: &Network| place.inside(|| Ok(TcpListener::bind((address, 8080))));
            let udp = |place: &Network| place.inside(|| Ok(UdpSocket::bind((address, 8080))));
            let listening = expect_ok!(tcp(&one)?, "TCP, {address}");
            expect_errno!(tcp(&one)?, EADDRINUSE, "TCP, {address}, again in the same network namespace");
            expect_ok!(tcp(&other)?, "TCP, {address}, in another network namespace");
            let bound = expect_ok!(udp(&one)?, "UDP, {address}");
            expect_errno!(udp(&one)?, EADDRINUSE, "UDP, {address}, again in the same network namespace");
            expect_ok!(udp(&other)?, "UDP, {address}, in another network namespace");
            drop((listening, bound));
        }
        holds()
    })
}

/// A socket that listens on a loopback address is not reached from another network namespace: connect() there fails with
/// ECONNREFUSED.
#[claim(source = "network_namespaces(7) DESCRIPTION", needs = [UserNamespaces, Config("INET"), Config("IPV6")])]
fn listener_is_not_reached_from_other_networks() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::with_loopback()?, Network::with_loopback()?);
        for address in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            let listen = |place: &Network| place.inside(|| Ok(TcpListener::bind((address, 6100))?));
            let connect = |place: &Network| place.inside(|| Ok(TcpStream::connect((address, 6100))));
            let first = listen(&one)?;
            expect_ok!(connect(&one)?, "{address} in the same network namespace");
            expect_errno!(connect(&other)?, ECONNREFUSED, "{address} from another one");
            let second = listen(&other)?;
            expect_ok!(connect(&other)?, "{address} in another one, with a listener of its own");
            drop(first);
            expect_errno!(connect(&one)?, ECONNREFUSED, "{address}, once only the other one has a listener");
            drop(second);
        }
        holds()
    })
}

/// In a new network namespace connect() and sendto() to 127.0.0.1 fail with ENETUNREACH, and to ::1 with EADDRNOTAVAIL,
/// until its loopback device is set up.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "Linux_name_space"],
    needs = [UserNamespaces, Config("INET"), Config("IPV6")],
)]
fn loopback_addresses_are_unreachable_until_lo_is_up() -> Verdict {
    let [v4, v6] = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    let any = |address: IpAddr| match address {
        IpAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        IpAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    user_namespace(CLONE_NEWNET, || {
        let udp = |address: IpAddr| Ok::<_, Failure>(UdpSocket::bind(any(address))?.send_to(b"hello", (address, 9)));
        let tcp = |address: IpAddr| TcpStream::connect((address, 9));
        expect_errno!(tcp(v4), ENETUNREACH, "TCP to {v4}");
        expect_errno!(udp(v4)?, ENETUNREACH, "UDP to {v4}");
        expect_errno!(tcp(v6), EADDRNOTAVAIL, "TCP to {v6}");
        expect_errno!(udp(v6)?, EADDRNOTAVAIL, "UDP to {v6}");
        set_loopback(true).doing("set the loopback device up")?;
        for address in [v4, v6] {
            expect_errno!(tcp(address), ECONNREFUSED, "{address} answers, with the device up");
            expect_ok!(udp(address)?, "UDP to {address}, with the device up");
        }
        holds()
    })
}
