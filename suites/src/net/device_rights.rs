//! Which capabilities network devices and special sockets take, and where they count: `capabilities(7)`;
//! `user_namespaces(7)`, Interaction of user namespaces and other types of namespaces.

use kit::netlink::Netlink;
use kit::prelude::*;
use kit::process::{capabilities, with_only};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, socket};
use rtnetlink::LinkDummy;
use rustix::thread::CapabilitySet;

use super::devices::device;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_devices_need_net_admin_in_owner,
    net_admin_alone_suffices_for_devices,
    packet_sockets_need_net_raw_in_owner,
    low_ports_need_net_bind_service_in_owner,
];

/// Making, changing and deleting devices requires capabilities in the user namespace that owns the network namespace.
///
/// It fails with EPERM in the network namespace of a parent user namespace.
#[claim(source = ["capabilities(7)", "user_namespaces(7)"], needs = [UserNamespaces, Module("dummy")])]
fn net_devices_need_net_admin_in_owner() -> Verdict {
    // The network namespace is a new one of the outer user namespace, not one that other processes use.
    user_namespace(CLONE_NEWNET, || {
        Netlink::open()?.add(LinkDummy::new("present").build())?.doing("make a dummy device")?;
        user_namespace(NONE, || {
            for (what, answer) in requests()? {
                expect_errno!(answer, EPERM, "{what} in the network namespace of the parent user namespace");
            }
            holds()
        })
    })?;
    user_namespace(CLONE_NEWNET, || {
        Netlink::open()?.add(LinkDummy::new("present").build())?.doing("make a dummy device")?;
        for (what, answer) in requests()? {
            expect_ok!(answer, "{what} in an owned network namespace");
        }
        holds()
    })
}

/// Making, changing and deleting devices requires CAP_NET_ADMIN and no other capability; without it each fails with
/// EPERM.
#[claim(source = "capabilities(7)", needs = [UserNamespaces, Module("dummy")])]
fn net_admin_alone_suffices_for_devices() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        Netlink::open()?.add(LinkDummy::new("present").build())?.doing("make a dummy device")?;
        let others = capabilities()?.permitted - CapabilitySet::NET_ADMIN;
        with_only(others, NONE, || {
            for (what, answer) in requests()? {
                expect_errno!(answer, EPERM, "{what} with all but CAP_NET_ADMIN");
            }
            holds()
        })?;
        with_only(CapabilitySet::NET_ADMIN, NONE, || {
            for (what, answer) in requests()? {
                expect_ok!(answer, "{what} with CAP_NET_ADMIN alone");
            }
            holds()
        })
    })
}

/// Packet and raw sockets require CAP_NET_RAW in the user namespace that owns the network namespace; without it they
/// fail with EPERM.
#[claim(source = ["capabilities(7)", "packet(7)"], needs = [UserNamespaces, Config("INET"), Config("PACKET")])]
fn packet_sockets_need_net_raw_in_owner() -> Verdict {
    let make = |family, kind| socket(family, kind, SockFlag::SOCK_CLOEXEC, None);
    let kinds = [(AddressFamily::Packet, SockType::Raw), (AddressFamily::Packet, SockType::Datagram)];
    user_namespace(NONE, || {
        for (family, kind) in kinds {
            expect_errno!(make(family, kind), EPERM, "{kind:?} in the network namespace of the parent user namespace");
        }
        holds()
    })?;
    user_namespace(CLONE_NEWNET, || {
        let others = capabilities()?.permitted - CapabilitySet::NET_RAW;
        for (family, kind) in kinds {
            let without = with_only(others, NONE, || Ok(make(family, kind).map(drop).portable()))?;
            expect_errno!(without, EPERM, "{kind:?} with all but CAP_NET_RAW");
            let alone = with_only(CapabilitySet::NET_RAW, NONE, || Ok(make(family, kind).map(drop).portable()))?;
            expect_ok!(alone, "{kind:?} with CAP_NET_RAW alone");
        }
        holds()
    })
}

/// Binding to a port below 1024 requires CAP_NET_BIND_SERVICE in the user namespace that owns the network namespace.
///
/// Without it bind(2) fails with EACCES.
#[claim(source = ["capabilities(7)", "ip(7)"], needs = [UserNamespaces, Config("INET")])]
fn low_ports_need_net_bind_service_in_owner() -> Verdict {
    let take = |port: u16| {
        let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        Ok::<_, Failure>(bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &SockaddrIn::new(0, 0, 0, 0, port)).portable())
    };
    user_namespace(CLONE_NEWNET, || {
        user_namespace(NONE, || {
            expect_errno!(take(81)?, EACCES, "in the network namespace of the parent user namespace");
            expect_ok!(take(1024)?, "port 1024 in the network namespace of the parent user namespace");
            holds()
        })?;
        let others = capabilities()?.permitted - CapabilitySet::NET_BIND_SERVICE;
        let [first, last, next] = with_only(others, NONE, || Ok([take(81)?, take(1023)?, take(1024)?]))?;
        expect_errno!(first, EACCES, "port 81 with all but CAP_NET_BIND_SERVICE");
        expect_errno!(last, EACCES, "port 1023 with all but CAP_NET_BIND_SERVICE");
        expect_ok!(next, "port 1024 with all but CAP_NET_BIND_SERVICE");
        expect_ok!(
            with_only(CapabilitySet::NET_BIND_SERVICE, NONE, || take(81))?,
            "port 81 with CAP_NET_BIND_SERVICE alone"
        );
        holds()
    })
}

/// What the kernel answers to requests about devices, in an order in which each can succeed.
fn requests() -> Outcome<Vec<(&'static str, Result<(), Refusal>)>> {
    let here = Netlink::open()?;
    let present = here.device("present")?.index;
    let mut answers = vec![
        ("setting lo up", here.change(device("lo").up().build())?.portable()),
        ("making a device", here.add(LinkDummy::new("new").build())?.portable()),
        ("setting the MTU of a device", here.change(device("present").mtu(1400).build())?.portable()),
    ];
    answers.push(("deleting a device", here.delete(present)?.portable()));
    Ok(answers)
}
