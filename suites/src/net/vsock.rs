//! Sockets between virtual machines: `vsock(7)`; the settings in `/proc/sys/net/vsock`.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;

use kit::prelude::*;
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, VsockAddr, bind, connect, listen, socket};

use super::networks::Network;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    vsock_addresses_are_of_all_networks,
    vsock_addresses_can_be_of_a_network,
    vsock_mode_is_given_by_the_creator,
];

/// AF_VSOCK addresses are shared by all network namespaces: a port is bound once, and connected to from any.
///
/// Since 7.0 that is so unless the creator of a network namespace asked for another mode.
#[claim(
    source = ["vsock(7)", "network_namespaces(7) DESCRIPTION"],
    needs = [Root, Module("vsock_loopback")],
)]
fn vsock_addresses_are_of_all_networks() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    expect_errno!(other.inside(|| Ok(client(4000)))?, ECONNRESET, "a port that nothing is bound to");
    let _listener = one.inside(|| Ok(expect_ok!(server(4000), "in the one")))?;
    expect_ok!(one.inside(|| Ok(client(4000)))?, "in the same network namespace");
    expect_ok!(other.inside(|| Ok(client(4000)))?, "from another one");
    expect_errno!(other.inside(|| Ok(server(4000)))?, EADDRINUSE, "bound in another one");
    expect_ok!(other.inside(|| Ok(server(4001)))?, "another port, in another one");
    holds()
}

/// A network namespace whose creator's child_ns_mode was «local» has AF_VSOCK addresses of its own: ports are free, and
/// outer listeners give ECONNRESET.
#[claim(
    source = "net/vmw_vsock/af_vsock.c vsock_sysctl_init_net",
    since = "7.2",
    needs = [Root, Module("vsock_loopback")],
)]
fn vsock_addresses_can_be_of_a_network() -> Verdict {
    let (outer, same) = (Network::new()?, Network::new()?);
    outer.inside(|| set_sysctl(CHILD_MODE, "local").doing("write child_ns_mode"))?;
    let (local, other_local) = (outer.inside(Network::new)?, outer.inside(Network::new)?);
    let _listener = outer.inside(|| Ok(server(4000)?))?;
    expect_ok!(same.inside(|| Ok(client(4000)))?, "from a global one");
    for place in [&local, &other_local] {
        expect_errno!(place.inside(|| Ok(client(4000)))?, ECONNRESET, "from a local one");
        let _own = place.inside(|| Ok(expect_ok!(server(4000), "bound in a local one")))?;
        expect_ok!(place.inside(|| Ok(client(4000)))?, "in a local one, with a listener of its own");
    }
    holds()
}

/// vsock/ns_mode of a network namespace is what vsock/child_ns_mode of its creator's was, which is set once; neither leads
/// from local to global.
#[claim(
    source = "net/vmw_vsock/af_vsock.c vsock_net_child_mode_string",
    since = "7.2",
    needs = [Root, Module("vsock_loopback")],
)]
fn vsock_mode_is_given_by_the_creator() -> Verdict {
    let outer = Network::new()?;
    outer.inside(|| {
        expect_eq!(
            fs::metadata(format!("/proc/sys/{MODE}"))?.permissions().mode() & 0o777,
            0o444,
            "the mode of the file"
        );
        expect_errno!(
            kit::process::without(rustix::thread::CapabilitySet::DAC_OVERRIDE, NONE, || Ok(open_sysctl(MODE)
                .map(drop)
                .portable()))?,
            EACCES,
            "ns_mode opened for writing"
        );
        expect_eq!(modes()?, ["global", "global"], "of a new network namespace");
        expect_eq!(Network::new()?.inside(modes)?, ["global", "global"], "of one made there");
        expect_ok!(set_sysctl(CHILD_MODE, "local"), "child_ns_mode");
        expect_errno!(set_sysctl(CHILD_MODE, "global"), EBUSY, "child_ns_mode, to another value");
        expect_ok!(set_sysctl(CHILD_MODE, "local"), "child_ns_mode, to the same value");
        expect_eq!(modes()?, ["global", "local"], "after that");
        Network::new()?.inside(|| {
            expect_eq!(modes()?, ["local", "local"], "of one made there");
            expect_errno!(set_sysctl(CHILD_MODE, "global"), EPERM, "child_ns_mode of a local one");
            holds()
        })
    })
}

const MODE: &str = "net/vsock/ns_mode";
const CHILD_MODE: &str = "net/vsock/child_ns_mode";

/// The mode of a network namespace, and of those that are made from it.
fn modes() -> Outcome<[String; 2]> {
    Ok([sysctl(MODE)?, sysctl(CHILD_MODE)?])
}

fn vsock() -> nix::Result<OwnedFd> {
    socket(AddressFamily::Vsock, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)
}

/// A socket that listens on this port, of whichever machine this is.
fn server(port: u32) -> nix::Result<OwnedFd> {
    let socket = vsock()?;
    bind(socket.as_raw_fd(), &VsockAddr::new(libc::VMADDR_CID_ANY, port))?;
    listen(&socket, Backlog::new(4)?)?;
    Ok(socket)
}

/// A socket that is connected to this port of this machine.
fn client(port: u32) -> nix::Result<OwnedFd> {
    let socket = vsock()?;
    connect(socket.as_raw_fd(), &VsockAddr::new(libc::VMADDR_CID_LOCAL, port))?;
    Ok(socket)
}
