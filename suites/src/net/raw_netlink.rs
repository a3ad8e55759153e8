//! Netlink messages that no crate here has: put together from bytes, and told apart by their types.

use kit::netlink::Answer;
use kit::prelude::*;
use nix::errno::Errno;
use rtnetlink::packet_core::{NLM_F_DUMP, NLM_F_REQUEST};
use rtnetlink::sys::{Socket, SocketAddr};

/// `NLMSG_ERROR`: the last answer, unless to a dump.
const ERROR: u16 = 2;
/// `NLMSG_DONE`: the last answer to a dump.
const DONE: u16 = 3;
/// How long a message's header is, and how long an attribute's.
const HEADER: usize = 16;
const ATTRIBUTE: usize = 4;

/// A message: its type, its flags and what follows its header.
pub(super) struct Raw {
    pub(super) kind: u16,
    pub(super) flags: u16,
    pub(super) body: Vec<u8>,
}

/// A netlink socket of any protocol.
pub(super) struct RawNetlink {
    socket: Socket,
}

impl RawNetlink {
    /// Opens one in the calling thread's network namespace.
    pub(super) fn open(protocol: isize) -> Outcome<Self> {
        let mut socket = Socket::new(protocol).doing("open a netlink socket")?;
        socket.bind_auto().doing("bind a netlink socket")?;
        Ok(Self { socket })
    }

    /// Sends these messages at once, and waits for the one answer that ends what they are told.
    pub(super) fn tell(&self, messages: &[Raw]) -> Answer<Vec<Raw>> {
        let bytes: Vec<u8> = messages.iter().zip(0..).flat_map(|(message, number)| message.bytes(number)).collect();
        self.socket.send_to(&bytes, &SocketAddr::new(0, 0), 0).doing("send to netlink")?;
        let mut answers = Vec::new();
        loop {
            let (bytes, _) = self.socket.recv_from_full().doing("receive from netlink")?;
            for answer in parse(&bytes) {
                match (answer.kind, answer.body.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes))) {
                    (ERROR | DONE, Some(error @ ..0)) => return Ok(Err(Errno::from_raw(-error))),
                    (ERROR | DONE, _) => return Ok(Ok(answers)),
                    _ => answers.push(answer),
                }
            }
        }
    }

    /// Asks for all there is.
    pub(super) fn dump(&self, kind: u16, body: Vec<u8>) -> Answer<Vec<Raw>> {
        self.tell(&[Raw { kind, flags: NLM_F_DUMP, body }])
    }
}

impl Raw {
    fn bytes(&self, number: u32) -> Vec<u8> {
        let mut bytes = ((HEADER + self.body.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(self.kind.to_ne_bytes());
        bytes.extend((self.flags | NLM_F_REQUEST).to_ne_bytes());
        bytes.extend(number.to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(&self.body);
        padded(bytes)
    }

    /// The value of its first attribute of this type, behind a header of the protocol's own with this length.
    pub(super) fn attribute(&self, header: usize, kind: u16) -> Option<&[u8]> {
        let mut rest = self.body.get(header..)?;
        while let [low, high, kind_low, kind_high, ..] = *rest {
            let length = usize::from(u16::from_ne_bytes([low, high]));
            let value = rest.get(ATTRIBUTE..length)?;
            if u16::from_ne_bytes([kind_low, kind_high]) & 0x3fff == kind {
                return Some(value);
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        None
    }
}

fn parse(bytes: &[u8]) -> Vec<Raw> {
    let mut rest = bytes;
    let mut all = Vec::new();
    while let Some(header) = rest.first_chunk::<HEADER>() {
        let number = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let Some(body) = rest.get(HEADER..length) else {
            break;
        };
        all.push(Raw { kind: number(4), flags: number(6), body: body.to_vec() });
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all
}

/// An attribute with its header and its padding.
pub(super) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = ((ATTRIBUTE + value.len()) as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    padded(bytes)
}

/// An attribute of attributes.
pub(super) fn nested(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
    attribute(kind | 0x8000, &attributes.concat())
}

fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
