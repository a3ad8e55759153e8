//! Whether packets pass: what `ping(8)` does.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::settle;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, recv, sendto, socket_with,
};

/// How an echo request and its reply look for a family of addresses.
struct Kind {
    family: AddressFamily,
    protocol: Protocol,
    request: u8,
    reply: u8,
}

const V4: Kind = Kind { family: AddressFamily::INET, protocol: ipproto::ICMP, request: 8, reply: 0 };
const V6: Kind = Kind { family: AddressFamily::INET6, protocol: ipproto::ICMPV6, request: 128, reply: 129 };

/// What stands in each request of ours behind the checksum: an identifier and a number.
const MARK: [u8; 4] = *b"ns\0\x01";

/// Sends an echo request from the calling thread's network namespace and waits for the reply: whether it has come. The
/// answer to sending is the kernel's.
pub(super) fn echo(to: impl Into<IpAddr>) -> Outcome<rustix::io::Result<bool>> {
    let to = to.into();
    let kind = if to.is_ipv4() { V4 } else { V6 };
    let socket = socket_with(kind.family, SocketType::RAW, SocketFlags::CLOEXEC, Some(kind.protocol));
    let socket = socket.doing("make a raw socket")?;
    // The kernel fills in the checksum of IPv6 requests alone.
    let sum = u16::from_be_bytes([kind.request, 0]) + u16::from_be_bytes([MARK[0], MARK[1]]) + u16::from(MARK[3]);
    let [high, low] = (!sum).to_be_bytes();
    let request = [kind.request, 0, high, low, MARK[0], MARK[1], MARK[2], MARK[3]];
    if let Err(errno) = sendto(&socket, &request, SendFlags::empty(), &SocketAddr::new(to, 0)) {
        return Ok(Err(errno));
    }
    settle(|came| *came, || any_is_the_reply(&socket, &kind)).map(Ok)
}

/// Whether one of the packets that have come by now is the reply.
fn any_is_the_reply(socket: &OwnedFd, kind: &Kind) -> Outcome<bool> {
    let mut buffer = [0; 2048];
    loop {
        match recv(socket, &mut buffer, RecvFlags::DONTWAIT) {
            Err(Errno::AGAIN) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).doing("receive an echo reply"),
            Ok((length, _)) => {
                // Raw IPv4 sockets show the header, whose length is given in words of four bytes.
                let header = if kind.family == AddressFamily::INET { usize::from(buffer[0] & 15) * 4 } else { 0 };
                let packet = buffer.get(header..length).unwrap_or_default();
                if packet.first() == Some(&kind.reply) && packet.get(4..8) == Some(&MARK[..]) {
                    return Ok(true);
                }
            }
        }
    }
}
