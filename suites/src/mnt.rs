//! The mount namespace: `mount_namespaces(7)`, and the calls that make, move and describe mounts.

mod bind_table;
mod detached_mounts;
mod idmapped;
mod idmapped_refused;
mod idmapping;
mod mount_attributes;
mod mount_attributes_refused;
mod mount_status;
mod pivot_root;
mod pivot_root_refused;
mod pivoting;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        bind_table::CASES,
        detached_mounts::CASES,
        idmapped::CASES,
        idmapped_refused::CASES,
        mount_attributes::CASES,
        mount_attributes_refused::CASES,
        mount_status::CASES,
        pivot_root::CASES,
        pivot_root_refused::CASES,
    ],
    programs: &[],
};
