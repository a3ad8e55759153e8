//! What a parent and its child say to each other.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr, recv, recvmsg, sendmsg,
    socketpair,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sys::raw;
use crate::words::verdict::{Failure, Outcome, Verdict};

/// One message is one packet; longer ones are refused, not cut.
const LONGEST_PACKET: usize = 128 * 1024;

/// One end of the line between two processes of a case. Whole values travel, in the order in which they were sent.
///
/// Waiting ends at the latest with the case's deadline, when the stage goes with everything in it.
#[derive(Debug)]
pub struct Peer {
    socket: OwnedFd,
}

#[derive(Serialize, Deserialize)]
pub(super) enum Packet {
    Say(Value),
    Descriptor,
    Done(Outcome<Value>),
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Peer {
    /// Two connected ends, for two processes that are not parent and child.
    pub fn pair() -> Outcome<(Self, Self)> {
        let (one, other) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        Ok((Self { socket: one }, Self { socket: other }))
    }

    /// Says a value to the other side.
    pub fn send<M: Serialize>(&self, message: &M) -> Outcome<()> {
        self.put(&Packet::Say(serde_json::to_value(message)?), None)
    }

    /// Waits for the other side's next value.
    pub fn recv<M: DeserializeOwned>(&self) -> Outcome<M> {
        match self.take()? {
            (Packet::Say(value), _) => Ok(serde_json::from_value(value)?),
            (Packet::Done(Err(failure)), _) => Err(failure),
            (Packet::Done(Ok(_)), _) => Err(Failure::broken("the other process finished instead of saying something")),
            (Packet::Descriptor, _) => Err(Failure::broken("the other process sent a descriptor instead of a value")),
        }
    }

    /// Tells the other side to go on; it is in [`Peer::wait`].
    pub fn go(&self) -> Outcome<()> {
        self.send(&())
    }

    /// Waits until the other side says [`Peer::go`].
    pub fn wait(&self) -> Outcome<()> {
        self.recv()
    }

    /// Passes an open descriptor to the other side.
    pub fn send_fd(&self, fd: impl AsFd) -> Outcome<()> {
        self.put(&Packet::Descriptor, Some(fd.as_fd()))
    }

    /// Waits for a descriptor from the other side.
    pub fn recv_fd(&self) -> Outcome<OwnedFd> {
        match self.take()? {
            (Packet::Descriptor, Some(fd)) => Ok(fd),
            (Packet::Done(Err(failure)), _) => Err(failure),
            _ => Err(Failure::broken("the other process sent something else than a descriptor")),
        }
    }

    /// A case's last word.
    pub fn done(&self, verdict: Verdict) {
        let value = verdict.and_then(|holds| Ok(serde_json::to_value(holds)?));
        // When nobody listens any more, nobody is interested.
        let _ = self.put(&Packet::Done(value), None);
    }

    /// A case's last word, if it has been said; what came before it is dropped.
    pub fn take_done(&self) -> Option<Verdict> {
        while let Some(packet) = self.take_now() {
            if let Packet::Done(value) = packet {
                return Some(value.map(|_| crate::words::verdict::Holds));
            }
        }
        None
    }

    fn take_now(&self) -> Option<Packet> {
        let mut sources = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut sources, PollTimeout::ZERO) {
            Ok(1..) => self.take().ok().map(|(packet, _)| packet),
            _ => None,
        }
    }

    pub(super) fn put(&self, packet: &Packet, fd: Option<BorrowedFd<'_>>) -> Outcome<()> {
        let bytes = serde_json::to_vec(packet)?;
        if bytes.len() > LONGEST_PACKET {
            return Err(Failure::broken(format!("a message of {} bytes is longer than {LONGEST_PACKET}", bytes.len())));
        }
        let raw: Vec<RawFd> = fd.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        let control = if raw.is_empty() { &[][..] } else { &rights[..] };
        sendmsg::<UnixAddr>(self.socket.as_raw_fd(), &[IoSlice::new(&bytes)], control, MsgFlags::MSG_NOSIGNAL, None)
            .map_err(|errno| Failure::broken(format!("the other process has gone: {errno}")))?;
        Ok(())
    }

    pub(super) fn take(&self) -> Outcome<(Packet, Option<OwnedFd>)> {
        let mut bytes = vec![0; self.next_length()?];
        let mut space = nix::cmsg_space!(RawFd);
        let (length, fd) = loop {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            let answer =
                recvmsg::<UnixAddr>(self.socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC);
            match answer {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
                // Somebody else took the packet that was measured.
                Ok(message) if message.flags.contains(MsgFlags::MSG_TRUNC) => {
                    return Err(Failure::broken("two processes read from one line, and a message was cut"));
                }
                Ok(message) => {
                    let fd = message.cmsgs()?.find_map(|control| match control {
                        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
                        _ => None,
                    });
                    break (message.bytes, fd.map(raw::own));
                }
            }
        };
        if length == 0 {
            return Err(Failure::broken("the other process ended without a word"));
        }
        Ok((serde_json::from_slice(&bytes[..length])?, fd))
    }

    /// How long the next packet is; waits for it. A buffer for the longest would cost a small process in an emulated machine
    /// more than all else here.
    fn next_length(&self) -> Outcome<usize> {
        loop {
            match recv(self.socket.as_raw_fd(), &mut [], MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC) {
                Err(Errno::EINTR) => {}
                length => return Ok(length?),
            }
        }
    }
}
