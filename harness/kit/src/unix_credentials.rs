//! Credentials that travel over Unix domain sockets: `unix(7)`, SCM_CREDENTIALS.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::sockopt::PassCred;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr, recvmsg, sendmsg,
    setsockopt, socketpair,
};
use nix::unistd::{getgid, getpid, getuid};

use crate::words::verdict::{Doing, Failure, Outcome};

/// Who a process claims to be, or is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the manual's own names")]
pub struct Credentials {
    pub pid: i32,
    pub uid: u32,
    pub gid: u32,
}

impl Credentials {
    /// The caller's own, as it knows them.
    pub fn own() -> Self {
        Self { pid: getpid().as_raw(), uid: getuid().as_raw(), gid: getgid().as_raw() }
    }
}

/// Two connected sockets, on both of which credentials are received.
pub fn credential_pair() -> Outcome<(OwnedFd, OwnedFd)> {
    let (one, other) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
    setsockopt(&one, PassCred, &true).doing("set SO_PASSCRED")?;
    setsockopt(&other, PassCred, &true).doing("set SO_PASSCRED")?;
    Ok((one, other))
}

/// Sends one byte with credentials that claim to be somebody.
pub fn send_credentials(socket: &OwnedFd, claimed: Credentials) -> nix::Result<()> {
    let claimed = libc::ucred { pid: claimed.pid, uid: claimed.uid, gid: claimed.gid };
    send(socket, &[ControlMessage::ScmCredentials(&claimed.into())])
}

/// Sends one byte; the kernel adds credentials.
pub fn send_plain(socket: &OwnedFd) -> nix::Result<()> {
    send(socket, &[])
}

fn send(socket: &OwnedFd, control: &[ControlMessage<'_>]) -> nix::Result<()> {
    let flags = MsgFlags::MSG_NOSIGNAL;
    sendmsg::<UnixAddr>(socket.as_raw_fd(), &[IoSlice::new(b"x")], control, flags, None).map(drop)
}

/// The credentials that come with the next message.
pub fn received_credentials(socket: &OwnedFd) -> Outcome<Credentials> {
    let mut byte = [0];
    let mut space = nix::cmsg_space!(libc::ucred);
    let mut parts = [IoSliceMut::new(&mut byte)];
    let message = recvmsg::<UnixAddr>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty())
        .doing("receive credentials")?;
    let seen = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmCredentials(seen) => {
            Some(Credentials { pid: seen.pid(), uid: seen.uid(), gid: seen.gid() })
        }
        _ => None,
    });
    seen.ok_or_else(|| Failure::broken("a message came without credentials"))
}
