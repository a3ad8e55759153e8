//! Which settings below `/proc/sys/net` a network namespace shows, and which of them can be written there.

use std::collections::BTreeSet;
use std::fs::OpenOptions;

use kit::prelude::*;
use kit::prepared;

use super::networks::Network;
use super::settings::{Setting, alter, settings, value};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    core_settings_of_the_machine_are_in_the_initial_network_only,
    ipv4_settings_of_the_machine_are_in_the_initial_network_only,
    ipv6_settings_of_the_machine_are_in_the_initial_network_only,
    buffer_sizes_are_in_the_initial_network_only,
    buffer_sizes_are_read_only_elsewhere,
    allowed_congestion_control_is_read_only_elsewhere,
    conntrack_sizes_are_read_only_elsewhere,
    settings_hidden_where_a_user_namespace_owns_the_network,
    settings_hidden_in_an_older_series,
    settings_hidden_in_the_oldest_series,
];

/// These settings in /proc/sys/net/core are of the whole machine: the initial network namespace alone shows them.
///
/// Among them are default_qdisc, netdev_max_backlog, bpf_jit_enable, devconf_inherit_init_net and
/// fb_tunnels_only_for_init_net.
#[claim(
    source = ["net/core/sysctl_net_core.c net_core_table", "Documentation/admin-guide/sysctl/net.rst"],
    needs = [InitialNamespaces, Root, Config("INET"), Config("BPF_JIT"), Config("RPS"), Config("NET_FLOW_LIMIT"), Config("NET_SCHED"), Config("NET_RX_BUSY_POLL")],
)]
fn core_settings_of_the_machine_are_in_the_initial_network_only() -> Verdict {
    expect_in_the_initial_network_only("core", OF_THE_MACHINE_CORE)
}

/// These settings in /proc/sys/net/ipv4, route and neigh/default are of the whole machine: the initial network namespace
/// alone shows them.
///
/// Among them are tcp_mem, udp_mem, tcp_max_orphans and the sizes of the neighbour table.
#[claim(
    source = ["net/ipv4/sysctl_net_ipv4.c ipv4_table", "net/ipv4/route.c ipv4_route_table", "net/core/neighbour.c neigh_sysctl_register"],
    needs = [Config("NET_NS"), InitialNamespaces, Root, Config("INET")],
)]
fn ipv4_settings_of_the_machine_are_in_the_initial_network_only() -> Verdict {
    expect_in_the_initial_network_only("ipv4", OF_THE_MACHINE_IPV4)?;
    expect_in_the_initial_network_only("ipv4/route", OF_THE_MACHINE_ROUTE)?;
    expect_in_the_initial_network_only("ipv4/neigh/default", OF_THE_MACHINE_NEIGHBOUR)
}

/// These settings in /proc/sys/net/ipv6 and neigh/default are of the whole machine: the initial network namespace alone
/// shows them.
#[claim(
    source = ["net/ipv6/sysctl_net_ipv6.c ipv6_rotable", "net/core/neighbour.c neigh_sysctl_register"],
    needs = [InitialNamespaces, Root, Config("IPV6")],
)]
fn ipv6_settings_of_the_machine_are_in_the_initial_network_only() -> Verdict {
    expect_in_the_initial_network_only("ipv6", OF_THE_MACHINE_IPV6)?;
    expect_in_the_initial_network_only("ipv6/neigh/default", OF_THE_MACHINE_NEIGHBOUR)
}

/// The settings rmem_default, rmem_max, wmem_default and wmem_max of /proc/sys/net/core are in the initial network namespace
/// only.
///
/// Newer kernels show them elsewhere, too, to be read.
#[claim(
    source = "kernel 6.1 net/core/sysctl_net_core.c net_core_table",
    until = "6.2",
    needs = [InitialNamespaces, Root, Config("INET")],
)]
fn buffer_sizes_are_in_the_initial_network_only() -> Verdict {
    expect_in_the_initial_network_only("core", &BUFFER_SIZES)
}

/// rmem_default, rmem_max, wmem_default and wmem_max of /proc/sys/net/core are the initial network namespace's in every one,
/// and read-only in all others.
///
/// open() for writing fails with EACCES there, also for root.
#[claim(
    source = "net/core/sysctl_net_core.c sysctl_core_net_init",
    since = "6.12",
    needs = [Config("NET_NS"), InitialNamespaces, Disposable, Root, Config("INET")],
)]
fn buffer_sizes_are_read_only_elsewhere() -> Verdict {
    expect_read_only_elsewhere(&BUFFER_SIZES.map(|name| format!("core/{name}")))
}

