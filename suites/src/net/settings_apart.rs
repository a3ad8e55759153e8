//! That each network namespace has settings of its own: `/proc/sys/net`; `network_namespaces(7)`.

use kit::prelude::*;
use kit::prepared;

use super::networks::Network;
use super::settings::{alter_all, values, writable};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    core_settings_are_of_their_network,
    unix_settings_are_of_their_network,
    ipv4_settings_are_of_their_network,
    ipv4_device_settings_are_of_their_network,
    ipv6_settings_are_of_their_network,
    ipv6_device_settings_are_of_their_network,
    mptcp_settings_are_of_their_network,
    conntrack_settings_are_of_their_network,
    bridge_settings_are_of_their_network,
    sctp_settings_are_of_their_network,
];

/// Each network namespace has a value of its own of every setting in /proc/sys/net/core that can be written in more than
/// one.
#[claim(source = ["network_namespaces(7) DESCRIPTION", "net/core/sysctl_net_core.c netns_core_table"], needs = [Root, Config("INET")], deadline = 30)]
fn core_settings_are_of_their_network() -> Verdict {
    expect_apart(&["core"], |_| true)
}

/// Each network namespace has a value of its own of every setting in /proc/sys/net/unix.
#[claim(source = ["network_namespaces(7) DESCRIPTION", "net/unix/sysctl_net_unix.c"], needs = [Root, Config("UNIX")], deadline = 30)]
fn unix_settings_are_of_their_network() -> Verdict {
    expect_apart(&["unix"], |_| true)
}

/// Each network namespace has a value of its own of every setting in /proc/sys/net/ipv4 and its folder route that can be
/// written in more than one.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/ipv4/sysctl_net_ipv4.c ipv4_net_table"],
    needs = [Root, Config("INET")],
    deadline = 30,
)]
fn ipv4_settings_are_of_their_network() -> Verdict {
    expect_apart(&["ipv4"], |name| !name.starts_with("ipv4/conf/") && !name.starts_with("ipv4/neigh/"))
}

/// Each network namespace has a value of its own of every setting in the folders all, default and lo of
/// /proc/sys/net/ipv4/conf.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/ipv4/devinet.c devinet_init_net"],
    needs = [Root, Config("INET")],
    deadline = 30,
)]
fn ipv4_device_settings_are_of_their_network() -> Verdict {
    expect_apart(&["ipv4/conf/all", "ipv4/conf/default", "ipv4/conf/lo", "ipv4/neigh/lo"], |_| true)
}

/// Each network namespace has a value of its own of every setting in /proc/sys/net/ipv6 and its folders icmp and route that
/// can be written in more than one.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/ipv6/sysctl_net_ipv6.c ipv6_table_template"],
    needs = [Root, Config("IPV6")],
    deadline = 30,
)]
fn ipv6_settings_are_of_their_network() -> Verdict {
    expect_apart(&["ipv6"], |name| !name.starts_with("ipv6/conf/") && !name.starts_with("ipv6/neigh/"))
}

/// Each network namespace has a value of its own of every setting in the folders all, default and lo of
/// /proc/sys/net/ipv6/conf that can be written.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/ipv6/addrconf.c addrconf_init_net"],
    needs = [Root, Config("IPV6")],
    deadline = 30,
)]
fn ipv6_device_settings_are_of_their_network() -> Verdict {
    // No secret can be set for all devices.
    let folders = ["ipv6/conf/all", "ipv6/conf/default", "ipv6/conf/lo", "ipv6/neigh/lo"];
    expect_apart(&folders, |name| name != "ipv6/conf/all/stable_secret")
}

/// Each network namespace has a value of its own of every setting in /proc/sys/net/mptcp.
#[claim(source = "net/mptcp/ctrl.c mptcp_sysctl_table", needs = [Root, Config("MPTCP")], deadline = 30)]
fn mptcp_settings_are_of_their_network() -> Verdict {
    // There is but one scheduler, unless a program brings another.
    expect_apart(&["mptcp"], |name| name != "mptcp/scheduler")
}

/// Each network namespace has a value of its own of every setting of the connection tracking that can be written in more
/// than one.
#[claim(
    source = ["network_namespaces(7) DESCRIPTION", "net/netfilter/nf_conntrack_standalone.c nf_ct_sysctl_table"],
    needs = [Root, Module("nf_conntrack")],
    deadline = 30,
)]
fn conntrack_settings_are_of_their_network() -> Verdict {
    expect_apart(&["netfilter"], |name| {
        ["netfilter/nf_conntrack_", "netfilter/nf_flowtable_"].iter().any(|start| name.starts_with(start))
    })
}

/// Each network namespace has a value of its own of every setting in /proc/sys/net/bridge.
#[claim(source = "net/bridge/br_netfilter_hooks.c brnf_table", since = "5.3", needs = [Root, Module("br_netfilter")], deadline = 30)]
fn bridge_settings_are_of_their_network() -> Verdict {
    expect_apart(&["bridge"], |_| true)
}

/// Each network namespace has a value of its own of every setting in /proc/sys/net/sctp that can be written in more than
/// one.
#[claim(source = "net/sctp/sysctl.c sctp_net_table", needs = [Root, Module("sctp")], deadline = 30)]
fn sctp_settings_are_of_their_network() -> Verdict {
    expect_apart(&["sctp"], |_| true)
}

/// Writing any of these settings in one new network namespace changes it there, and none of them in another new one nor in
/// the one that both were made from.
fn expect_apart(folders: &[&str], wanted: impl Fn(&str) -> bool) -> Verdict {
    let (one, other) = (Network::new()?, Network::new()?);
    let names: Vec<_> = one.inside(|| writable(folders))?.into_iter().filter(|name| wanted(name)).collect();
    prepared(!names.is_empty(), format!("settings below {folders:?} that can be written"))?;
    for (place, apart) in [(&one, &other), (&other, &one)] {
        let elsewhere = || Ok::<_, Failure>([apart.inside(|| Ok(values(&names)))?, values(&names)]);
        let before = (place.inside(|| Ok(values(&names)))?, elsewhere()?);
        // Each for itself: writing one may set others of the same network namespace.
        place.inside(|| alter_all(&names, &before.0))?;
        let after = elsewhere()?;
        for (number, name) in names.iter().enumerate() {
            for (before, after) in before.1.iter().zip(&after) {
                expect_eq!(after[number], before[number], "{name}, which was written in another network namespace");
            }
        }
    }
    holds()
}
