//! Who is told of what happens in a network namespace: netlink groups, and NETLINK_LISTEN_ALL_NSID. `netlink(7)`.

use std::io::IoSliceMut;
use std::os::fd::AsRawFd;

use kit::netlink::Netlink;
use kit::prelude::*;
use kit::process::{with_only, without};
use kit::settle;
use kit::sys::device_flags::set_loopback;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, NetlinkAddr, recvmsg};
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::link::LinkFlags;
use rtnetlink::packet_route::nsid::{NsidAttribute, NsidMessage};
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::thread::CapabilitySet;

use super::networks::Network;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    link_messages_stay_in_their_network,
    listen_all_nsid_hears_networks_that_have_an_id,
    listen_all_nsid_requires_net_broadcast,
];

/// The members of RTNLGRP_LINK are told of the devices of the network namespace that their socket was made in, and of no
/// others.
#[claim(source = ["netlink(7)", "rtnetlink(7)"], needs = [UserNamespaces, Config("INET")])]
fn link_messages_stay_in_their_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::new()?, Network::new()?);
        // Were it one, each listener would hear what is expected here: lo comes up once, and goes down.
        expect_ne!(one.inode()?, other.inode()?);
        let (first, second) = (one.inside(listener)?, other.inside(listener)?);
        one.inside(|| set_loopback(true).doing("set lo up"))?;
        expect_eq!(next(&first)?, Some((true, None)), "where lo has come up");
        // Had it heard of the other one's lo, that would have come first.
        other.inside(|| {
            set_loopback(true).doing("set lo up")?;
            set_loopback(false).doing("set lo down")
        })?;
        expect_eq!([next(&second)?, next(&second)?], [Some((true, None)), Some((false, None))], "in the other one");
        one.inside(|| set_loopback(false).doing("set lo down"))?;
        expect_eq!(next(&first)?, Some((false, None)), "the next that was heard where lo came up first");
        holds()
    })
}

/// A netlink socket with NETLINK_LISTEN_ALL_NSID also hears of each network namespace that has an ID in its own, and is told
/// the ID.
///
/// The ID is in the ancillary data. Messages of its own network namespace have none, and network namespaces without an ID are
/// not heard.
#[claim(source = "netlink(7)", needs = [UserNamespaces, Config("INET")])]
fn listen_all_nsid_hears_networks_that_have_an_id() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let [known, better_known, unknown] = [Network::new()?, Network::new()?, Network::new()?];
        let here = Netlink::open()?;
        assign(&here, &known, 7)?;
        assign(&here, &better_known, 9)?;
        let (all, own) = (listener()?, listener()?);
        expect_ok!(listen_to_all(&all));
        for place in [&unknown, &better_known, &known] {
            place.inside(|| set_loopback(true).doing("set lo up"))?;
        }
        set_loopback(true).doing("set lo up")?;
        let heard = [next(&all)?, next(&all)?, next(&all)?];
        expect_eq!(heard, [Some((true, Some(9))), Some((true, Some(7))), Some((true, None))], "with the option");
        set_loopback(false).doing("set lo down")?;
        expect_eq!([next(&own)?, next(&own)?], [Some((true, None)), Some((false, None))], "without the option");
        expect_eq!(next(&all)?, Some((false, None)), "with the option, of its own network namespace");
        holds()
    })
}

/// Setting NETLINK_LISTEN_ALL_NSID requires CAP_NET_BROADCAST; without it setsockopt(2) fails with EPERM.
#[claim(source = "netlink(7)", needs = [Root, UserNamespaces])]
fn listen_all_nsid_requires_net_broadcast() -> Verdict {
    with_only(CapabilitySet::NET_BROADCAST, NONE, || {
        expect_ok!(listen_to_all(&listener()?), "with no other capability");
        Ok(())
    })?;
    without(CapabilitySet::NET_BROADCAST, NONE, || {
        expect_errno!(listen_to_all(&listener()?), EPERM, "with all other capabilities");
        Ok(())
    })?;
    let socket = listener()?;
    user_namespace(CLONE_NEWNET, || {
        expect_errno!(listen_to_all(&socket), EPERM, "as root of a user namespace, on a socket from outside");
        expect_ok!(
            listen_to_all(&listener()?),
            "as root of a user namespace, on a socket of its own network namespace"
        );
        Ok(())
    })?;
    holds()
}

/// A socket that is told of devices.
fn listener() -> Outcome<Socket> {
    const RTNLGRP_LINK: u32 = 1;
    let mut socket = Socket::new(NETLINK_ROUTE).doing("open a netlink socket")?;
    socket.bind(&SocketAddr::new(0, 0)).doing("bind a netlink socket")?;
    socket.add_membership(RTNLGRP_LINK).doing("join RTNLGRP_LINK")?;
    Ok(socket)
}

fn listen_to_all(socket: &Socket) -> std::io::Result<()> {
    socket.set_listen_all_namespaces(true)
}

/// Gives a network namespace an ID in another one.
fn assign(here: &Netlink, place: &Network, nsid: i32) -> Outcome<()> {
    let mut message = NsidMessage::default();
    message.attributes = vec![NsidAttribute::Fd(place.namespace().fd().as_raw_fd() as u32), NsidAttribute::Id(nsid)];
    here.tell(Message::NewNsId(message), NLM_F_CREATE | NLM_F_EXCL)?.doing("assign an ID")
}

/// Whether the device of the next message is up, and the ID of its network namespace if one is told. None if no message
/// comes.
fn next(socket: &Socket) -> Outcome<Option<(bool, Option<i32>)>> {
    let mut buffer = vec![0; 32 * 1024];
    let mut space = nix::cmsg_space!(i32);
    let received = settle(Option::is_some, || {
        let mut parts = [IoSliceMut::new(&mut buffer)];
        match recvmsg::<NetlinkAddr>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_DONTWAIT) {
            Err(Errno::EAGAIN) => Ok(None),
            answer => {
                let message = answer.doing("receive from netlink")?;
                let nsid = message.cmsgs()?.find_map(nsid_in);
                Ok(Some((message.bytes, nsid)))
            }
        }
    })?;
    let Some((length, nsid)) = received else {
        return Ok(None);
    };
    let message = NetlinkMessage::<Message>::deserialize(&buffer[..length])
        .map_err(|error| Failure::broken(format!("cannot read a message of netlink: {error}")))?;
    match message.payload {
        NetlinkPayload::InnerMessage(Message::NewLink(link)) => {
            Ok(Some((link.header.flags.contains(LinkFlags::Up), nsid)))
        }
        other => Err(Failure::broken(format!("netlink told of something else: {other:?}"))),
    }
}

/// The ID in a control message of NETLINK_LISTEN_ALL_NSID.
fn nsid_in(control: ControlMessageOwned) -> Option<i32> {
    match control {
        ControlMessageOwned::Unknown(message)
            if message.cmsg_header.cmsg_level == libc::SOL_NETLINK
                && message.cmsg_header.cmsg_type == libc::NETLINK_LISTEN_ALL_NSID =>
        {
            Some(i32::from_ne_bytes(message.data_bytes.get(..4)?.try_into().ok()?))
        }
        _ => None,
    }
}
