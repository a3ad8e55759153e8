//! The network namespace: `network_namespaces(7)`.

mod addresses;
mod bound_sockets;
mod bridge_helper;
mod cookies;
mod destroyed_devices;
mod device_indexes;
mod device_rights;
mod device_settings_initial;
mod devices;
mod drivers;
mod echo;
mod ends_elsewhere;
mod immovable_devices;
mod ip_netns_exec;
mod ip_netns_monitor;
mod ip_netns_names;
mod kept_alive;
mod linked_devices;
mod listed_sockets;
mod loopback_device;
mod lower_devices_moved;
mod movable_devices;
mod moved_devices;
mod moving_devices;
mod nesting;
mod netfilter;
mod networks;
mod new_namespaces;
mod notifications;
mod nsid_requests;
mod nsid_targets;
mod nsids;
mod packets;
mod proc_net;
mod raw_netlink;
mod returning_devices;
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
mod sysfs_mounting;
mod tables;
mod tun;
mod uevents;
mod unix_sockets;
mod veth_links;
mod veth_pairs;
mod vsock;
mod wires;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        addresses::CASES,
        bound_sockets::CASES,
        bridge_helper::CASES,
        cookies::CASES,
        destroyed_devices::CASES,
        device_indexes::CASES,
        device_rights::CASES,
        device_settings_initial::CASES,
        ends_elsewhere::CASES,
        immovable_devices::CASES,
        ip_netns_exec::CASES,
        ip_netns_monitor::CASES,
        ip_netns_names::CASES,
        kept_alive::CASES,
        linked_devices::CASES,
        listed_sockets::CASES,
        loopback_device::CASES,
        lower_devices_moved::CASES,
        movable_devices::CASES,
        moved_devices::CASES,
        moving_devices::CASES,
        nesting::CASES,
        netfilter::CASES,
        new_namespaces::CASES,
        notifications::CASES,
        nsid_requests::CASES,
        nsid_targets::CASES,
        nsids::CASES,
        packets::CASES,
        proc_net::CASES,
        returning_devices::CASES,
        settings_apart::CASES,
        settings_initial::CASES,
        settings_paths::CASES,
        settings_rights::CASES,
        settings_visible::CASES,
        socket_networks::CASES,
        sockets::CASES,
        stacked_devices::CASES,
        sysfs::CASES,
        sysfs_mounting::CASES,
        tables::CASES,
        tun::CASES,
        uevents::CASES,
        unix_sockets::CASES,
        veth_links::CASES,
        veth_pairs::CASES,
        vsock::CASES,
    ],
    programs: &[],
};
