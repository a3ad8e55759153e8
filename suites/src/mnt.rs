//! The mount namespace: `mount_namespaces(7)`, and the calls that make, move and describe mounts.

mod bind_table;
mod changing_types;
mod copied_namespaces;
mod detached_mounts;
mod flow;
mod mount_attributes;
mod mount_status;
mod move_table;
mod passing_unmounts;
mod peer_groups;
mod propagation;
mod reach;
mod recursive_binds;
mod transitions;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        bind_table::CASES,
        changing_types::CASES,
        copied_namespaces::CASES,
        detached_mounts::CASES,
        mount_attributes::CASES,
        mount_status::CASES,
        move_table::CASES,
        passing_unmounts::CASES,
        peer_groups::CASES,
        propagation::CASES,
        reach::CASES,
        recursive_binds::CASES,
        transitions::CASES,
    ],
    programs: &[],
};
