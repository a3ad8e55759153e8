//! UNIX domain sockets across network namespaces: `unix(7)`; `network_namespaces(7)`.

use std::fs;
use std::os::fd::OwnedFd;

use kit::prelude::*;
use nix::unistd::mkdtemp;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept, bind, connect, listen, recv,
    send, socket_with, socketpair,
};

use super::networks::{BACKLOG, Network, home};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    abstract_names_are_of_their_network,
    accepted_unix_socket_is_of_the_clients_network,
    sockets_bound_to_paths_are_reached_from_other_networks,
    socket_pair_works_across_networks,
    proc_net_unix_lists_the_sockets_of_a_network,
];

const KINDS: [SocketType; 3] = [SocketType::STREAM, SocketType::SEQPACKET, SocketType::DGRAM];

/// An abstract UNIX socket address can be bound once in each network namespace, and connecting to one that is bound only
/// in another fails with ECONNREFUSED.
#[claim(
    source = ["unix(7)", "network_namespaces(7) DESCRIPTION"],
    needs = [UserNamespaces, Config("UNIX")],
)]
fn abstract_names_are_of_their_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::new()?, Network::new()?);
        for kind in KINDS {
            let name = SocketAddrUnix::new_abstract_name(b"a name")?;
            let _first = one.inside(|| Ok(expect_ok!(server(kind, &name), "{kind:?}")))?;
            one.inside(|| {
                expect_errno!(server(kind, &name), EADDRINUSE, "again in the same network, {kind:?}");
                expect_ok!(client(kind, &name), "in the same network, {kind:?}");
                holds()
            })?;
            let second = other.inside(|| {
                expect_errno!(client(kind, &name), ECONNREFUSED, "from the other network, {kind:?}");
                let second = expect_ok!(server(kind, &name), "in the other network, {kind:?}");
                expect_ok!(client(kind, &name), "bound in the other network, too, {kind:?}");
                Ok(second)
            })?;
            drop(second);
            other.inside(|| {
                expect_errno!(client(kind, &name), ECONNREFUSED, "once the other network's is closed, {kind:?}");
                holds()
            })?;
            expect_ok!(one.inside(|| Ok(client(kind, &name)))?, "the first one after that, {kind:?}");
        }
        holds()
    })
}

/// A UNIX domain socket bound to a path is reached from every network namespace in which the path leads to it.
#[claim(source = "unix(7)", needs = [UserNamespaces, Config("UNIX")])]
fn sockets_bound_to_paths_are_reached_from_other_networks() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::new()?, Network::new()?);
        for kind in KINDS {
            let folder = new_folder()?;
            let path = SocketAddrUnix::new(format!("{folder}/socket"))?;
            let name = SocketAddrUnix::new_abstract_name(b"a name")?;
            let (bound, named) = one.inside(|| Ok((server(kind, &path)?, server(kind, &name)?)))?;
            let from_there = other.inside(|| {
                expect_errno!(client(kind, &name), ECONNREFUSED, "an abstract name of the same process, {kind:?}");
                expect_errno!(server(kind, &path), EADDRINUSE, "{kind:?}");
                Ok(expect_ok!(client(kind, &path), "from the other network, {kind:?}"))
            })?;
            expect_ne!(home(&from_there)?, home(&bound)?, "{kind:?}");
            send(&from_there, b"hello", SendFlags::NOSIGNAL).doing("send")?;
            let end = if kind == SocketType::DGRAM { bound } else { accept(&bound).doing("accept")? };
            expect_eq!(received(&end)?, b"hello", "{kind:?}");
            drop(named);
            fs::remove_dir_all(&folder)?;
        }
        holds()
    })
}

/// A UNIX domain socket that accept() returns is in the network namespace of the socket that connected, not in that of
/// the listening socket.
///
/// Sockets of other families are in the listening socket's. Only sockets bound to a path can be connected to from another
/// network namespace.
#[claim(source = "net/unix/af_unix.c unix_stream_connect", needs = [UserNamespaces, Config("UNIX")])]
fn accepted_unix_socket_is_of_the_clients_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (servers, clients, third) = (Network::new()?, Network::new()?, Network::new()?);
        let folder = new_folder()?;
        for kind in [SocketType::STREAM, SocketType::SEQPACKET] {
            let path = SocketAddrUnix::new(format!("{folder}/{kind:?}"))?;
            let listener = servers.inside(|| Ok(server(kind, &path)?))?;
            for from in [&clients, &servers] {
                let client = from.inside(|| Ok(client(kind, &path)?))?;
                let accepted = third.inside(|| Ok(accept(&listener)?))?;
                expect_eq!(home(&accepted)?, from.inode()?, "the accepted socket, {kind:?}");
                drop(client);
            }
            expect_eq!(home(&listener)?, servers.inode()?, "the listening socket, {kind:?}");
        }
        fs::remove_dir_all(&folder)?;
        holds()
    })
}

