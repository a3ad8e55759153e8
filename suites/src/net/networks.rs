//! Network namespaces that a case goes into and comes back from, and what it does there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use kit::netlink::{Answer, Netlink};
use kit::prelude::*;
use kit::sys::device_flags::set_loopback;
use kit::sys::socket_network::network_of;
use rtnetlink::packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::address::AddressHeaderFlags;
use rtnetlink::{AddressMessageBuilder, LinkUnspec};
use rustix::net::{AddressFamily, SocketFlags, SocketType, getsockname, socket_with};

/// A network namespace, held by an open file, and a netlink socket in it.
pub(super) struct Network {
    namespace: Namespace,
    netlink: Netlink,
}

impl Network {
    /// A new one, with nothing in it but what the kernel puts there.
    pub(super) fn new() -> Outcome<Self> {
        let own = Namespace::own(Kind::Net)?;
        unshare(CLONE_NEWNET).doing("unshare a network namespace")?;
        let (namespace, netlink) = (Namespace::own(Kind::Net), Netlink::open());
        setns(&own, CLONE_NEWNET).doing("return from the new network namespace")?;
        Ok(Self { namespace: namespace?, netlink: netlink? })
    }

    /// A new one whose loopback device is up.
    pub(super) fn with_loopback() -> Outcome<Self> {
        let new = Self::new()?;
        new.inside(|| set_loopback(true).doing("set the loopback device up"))?;
        Ok(new)
    }

    /// The one that the caller is in.
    pub(super) fn own() -> Outcome<Self> {
        Ok(Self { namespace: Namespace::own(Kind::Net)?, netlink: Netlink::open()? })
    }

    /// The one that a file stands for.
    pub(super) fn at(path: &str) -> Outcome<Self> {
        let namespace = Namespace::at(path)?;
        let netlink = Netlink::open_in(&namespace)?;
        Ok(Self { namespace, netlink })
    }

    /// Does something in there, and comes back whatever becomes of it.
    pub(super) fn inside<T>(&self, body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let own = Namespace::own(Kind::Net)?;
        setns(&self.namespace, CLONE_NEWNET).doing("enter a network namespace")?;
        let done = body();
        setns(&own, CLONE_NEWNET).doing("return from a network namespace")?;
        done
    }

    /// Its number.
    pub(super) fn inode(&self) -> Outcome<Inode> {
        self.namespace.inode()
    }

    /// The file that holds it.
    pub(super) fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The socket in there.
    pub(super) fn netlink(&self) -> &Netlink {
        &self.netlink
    }

    /// Sets a device up.
    pub(super) fn set_up(&self, name: &str) -> Outcome<()> {
        self.netlink.change(LinkUnspec::new_with_name(name).up().build())?.doing(format!("set {name} up"))
    }

    /// Gives a device an address, which can be used at once.
    pub(super) fn add_address(&self, name: &str, address: impl Into<IpAddr>, prefix: u8) -> Outcome<()> {
        let address = address.into();
        self.try_add_address(name, address, prefix)?.doing(format!("give {name} the address {address}"))
    }

    /// The same, with the kernel's answer.
    pub(super) fn try_add_address(&self, name: &str, address: impl Into<IpAddr>, prefix: u8) -> Answer<()> {
        let (index, address) = (self.netlink.device(name)?.index, address.into());
        let mut message = match address {
            IpAddr::V4(address) => {
                AddressMessageBuilder::<Ipv4Addr>::new().index(index).address(address, prefix).build()
            }
            IpAddr::V6(address) => {
                AddressMessageBuilder::<Ipv6Addr>::new().index(index).address(address, prefix).build()
            }
        };
        // Else an IPv6 address could not be used before it is known that nothing else has it.
        message.header.flags |= AddressHeaderFlags::Nodad;
        self.netlink.tell(Message::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL)
    }
}

/// How many connections wait at most to be accepted: more than any case makes.
pub(super) const BACKLOG: i32 = 8;

/// A socket of this family and kind.
pub(super) fn new_socket(family: AddressFamily, kind: SocketType) -> Outcome<OwnedFd> {
    socket_with(family, kind, SocketFlags::CLOEXEC, None).doing(format!("make a socket, {family:?} {kind:?}"))
}

/// The inode number of the network namespace that a socket is in.
pub(super) fn home(socket: &OwnedFd) -> Outcome<Inode> {
    Namespace::from_fd(network_of(socket).doing("SIOCGSKNS")?).inode()
}

/// The port that an IPv4 socket is bound to.
pub(super) fn port_of(socket: &OwnedFd) -> Outcome<u16> {
    let address = SocketAddrV4::try_from(getsockname(socket).doing("getsockname")?).doing("an IPv4 address")?;
    Ok(address.port())
}

/// A port of the loopback address.
pub(super) fn loopback(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
}
