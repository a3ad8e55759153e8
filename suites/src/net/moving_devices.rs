//! Moving a network device to another network namespace: how it is asked for, and when it is refused.
//! `network_namespaces(7)`; `ip-link(8)`, ip link set netns.

use std::fs::File;
use std::os::fd::AsRawFd;

use kit::netlink::{Elsewhere, Netlink};
use kit::prelude::*;
use kit::process::user_namespace_with;
use kit::settle;
use rtnetlink::packet_route::link::LinkAttribute;
use rtnetlink::{LinkDummy, LinkUnspec, LinkVeth};

use super::devices::{device, fetch, send, veth_pair};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_device_in_one_namespace,
    a_namespace_is_named_by_descriptor_or_by_pid,
    net_move_pid_is_in_callers_pidns,
    net_move_to_same_namespace,
    net_move_target_errors,
    net_move_name_collision_eexist,
    net_move_with_rename,
    net_move_needs_cap_in_target,
    net_lo_cannot_move,
    net_veth_peer_dies_with_namespace,
    net_virtual_devices_destroyed,
];

/// A device is in one network namespace at a time: after a move it is in the new one only, after a move back in the old
/// one only.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "Linux Namespaces", "What's in a name(space)?"],
    needs = [Root, Module("veth")],
)]
fn net_device_in_one_namespace() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    let (all, nothing) = (here.names()?, there.netlink().names()?);
    expect_ok!(here.change(send("a", &there).build())?);
    expect!(!here.names()?.contains(&"a".into()), "still here: {:?}", here.names()?);
    expect_eq!(there.netlink().names()?, [&nothing[..], &["a".into()]].concat(), "there");
    expect_errno!(here.change(device("a").mtu(1400).build())?, ENODEV, "asked for here");
    expect_ok!(there.netlink().change(device("a").mtu(1400).build())?, "asked for there");
    expect_ok!(there.netlink().change(fetch("a").build())?, "and back");
    expect_eq!((here.names()?, there.netlink().names()?), (all, nothing), "after it has come back");
    holds()
}

/// The network namespace to which a device is moved is given by a file descriptor that refers to it, or by the PID of a
/// process in it.
#[claim(source = ["ip-link(8) ip link set - change device attributes", "veth(4) DESCRIPTION"], needs = [Root, Module("veth")])]
fn a_namespace_is_named_by_descriptor_or_by_pid() -> Verdict {
    let here = veth_pair()?;
    let (one, other) = (Elsewhere::new()?, Elsewhere::new()?);
    let file = one.namespace()?;
    expect_ok!(here.change(device("a").setns_by_fd(file.fd().as_raw_fd()).build())?);
    expect_ok!(here.change(device("b").setns_by_pid(other.pid().as_raw() as u32).build())?);
    expect_eq!(has(one.netlink(), "a")?, (true, false), "a and b where the descriptor refers to");
    expect_eq!(has(other.netlink(), "a")?, (false, true), "a and b where the process is");
    holds()
}

/// The PID that gives the network namespace for a move is taken in the PID namespace of the sender, not of the netlink
/// socket's opener.
#[claim(source = ["ip-link(8)", "net/core/net_namespace.c get_net_ns_by_pid"], needs = [Root, Module("veth")])]
fn net_move_pid_is_in_callers_pidns() -> Verdict {
    let here = veth_pair()?;
    let number = std::process::id();
    // The process that has our own number in another PID namespace is in another network namespace.
    child(CLONE_NEWPID, || {
        let wanted = [number as i32];
        let target = Spawn::new(CLONE_NEWNET).set_tid(&wanted).start(|case| {
            case.wait()?;
            case.send(&Netlink::open()?.names()?)?;
            case.wait()
        })?;
        expect_eq!(target.pid().as_raw() as u32, number);
        expect_ok!(here.change(device("a").setns_by_pid(number).build())?, "sent from inside");
        target.go()?;
        expect!(target.recv::<Vec<String>>()?.contains(&"a".into()), "the device is where PID {number} inside is");
        expect_ok!(here.change(device("b").setns_by_pid(1).build())?, "PID 1 inside is the sender");
        holds()
    })?;
    here.add(LinkVeth::new("a", "c").build())?.doing("make another pair")?;
    expect_ok!(here.change(device("a").setns_by_pid(number).build())?, "sent from outside");
    expect!(here.names()?.contains(&"a".into()), "the device is where PID {number} outside is");
    holds()
}

