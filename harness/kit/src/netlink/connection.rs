//! A socket to rtnetlink, and what is asked by it.

use std::cell::{Cell, RefCell};

use nix::errno::Errno;
use nix::unistd::Pid;
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use rtnetlink::packet_route::RouteNetlinkMessage as Message;
use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage, Prop};
use rtnetlink::sys::constants::NETLINK_ROUTE;
use rtnetlink::sys::{Socket, SocketAddr};

use super::datagrams::{opened_in, receive};
use super::device::Device;
use super::reason;
use crate::namespace::{Kind, Namespace};
use crate::process::{Child, Spawn};
use crate::words::verdict::{Doing, Failure, Outcome};

/// What the kernel answers: refusals are for the case to judge, and the outer [`Outcome`] is broken when there is none.
pub type Answer<T> = Outcome<nix::Result<T>>;

/// A socket to rtnetlink. It belongs for ever to the network namespace in which it was opened.
#[derive(Debug)]
pub struct Netlink {
    socket: Socket,
    sequence: Cell<u32>,
    reason: RefCell<Option<String>>,
}

impl Netlink {
    /// Opens one in the calling thread's network namespace.
    pub fn open() -> Outcome<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE).doing("open a netlink socket")?;
        socket.bind_auto().doing("bind a netlink socket")?;
        reason::ask_for(&socket)?;
        Ok(Self { socket, sequence: Cell::new(0), reason: RefCell::default() })
    }

    /// Opens one in another network namespace.
    pub fn open_in(namespace: &Namespace) -> Outcome<Self> {
        opened_in(namespace, Self::open)
    }

    /// Makes a device.
    pub fn add(&self, device: LinkMessage) -> Answer<()> {
        self.tell(Message::NewLink(device), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Changes a device: the one of the message's index, or without an index of its name.
    pub fn change(&self, device: LinkMessage) -> Answer<()> {
        self.tell(Message::NewLink(device), 0)
    }

    /// Deletes the device with this index.
    pub fn delete(&self, index: u32) -> Answer<()> {
        let mut device = LinkMessage::default();
        device.header.index = index;
        self.tell(Message::DelLink(device), 0)
    }

    /// Gives a device one more name.
    pub fn add_altname(&self, index: u32, name: &str) -> Answer<()> {
        self.tell(Message::NewLinkProp(altname(index, name)), NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND)
    }

    /// Takes one of its other names from a device.
    pub fn delete_altname(&self, index: u32, name: &str) -> Answer<()> {
        self.tell(Message::DelLinkProp(altname(index, name)), 0)
    }

    /// Says something whose only answer is yes or no.
    pub fn tell(&self, message: Message, flags: u16) -> Answer<()> {
        Ok(self.request(message, flags | NLM_F_ACK)?.map(drop))
    }

    /// Asks for all there is.
    pub fn dump(&self, message: Message) -> Outcome<Vec<Message>> {
        self.request(message, NLM_F_DUMP)?.doing("a netlink dump")
    }

    /// Has the kernel refuse questions that it cannot understand whole, and heed all that a dump is asked for
    /// (NETLINK_GET_STRICT_CHK, since 5.0).
    pub fn be_strict(&self) -> Outcome<()> {
        self.socket.set_netlink_get_strict_chk(true).doing("set NETLINK_GET_STRICT_CHK")
    }

    /// The devices of the network namespace that has this ID in the socket's (IFLA_TARGET_NETNSID), in no order.
    pub fn devices_in(&self, nsid: i32) -> Answer<Vec<Device>> {
        let mut question = LinkMessage::default();
        question.attributes.push(LinkAttribute::IfNetnsId(nsid));
        Ok(self.request(Message::GetLink(question), NLM_F_DUMP)?.map(links))
    }

    /// The devices of the socket's network namespace, in the order of their indexes.
    pub fn devices(&self) -> Outcome<Vec<Device>> {
        let mut devices = links(self.dump(Message::GetLink(LinkMessage::default()))?);
        devices.sort_by_key(|device| device.index);
        Ok(devices)
    }

    /// The names of its devices, in the order of their indexes.
    pub fn names(&self) -> Outcome<Vec<String>> {
        Ok(self.devices()?.into_iter().map(|device| device.name).collect())
    }

    /// The device of this name, which must be there.
    pub fn device(&self, name: &str) -> Outcome<Device> {
        let found = self.devices()?.into_iter().find(|device| device.name == name);
        found.ok_or_else(|| Failure::broken(format!("there is no network device {name}")))
    }

    /// What the kernel said in words to the last request, such as why it is refused (NLMSGERR_ATTR_MSG). No interface:
    /// it changes without notice.
    pub fn reason(&self) -> Option<String> {
        self.reason.borrow().clone()
    }

    pub(super) fn request(&self, message: Message, flags: u16) -> Answer<Vec<Message>> {
        let mut packet = NetlinkMessage::from(message);
        self.sequence.set(self.sequence.get() + 1);
        packet.header.flags = NLM_F_REQUEST | flags;
        packet.header.sequence_number = self.sequence.get();
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        self.socket.send_to(&bytes, &SocketAddr::new(0, 0), 0).doing("send to netlink")?;
        let mut answers = Vec::new();
        loop {
            let (bytes, _) = self.receive()?;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let packet = NetlinkMessage::<Message>::deserialize(rest)
                    .map_err(|error| Failure::broken(format!("cannot read an answer of netlink: {error}")))?;
                let length = (packet.header.length as usize).next_multiple_of(4);
                rest = rest.get(length..).unwrap_or_default();
                if packet.header.sequence_number != self.sequence.get() {
                    continue;
                }
                match packet.payload {
                    NetlinkPayload::InnerMessage(message) => answers.push(message),
                    NetlinkPayload::Done(done) if done.code < 0 => return Ok(Err(Errno::from_raw(-done.code))),
                    NetlinkPayload::Done(_) => return Ok(Ok(answers)),
                    NetlinkPayload::Error(error) => {
                        self.reason.replace(reason::of(&error));
                        return Ok(error.code.map_or(Ok(answers), |code| Err(Errno::from_raw(-code.get()))));
                    }
                    _ => return Err(Failure::broken("netlink answered with something that is no answer")),
                }
            }
        }
    }

    fn receive(&self) -> Outcome<(Vec<u8>, SocketAddr)> {
        receive(&self.socket)
    }
}

