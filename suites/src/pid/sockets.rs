//! PIDs that travel over sockets: `unix(7)` SCM_CREDENTIALS and SO_PEERCRED, and the port IDs of `netlink(7)`.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};

use kit::prelude::*;
use kit::process::{with_only, without};
use kit::unix_credentials::{Credentials, credential_pair, received_credentials, send_credentials, send_plain};
use nix::errno::Errno;
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{
    AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, getsockname, getsockopt, socket,
};
use nix::unistd::{Pid, getpid};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    scm_credentials_pid_translated_up,
    scm_credentials_pid_zero_when_invisible,
    scm_credentials_pid_must_exist,
    scm_credentials_foreign_pid_needs_cap,
    so_peercred_pid_translated,
    netlink_autobind_uses_inner_pid,
];

/// SCM_CREDENTIALS from a nested PID namespace carry the PID that the sender has in the receiver's PID namespace.
#[claim(
    source = ["pid_namespaces(7) Miscellaneous", "unix(7) SCM_CREDENTIALS", "What's in a name(space)?"],
    needs = [Root]
)]
fn scm_credentials_pid_translated_up() -> Verdict {
    for (flags, own_number) in [(CLONE_NEWPID, Some(1)), (NONE, None)] {
        let (ours, theirs) = credential_pair()?;
        let sender = spawn(flags, |parent| {
            let own = own_number.map_or(getpid(), Pid::from_raw);
            expect_ok!(send_pid(&theirs, own), "claims to be PID {own}");
            expect_ok!(send_plain(&theirs));
            parent.wait()
        })?;
        let pid = sender.pid().as_raw();
        expect_eq!(received_pid(&ours)?, pid, "the sender's own words");
        expect_eq!(received_pid(&ours)?, pid, "added by the kernel");
    }
    holds()
}

/// SCM_CREDENTIALS from a process that has no PID in the receiver's PID namespace carry PID 0.
#[claim(source = ["pid_namespaces(7) Miscellaneous", "unix(7) SCM_CREDENTIALS"], needs = [Root])]
fn scm_credentials_pid_zero_when_invisible() -> Verdict {
    let own = getpid().as_raw();
    expect_eq!(seen_by_a_child(NONE)?, (own, own), "in the same PID namespace");
    expect_eq!(seen_by_a_child(CLONE_NEWPID)?, (0, 0), "in a nested PID namespace");
    holds()
}

/// Sending SCM_CREDENTIALS with a PID that does not exist in the sender's PID namespace fails with ESRCH, even for
/// root.
#[claim(source = "unix(7) ERRORS", needs = [Root])]
fn scm_credentials_pid_must_exist() -> Verdict {
    let (_ours, theirs) = credential_pair()?;
    let inner = spawn(CLONE_NEWPID, |parent| {
        let outer_number = Pid::from_raw(parent.recv()?);
        expect_errno!(send_pid(&theirs, outer_number), ESRCH, "a number that exists outside only");
        expect_ok!(send_pid(&theirs, getpid()));
        holds()
    })?;
    expect_ok!(send_pid(&theirs, inner.pid()), "the same number, where it exists");
    inner.send(&inner.pid().as_raw())?;
    inner.join()
}

/// Sending SCM_CREDENTIALS with another process's PID requires CAP_SYS_ADMIN in the user namespace that owns the
/// sender's PID namespace.
///
/// Without it sendmsg(2) fails with EPERM.
#[claim(source = ["unix(7) SCM_CREDENTIALS", "capabilities(7) CAP_SYS_ADMIN"], needs = [Root, Config("USER_NS")])]
fn scm_credentials_foreign_pid_needs_cap() -> Verdict {
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(claims_a_childs_pid()?, "with CAP_SYS_ADMIN and no other capability");
        holds()
    })?;
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(claims_a_childs_pid()?, EPERM, "without CAP_SYS_ADMIN");
        let (_ours, theirs) = credential_pair()?;
        expect_ok!(send_pid(&theirs, getpid()), "its own PID");
        holds()
    })?;
    user_namespace(NONE, || {
        expect_errno!(claims_a_childs_pid()?, EPERM, "as root of a user namespace that does not own the PID namespace");
        holds()
    })?;
    user_namespace(CLONE_NEWPID, || {
        expect_ok!(claims_a_childs_pid()?, "as root of the user namespace that owns the PID namespace");
        holds()
    })
}