/// tcp_allowed_congestion_control is the initial network namespace's in every one, and read-only in all others.
#[claim(
    source = "net/ipv4/sysctl_net_ipv4.c ipv4_sysctl_init_net",
    needs = [Config("NET_NS"), InitialNamespaces, Disposable, Root, Config("INET")],
)]
fn allowed_congestion_control_is_read_only_elsewhere() -> Verdict {
    expect_read_only_elsewhere(&["ipv4/tcp_allowed_congestion_control".to_owned()])
}

/// nf_conntrack_max, nf_conntrack_expect_max and nf_conntrack_buckets are the initial network namespace's in every one, and
/// read-only in all others.
#[claim(
    source = "net/netfilter/nf_conntrack_standalone.c nf_conntrack_standalone_init_sysctl",
    needs = [InitialNamespaces, Disposable, Root, Module("nf_conntrack")],
)]
fn conntrack_sizes_are_read_only_elsewhere() -> Verdict {
    // The number of buckets first: it sets the others.
    let names = ["nf_conntrack_buckets", "nf_conntrack_max", "nf_conntrack_expect_max"];
    expect_read_only_elsewhere(&names.map(|name| format!("netfilter/{name}")))
}

/// In a network namespace that a new user namespace owns 14 files of /proc/sys/net are missing: core/xfrm_* and all of
/// ipv6/route but max_size.
#[claim(
    source = ["systemd#8712", "net/ipv6/route.c ipv6_route_sysctl_table_size", "net/xfrm/xfrm_sysctl.c xfrm_sysctl_init"],
    since = "6.12",
    needs = [Root, UserNamespaces, Config("IPV6"), Config("XFRM")],
    deadline = 30,
)]
fn settings_hidden_where_a_user_namespace_owns_the_network() -> Verdict {
    expect_hidden_from_owners(&[])
}

/// In a network namespace that a new user namespace owns core/somaxconn, core/txrehash, core/xfrm_* and ipv6/route, but for
/// its max_size, are missing.
#[claim(
    source = ["systemd#8712", "kernel 6.1 net/core/sysctl_net_core.c sysctl_core_net_init"],
    since = "6.1",
    until = "6.2",
    needs = [Root, UserNamespaces, Config("IPV6"), Config("XFRM")],
    deadline = 30,
)]
fn settings_hidden_in_an_older_series() -> Verdict {
    expect_hidden_from_owners(&["core/somaxconn", "core/txrehash"])
}

/// In a network namespace that a new user namespace owns core/somaxconn, core/xfrm_*, ipv4/neigh, ipv6/neigh, ipv6/route and
/// unix/max_dgram_qlen are missing.
#[claim(
    source = ["systemd#8712", "kernel 5.10 net/core/sysctl_net_core.c sysctl_core_net_init"],
    until = "5.11",
    needs = [Root, UserNamespaces, Config("IPV6"), Config("XFRM"), Config("UNIX")],
    deadline = 30,
)]
fn settings_hidden_in_the_oldest_series() -> Verdict {
    expect_hidden_from_owners(&[
        "core/somaxconn",
        "ipv4/neigh",
        "ipv6/neigh",
        "ipv6/route/max_size",
        "unix/max_dgram_qlen",
    ])
}

const BUFFER_SIZES: [&str; 4] = ["rmem_default", "rmem_max", "wmem_default", "wmem_max"];

/// On every kernel from 5.10 to 7.3.
const OF_THE_MACHINE_CORE: &[&str] = &[
    "bpf_jit_enable",
    "bpf_jit_harden",
    "bpf_jit_kallsyms",
    "bpf_jit_limit",
    "busy_poll",
    "busy_read",
    "default_qdisc",
    "dev_weight",
    "dev_weight_rx_bias",
    "dev_weight_tx_bias",
    "devconf_inherit_init_net",
    "fb_tunnels_only_for_init_net",
    "flow_limit_cpu_bitmap",
    "flow_limit_table_len",
    "gro_normal_batch",
    "high_order_alloc_disable",
    "max_skb_frags",
    "message_burst",
    "message_cost",
    "netdev_budget",
    "netdev_budget_usecs",
    "netdev_max_backlog",
    "netdev_rss_key",
    "netdev_tstamp_prequeue",
    "rps_sock_flow_entries",
    "warnings",
];

