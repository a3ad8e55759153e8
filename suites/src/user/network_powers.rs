//! That power over a network namespace is a capability in the user namespace that owns it: `user_namespaces(7)`,
//! Interaction of user namespaces and other types of namespaces.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use kit::prelude::*;
use kit::process::{as_each_inner_root, without};
use kit::sys::device_flags::{loopback_is_up, set_loopback};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use rustix::thread::CapabilitySet;

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    low_ports_governed_by_netns_owner,
    raw_sockets_governed_by_netns_owner,
    packet_sockets_governed_by_netns_owner,
    net_admin_governed_by_netns_owner,
];

/// Root of a user namespace can bind a low port in a network namespace of its own; in one from outside it is EACCES.
#[claim(
    source = ["ip(7)", "user_namespaces(7) Interaction of user namespaces and other types of namespaces"],
    needs = [Root, UserNamespaces, Config("INET"), Behaviour(AT_THE_TOP)],
)]
fn low_ports_governed_by_netns_owner() -> Verdict {
    let tcp = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).map(drop);
    let udp = |port| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).map(drop);
    as_each_inner_root(NONE, |whose| {
        expect_errno!(tcp(81), EACCES, "TCP, {whose}");
        expect_errno!(udp(81), EACCES, "UDP, {whose}");
        expect_ok!(tcp(8100), "TCP, {whose}");
        Ok(())
    })?;
    as_each_inner_root(CLONE_NEWNET, |whose| {
        expect_ok!(tcp(81), "TCP in its own network namespace, {whose}");
        expect_ok!(udp(81), "UDP in its own network namespace, {whose}");
        without(CapabilitySet::NET_BIND_SERVICE, NONE, || {
            expect_errno!(tcp(81), EACCES, "in its own network namespace, without the capability, {whose}");
            Ok(())
        })
    })?;
    expect_ok!(tcp(81), "TCP, root outside");
    expect_ok!(udp(81), "UDP, root outside");
    holds()
}

/// Root of a user namespace gets raw sockets in a network namespace of its own; in one from outside it is EPERM.
#[claim(
    source = ["raw(7)", "user_namespaces(7) Interaction of user namespaces and other types of namespaces"],
    needs = [Root, UserNamespaces, Config("INET"), Behaviour(AT_THE_TOP)],
)]
fn raw_sockets_governed_by_netns_owner() -> Verdict {
    expect_for_owners_of_the_network(AddressFamily::Inet, Some(SockProtocol::Icmp))
}

/// Root of a user namespace gets packet sockets in a network namespace of its own; in one from outside it is EPERM.
#[claim(
    source = ["packet(7)", "user_namespaces(7) Interaction of user namespaces and other types of namespaces"],
    needs = [Root, UserNamespaces, Config("PACKET"), Behaviour(AT_THE_TOP)],
)]
fn packet_sockets_governed_by_netns_owner() -> Verdict {
    expect_for_owners_of_the_network(AddressFamily::Packet, None)
}

/// Root of a user namespace can take devices up and down in a network namespace of its own; in one from outside it is EPERM.
#[claim(
    source = "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
    needs = [Root, UserNamespaces, Config("INET"), Behaviour(AT_THE_TOP)],
)]
fn net_admin_governed_by_netns_owner() -> Verdict {
    set_loopback(true).doing("take the loopback device up")?;
    as_each_inner_root(NONE, |whose| {
        expect_errno!(set_loopback(false), EPERM, "{whose}");
        expect_errno!(set_loopback(true), EPERM, "to leave it as it is, {whose}");
        Ok(())
    })?;
    expect!(loopback_is_up()?, "after root of a user namespace has tried to take it down");
    as_each_inner_root(CLONE_NEWNET, |whose| {
        for up in [true, false] {
            expect_ok!(set_loopback(up), "in its own network namespace, {whose}");
            expect_eq!(loopback_is_up()?, up, "in its own network namespace, {whose}");
        }
        Ok(())
    })?;
    expect!(loopback_is_up()?, "after root of a user namespace has taken down its own");
    expect_ok!(set_loopback(false), "root outside");
    expect!(!loopback_is_up()?, "after root outside has taken it down");
    holds()
}

/// Only who has CAP_NET_RAW in the user namespace that owns the network namespace gets such a socket.
fn expect_for_owners_of_the_network(family: AddressFamily, protocol: Option<SockProtocol>) -> Verdict {
    let open = || socket(family, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol).map(drop);
    as_each_inner_root(NONE, |whose| {
        expect_errno!(open(), EPERM, "{whose}");
        Ok(())
    })?;
    as_each_inner_root(CLONE_NEWNET, |whose| {
        expect_ok!(open(), "in its own network namespace, {whose}");
        without(CapabilitySet::NET_RAW, NONE, || {
            expect_errno!(open(), EPERM, "in its own network namespace, without the capability, {whose}");
            Ok(())
        })
    })?;
    expect_ok!(open(), "root outside");
    holds()
}
