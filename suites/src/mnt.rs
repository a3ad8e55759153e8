//! The mount namespace: `mount_namespaces(7)`, and the calls that make, move and describe mounts.

mod autofs;
mod between_namespaces;
mod bind_table;
mod binding;
mod changing_types;
mod copied_namespaces;
mod copies;
mod core_handler;
mod detached_limits;
mod detached_mounts;
mod detached_trees;
mod flow;
mod foreign_mount_points;
mod foreign_mounts;
mod fs_contexts;
mod idmapped;
mod idmapped_refused;
mod idmapping;
mod ip_netns;
mod less_privileged;
mod locked_flags;
mod locked_mounts;
mod locked_root;
mod locked_subtrees;
mod mount_arguments;
mod mount_attributes;
mod mount_attributes_refused;
mod mount_events;
mod mount_files;
mod mount_flags;
mod mount_ids;
mod mount_max;
mod mount_namespace_descriptors;
mod mount_requests;
mod mount_requests_elsewhere;
mod mount_status;
mod mount_watches;
mod move_mount;
mod move_mount_flags;
mod move_table;
mod moving;
mod namespace_file_mounts;
mod open_tree;
mod passing_unmounts;
mod peer_groups;
mod pivot_root;
mod pivot_root_refused;
mod pivoting;
mod propagation;
mod reach;
mod recursive_binds;
mod remounting;
mod rights;
mod set_group;
mod transitions;
mod unmounting;
mod unmounting_later;
mod unshare_propagation;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        autofs::CASES,
        between_namespaces::CASES,
        bind_table::CASES,
        binding::CASES,
        changing_types::CASES,
        copied_namespaces::CASES,
        copies::CASES,
        core_handler::CASES,
        detached_limits::CASES,
        detached_mounts::CASES,
        detached_trees::CASES,
        foreign_mount_points::CASES,
        foreign_mounts::CASES,
        fs_contexts::CASES,
        idmapped::CASES,
        idmapped_refused::CASES,
        ip_netns::CASES,
        less_privileged::CASES,
        locked_flags::CASES,
        locked_mounts::CASES,
        locked_root::CASES,
        locked_subtrees::CASES,
        mount_arguments::CASES,
        mount_attributes::CASES,
        mount_attributes_refused::CASES,
        mount_events::CASES,
        mount_files::CASES,
        mount_flags::CASES,
        mount_ids::CASES,
        mount_max::CASES,
        mount_namespace_descriptors::CASES,
        mount_requests::CASES,
        mount_requests_elsewhere::CASES,
        mount_status::CASES,
        mount_watches::CASES,
        move_mount::CASES,
        move_mount_flags::CASES,
        move_table::CASES,
        moving::CASES,
        namespace_file_mounts::CASES,
        open_tree::CASES,
        passing_unmounts::CASES,
        peer_groups::CASES,
        pivot_root::CASES,
        pivot_root_refused::CASES,
        propagation::CASES,
        reach::CASES,
        recursive_binds::CASES,
        remounting::CASES,
        set_group::CASES,
        transitions::CASES,
        unmounting::CASES,
        unmounting_later::CASES,
        unshare_propagation::CASES,
    ],
    programs: &[core_handler::PROGRAMS],
};
