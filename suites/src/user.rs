//! The user namespace: `user_namespaces(7)`.

mod capabilities_gained;
mod cgroup_permissions;
mod changing_ids;
mod counted_limits;
mod creation;
mod dumpable;
mod exec_capabilities;
mod executed;
mod file_attributes;
mod file_capabilities;
mod file_capability_versions;
mod file_owners;
mod file_rights;
mod files;
mod group_and_project_maps;
mod idmapped_mounts;
mod ids_told_to_others;
mod joining;
mod joining_rights;
mod keyrings;
mod long_maps;
mod map_contents;
mod map_views;
mod map_writers;
mod maps_written_once;
mod mount_locks;
mod mounting;
mod mounting_kinds;
mod mounting_refused;
mod mounts;
mod namespace_limits;
mod nesting;
mod network_powers;
mod newuidmap;
mod overflow_ids;
mod own_ids;
mod own_powers;
mod owned_namespaces;
mod ownership;
mod peer_credentials;
mod powers_over_others;
mod powers_over_processes;
mod powers_over_the_machine;
mod powers_to_observe;
mod process_limits;
mod process_settings;
mod refused_options;
mod relations;
mod resource_limits;
mod root_directory;
mod set_user_id_caps;
mod set_user_id_programs;
mod setgroups;
mod signals;
mod socket_credentials;
mod sysv_ipc;
mod tools;
mod tracing;
mod uid_changes;
mod visible_proc;
mod watch_limits;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        capabilities_gained::CASES,
        cgroup_permissions::CASES,
        changing_ids::CASES,
        counted_limits::CASES,
        creation::CASES,
        dumpable::CASES,
        exec_capabilities::CASES,
        file_attributes::CASES,
        file_capabilities::CASES,
        file_capability_versions::CASES,
        file_owners::CASES,
        file_rights::CASES,
        group_and_project_maps::CASES,
        idmapped_mounts::CASES,
        ids_told_to_others::CASES,
        joining::CASES,
        joining_rights::CASES,
        keyrings::CASES,
        long_maps::CASES,
        map_contents::CASES,
        map_views::CASES,
        map_writers::CASES,
        maps_written_once::CASES,
        mount_locks::CASES,
        mounting::CASES,
        mounting_kinds::CASES,
        mounting_refused::CASES,
        namespace_limits::CASES,
        nesting::CASES,
        network_powers::CASES,
        newuidmap::CASES,
        overflow_ids::CASES,
        own_ids::CASES,
        own_powers::CASES,
        owned_namespaces::CASES,
        ownership::CASES,
        peer_credentials::CASES,
        powers_over_others::CASES,
        powers_over_processes::CASES,
        powers_over_the_machine::CASES,
        powers_to_observe::CASES,
        process_limits::CASES,
        process_settings::CASES,
        refused_options::CASES,
        relations::CASES,
        resource_limits::CASES,
        root_directory::CASES,
        set_user_id_caps::CASES,
        set_user_id_programs::CASES,
        setgroups::CASES,
        signals::CASES,
        socket_credentials::CASES,
        sysv_ipc::CASES,
        tools::CASES,
        tracing::CASES,
        uid_changes::CASES,
        visible_proc::CASES,
        watch_limits::CASES,
    ],
    programs: &[dumpable::PROGRAMS, executed::PROGRAMS],
};
