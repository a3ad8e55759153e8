//! Who hears of devices: netlink sockets for uevents. `netlink(7)` NETLINK_KOBJECT_UEVENT.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};

use kit::netlink::Netlink;
use kit::prelude::*;
use kit::process::user_namespace_with;
use kit::settle;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket};
use rtnetlink::LinkVeth;

use super::networks::Network;
use super::wires::hand_over;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    uevents_of_network_devices_stay_in_their_network,
    uevents_tell_both_networks_of_a_move,
    other_uevents_reach_each_network_of_the_initial_owner,
    other_uevents_do_not_reach_networks_of_other_owners,
    uevent_listeners_stay_where_their_sockets_were_made,
];

/// The uevents of a network device reach the listeners in its own network namespace alone, whichever user namespace owns
/// that.
#[claim(
    source = ["netlink(7)", "lib/kobject_uevent.c uevent_net_broadcast_tagged"],
    needs = [Root, UserNamespaces, Module("veth")],
)]
fn uevents_of_network_devices_stay_in_their_network() -> Verdict {
    let apart = || {
        let (one, other) = (Network::new()?, Network::new()?);
        let (first, second) = (one.inside(listener)?, other.inside(listener)?);
        make_pair(one.netlink(), "one")?;
        make_pair(other.netlink(), "other")?;
        make_pair(one.netlink(), "last")?;
        expect_eq!(until(&second, "add other")?, ["add other"], "where the second pair was made");
        let heard = until(&first, "add last")?;
        expect_eq!(heard, ["add one", "add one-peer", "add last"], "where the first pair was made");
        holds()
    };
    apart()?;
    user_namespace(CLONE_NEWNET, apart)
}

/// A network device that is moved is removed to the listeners in the old network namespace, and added to those in the new
/// one.
#[claim(source = "net/core/dev.c dev_change_net_namespace", needs = [Root, Module("veth")])]
fn uevents_tell_both_networks_of_a_move() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    let (old, new) = (one.inside(listener)?, other.inside(listener)?);
    make_pair(one.netlink(), "moved")?;
    expect_eq!(until(&old, "add moved-peer")?, ["add moved", "add moved-peer"], "before the move");
    hand_over(&one, "moved", &other)?;
    expect_eq!(until(&old, "remove moved")?, ["remove moved"], "in the old network namespace");
    expect_eq!(until(&new, "add moved")?, ["add moved"], "in the new network namespace");
    holds()
}

/// The uevents of other devices reach listeners in every network namespace that the initial user namespace owns.
#[claim(
    source = ["netlink(7)", "lib/kobject_uevent.c uevent_net_broadcast_untagged"],
    needs = [Config("NET_NS"), InitialNamespaces, Disposable, Root],
)]
fn other_uevents_reach_each_network_of_the_initial_owner() -> Verdict {
    let other = Network::new()?;
    let sockets = [listener()?, other.inside(listener)?, Network::new()?.inside(listener)?];
    change_null()?;
    for socket in &sockets {
        expect!(until(socket, NULL_CHANGED)?.contains(&NULL_CHANGED.to_owned()));
    }
    holds()
}

/// The uevents of devices that are no network devices do not reach listeners in a network namespace that another user
/// namespace than the initial one owns.
#[claim(
    source = "lib/kobject_uevent.c uevent_net_broadcast_untagged",
    needs = [InitialNamespaces, Disposable, Root, UserNamespaces, Module("veth")],
)]
fn other_uevents_do_not_reach_networks_of_other_owners() -> Verdict {
    let here = listener()?;
    let owner = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNET, |case| {
        let socket = listener()?;
        case.go()?;
        case.wait()?;
        make_pair(&Netlink::open()?, "after")?;
        until(&socket, "add after")
    })?;
    owner.recv::<()>()?;
    change_null()?;
    expect!(until(&here, NULL_CHANGED)?.contains(&NULL_CHANGED.to_owned()), "in the initial network namespace");
    owner.go()?;
    // Had it heard of the other device, that would have come first.
    expect_eq!(owner.join()?, ["add after"], "in a network namespace that another user namespace owns");
    holds()
}

/// A listener hears the uevents of the network namespace in which its socket was made, also after its process has left
/// that and its user namespace.
#[claim(
    source = "lib/kobject_uevent.c uevent_net_init",
    needs = [InitialNamespaces, Disposable, Root, UserNamespaces],
)]
fn uevent_listeners_stay_where_their_sockets_were_made() -> Verdict {
    for left in [CLONE_NEWNET, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWNET] {
        let listening = spawn(NONE, |case| {
            let socket = listener()?;
            unshare(left).doing("unshare")?;
            case.go()?;
            until(&socket, NULL_CHANGED)
        })?;
        listening.recv::<()>()?;
        change_null()?;
        expect!(listening.join()?.contains(&NULL_CHANGED.to_owned()), "after unshare({left})");
    }
    holds()
}

/// A socket that hears the kernel's uevents of the network namespace in which it is made.
fn listener() -> Outcome<OwnedFd> {
    const FROM_THE_KERNEL: u32 = 1;
    let protocol = SockProtocol::NetlinkKObjectUEvent;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol);
    let socket = socket.doing("make a socket for uevents")?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, FROM_THE_KERNEL)).doing("bind a socket for uevents")?;
    Ok(socket)
}

/// The next uevent: what happened, and the last part of the device's path. None if none comes.
fn next(socket: &OwnedFd) -> Outcome<Option<String>> {
    let mut buffer = [0; 8192];
    let length = settle(Option::is_some, || match recv(socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
        Err(Errno::EAGAIN) => Ok(None),
        answer => Ok(Some(answer.doing("receive a uevent")?)),
    })?;
    let Some(length) = length else {
        return Ok(None);
    };
    let head = buffer[..length].split(|byte| *byte == 0).next().unwrap_or_default();
    let head = String::from_utf8_lossy(head).into_owned();
    let (action, path) =
        head.split_once('@').ok_or_else(|| Failure::broken(format!("a uevent without a path: {head}")))?;
    Ok(Some(format!("{action} {}", path.rsplit('/').next().unwrap_or_default())))
}

/// The uevents up to this one, for which it waits. Those of a device's queues are left out.
fn until(socket: &OwnedFd, last: &str) -> Outcome<Vec<String>> {
    let mut all = Vec::new();
    while let Some(event) = next(socket)? {
        let is_last = event == last;
        if !event.contains(" rx-") && !event.contains(" tx-") {
            all.push(event);
        }
        if is_last {
            break;
        }
    }
    Ok(all)
}

/// Makes a pair of veth devices of which the first to be told of has this name.
fn make_pair(netlink: &Netlink, name: &str) -> Outcome<()> {
    let pair = LinkVeth::new(&format!("{name}-peer"), name).build();
    netlink.add(pair)?.doing("make a pair of veth devices")
}

/// What listeners hear after [`change_null`].
const NULL_CHANGED: &str = "change null";

/// Has the kernel tell once more of /dev/null.
fn change_null() -> Outcome<()> {
    fs::write("/sys/class/mem/null/uevent", "change").doing("write change to a uevent file")
}
