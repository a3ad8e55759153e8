//! Asking a socket for its network namespace: `SIOCGSKNS`; `ioctl(2)`.

use std::os::fd::OwnedFd;

use kit::prelude::*;
use kit::process::{with_only, without};
use kit::sys::ns::get_nstype;
use kit::sys::socket_network::network_of;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use rustix::net::{AddressFamily, SocketType};
use rustix::thread::CapabilitySet;

use super::networks::{Network, new_socket};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    siocgskns_opens_the_network_of_a_socket,
    siocgskns_requires_net_admin_in_the_owner,
    siocgskns_on_other_files_fails_with_enotty,
    siocgskns_works_after_the_last_process,
];

/// Of every family that Debian's kernels have built in.
const SOCKETS: [(AddressFamily, SocketType); 5] = [
    (AddressFamily::INET, SocketType::STREAM),
    (AddressFamily::INET, SocketType::DGRAM),
    (AddressFamily::INET6, SocketType::STREAM),
    (AddressFamily::UNIX, SocketType::STREAM),
    (AddressFamily::NETLINK, SocketType::RAW),
];

/// SIOCGSKNS on a socket of any family opens the file of its network namespace, close-on-exec and fit for setns().
///
/// Tried with IPv4, IPv6, UNIX and netlink sockets.
#[claim(
    source = "include/uapi/linux/sockios.h SIOCGSKNS",
    needs = [UserNamespaces, Config("INET"), Config("IPV6"), Config("UNIX")],
)]
fn siocgskns_opens_the_network_of_a_socket() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (one, other) = (Network::new()?, Network::new()?);
        for (family, kind) in SOCKETS {
            for place in [&one, &other] {
                let socket = place.inside(|| new_socket(family, kind))?;
                let file = expect_ok!(network_of(&socket), "{family:?} {kind:?}");
                let flags = FdFlag::from_bits_retain(fcntl(&file, FcntlArg::F_GETFD)?);
                expect!(flags.contains(FdFlag::FD_CLOEXEC), "{family:?} {kind:?}: {flags:?}");
                expect_eq!(get_nstype(&file), Ok(CLONE_NEWNET), "{family:?} {kind:?}");
                let joined = child(NONE, || {
                    expect_ok!(setns(&file, CLONE_NEWNET), "{family:?} {kind:?}");
                    own_inode(Kind::Net)
                })?;
                expect_eq!(joined, place.inode()?, "{family:?} {kind:?}");
            }
        }
        holds()
    })
}

/// SIOCGSKNS requires CAP_NET_ADMIN in the user namespace that owns the socket's network namespace, else it fails with
/// EPERM.
#[claim(source = "net/socket.c sock_ioctl", needs = [Root, UserNamespaces, Config("INET")])]
fn siocgskns_requires_net_admin_in_the_owner() -> Verdict {
    let outer = Network::new()?;
    let theirs = outer.inside(|| new_socket(AddressFamily::INET, SocketType::DGRAM))?;
    with_only(CapabilitySet::NET_ADMIN, NONE, || {
        expect_ok!(network_of(&theirs), "with no other capability");
        holds()
    })?;
    without(CapabilitySet::NET_ADMIN, NONE, || {
        expect_errno!(network_of(&theirs), EPERM, "with all other capabilities");
        holds()
    })?;
    user_namespace(CLONE_NEWNET, || {
        let ours = new_socket(AddressFamily::INET, SocketType::DGRAM)?;
        expect_errno!(network_of(&theirs), EPERM, "of a network namespace that is owned outside");
        expect_ok!(network_of(&ours), "of a network namespace that is owned here");
        holds()
    })
}

/// SIOCGSKNS on a file that is no socket fails with ENOTTY: a pipe, a regular file, a namespace.
#[claim(source = "net/socket.c sock_ioctl", needs = [UserNamespaces, Config("INET")])]
fn siocgskns_on_other_files_fails_with_enotty() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let (pipe, _end) = nix::unistd::pipe()?;
        let regular: OwnedFd = std::fs::File::open("/proc/self/exe")?.into();
        let namespace = Namespace::own(Kind::Net)?;
        expect_errno!(network_of(&pipe), ENOTTY, "a pipe");
        expect_errno!(network_of(&regular), ENOTTY, "a regular file");
        expect_errno!(network_of(&namespace), ENOTTY, "a network namespace");
        expect_ok!(network_of(new_socket(AddressFamily::INET, SocketType::DGRAM)?), "a socket");
        holds()
    })
}

/// SIOCGSKNS opens the same network namespace before and after its last process has ended, as long as a socket is in it.
#[claim(source = "include/uapi/linux/sockios.h SIOCGSKNS", needs = [UserNamespaces, Config("INET")])]
fn siocgskns_works_after_the_last_process() -> Verdict {
    user_namespace(NONE, || {
        let process = spawn(CLONE_NEWNET, |case| {
            case.send_fd(new_socket(AddressFamily::INET, SocketType::DGRAM)?)?;
            case.send(&own_inode(Kind::Net)?)?;
            case.wait()
        })?;
        let (socket, inode) = (process.peer().recv_fd()?, process.recv::<Inode>()?);
        let asked = || Namespace::from_fd(expect_ok!(network_of(&socket))).inode();
        expect_eq!(asked()?, inode, "while the process lives");
        drop(process);
        expect_eq!(asked()?, inode, "after its end");
        let file = Namespace::from_fd(expect_ok!(network_of(&socket)));
        drop(socket);
        let joined = child(NONE, || {
            expect_ok!(setns(&file, CLONE_NEWNET), "after the socket is closed");
            own_inode(Kind::Net)
        })?;
        expect_eq!(joined, inode);
        holds()
    })
}