/// SO_PEERCRED returns the peer's PID in the PID namespace of the process that calls getsockopt(2), and 0 if it has
/// none there.
#[claim(source = "unix(7) SO_PEERCRED", needs = [Root])]
fn so_peercred_pid_translated() -> Verdict {
    let own = getpid().as_raw();
    let (client, told) = connected(NONE)?;
    expect_eq!(told, Peers { of_client: own, of_us: client, of_us_below: 0 }, "in the same PID namespace");
    let (client, told) = connected(CLONE_NEWPID)?;
    expect_eq!(told, Peers { of_client: 0, of_us: client, of_us_below: 1 }, "with a client in a nested PID namespace");
    holds()
}

/// The port ID that the kernel picks for a netlink socket is the PID of the process that binds it, in its own PID
/// namespace.
#[claim(source = "netlink(7)", needs = [Root])]
fn netlink_autobind_uses_inner_pid() -> Verdict {
    let ours = netlink_socket()?;
    expect_eq!(child(CLONE_NEWPID, || autobound(&ours))?, 1, "made outside, bound in a nested PID namespace");
    drop(ours);
    let inner = spawn(CLONE_NEWPID, |parent| {
        let socket = netlink_socket()?;
        parent.send(&autobound(&socket)?)?;
        parent.wait()
    })?;
    expect_eq!(inner.recv::<u32>()?, 1, "made and bound in a nested PID namespace");
    // Held open beside it: in one network namespace the two numbers are different ports.
    expect_eq!(autobound(&netlink_socket()?)?, getpid().as_raw() as u32, "made and bound in our own");
    holds()
}

/// Sends one byte with credentials that claim to be process `pid`.
fn send_pid(socket: &OwnedFd, pid: Pid) -> nix::Result<()> {
    send_credentials(socket, Credentials { pid: pid.as_raw(), ..Credentials::own() })
}

/// The PID in the credentials of the next message.
fn received_pid(socket: &OwnedFd) -> Outcome<i32> {
    Ok(received_credentials(socket)?.pid)
}

/// The PIDs that a child made with `flags` reads in credentials of ours: in our own words, and added by the kernel.
fn seen_by_a_child(flags: CloneFlags) -> Outcome<(i32, i32)> {
    let (ours, theirs) = credential_pair()?;
    let reader = spawn(flags, |_| Ok((received_pid(&theirs)?, received_pid(&theirs)?)))?;
    expect_ok!(send_pid(&ours, getpid()));
    expect_ok!(send_plain(&ours));
    reader.join()
}

/// Whether the caller may claim to be a child of its own.
fn claims_a_childs_pid() -> Outcome<Result<(), Errno>> {
    let (_ours, theirs) = credential_pair()?;
    let other = waiting(NONE)?;
    Ok(send_pid(&theirs, other.pid()))
}

/// The PID of its peer that a socket tells.
#[derive(Debug, PartialEq, Eq)]
struct Peers {
    /// The client's socket, to the client.
    of_client: i32,
    /// Our socket, to us.
    of_us: i32,
    /// Our socket, to a child in a nested PID namespace: the client's where that has one.
    of_us_below: i32,
}

/// A client made with `flags` that connects to us: its PID, and the PIDs that are told.
fn connected(flags: CloneFlags) -> Outcome<(i32, Peers)> {
    let path = "/tmp/listener";
    let listener = UnixListener::bind(path).doing("listen on a socket")?;
    let client = spawn(flags, |parent| {
        let stream = UnixStream::connect(path).doing("connect")?;
        parent.send(&getsockopt(&stream, PeerCredentials)?.pid())?;
        parent.wait()
    })?;
    let (stream, _) = listener.accept().doing("accept")?;
    fs::remove_file(path).doing("remove the socket")?;
    let told = || Ok(getsockopt(&stream, PeerCredentials)?.pid());
    let of_us_below = if flags == NONE { child(CLONE_NEWPID, told)? } else { enter(client.pid(), &[Kind::Pid], told)? };
    Ok((client.pid().as_raw(), Peers { of_client: client.recv()?, of_us: told()?, of_us_below }))
}

fn netlink_socket() -> Outcome<OwnedFd> {
    let route = SockProtocol::NetlinkRoute;
    socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, route).doing("make a netlink socket")
}

/// The port that the kernel picks for a netlink socket that the caller binds.
fn autobound(socket: &OwnedFd) -> Outcome<u32> {
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0)).doing("bind to port 0")?;
    Ok(getsockname::<NetlinkAddr>(socket.as_raw_fd())?.pid())
}