/// Moving a device to the network namespace in which it is succeeds and changes nothing.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [Root, Module("veth")])]
fn net_move_to_same_namespace() -> Verdict {
    let here = veth_pair()?;
    here.change(device("a").up().build())?.doing("set the device up")?;
    let before = here.device("a")?;
    let own = Namespace::own(Kind::Net)?;
    expect_ok!(here.change(device("a").setns_by_fd(own.fd().as_raw_fd()).build())?);
    expect_eq!(here.device("a")?, before, "where it was");
    let there = Elsewhere::new()?;
    expect_ok!(here.change(device("a").setns_by_fd(there.namespace()?.fd().as_raw_fd()).build())?);
    expect_ne!(there.netlink().device("a")?.up, before.up, "elsewhere");
    holds()
}

/// A move to something that is not a network namespace fails with ESRCH, EBADF or EINVAL, and the device stays.
#[claim(source = ["ip-link(8)", "net/core/rtnetlink.c rtnl_link_get_net_capable"], needs = [Root, Module("veth")])]
fn net_move_target_errors() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    let before = here.device("a")?;
    let (null, uts, net) = (File::open("/dev/null")?, Namespace::own(Kind::Uts)?, there.namespace()?);
    let fd = net.fd().as_raw_fd();
    let unknown = LinkAttribute::IfNetnsId(77);
    expect_errno!(here.change(device("a").setns_by_pid(i32::MAX as u32).build())?, ESRCH, "no process");
    expect_errno!(here.change(device("a").setns_by_fd(9999).build())?, EBADF, "no open file");
    expect_errno!(here.change(device("a").setns_by_fd(null.as_raw_fd()).build())?, EINVAL, "no namespace");
    expect_errno!(here.change(device("a").setns_by_fd(uts.fd().as_raw_fd()).build())?, EINVAL, "a UTS namespace");
    let twice = device("a").setns_by_fd(fd).setns_by_pid(there.pid().as_raw() as u32);
    expect_errno!(here.change(twice.build())?, EINVAL, "named twice");
    expect_errno!(here.change(device("a").append_extra_attribute(unknown).build())?, EINVAL, "an ID never assigned");
    expect_eq!(here.device("a")?, before, "after the refusals");
    expect_ok!(here.change(device("a").setns_by_fd(fd).build())?, "named once and rightly");
    holds()
}

/// Moving a device to a network namespace where another has its name, as name or alternative name, fails with EEXIST.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [Root, Module("veth")])]
fn net_move_name_collision_eexist() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    there.netlink().add(LinkVeth::new("a", "other").build())?.doing("make a device of the same name there")?;
    let move_it = || here.change(send("a", &there).build());
    expect_errno!(move_it()?, EEXIST, "its name");
    let other = there.netlink().device("a")?.index;
    there.netlink().change(LinkUnspec::new_with_index(other).name("b").build())?.doing("rename that one")?;
    there.netlink().add_altname(other, "a")?.doing("give it the name as another name")?;
    expect_errno!(move_it()?, EEXIST, "its other name");
    expect_eq!(has(&here, "a")?, (true, true), "a and b after the refusals");
    there.netlink().delete_altname(other, "a")?.doing("take that name away")?;
    expect_ok!(move_it()?);
    holds()
}

/// A request to move a device can rename it at the same time; `%d` in the new name becomes a number that is free there.
#[claim(source = "ip-link(8)", needs = [Root, Module("veth")])]
fn net_move_with_rename() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    there.netlink().add(LinkVeth::new("a", "x0").build())?.doing("make devices there")?;
    let as_name =
        |index, name| LinkUnspec::new_with_index(index).setns_by_pid(there.pid().as_raw() as u32).name(name).build();
    let (a, b) = (here.device("a")?.index, here.device("b")?.index);
    expect_errno!(here.change(as_name(a, "a"))?, EEXIST, "a name that is taken there");
    expect_ok!(here.change(as_name(a, "new"))?, "a name that is free there");
    expect_ok!(here.change(as_name(b, "x%d"))?, "a pattern");
    let mut names = there.netlink().names()?;
    names.retain(|name| ["a", "b", "new", "x0", "x1"].contains(&name.as_str()));
    names.sort();
    expect_eq!(names, ["a", "new", "x0", "x1"]);
    holds()
}