/// The devices that messages tell of.
fn links(messages: Vec<Message>) -> Vec<Device> {
    let links = messages.into_iter().filter_map(|message| match message {
        Message::NewLink(link) => Some(Device::from(link)),
        _ => None,
    });
    links.collect()
}

/// Another network namespace: somebody waits in it, and a socket leads into it.
#[derive(Debug)]
pub struct Elsewhere {
    process: Child<()>,
    netlink: Netlink,
}

impl Elsewhere {
    /// A new network namespace, with nothing in it but what the kernel puts there.
    pub fn new() -> Outcome<Self> {
        // Without our sockets into other network namespaces, which keep these.
        let process = Spawn::new(Kind::Net.flag()).without_files().start(|case| case.wait())?;
        let netlink = Netlink::open_in(&process.namespace(Kind::Net)?)?;
        Ok(Self { process, netlink })
    }

    /// The socket into it.
    pub fn netlink(&self) -> &Netlink {
        &self.netlink
    }

    /// The process in it.
    pub fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// An open file that refers to it.
    pub fn namespace(&self) -> Outcome<Namespace> {
        self.process.namespace(Kind::Net)
    }
}

fn altname(index: u32, name: &str) -> LinkMessage {
    let mut device = LinkMessage::default();
    device.header.index = index;
    device.attributes.push(LinkAttribute::PropList(vec![Prop::AltIfName(name.to_owned())]));
    device
}
