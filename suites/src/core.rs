//! The system calls, the lifetime and the files of namespaces of every kind: `namespaces(7)`.

mod active_chains;
mod active_references;
mod clone3_structures;
mod clone_arguments;
mod clone_conflicts;
mod creating;
mod creating_by_clone;
mod creating_rights;
mod descriptor_sorts;
mod descriptors;
mod empty_mount_namespace;
mod exec_membership;
mod failed_creation;
mod file_handle_arguments;
mod file_handle_rights;
mod file_handles;
mod file_handles_of_the_dead;
mod initial_inodes;
mod ioctl_arguments;
mod ioctl_ids;
mod ioctl_mount_namespaces;
mod ioctl_mount_walk;
mod ioctl_pids;
mod ioctl_relations;
mod ip_netns_program;
mod joining;
mod joining_by_pidfd;
mod joining_by_pidfd_refused;
mod joining_cgroup;
mod joining_descriptors;
mod joining_mounts;
mod joining_nstype;
mod joining_pid;
mod joining_rights;
mod joining_siblings;
mod joining_time;
mod lifetime_families;
mod lifetime_files;
mod lifetime_leftovers;
mod lifetime_mounts;
mod lifetime_processes;
mod limits;
mod limits_by_kind;
mod limits_counting;
mod limits_privileges;
mod listing;
mod listing_active;
mod listing_arguments;
mod lsns_program;
mod missing_kinds;
mod mount_requests;
mod nothing_kept;
mod ns_directory;
mod nsenter_program;
mod nsfs_files;
mod nsfs_mount_loops;
mod nsfs_mounts;
mod nsfs_positions;
mod pid_for_children;
mod pidfd_namespaces;
mod placed_structures;
mod proc_links;
mod proc_links_of_the_dead;
mod proc_links_rights;
mod programs;
mod sockets;
mod thirty_two_bits;
mod unshare_flags;
mod unshare_persistent;
mod unshare_program;
mod unshare_shared_state;
mod unshare_threads;
mod unshared_time;
mod unsharing_files;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        active_chains::CASES,
        active_references::CASES,
        clone3_structures::CASES,
        clone_arguments::CASES,
        clone_conflicts::CASES,
        creating::CASES,
        creating_by_clone::CASES,
        creating_rights::CASES,
        descriptor_sorts::CASES,
        empty_mount_namespace::CASES,
        exec_membership::CASES,
        failed_creation::CASES,
        file_handle_arguments::CASES,
        file_handle_rights::CASES,
        file_handles::CASES,
        file_handles_of_the_dead::CASES,
        initial_inodes::CASES,
        ioctl_arguments::CASES,
        ioctl_ids::CASES,
        ioctl_mount_namespaces::CASES,
        ioctl_mount_walk::CASES,
        ioctl_pids::CASES,
        ioctl_relations::CASES,
        ip_netns_program::CASES,
        joining::CASES,
        joining_by_pidfd::CASES,
        joining_by_pidfd_refused::CASES,
        joining_cgroup::CASES,
        joining_descriptors::CASES,
        joining_mounts::CASES,
        joining_nstype::CASES,
        joining_pid::CASES,
        joining_rights::CASES,
        joining_siblings::CASES,
        joining_time::CASES,
        lifetime_families::CASES,
        lifetime_files::CASES,
        lifetime_leftovers::CASES,
        lifetime_mounts::CASES,
        lifetime_processes::CASES,
        limits::CASES,
        limits_by_kind::CASES,
        limits_counting::CASES,
        limits_privileges::CASES,
        listing::CASES,
        listing_active::CASES,
        listing_arguments::CASES,
        lsns_program::CASES,
        missing_kinds::CASES,
        mount_requests::CASES,
        nsenter_program::CASES,
        nothing_kept::CASES,
        nsfs_files::CASES,
        nsfs_mount_loops::CASES,
        nsfs_mounts::CASES,
        nsfs_positions::CASES,
        pid_for_children::CASES,
        pidfd_namespaces::CASES,
        placed_structures::CASES,
        proc_links::CASES,
        proc_links_of_the_dead::CASES,
        proc_links_rights::CASES,
        sockets::CASES,
        thirty_two_bits::CASES,
        unshare_flags::CASES,
        unshare_persistent::CASES,
        unshare_program::CASES,
        unshare_shared_state::CASES,
        unshare_threads::CASES,
        unshared_time::CASES,
        unsharing_files::CASES,
    ],
    programs: &[exec_membership::PROGRAMS],
};