/// Moving a device requires CAP_NET_ADMIN also in the user namespace that owns the target; otherwise the request fails
/// with EPERM.
#[claim(source = ["user_namespaces(7)", "ip-link(8)"], needs = [Root, Module("veth")])]
fn net_move_needs_cap_in_target() -> Verdict {
    let here = veth_pair()?;
    let outside = std::process::id();
    let tenant = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNET, |case| {
        let (own, second) = (Netlink::open()?, Elsewhere::new()?);
        case.go()?;
        case.wait()?;
        let refused = own.change(device("a").setns_by_pid(outside).build())?.portable();
        let allowed = own.change(send("a", &second).build())?.portable();
        second.netlink().change(fetch("a").build())?.doing("move it back")?;
        case.send(&(refused, allowed))?;
        case.wait()
    })?;
    tenant.recv::<()>()?;
    expect_ok!(here.change(device("a").setns_by_pid(tenant.pid().as_raw() as u32).build())?, "by root, into it");
    tenant.go()?;
    let (refused, allowed): (Result<(), Refusal>, Result<(), Refusal>) = tenant.recv()?;
    expect_errno!(refused, EPERM, "out of it, by the owner inside");
    expect_ok!(allowed, "to another one that is owned, by the owner inside");
    let there = Netlink::open_in(&tenant.namespace(Kind::Net)?)?;
    expect_ok!(there.change(device("a").setns_by_pid(outside).build())?, "by root, out of it");
    expect_eq!(has(&here, "a")?, (true, true), "a and b in the end");
    holds()
}

/// Moving the loopback device to another network namespace fails with EINVAL.
#[claim(source = ["ip-link(8)", "network_namespaces(7) DESCRIPTION"], needs = [Root, Module("veth")])]
fn net_lo_cannot_move() -> Verdict {
    let (here, there) = (veth_pair()?, Elsewhere::new()?);
    let index = here.device("lo")?.index;
    let renamed = send("lo", &there).name("mine");
    expect_errno!(here.change(send("lo", &there).build())?, EINVAL);
    expect_errno!(here.change(renamed.index(index).build())?, EINVAL, "with a name that is free there");
    expect_eq!(here.device("lo")?.index, index, "after the refusals");
    expect_ok!(here.change(send("a", &there).build())?, "a veth device");
    holds()
}

/// When a network namespace ends, the veth devices in it are destroyed, and so are their peers in other network
/// namespaces.
#[claim(source = ["network_namespaces(7) DESCRIPTION", "veth(4) DESCRIPTION"], needs = [Root, Module("veth")])]
fn net_veth_peer_dies_with_namespace() -> Verdict {
    let here = veth_pair()?;
    here.add(LinkVeth::new("c", "d").build())?.doing("make another pair")?;
    let process = waiting(CLONE_NEWNET)?;
    expect_ok!(here.change(device("a").setns_by_pid(process.pid().as_raw() as u32).build())?);
    expect_eq!(has(&here, "a")?, (false, true), "a and b while the process lives");
    drop(process);
    let left = settle(|left| *left == (false, false), || has(&here, "a"))?;
    expect_eq!(left, (false, false), "a and b after the process has ended");
    expect_eq!(has(&here, "c")?, (true, false), "the pair that is here with both ends");
    holds()
}

/// Virtual devices, veth and dummy, are destroyed with their network namespace: they do not go back to the initial one.
#[claim(
    source = "network_namespaces(7) DESCRIPTION",
    needs = [InitialNamespaces, Root, Module("veth"), Module("dummy")],
)]
fn net_virtual_devices_destroyed() -> Verdict {
    let here = Netlink::open()?;
    let before = here.names()?;
    here.add(LinkVeth::new("a", "b").build())?.doing("make a pair of veth devices")?;
    here.add(LinkDummy::new("dummy-moved").build())?.doing("make a dummy device")?;
    let process = waiting(CLONE_NEWNET)?;
    for name in ["a", "dummy-moved"] {
        expect_ok!(here.change(device(name).setns_by_pid(process.pid().as_raw() as u32).build())?);
    }
    expect_eq!(has(&here, "a")?, (false, true), "a and b while the process lives");
    drop(process);
    // The peer goes with the devices of the namespace: once it is gone the others have gone wherever they go.
    let left = settle(|left| *left == (false, false), || has(&here, "a"))?;
    expect_eq!(left, (false, false), "a and b after the process has ended");
    expect_eq!(here.names()?, before, "what is in the initial network namespace");
    holds()
}

/// Whether there are a device of this name, and `b`.
fn has(netlink: &Netlink, name: &str) -> Outcome<(bool, bool)> {
    let names = netlink.names()?;
    Ok((names.iter().any(|one| one == name), names.iter().any(|one| one == "b")))
}
