//! The network namespace: `network_namespaces(7)`.

mod device_indexes;
mod devices;
mod moved_devices;
mod moving_devices;
mod nesting;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[device_indexes::CASES, moved_devices::CASES, moving_devices::CASES, nesting::CASES],
    programs: &[],
};