/// A connected pair of UNIX domain sockets keeps working when the process that holds one end moves to another network
/// namespace.
#[claim(source = "unix(7)", needs = [UserNamespaces, Config("UNIX")])]
fn socket_pair_works_across_networks() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        for kind in KINDS {
            let (ours, theirs) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
            let inodes = child(NONE, || {
                let before = own_inode(Kind::Net)?;
                unshare(CLONE_NEWNET).doing("unshare")?;
                expect_ok!(send(&theirs, b"from there", SendFlags::NOSIGNAL), "{kind:?}");
                Ok((before, own_inode(Kind::Net)?))
            })?;
            expect_ne!(inodes.0, inodes.1);
            expect_eq!(received(&ours)?, b"from there", "{kind:?}");
            expect_ok!(send(&ours, b"from here", SendFlags::NOSIGNAL), "{kind:?}");
            let network = Network::new()?;
            expect_eq!(network.inside(|| received(&theirs))?, b"from here", "{kind:?}");
        }
        holds()
    })
}

/// /proc/net/unix lists a UNIX domain socket only in its own network namespace, whether it is bound to a path or to an
/// abstract name.
#[claim(source = ["proc_net(5)", "network_namespaces(7) DESCRIPTION"], needs = [UserNamespaces, Config("UNIX")])]
fn proc_net_unix_lists_the_sockets_of_a_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let folder = new_folder()?;
        let (one, other) = (Network::new()?, Network::new()?);
        let mut sockets = Vec::new();
        for (number, place) in [&one, &other].into_iter().enumerate() {
            let path = SocketAddrUnix::new(format!("{folder}/{number}.path"))?;
            let name = SocketAddrUnix::new_abstract_name(format!("{number}.name").as_bytes())?;
            for address in [path, name] {
                sockets.push(place.inside(|| Ok(server(SocketType::DGRAM, &address)?))?);
            }
        }
        for (number, place) in [&one, &other].into_iter().enumerate() {
            let list = place.inside(|| Ok(fs::read_to_string("/proc/thread-self/net/unix")?))?;
            let names: Vec<_> = list.lines().skip(1).filter_map(|line| line.split_whitespace().nth(7)).collect();
            expect_eq!(names.len(), 2, "sockets of network {number}: {names:?}");
            for wanted in [format!("{folder}/{number}.path"), format!("@{number}.name")] {
                expect!(names.contains(&wanted.as_str()), "{wanted} is not in the list of network {number}: {names:?}");
            }
        }
        drop(sockets);
        fs::remove_dir_all(folder)?;
        holds()
    })
}

/// A new directory, for sockets' paths.
fn new_folder() -> Outcome<String> {
    let folder = mkdtemp("/tmp/nsproof-XXXXXX").doing("create a directory")?;
    Ok(folder.to_string_lossy().into_owned())
}

/// A socket that is bound, and listens if its kind can.
fn server(kind: SocketType, address: &SocketAddrUnix) -> rustix::io::Result<OwnedFd> {
    let socket = unix(kind)?;
    bind(&socket, address)?;
    if kind != SocketType::DGRAM {
        listen(&socket, BACKLOG)?;
    }
    Ok(socket)
}

/// A socket that is connected.
fn client(kind: SocketType, address: &SocketAddrUnix) -> rustix::io::Result<OwnedFd> {
    let socket = unix(kind)?;
    connect(&socket, address)?;
    Ok(socket)
}

fn unix(kind: SocketType) -> rustix::io::Result<OwnedFd> {
    socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
}

/// The next message, for which it waits.
fn received(socket: &OwnedFd) -> Outcome<Vec<u8>> {
    let mut buffer = [0; 64];
    let (length, _) = recv(socket, &mut buffer, RecvFlags::empty()).doing("receive")?;
    Ok(buffer[..length].to_vec())
}
