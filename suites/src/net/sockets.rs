//! Where sockets act: in the network namespace that they were made in. `network_namespaces(7)`; `socket(2)`.

use std::os::fd::OwnedFd;

use kit::netlink::Netlink;
use kit::prelude::*;
use kit::sys::device_flags::{loopback_is_up, set_loopback};
use rtnetlink::LinkUnspec;
use rustix::net::sockopt::socket_cookie;
use rustix::net::{AddressFamily, SocketType, accept, bind, connect, listen};

use super::networks::{BACKLOG, Network, home, loopback, new_socket, port_of};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    sockets_act_where_they_were_made,
    accepted_tcp_socket_is_of_the_listeners_network,
    passed_socket_keeps_its_network,
    netlink_socket_acts_where_it_was_made,
];

/// bind(), listen() and connect() on a TCP socket act in the network namespace that the socket was made in, wherever its
/// process is.
#[claim(
    source = "Few notes about network namespaces in Linux",
    needs = [UserNamespaces, Config("INET")],
)]
fn sockets_act_where_they_were_made() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (up, down) = (Network::with_loopback()?, Network::new()?);
        let [listener, client, second] = up.inside(|| Ok([tcp()?, tcp()?, tcp()?]))?;
        let [foreign_listener, foreign_client] = down.inside(|| {
            expect_ok!(bind(&listener, &loopback(0)), "bind");
            expect_ok!(listen(&listener, BACKLOG), "listen");
            Ok([tcp()?, tcp()?])
        })?;
        let port = port_of(&listener)?;
        for place in [&up, &down] {
            place.inside(|| {
                expect_errno!(bind(&second, &loopback(port)), EADDRINUSE, "a socket of the same network");
                let refused = connect(&foreign_client, &loopback(port));
                expect_errno!(refused, ENETUNREACH, "a socket of the other network, whose loopback device is down");
                holds()
            })?;
        }
        down.inside(|| {
            expect_ok!(connect(&client, &loopback(port)), "a socket of the same network");
            holds()
        })?;
        down.inside(|| set_loopback(true).doing("set the loopback device up"))?;
        expect_ok!(
            bind(&foreign_listener, &loopback(port)),
            "a socket of the other network, with its loopback device up"
        );
        holds()
    })
}

/// A TCP socket that accept() returns is in the network namespace of the listening socket, wherever the process is that
/// calls accept().
#[claim(
    source = "Few notes about network namespaces in Linux",
    needs = [UserNamespaces, Config("INET")],
)]
fn accepted_tcp_socket_is_of_the_listeners_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (theirs, other) = (Network::with_loopback()?, Network::new()?);
        let (listener, client) = theirs.inside(|| {
            let (listener, client) = (tcp()?, tcp()?);
            bind(&listener, &loopback(0))?;
            listen(&listener, BACKLOG)?;
            connect(&client, &loopback(port_of(&listener)?)).doing("connect")?;
            Ok((listener, client))
        })?;
        let (accepted, made_there) = other.inside(|| Ok((accept(&listener)?, tcp()?)))?;
        expect_eq!(home(&accepted)?, theirs.inode()?, "the accepted socket");
        expect_eq!(home(&made_there)?, other.inode()?, "a socket made where accept() was called");
        drop(client);
        holds()
    })
}

/// A socket that is passed to a process in another network namespace by SCM_RIGHTS stays in its own.
#[claim(
    source = "Few notes about network namespaces in Linux",
    needs = [UserNamespaces, Config("INET")],
)]
fn passed_socket_keeps_its_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let ours = Network::with_loopback()?;
        let listener = ours.inside(|| {
            let listener = tcp()?;
            bind(&listener, &loopback(0))?;
            Ok(listener)
        })?;
        let receiver = spawn(CLONE_NEWNET, |case| {
            let socket = case.recv_fd()?;
            let own = (own_inode(Kind::Net)?, home(&tcp()?)?);
            Ok((home(&socket)?, port_of(&socket)?, socket_cookie(&socket)?, own))
        })?;
        receiver.peer().send_fd(&listener)?;
        let (network, port, cookie, (own_network, own_socket)) = receiver.join()?;
        expect_eq!(network, ours.inode()?, "the socket that was passed");
        expect_eq!((port, cookie), (port_of(&listener)?, socket_cookie(&listener)?), "it is the same socket");
        expect_eq!(own_socket, own_network, "a socket that the receiver made");
        expect_ne!(network, own_network);
        holds()
    })
}

/// A rtnetlink socket lists and changes the devices of the network namespace that it was opened in, after its process has
/// moved to another one.
#[claim(source = "Few notes about network namespaces in Linux", needs = [UserNamespaces, Config("INET")])]
fn netlink_socket_acts_where_it_was_made() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (first, second) = (Network::with_loopback()?, Network::new()?);
        let is_up = |netlink: &Netlink| Ok::<_, Failure>(netlink.device("lo")?.up);
        for place in [&first, &second] {
            place.inside(|| {
                let (one, other) = (is_up(first.netlink())?, is_up(second.netlink())?);
                expect_eq!((one, other), (true, false), "lo by a socket opened in the first, and in the second");
                holds()
            })?;
        }
        let down = LinkUnspec::new_with_name("lo").down().build();
        expect_ok!(second.inside(|| first.netlink().change(down))?, "by the first one's socket, inside the second");
        expect!(!first.inside(|| Ok(loopback_is_up()?))?, "the first one's loopback device is still up");
        let up = LinkUnspec::new_with_name("lo").up().build();
        expect_ok!(first.inside(|| second.netlink().change(up))?, "by the second one's socket, inside the first");
        expect!(!first.inside(|| Ok(loopback_is_up()?))?, "the first one's loopback device has come up");
        expect!(second.inside(|| Ok(loopback_is_up()?))?, "the second one's loopback device has not come up");
        holds()
    })
}

fn tcp() -> Outcome<OwnedFd> {
    new_socket(AddressFamily::INET, SocketType::STREAM)
}
