//! The mount namespace: `mount_namespaces(7)`, and the calls that make, move and describe mounts.

mod bind_table;
mod detached_mounts;
mod mount_attributes;
mod mount_status;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[bind_table::CASES, detached_mounts::CASES, mount_attributes::CASES, mount_status::CASES],
    programs: &[],
};
