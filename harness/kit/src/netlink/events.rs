//! What rtnetlink tells those who listen: rtnetlink(7), multicast groups.

use std::cell::RefCell;
use std::collections::VecDeque;

use rtnetlink::packet_core::{NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::sys::Socket;
use rtnetlink::sys::constants::NETLINK_ROUTE;

use super::datagrams::{opened_in, receive};
use crate::namespace::Namespace;
use crate::words::verdict::{Doing, Failure, Outcome};

/// A socket that hears what happens in the network namespace in which it was opened.
#[derive(Debug)]
pub struct Events {
    socket: Socket,
    waiting: RefCell<VecDeque<Message>>,
}

impl Events {
    /// Listens to a group (`RTNLGRP_*`) in the calling thread's network namespace.
    pub fn of(group: u32) -> Outcome<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE).doing("open a netlink socket")?;
        socket.bind_auto().doing("bind a netlink socket")?;
        socket.add_membership(group).doing("join a group of rtnetlink")?;
        Ok(Self { socket, waiting: RefCell::default() })
    }

    /// Listens in another network namespace.
    pub fn of_in(group: u32, namespace: &Namespace) -> Outcome<Self> {
        opened_in(namespace, || Self::of(group))
    }

    /// The next thing that is told. Waits for it: that there is none is seen by what comes instead.
    pub fn next(&self) -> Outcome<Message> {
        loop {
            if let Some(message) = self.waiting.borrow_mut().pop_front() {
                return Ok(message);
            }
            let (bytes, _) = receive(&self.socket)?;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let packet = NetlinkMessage::<Message>::deserialize(rest)
                    .map_err(|error| Failure::broken(format!("cannot read what netlink tells: {error}")))?;
                rest = rest.get((packet.header.length as usize).next_multiple_of(4)..).unwrap_or_default();
                if let NetlinkPayload::InnerMessage(message) = packet.payload {
                    self.waiting.borrow_mut().push_back(message);
                }
            }
        }
    }
}