const OF_THE_MACHINE_IPV4: &[&str] = &[
    "fib_sync_mem",
    "inet_peer_maxttl",
    "inet_peer_minttl",
    "inet_peer_threshold",
    "ipfrag_secret_interval",
    "tcp_available_ulp",
    "tcp_low_latency",
    "tcp_max_orphans",
    "tcp_mem",
    "udp_mem",
];

const OF_THE_MACHINE_ROUTE: &[&str] = &[
    "error_burst",
    "error_cost",
    "gc_elasticity",
    "gc_interval",
    "gc_min_interval",
    "gc_min_interval_ms",
    "gc_thresh",
    "gc_timeout",
    "max_size",
    "redirect_load",
    "redirect_number",
    "redirect_silence",
];

const OF_THE_MACHINE_IPV6: &[&str] = &["ip6frag_secret_interval", "mld_max_msf", "mld_qrv"];

const OF_THE_MACHINE_NEIGHBOUR: &[&str] = &[
    "anycast_delay",
    "app_solicit",
    "base_reachable_time",
    "base_reachable_time_ms",
    "delay_first_probe_time",
    "gc_interval",
    "gc_stale_time",
    "gc_thresh1",
    "gc_thresh2",
    "gc_thresh3",
    "locktime",
    "mcast_resolicit",
    "mcast_solicit",
    "proxy_delay",
    "proxy_qlen",
    "retrans_time",
    "retrans_time_ms",
    "ucast_solicit",
    "unres_qlen",
    "unres_qlen_bytes",
];

/// What an owner outside the initial user namespace is never shown.
const HIDDEN: [&str; 14] = [
    "core/xfrm_acq_expires",
    "core/xfrm_aevent_etime",
    "core/xfrm_aevent_rseqth",
    "core/xfrm_larval_drop",
    "ipv6/route/flush",
    "ipv6/route/gc_elasticity",
    "ipv6/route/gc_interval",
    "ipv6/route/gc_min_interval",
    "ipv6/route/gc_min_interval_ms",
    "ipv6/route/gc_thresh",
    "ipv6/route/gc_timeout",
    "ipv6/route/min_adv_mss",
    "ipv6/route/mtu_expires",
    "ipv6/route/skip_notify_on_dev_down",
];

fn expect_in_the_initial_network_only(folder: &str, names: &[&str]) -> Verdict {
    let other = Network::new()?;
    let open = |name: &str| OpenOptions::new().read(true).open(format!("/proc/sys/net/{folder}/{name}")).map(drop);
    for name in names {
        expect_ok!(open(name), "{folder}/{name} in the initial network namespace");
        expect_errno!(other.inside(|| Ok(open(name)))?, ENOENT, "{folder}/{name} in another one");
    }
    holds()
}

fn expect_read_only_elsewhere(names: &[String]) -> Verdict {
    let other = Network::new()?;
    let open = |name: &str| OpenOptions::new().write(true).open(format!("/proc/sys/net/{name}")).map(drop);
    for name in names {
        for _ in 0..2 {
            expect_eq!(other.inside(|| Ok(value(name)))?, value(name), "{name} in another network namespace");
            alter(name)?;
        }
        expect_errno!(other.inside(|| Ok(open(name)))?, EACCES, "{name} in another network namespace");
        expect_ok!(open(name), "{name} in the initial network namespace");
    }
    holds()
}

/// Of the files below `/proc/sys/net` exactly [`HIDDEN`] and these are there in a new network namespace of the initial user
/// namespace, and not in one of another user namespace.
fn expect_hidden_from_owners(more: &[&str]) -> Verdict {
    let names = |found: Vec<Setting>| found.into_iter().map(|one| whole_folder(one.name)).collect::<BTreeSet<_>>();
    let ours = names(Network::new()?.inside(|| settings(""))?);
    let theirs = names(user_namespace(CLONE_NEWNET, || settings(""))?);
    prepared(ours.len() > 100, "many settings")?;
    let hidden: BTreeSet<_> = ours.difference(&theirs).map(String::as_str).collect();
    expect_eq!(hidden, HIDDEN.iter().chain(more).copied().collect::<BTreeSet<_>>());
    expect_eq!(theirs.difference(&ours).count(), 0, "settings that only the owner of the other one is shown");
    holds()
}

/// Of what there is for each device and each protocol alike, the folder; else the name.
fn whole_folder(name: String) -> String {
    let folders = ["ipv4/neigh", "ipv6/neigh"];
    folders.into_iter().find(|folder| name.starts_with(folder)).map(str::to_owned).unwrap_or(name)
}
