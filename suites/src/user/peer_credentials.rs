//! What a socket tells of the other side's users and groups across user namespaces, and of which moment: SO_PEERGROUPS and SO_PEERCRED
//! of `unix(7)`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use kit::prelude::*;
use kit::process::{Identity, container, map_self};
use kit::sys::peer_groups::peer_groups;
use kit::sysctl::sysctl;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::PeerCredentials;
use nix::unistd::{Gid, setgroups};

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    so_peergroups_translated,
    so_peergroups_erange,
    so_peergroups_are_those_of_the_beginning,
    so_peercred_is_of_the_beginning,
];

/// SO_PEERGROUPS tells the peer's supplementary groups as they are in the caller's user namespace, and the overflow ID if not mapped.
#[claim(
    source = ["unix(7)", "net/core/sock.c", "user_namespaces(7) Unmapped user and group IDs"],
    needs = [Root, Config("USER_NS"), Config("UNIX"), Behaviour(AT_THE_TOP)],
)]
fn so_peergroups_translated() -> Verdict {
    let overflow: u32 = sysctl("kernel/overflowgid")?;
    let (process, socket) = with_groups(&[7, 100_003, 100_004])?;
    expect_eq!(expect_ok!(groups(socket.as_fd())), [7, 100_003, 100_004], "outside");
    for (first, expected) in [(100_000, [overflow, 3, 4]), (100_004, [overflow, overflow, 0])] {
        container(first, NONE, || {
            expect_eq!(expect_ok!(groups(socket.as_fd())), expected, "where {first} is 0");
            Ok(())
        })?;
    }
    drop(process);
    holds()
}

/// SO_PEERGROUPS fails with ERANGE if there is room for less than all groups, and tells how many bytes it would take.
#[claim(source = ["unix(7)", "net/core/sock.c"], needs = [Root, Config("UNIX")])]
fn so_peergroups_erange() -> Verdict {
    let (_process, socket) = with_groups(&[7, 8, 9])?;
    for room in 0..3 {
        let (answer, needed) = peer_groups(&socket, room);
        expect_errno!(answer, ERANGE, "room for {room}");
        expect_eq!(needed, 12, "room for {room}");
    }
    for room in [3, 4, 100] {
        let (answer, told) = peer_groups(&socket, room);
        expect_eq!((expect_ok!(answer, "room for {room}").len(), told), (3, 12), "room for {room}");
    }
    holds()
}

/// SO_PEERGROUPS tells the groups that the peer had when the sockets were connected, whatever groups it has since.
#[claim(source = ["unix(7)", "net/core/sock.c"], needs = [Root, Config("UNIX")])]
fn so_peergroups_are_those_of_the_beginning() -> Verdict {
    let (process, socket) = with_groups(&[7, 8])?;
    process.go()?;
    process.recv::<()>()?;
    expect_eq!(expect_ok!(groups(socket.as_fd())), [7, 8], "when it has others");
    process.go()?;
    process.wait()?;
    expect_eq!(expect_ok!(groups(socket.as_fd())), [7, 8], "when it has ended");
    holds()
}

/// SO_PEERCRED tells the user and group that the peer had when the sockets were connected, though it is in another user namespace since.
#[claim(source = "unix(7) SO_PEERCRED", needs = [Root, UserNamespaces, Config("UNIX"), Behaviour(AT_THE_TOP)])]
fn so_peercred_is_of_the_beginning() -> Verdict {
    let process = spawn(NONE, |outside| {
        Identity::user(1001).group(1002).keeping_all().assume()?;
        let (mine, _other) = UnixStream::pair()?;
        outside.send_fd(&mine)?;
        outside.wait()?;
        let maps = Maps::own_as(0);
        unshare(CLONE_NEWUSER).doing("unshare")?;
        map_self(&maps)?;
        outside.go()?;
        outside.wait()
    })?;
    let socket = process.peer().recv_fd()?;
    expect_eq!(peer(socket.as_fd())?, (1001, 1002), "at the beginning");
    process.go()?;
    process.recv::<()>()?;
    expect_eq!(peer(socket.as_fd())?, (1001, 1002), "when it is root of a user namespace");
    let inside = kit::process::enter_by(process.pidfd(), CLONE_NEWUSER, || peer(socket.as_fd()))?;
    expect_eq!(inside, (0, 0), "asked there, where these are 0");
    holds()
}

/// A process that has made two connected sockets when it had these groups, and one of them. Told to go on, it takes group 99 alone.
fn with_groups(all: &[u32]) -> Outcome<(Child<()>, OwnedFd)> {
    let process = spawn(NONE, |outside| {
        let all: Vec<_> = all.iter().map(|group| Gid::from_raw(*group)).collect();
        setgroups(&all).doing("setgroups")?;
        let (one, _other) = UnixStream::pair()?;
        outside.send_fd(&one)?;
        outside.wait()?;
        setgroups(&[Gid::from_raw(99)]).doing("setgroups")?;
        outside.go()?;
        outside.wait()
    })?;
    let socket = process.peer().recv_fd()?;
    Ok((process, socket))
}

fn groups(socket: BorrowedFd<'_>) -> nix::Result<Vec<u32>> {
    peer_groups(socket, 64).0
}

fn peer(socket: BorrowedFd<'_>) -> Outcome<(u32, u32)> {
    let seen = getsockopt(&socket, PeerCredentials).doing("SO_PEERCRED")?;
    Ok((seen.uid(), seen.gid()))
}
