//! The network namespace: `network_namespaces(7)`.

mod addresses;
mod bound_sockets;
mod cookies;
mod device_indexes;
mod device_settings_initial;
mod devices;
mod echo;
mod ip_netns_exec;
mod ip_netns_names;
mod listed_sockets;
mod moved_devices;
mod moving_devices;
mod nesting;
mod netfilter;
mod networks;
mod notifications;
mod packets;
mod proc_net;
mod raw_netlink;
mod settings;
mod settings_apart;
mod settings_initial;
mod settings_paths;
mod settings_rights;
mod settings_visible;
mod socket_networks;
mod sockets;
mod stacked_devices;
mod sysfs;
mod tables;
mod tun;
mod uevents;
mod unix_sockets;
mod veth_links;
mod vsock;
mod wires;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        addresses::CASES,
        bound_sockets::CASES,
        cookies::CASES,
        device_indexes::CASES,
        device_settings_initial::CASES,
        ip_netns_exec::CASES,
        ip_netns_names::CASES,
        listed_sockets::CASES,
        moved_devices::CASES,
        moving_devices::CASES,
        nesting::CASES,
        netfilter::CASES,
        notifications::CASES,
        packets::CASES,
        proc_net::CASES,
        settings_apart::CASES,
        settings_initial::CASES,
        settings_paths::CASES,
        settings_rights::CASES,
        settings_visible::CASES,
        socket_networks::CASES,
        sockets::CASES,
        stacked_devices::CASES,
        sysfs::CASES,
        tables::CASES,
        tun::CASES,
        uevents::CASES,
        unix_sockets::CASES,
        veth_links::CASES,
        vsock::CASES,
    ],
    programs: &[],
};
