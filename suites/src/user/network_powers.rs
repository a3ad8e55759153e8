//! That power over a network namespace is a capability in the user namespace that owns it: `user_namespaces(7)`,
//! Interaction of user namespaces and other types of namespaces.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use harness::prelude::*;
use harness::process::without;
use harness::sys::device_flags::{loopback_is_up, set_loopback};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use rustix::thread::CapabilitySet;

use super::inner_root::as_each_inner_root;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub const CASES: &[Case] = cases![
    low_ports_governed_by_netns_owner,
    raw_and_packet_sockets_governed_by_netns_owner,
    net_admin_governed_by_netns_owner,
];

/// Root of a user namespace can bind a low port in a network namespace of its own; in one from outside it is EACCES.
#[claim(
    source = ["ip(7)", "user_namespaces(7) Interaction of user namespaces and other types of namespaces"],
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
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

/// Root of a user namespace gets raw and packet sockets in a network namespace of its own; in one from outside EPERM.
#[claim(
    source = [
        "packet(7)",
        "raw(7)",
        "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
    ],
    needs = [Root, UserNamespaces, Module("af_packet"), Behaviour(AT_THE_TOP)],
)]
fn raw_and_packet_sockets_governed_by_netns_owner() -> Verdict {
    let raw = || {
        let icmp = SockProtocol::Icmp;
        socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, icmp).map(drop)
    };
    let packet = || socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).map(drop);
    as_each_inner_root(NONE, |whose| {
        expect_errno!(raw(), EPERM, "raw, {whose}");
        expect_errno!(packet(), EPERM, "packet, {whose}");
        Ok(())
    })?;
    as_each_inner_root(CLONE_NEWNET, |whose| {
        expect_ok!(raw(), "raw, in its own network namespace, {whose}");
        expect_ok!(packet(), "packet, in its own network namespace, {whose}");
        without(CapabilitySet::NET_RAW, NONE, || {
            expect_errno!(raw(), EPERM, "raw, in its own network namespace, without the capability, {whose}");
            expect_errno!(packet(), EPERM, "packet, in its own network namespace, without the capability, {whose}");
            Ok(())
        })
    })?;
    expect_ok!(raw(), "raw, root outside");
    expect_ok!(packet(), "packet, root outside");
    holds()
}

/// Root of a user namespace can take devices up and down in a network namespace of its own; in one from outside it is EPERM.
#[claim(
    source = "user_namespaces(7) Interaction of user namespaces and other types of namespaces",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
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
