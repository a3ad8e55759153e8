//! Sockets bound to devices, and those that have an other end in the kernel in one network namespace only: `socket(7)`,
//! `packet(7)`, `netlink(7)`.

use std::ffi::OsString;

use kit::prelude::*;
use kit::sys::packet_socket::bind_to_device;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::BindToDevice;
use rtnetlink::LinkVeth;
use rtnetlink::sys::protocols::{NETLINK_CONNECTOR, NETLINK_ROUTE};
use rtnetlink::sys::{Socket, SocketAddr};
use rustix::net::{AddressFamily, SocketType};

use super::networks::{Network, new_socket};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    sockets_are_bound_to_devices_of_their_network,
    packet_sockets_are_bound_to_devices_of_their_network,
    connector_answers_in_the_initial_network_only,
];

/// SO_BINDTODEVICE takes the names of devices in the socket's network namespace, wherever its process is; others fail with
/// ENODEV.
#[claim(source = ["socket(7)", "net/core/sock.c sock_setbindtodevice"], needs = [Root, Module("veth"), Config("INET")])]
fn sockets_are_bound_to_devices_of_their_network() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    one.netlink().add(LinkVeth::new("near", "far").build())?.doing("make a pair of veth devices")?;
    let new = || new_socket(AddressFamily::INET, SocketType::DGRAM);
    let (socket, foreign) = (one.inside(new)?, other.inside(new)?);
    for place in [&one, &other] {
        place.inside(|| {
            expect_ok!(setsockopt(&socket, BindToDevice, &OsString::from("near")), "a socket where the device is");
            let refused = setsockopt(&foreign, BindToDevice, &OsString::from("near"));
            expect_errno!(refused, ENODEV, "a socket of another network namespace");
            expect_ok!(
                setsockopt(&foreign, BindToDevice, &OsString::from("lo")),
                "of another one, to a device that is there"
            );
            holds()
        })?;
    }
    holds()
}

/// bind() of a packet socket takes the indexes of devices in the socket's network namespace, wherever its process is; others
/// fail with ENODEV.
#[claim(source = ["packet(7)", "net/packet/af_packet.c packet_do_bind"], needs = [Root, Module("veth"), Config("PACKET")])]
fn packet_sockets_are_bound_to_devices_of_their_network() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    let pair = LinkVeth::new("near", "far").index(777).build();
    one.netlink().add(pair)?.doing("make a pair of veth devices")?;
    let new = || new_socket(AddressFamily::PACKET, SocketType::RAW);
    let (socket, foreign) = (one.inside(new)?, other.inside(new)?);
    for place in [&one, &other] {
        place.inside(|| {
            expect_ok!(bind_to_device(&socket, 777), "a socket where the device is");
            expect_errno!(bind_to_device(&foreign, 777), ENODEV, "a socket of another network namespace");
            expect_ok!(bind_to_device(&foreign, 1), "of another one, to a device that is there");
            holds()
        })?;
    }
    holds()
}

/// The kernel's connector is in the initial network namespace only: sending to it from another one fails with
/// ECONNREFUSED.
#[claim(
    source = ["netlink(7)", "drivers/connector/connector.c cn_init"],
    needs = [InitialNamespaces, Root, Config("CONNECTOR")],
)]
fn connector_answers_in_the_initial_network_only() -> Verdict {
    let other = Network::new()?;
    let send = |protocol| {
        let mut socket = Socket::new(protocol).doing("open a netlink socket")?;
        socket.bind_auto().doing("bind a netlink socket")?;
        // A message of no type with nothing in it, to which there is no answer.
        Ok(socket.send_to(&[16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &SocketAddr::new(0, 0), 0))
    };
    expect_ok!(send(NETLINK_CONNECTOR)?, "in the initial network namespace");
    expect_errno!(other.inside(|| send(NETLINK_CONNECTOR))?, ECONNREFUSED, "in another one");
    expect_ok!(other.inside(|| send(NETLINK_ROUTE))?, "another protocol, in another one");
    holds()
}
