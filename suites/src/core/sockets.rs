//! To which network namespace a socket belongs: `setns(2)`, `sockets` of `network_namespaces(7)`.

use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::prepared;
use kit::sys::socket_network::network_of;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![life_socket_stays_in_its_ns];

/// A socket stays in the network namespace in which it was made when its process moves on by unshare(2) or setns(2).
///
/// SIOCGSKNS opens that namespace.
#[claim(source = "Few notes about network namespaces in Linux", needs = [UserNamespaces, Config("INET")])]
fn life_socket_stays_in_its_ns() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (first_namespace, first) = (Namespace::own(Kind::Net)?, new_socket()?);
        let one = first_namespace.inode()?;
        expect_eq!(home(&first)?, one, "of a new socket");
        unshare(CLONE_NEWNET).doing("unshare")?;
        let (two, second) = (own_inode(Kind::Net)?, new_socket()?);
        prepared(two != one, "two network namespaces")?;
        expect_eq!((home(&first)?, home(&second)?), (one, two), "after unshare");
        setns(&first_namespace, CLONE_NEWNET).doing("setns")?;
        expect_eq!((home(&first)?, home(&second)?), (one, two), "after setns");
        expect_eq!(home(&new_socket()?)?, one, "of a socket made then");
        holds()
    })
}

fn new_socket() -> Outcome<OwnedFd> {
    socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).doing("make a socket")
}

/// The inode number of a socket's namespace.
fn home(socket: &OwnedFd) -> Outcome<Inode> {
    Namespace::from_fd(expect_ok!(network_of(socket))).inode()
}
