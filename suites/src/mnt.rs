//! The mount namespace: `mount_namespaces(7)`, and the calls that make, move and describe mounts.

mod bind_table;
mod detached_mounts;
mod less_privileged;
mod locked_flags;
mod locked_mounts;
mod locked_root;
mod locked_subtrees;
mod mount_attributes;
mod mount_status;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        bind_table::CASES,
        detached_mounts::CASES,
        less_privileged::CASES,
        locked_flags::CASES,
        locked_mounts::CASES,
        locked_root::CASES,
        locked_subtrees::CASES,
        mount_attributes::CASES,
        mount_status::CASES,
    ],
    programs: &[],
};
