//! The network namespace: `network_namespaces(7)`.

mod addresses;
mod cookies;
mod device_indexes;
mod devices;
mod echo;
mod moved_devices;
mod moving_devices;
mod nesting;
mod networks;
mod packets;
mod socket_networks;
mod sockets;
mod unix_sockets;
mod veth_links;
mod wires;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        addresses::CASES,
        cookies::CASES,
        device_indexes::CASES,
        moved_devices::CASES,
        moving_devices::CASES,
        nesting::CASES,
        packets::CASES,
        socket_networks::CASES,
        sockets::CASES,
        unix_sockets::CASES,
        veth_links::CASES,
    ],
    programs: &[],
};
