//! Datagrams of netlink sockets, and sockets of other network namespaces.

use std::io;

use rtnetlink::sys::{Socket, SocketAddr};

use crate::namespace::{Kind, Namespace};
use crate::sys::clone::setns;
use crate::words::verdict::{Doing, Outcome};

/// The next datagram. Waits for it.
pub(super) fn receive(socket: &Socket) -> Outcome<(Vec<u8>, SocketAddr)> {
    loop {
        match socket.recv_from_full() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            answer => return answer.doing("receive from netlink"),
        }
    }
}

/// What `open` opens while the calling thread is in another network namespace.
pub(super) fn opened_in<T>(namespace: &Namespace, open: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let own = Namespace::own(Kind::Net)?;
    setns(namespace, Kind::Net.flag()).doing("enter the other network namespace")?;
    let opened = open();
    setns(&own, Kind::Net.flag()).doing("return from the other network namespace")?;
    opened
}
