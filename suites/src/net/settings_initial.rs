//! What the settings below `/proc/sys/net` are in a new network namespace: `Documentation/networking/ip-sysctl.rst`.

use kit::prelude::*;
use kit::prepared;

use super::networks::Network;
use super::settings::{alter_all, value, values, writable};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    core_settings_start_with_defaults,
    unix_settings_start_with_defaults,
    ipv4_settings_start_with_defaults_but_four,
    ipv6_settings_start_with_defaults,
    mptcp_settings_start_with_defaults,
    conntrack_settings_start_with_defaults,
    bridge_settings_start_with_defaults,
    sctp_settings_start_with_defaults,
    well_known_defaults_of_a_new_network,
    lo_starts_from_the_default_device_settings,
];

/// What a new network namespace has of the initial one, whichever it was made from.
const INHERITED: [&str; 4] = ["ipv4/ip_forward", "ipv4/tcp_congestion_control", "ipv4/tcp_rmem", "ipv4/tcp_wmem"];

/// They say how large the tables are that namespaces made from this one get, on which other settings depend.
const LEFT_ALONE: [&str; 2] = ["ipv4/tcp_child_ehash_entries", "ipv4/udp_child_hash_entries"];

/// Every setting in /proc/sys/net/core that can be written in a new network namespace starts with the kernel's default there.
///
/// Neither the initial network namespace's value nor the creator's matters.
#[claim(source = "net/core/sysctl_net_core.c sysctl_core_net_init", needs = [Config("NET_NS"), InitialNamespaces, Disposable, Root], deadline = 30)]
fn core_settings_start_with_defaults() -> Verdict {
    expect_initial("core", |_| true)
}

/// Every setting in /proc/sys/net/unix starts with the kernel's default in a new network namespace.
#[claim(source = "net/unix/af_unix.c unix_net_init", needs = [Config("NET_NS"), InitialNamespaces, Disposable, Root, Config("UNIX")], deadline = 30)]
fn unix_settings_start_with_defaults() -> Verdict {
    expect_initial("unix", |_| true)
}

/// Of /proc/sys/net/ipv4 ip_forward, tcp_congestion_control, tcp_rmem and tcp_wmem start with the initial network namespace's
/// values, all others with defaults.
///
/// That is: never with the values of the network namespace that the new one was made from. The folder conf is apart.
#[claim(
    source = ["net/ipv4/tcp_ipv4.c tcp_sk_init", "net/ipv4/devinet.c devinet_init_net"],
    needs = [Config("NET_NS"), InitialNamespaces, Disposable, Root, Config("INET")],
    deadline = 30,
)]
fn ipv4_settings_start_with_defaults_but_four() -> Verdict {
    expect_initial("ipv4", |name| !name.starts_with("ipv4/conf/") && !name.starts_with("ipv4/neigh/"))
}

/// Every setting in /proc/sys/net/ipv6 and its folders icmp and route starts with the kernel's default in a new network
/// namespace.
///
/// Neither the initial network namespace's value nor the creator's matters. The folder conf is apart.
#[claim(source = "net/ipv6/af_inet6.c inet6_net_init", needs = [InitialNamespaces, Disposable, Root, Config("IPV6")], deadline = 30)]
fn ipv6_settings_start_with_defaults() -> Verdict {
    expect_initial("ipv6", |name| !name.starts_with("ipv6/conf/") && !name.starts_with("ipv6/neigh/"))
}

/// Every setting in /proc/sys/net/mptcp starts with the kernel's default in a new network namespace.
#[claim(source = "net/mptcp/ctrl.c mptcp_pernet_set_defaults", needs = [InitialNamespaces, Disposable, Root, Config("MPTCP")], deadline = 30)]
fn mptcp_settings_start_with_defaults() -> Verdict {
    expect_initial("mptcp", |name| name != "mptcp/scheduler")
}

/// Every setting of the connection tracking that can be written in a new network namespace starts with the kernel's default
/// there.
#[claim(
    source = "net/netfilter/nf_conntrack_standalone.c nf_conntrack_standalone_init_sysctl",
    needs = [InitialNamespaces, Disposable, Root, Module("nf_conntrack")],
    deadline = 30,
)]
fn conntrack_settings_start_with_defaults() -> Verdict {
    expect_initial("netfilter", |name| {
        let own = ["netfilter/nf_conntrack_", "netfilter/nf_flowtable_"];
        let global =
            ["netfilter/nf_conntrack_max", "netfilter/nf_conntrack_buckets", "netfilter/nf_conntrack_expect_max"];
        own.iter().any(|start| name.starts_with(start)) && !global.contains(&name)
    })
}

