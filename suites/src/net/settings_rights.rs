//! Which processes may write the settings below `/proc/sys/net`: `user_namespaces(7)`; `capabilities(7)`.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::MetadataExt;

use kit::prelude::*;
use kit::prepared;
use kit::process::{
    Identity, NOBODY, as_user, as_user_with, become_root_inside, capabilities, user_namespace_with, with_only, without,
};
use kit::sysctl::{open_sysctl, set_sysctl, sysctl};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use rustix::thread::CapabilitySet;

use super::networks::Network;
use super::settings::settings;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    net_settings_are_opened_with_net_admin,
    net_settings_of_others_are_denied_unless_to_root_outside,
    ip_forward_is_written_with_net_admin_only,
    hooks_of_lightweight_tunnels_are_switched_on_for_all,
    ping_group_range_is_told_in_own_groups,
    ping_group_range_takes_mapped_groups_only,
    ping_group_range_counts_in_its_network,
    unprivileged_ports_count_in_their_network,
];

const FORWARD: &str = "net/ipv4/ip_forward";
const GROUPS: &str = "net/ipv4/ping_group_range";
const PORTS: &str = "net/ipv4/ip_unprivileged_port_start";

/// CAP_NET_ADMIN in the user namespace that owns a network namespace lets any user open each of its settings for writing
/// that root may write.
///
/// Without it open() fails with EACCES, also for user 0 of that user namespace, to whom the files belong.
#[claim(
    source = ["user_namespaces(7)", "net/sysctl_net.c net_ctl_permissions"],
    needs = [Root, UserNamespaces, Config("INET")],
    deadline = 30,
)]
fn net_settings_are_opened_with_net_admin() -> Verdict {
    let owner = user_namespace_with(&Maps::range(100_000, 1000), CLONE_NEWNET, |_| {
        become_root_inside()?;
        let names = writable_names()?;
        for user in [0, 7] {
            as_user_with(user, CapabilitySet::NET_ADMIN, || expect_opened(&names, "with CAP_NET_ADMIN alone"))?;
            as_user_with(user, !CapabilitySet::NET_ADMIN & capabilities()?.permitted, || {
                for name in &names {
                    expect_errno!(open(name), EACCES, "{name}, as user {user} with all other capabilities");
                }
                Ok(())
            })?;
        }
        for name in &names {
            expect_eq!(fs::metadata(path_of(name))?.uid(), 0, "the owner of the file {name}");
        }
        Ok(names.len())
    })?;
    prepared(owner.join()? > 100, "more than a hundred settings")?;
    holds()
}

/// Opening a setting of a network namespace for writing fails with EACCES as root of a user namespace that does not own it.
///
/// User 0 of the initial user namespace may open all of them, in any network namespace, with no capability at all, and
/// also as root of a user namespace.
#[claim(
    source = ["user_namespaces(7)", "fs/proc/proc_sysctl.c test_perm"],
    needs = [Root, UserNamespaces, Config("INET")],
    deadline = 30,
)]
fn net_settings_of_others_are_denied_unless_to_root_outside() -> Verdict {
    Network::new()?.inside(|| {
        let names = writable_names()?;
        prepared(names.len() > 100, "more than a hundred settings")?;
        as_user(NOBODY, NONE, || {
            user_namespace(NONE, || {
                for name in &names {
                    expect_errno!(open(name), EACCES, "{name}, as root of an ordinary user's user namespace");
                }
                Ok(())
            })
        })?;
        user_namespace(NONE, || expect_opened(&names, "as root outside, in a user namespace"))?;
        with_only(CapabilitySet::empty(), NONE, || expect_opened(&names, "as root outside, without capabilities"))?;
        holds()
    })
}

/// Writing net.ipv4.ip_forward requires CAP_NET_ADMIN in the user namespace that owns the network namespace: EPERM.
///
/// User 0 may open the file without it, and write other settings. Kernels before 6.1 let it write this one, too.
#[claim(source = "net/ipv4/devinet.c devinet_sysctl_forward", since = "6.1", needs = [Root, Config("INET")])]
fn ip_forward_is_written_with_net_admin_only() -> Verdict {
    let before: u32 = sysctl(FORWARD)?;
    without(CapabilitySet::NET_ADMIN, NONE, || {
        expect_ok!(open_sysctl(FORWARD), "the file");
        expect_errno!(set_sysctl(FORWARD, 1 - before), EPERM, "without CAP_NET_ADMIN");
        expect_ok!(set_sysctl("net/ipv4/tcp_sack", 0), "another setting");
        Ok(())
    })?;
    expect_eq!(sysctl::<u32>(FORWARD)?, before, "after the refusal");
    with_only(CapabilitySet::NET_ADMIN, NONE, || {
        expect_ok!(set_sysctl(FORWARD, 1 - before), "with CAP_NET_ADMIN");
        Ok(())
    })?;
    expect_eq!(sysctl::<u32>(FORWARD)?, 1 - before);
    holds()
}

