//! What keeps a network namespace in existence without a process in it, and what does not: `namespaces(7)`, Namespace
//! lifetime. For its open file, its bind mount and its last thread see suite core.

use std::fs::{File, remove_file};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;

use kit::lifetime::{close, end, file_from_inside, goes_in_spite_of, lives_by};
use kit::mounts::tmpfs;
use kit::prelude::*;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    tcp_socket_keeps_the_namespace,
    udp_socket_keeps_the_namespace,
    unix_socket_keeps_the_namespace,
    netlink_socket_keeps_the_namespace,
    packet_socket_keeps_the_namespace,
    net_proc_net_file_keeps_the_namespace,
    net_proc_sys_net_file_does_not_keep_the_namespace,
    net_no_removal_call,
];

/// A network namespace without processes exists as long as a TCP socket that was made in it is open.
#[claim(source = "socket(7)", needs = [UserNamespaces, Config("INET")])]
fn tcp_socket_keeps_the_namespace() -> Verdict {
    lives_by_a_file(|| Ok(socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?))
}

/// A network namespace without processes exists as long as a UDP socket that was made in it is open.
#[claim(source = "socket(7)", needs = [UserNamespaces, Config("INET")])]
fn udp_socket_keeps_the_namespace() -> Verdict {
    lives_by_a_file(|| Ok(socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?))
}

/// A network namespace without processes exists as long as a UNIX socket that was made in it is open.
#[claim(source = "socket(7)", needs = [UserNamespaces])]
fn unix_socket_keeps_the_namespace() -> Verdict {
    lives_by_a_file(|| Ok(socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?))
}

/// A network namespace without processes exists as long as a netlink socket that was made in it is open.
#[claim(source = "socket(7)", needs = [UserNamespaces])]
fn netlink_socket_keeps_the_namespace() -> Verdict {
    lives_by_a_file(|| {
        Ok(socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, Some(SockProtocol::NetlinkRoute))?)
    })
}

/// A network namespace without processes exists as long as a packet socket that was made in it is open.
#[claim(source = "socket(7)", needs = [UserNamespaces, Config("PACKET")])]
fn packet_socket_keeps_the_namespace() -> Verdict {
    lives_by_a_file(|| Ok(socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?))
}

/// A network namespace without processes exists as long as a file of its /proc/net is open.
///
/// Tried with dev, route and unix.
#[claim(source = "proc_net(5)", needs = [UserNamespaces, Config("INET")])]
fn net_proc_net_file_keeps_the_namespace() -> Verdict {
    for name in ["dev", "route", "unix"] {
        lives_by_a_file(|| Ok(File::open(format!("/proc/self/net/{name}"))?.into())).doing(name)?;
    }
    holds()
}

/// A network namespace ends with its last process although a file of its /proc/sys/net is open.
#[claim(source = "proc_sys_net(5)", needs = [UserNamespaces, Config("INET")])]
fn net_proc_sys_net_file_does_not_keep_the_namespace() -> Verdict {
    goes_in_spite_of(Kind::Net, |_| {
        file_from_inside(CLONE_NEWNET, || Ok(File::open("/proc/sys/net/ipv4/ip_forward")?.into()))
    })
}

/// No call removes a network namespace that a process is in: unlink(2) of its link in /proc/PID/ns fails with EPERM.
#[claim(source = "Few notes about network namespaces in Linux", needs = [UserNamespaces])]
fn net_no_removal_call() -> Verdict {
    user_namespace(CLONE_NEWNS, || {
        tmpfs("/mnt").doing("mount a tmpfs")?;
        let before = own_inode(Kind::Net)?;
        symlink(format!("net:[{before}]"), "/mnt/link").doing("make a symbolic link")?;
        for link in ["/proc/self/ns/net", "/proc/thread-self/ns/net"] {
            expect_errno!(remove_file(link), EPERM, "unlink {link}");
        }
        expect_eq!(own_inode(Kind::Net)?, before, "after the refusals");
        expect_ok!(remove_file("/mnt/link"), "unlink a symbolic link with the same text elsewhere");
        holds()
    })
}

/// The reference is a file that the namespace's only process has opened and handed over.
fn lives_by_a_file(open: impl Fn() -> Outcome<OwnedFd>) -> Verdict {
    lives_by(
        Kind::Net,
        1,
        |_| {
            let (process, file) = file_from_inside(CLONE_NEWNET, &open)?;
            end(process)?;
            Ok(file)
        },
        close,
    )
}