/// Every setting in /proc/sys/net/bridge starts with the kernel's default in a new network namespace.
#[claim(
    source = "net/bridge/br_netfilter_hooks.c br_netfilter_sysctl_init_net",
    needs = [InitialNamespaces, Disposable, Root, Module("br_netfilter")],
    deadline = 30,
)]
fn bridge_settings_start_with_defaults() -> Verdict {
    expect_initial("bridge", |_| true)
}

/// Every setting in /proc/sys/net/sctp that can be written in a new network namespace starts with the kernel's default there.
#[claim(source = "net/sctp/protocol.c sctp_defaults_init", needs = [InitialNamespaces, Disposable, Root, Module("sctp")], deadline = 30)]
fn sctp_settings_start_with_defaults() -> Verdict {
    expect_initial("sctp", |_| true)
}

/// A new network namespace has somaxconn 4096, ip_default_ttl 64, ports from 1024 on for privileged processes only, and no
/// group with ICMP sockets.
///
/// And some more defaults that programs rely on.
#[claim(source = "Documentation/networking/ip-sysctl.rst", needs = [Root, Config("INET"), Config("IPV6"), Config("UNIX")])]
fn well_known_defaults_of_a_new_network() -> Verdict {
    let defaults = [
        ("core/somaxconn", "4096"),
        ("ipv4/ip_default_ttl", "64"),
        ("ipv4/ip_local_port_range", "32768\t60999"),
        ("ipv4/ip_unprivileged_port_start", "1024"),
        ("ipv4/ping_group_range", "1\t0"),
        ("ipv4/tcp_fin_timeout", "60"),
        ("ipv4/tcp_syncookies", "1"),
        ("ipv4/icmp_echo_ignore_all", "0"),
        ("ipv6/bindv6only", "0"),
        ("unix/max_dgram_qlen", "10"),
    ];
    Network::new()?.inside(|| {
        for (name, default) in defaults {
            expect_eq!(value(name).as_deref(), Some(default), "{name}");
        }
        holds()
    })
}

/// The device settings of a new network namespace's lo in /proc/sys/net/ipv4/conf are those of its folder default, not
/// those of the creator's lo.
///
/// But for disable_policy and disable_xfrm, which are 1 for every loopback device.
#[claim(source = "net/ipv4/devinet.c inetdev_init", needs = [Root, Config("INET")])]
fn lo_starts_from_the_default_device_settings() -> Verdict {
    let creator = Network::new()?;
    creator.inside(|| {
        let names = writable(&["ipv4/conf/lo"])?;
        alter_all(&names, &values(&names))?;
        let own = values(&names);
        Network::new()?.inside(|| {
            for (name, own) in names.iter().zip(&own) {
                let of_loopback = name.ends_with("/disable_policy") || name.ends_with("/disable_xfrm");
                let default = value(&name.replace("/lo/", "/default/"));
                let expected = if of_loopback { Some("1".to_owned()) } else { default };
                expect_eq!(value(name), expected, "{name}, which is {own:?} where the new one was made");
            }
            holds()
        })
    })
}

/// In a new network namespace these settings are the initial one's if they are in [`INHERITED`], and else what they are
/// there when nothing was ever written.
///
/// That is tried with namespaces that are made from the initial one; from one with all defaults; and from one in which
/// everything was written.
fn expect_initial(folder: &str, wanted: impl Fn(&str) -> bool) -> Verdict {
    let (plain, written) = (Network::new()?, Network::new()?);
    let names = plain.inside(|| writable(&[folder]))?;
    let names: Vec<_> = names.into_iter().filter(|name| wanted(name) && !LEFT_ALONE.contains(&name.as_str())).collect();
    prepared(!names.is_empty(), format!("settings below {folder} that can be written"))?;
    let fresh = || Network::new()?.inside(|| Ok(values(&names)));
    let (defaults, own) = (fresh()?, values(&names));
    alter_all(&names, &own)?;
    written.inside(|| alter_all(&names, &defaults))?;
    let own = values(&names);
    let made = [
        ("the initial one", fresh()?),
        ("one with the defaults", plain.inside(fresh)?),
        ("one in which all was written", written.inside(fresh)?),
    ];
    for (from, seen) in &made {
        for (number, name) in names.iter().enumerate() {
            let expected = if INHERITED.contains(&name.as_str()) { &own } else { &defaults };
            expect_eq!(seen[number], expected[number], "{name}, in a network namespace made from {from}");
        }
    }
    holds()
}
