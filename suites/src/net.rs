//! The network namespace: `network_namespaces(7)`.

mod destroyed_devices;
mod device_indexes;
mod device_rights;
mod devices;
mod drivers;
mod ends_elsewhere;
mod immovable_devices;
mod kept_alive;
mod linked_devices;
mod loopback_device;
mod lower_devices_moved;
mod movable_devices;
mod moved_devices;
mod moving_devices;
mod nesting;
mod new_namespaces;
mod nsid_requests;
mod nsid_targets;
mod nsids;
mod returning_devices;
mod sysfs_mounting;
mod veth_pairs;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        destroyed_devices::CASES,
        device_indexes::CASES,
        device_rights::CASES,
        ends_elsewhere::CASES,
        immovable_devices::CASES,
        kept_alive::CASES,
        linked_devices::CASES,
        loopback_device::CASES,
        lower_devices_moved::CASES,
        movable_devices::CASES,
        moved_devices::CASES,
        moving_devices::CASES,
        nesting::CASES,
        new_namespaces::CASES,
        nsid_requests::CASES,
        nsid_targets::CASES,
        nsids::CASES,
        returning_devices::CASES,
        sysfs_mounting::CASES,
        veth_pairs::CASES,
    ],
    programs: &[],
};