/// Root of any user namespace can set net.netfilter.nf_hooks_lwtunnel in its network namespace, and so sets it in all, for
/// good.
///
/// It is one switch for the machine, and cannot be set to 0 again: EBUSY. Before 6.10 it was there with the connection
/// tracking only.
#[claim(
    source = "net/netfilter/nf_hooks_lwtunnel.c nf_hooks_lwtunnel_sysctl_handler",
    since = "6.10",
    needs = [InitialNamespaces, Disposable, Root, UserNamespaces, Config("NETFILTER"), Config("LWTUNNEL")],
)]
fn hooks_of_lightweight_tunnels_are_switched_on_for_all() -> Verdict {
    const SWITCH: &str = "net/netfilter/nf_hooks_lwtunnel";
    let other = Network::new()?;
    let seen = || Ok::<_, Failure>([sysctl::<u32>(SWITCH)?, other.inside(|| sysctl(SWITCH))?]);
    expect_eq!(seen()?, [0, 0], "in the initial network namespace and in another one");
    as_user(NOBODY, NONE, || {
        user_namespace(CLONE_NEWNET, || {
            expect_ok!(set_sysctl(SWITCH, 1), "as root of an ordinary user's user namespace");
            Ok(())
        })
    })?;
    expect_eq!(seen()?, [1, 1], "in the initial network namespace and in another one, after that");
    expect_errno!(set_sysctl(SWITCH, 0), EBUSY, "set back in the initial network namespace");
    holds()
}

/// net.ipv4.ping_group_range shows the groups as the reader's user namespace numbers them.
#[claim(source = ["crun#1649", "net/ipv4/sysctl_net_ipv4.c ipv4_ping_group_range"], needs = [Root, UserNamespaces, Config("INET")])]
fn ping_group_range_is_told_in_own_groups() -> Verdict {
    for (first, inside, outside) in [(1000, "0\t5", "1000\t1005"), (7000, "2\t9", "7002\t7009")] {
        let owner = user_namespace_with(&Maps::range(first, 10), CLONE_NEWNET, |case| {
            become_root_inside()?;
            expect_ok!(set_sysctl(GROUPS, inside), "written inside");
            expect_eq!(sysctl::<String>(GROUPS)?, inside, "read inside");
            case.go()?;
            case.wait()
        })?;
        owner.recv::<()>()?;
        let seen = enter(owner.pid(), &[Kind::Net], || sysctl::<String>(GROUPS))?;
        expect_eq!(seen, outside, "read by a process of the initial user namespace");
        owner.go()?;
        owner.join()?;
    }
    holds()
}

/// Writing a group to net.ipv4.ping_group_range that the writer's user namespace does not map fails with EINVAL, and changes
/// nothing.
#[claim(source = ["crun#1649", "criu#2679"], needs = [UserNamespaces, Config("INET")])]
fn ping_group_range_takes_mapped_groups_only() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        expect_ok!(set_sysctl(GROUPS, "0 0"), "the only group that is mapped");
        for wrong in ["0 1", "1 1", "0 4294967294"] {
            expect_errno!(set_sysctl(GROUPS, wrong), EINVAL, "{wrong}");
            expect_eq!(sysctl::<String>(GROUPS)?, "0\t0", "after {wrong} was refused");
        }
        holds()
    })
}

/// net.ipv4.ping_group_range decides in its own network namespace alone whose processes get ICMP sockets without
/// privilege; others get EACCES.
///
/// A new network namespace lets no group have one.
#[claim(source = ["icmp(7)", "Documentation/networking/ip-sysctl.rst"], needs = [Root, Config("INET")])]
fn ping_group_range_counts_in_its_network() -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    let open = |place: &Network, group: u32| {
        place.inside(|| {
            child(NONE, || {
                Identity::user(NOBODY).group(group).assume()?;
                let socket =
                    socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp);
                Ok(socket.map(drop).portable())
            })
        })
    };
    for group in [0, 500, NOBODY] {
        expect_errno!(open(&one, group)?, EACCES, "group {group} in a new network namespace");
    }
    one.inside(|| set_sysctl(GROUPS, "400 600").doing("write ping_group_range"))?;
    for group in [400, 500, 600] {
        expect_ok!(open(&one, group)?, "group {group}");
        expect_errno!(open(&other, group)?, EACCES, "group {group} in another network namespace");
    }
    for group in [399, 601] {
        expect_errno!(open(&one, group)?, EACCES, "group {group}");
    }
    holds()
}

/// net.ipv4.ip_unprivileged_port_start decides in its own network namespace alone from which port on bind() requires no
/// privilege; EACCES below it.
#[claim(source = ["ip(7)", "Documentation/networking/ip-sysctl.rst"], needs = [Root, Config("INET")])]
fn unprivileged_ports_count_in_their_network() -> Verdict {
    let (one, other) = (Network::with_loopback()?, Network::with_loopback()?);
    let bind = |place: &Network, port: u16| {
        place.inside(|| {
            as_user(NOBODY, NONE, || {
                let bound = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).map(drop);
                Ok(bound.portable())
            })
        })
    };
    one.inside(|| set_sysctl(PORTS, 80).doing("write ip_unprivileged_port_start"))?;
    for port in [80, 1023] {
        expect_ok!(bind(&one, port)?, "port {port}");
        expect_errno!(bind(&other, port)?, EACCES, "port {port} in another network namespace");
    }
    expect_errno!(bind(&one, 79)?, EACCES, "port 79");
    expect_ok!(bind(&other, 1024)?, "port 1024 in another network namespace");
    holds()
}

/// The settings whose files somebody may write.
fn writable_names() -> Outcome<Vec<String>> {
    let all = settings("")?.into_iter().filter(|one| one.mode & 0o222 != 0);
    Ok(all.map(|one| one.name).collect())
}

fn expect_opened(names: &[String], who: &str) -> Outcome<()> {
    for name in names {
        expect_ok!(open(name), "{name}, {who}");
    }
    Ok(())
}

fn open(name: &str) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(path_of(name)).map(drop)
}

fn path_of(name: &str) -> String {
    format!("/proc/sys/net/{name}")
}
