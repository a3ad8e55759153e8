//! The number of a network namespace that its sockets tell: `SO_NETNS_COOKIE`.

use std::collections::BTreeSet;

use kit::prelude::*;
use kit::sys::ns_ids::id;
use kit::sys::socket_network::{network_cookie, set_network_cookie};
use rustix::net::sockopt::socket_cookie;
use rustix::net::{AddressFamily, SocketType};

use super::networks::{Network, new_socket};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    so_netns_cookie_is_unknown_before,
    so_netns_cookie_is_one_number_a_network,
    so_netns_cookie_cannot_be_set,
    so_netns_cookie_of_the_initial_network_is_one,
    so_netns_cookie_of_the_initial_network_is_three,
    so_netns_cookie_of_the_initial_network_is_seven,
    so_netns_cookie_is_the_id_of_the_network,
];

const SOCKETS: [(AddressFamily, SocketType); 4] = [
    (AddressFamily::INET, SocketType::STREAM),
    (AddressFamily::INET, SocketType::DGRAM),
    (AddressFamily::UNIX, SocketType::STREAM),
    (AddressFamily::NETLINK, SocketType::RAW),
];

/// Before 5.14 getsockopt(SO_NETNS_COOKIE) fails with ENOPROTOOPT.
#[claim(
    source = "kernel 7.3 include/uapi/asm-generic/socket.h SO_NETNS_COOKIE",
    until = "5.14",
    needs = [Config("INET"), Config("UNIX")],
)]
fn so_netns_cookie_is_unknown_before() -> Verdict {
    for (family, kind) in SOCKETS {
        let socket = new_socket(family, kind)?;
        expect_errno!(network_cookie(&socket), ENOPROTOOPT, "{family:?} {kind:?}");
        expect_ok!(socket_cookie(&socket), "SO_COOKIE, {family:?} {kind:?}");
    }
    holds()
}

/// SO_NETNS_COOKIE is one number for all sockets of a network namespace, and another number for those of each other one.
///
/// An ordinary user may read it, unlike what SIOCGSKNS opens.
#[claim(
    source = "include/uapi/asm-generic/socket.h SO_NETNS_COOKIE",
    since = "5.14",
    replaces = "so_netns_cookie_is_unknown_before",
    needs = [UserNamespaces, Config("INET"), Config("UNIX")],
)]
fn so_netns_cookie_is_one_number_a_network() -> Verdict {
    user_namespace(NONE, || {
        let mut all = BTreeSet::new();
        for _ in 0..3 {
            let cookies = child(CLONE_NEWNET, || {
                let mut cookies = BTreeSet::new();
                for (family, kind) in [SOCKETS, SOCKETS].concat() {
                    cookies.insert(expect_ok!(network_cookie(new_socket(family, kind)?), "{family:?} {kind:?}"));
                }
                Ok(cookies)
            })?;
            expect_eq!(cookies.len(), 1, "different numbers within one network namespace: {cookies:?}");
            all.extend(cookies);
        }
        expect_eq!(all.len(), 3, "different numbers of three network namespaces: {all:?}");
        holds()
    })?;
    let cookie = network_cookie(new_socket(AddressFamily::INET, SocketType::STREAM)?)?;
    let seen = unprivileged(NONE, || {
        let socket = new_socket(AddressFamily::INET, SocketType::STREAM)?;
        Ok(expect_ok!(network_cookie(&socket), "as an ordinary user"))
    })?;
    expect_eq!(seen, cookie, "as an ordinary user");
    holds()
}

/// setsockopt(SO_NETNS_COOKIE) fails with ENOPROTOOPT, also for root.
#[claim(
    source = "include/uapi/asm-generic/socket.h SO_NETNS_COOKIE",
    since = "5.14",
    needs = [Root, Config("INET")],
)]
fn so_netns_cookie_cannot_be_set() -> Verdict {
    let socket = new_socket(AddressFamily::INET, SocketType::STREAM)?;
    let before = expect_ok!(network_cookie(&socket));
    for cookie in [before, before + 1, 1] {
        expect_errno!(set_network_cookie(&socket, cookie), ENOPROTOOPT, "to {cookie}");
    }
    expect_eq!(network_cookie(&socket)?, before, "after that");
    holds()
}

/// Before 6.18 SO_NETNS_COOKIE of a socket in the initial network namespace is 1.
///
/// It is 3 in 6.18, and 7 since 6.19.
#[claim(
    source = "kernel 6.12 net/core/net_namespace.c net_ns_init",
    since = "5.14",
    until = "6.18",
    needs = [Config("NET_NS"), InitialNamespaces, Root, Config("INET")],
)]
fn so_netns_cookie_of_the_initial_network_is_one() -> Verdict {
    expect_of_the_initial_network(1)
}

/// In 6.18 SO_NETNS_COOKIE of a socket in the initial network namespace is 3: numbers are counted over all kinds of
/// namespaces.
///
/// It was 1 before, and has been 7 since 6.19.
#[claim(
    source = "kernel 6.18 net/core/net_namespace.c net_ns_init",
    since = "6.18",
    until = "6.19",
    replaces = "so_netns_cookie_of_the_initial_network_is_one",
    needs = [InitialNamespaces, Root, Config("INET")],
)]
fn so_netns_cookie_of_the_initial_network_is_three() -> Verdict {
    expect_of_the_initial_network(3)
}

/// Since 6.19 SO_NETNS_COOKIE of a socket in the initial network namespace is 7.
///
/// It was 1 before 6.18, and 3 in 6.18.
#[claim(
    source = "kernel 7.3 include/uapi/linux/nsfs.h NET_NS_INIT_ID",
    since = "6.19",
    replaces = "so_netns_cookie_of_the_initial_network_is_three",
    needs = [InitialNamespaces, Root, Config("INET")],
)]
fn so_netns_cookie_of_the_initial_network_is_seven() -> Verdict {
    expect_of_the_initial_network(7)
}

/// SO_NETNS_COOKIE is the ID that NS_GET_ID returns for the socket's network namespace.
#[claim(
    source = "include/uapi/linux/nsfs.h NS_GET_ID",
    since = "6.18",
    needs = [UserNamespaces, Config("INET")],
)]
fn so_netns_cookie_is_the_id_of_the_network() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        for _ in 0..2 {
            let other = Network::new()?;
            let socket = other.inside(|| new_socket(AddressFamily::INET, SocketType::STREAM))?;
            let (theirs, own) = (other.inside(|| Namespace::own(Kind::Net))?, Namespace::own(Kind::Net)?);
            expect_eq!(expect_ok!(network_cookie(&socket)), expect_ok!(id(&theirs)), "of a socket made elsewhere");
            expect_ne!(id(&theirs)?, id(&own)?, "of the network namespace of the process");
        }
        holds()
    })
}

fn expect_of_the_initial_network(cookie: u64) -> Verdict {
    let socket = new_socket(AddressFamily::INET, SocketType::STREAM)?;
    expect_eq!(expect_ok!(network_cookie(&socket)), cookie);
    let other = Network::new()?.inside(|| new_socket(AddressFamily::INET, SocketType::STREAM))?;
    expect_ne!(expect_ok!(network_cookie(&other)), cookie, "of a socket in another network namespace");
    holds()
}
