//! The claims: one folder a suite, one file a theme of its page.
//!
//! A new theme is a new file: its module and its table stand here, in order.

use harness::Registry;

/// The system calls, the lifetime and the files of namespaces of every kind: `namespaces(7)`.
pub mod core {
    pub mod clone_arguments;
    pub mod clone_conflicts;
    pub mod creating;
    pub mod creating_by_clone;
    pub mod creating_rights;
    pub mod empty_mount_namespace;
    pub mod exec_membership;
    pub mod failed_creation;
    pub mod file_handle_rights;
    pub mod file_handles;
    pub mod file_handles_of_the_dead;
    pub mod initial_inodes;
    pub mod ioctl_arguments;
    pub mod ioctl_ids;
    pub mod ioctl_mount_namespaces;
    pub mod ioctl_mount_walk;
    pub mod ioctl_pids;
    pub mod ioctl_relations;
    pub mod ip_netns_program;
    pub mod joining;
    pub mod joining_by_pidfd;
    pub mod joining_by_pidfd_refused;
    pub mod joining_cgroup;
    pub mod joining_descriptors;
    pub mod joining_mounts;
    pub mod joining_nstype;
    pub mod joining_pid;
    pub mod joining_rights;
    pub mod joining_time;
    mod lifetime;
    pub mod lifetime_families;
    pub mod lifetime_files;
    pub mod lifetime_leftovers;
    pub mod lifetime_mounts;
    pub mod lifetime_processes;
    pub mod limits;
    pub mod limits_by_kind;
    pub mod limits_counting;
    pub mod limits_privileges;
    mod listed;
    pub mod listing;
    pub mod listing_active;
    pub mod listing_arguments;
    pub mod lsns_program;
    mod memberships;
    pub mod missing_kinds;
    mod ns_directory;
    pub mod nsenter_program;
    pub mod nsfs_files;
    pub mod nsfs_mount_loops;
    pub mod nsfs_mounts;
    pub mod pid_for_children;
    pub mod pidfd_namespaces;
    pub mod proc_links;
    pub mod proc_links_of_the_dead;
    pub mod proc_links_rights;
    mod programs;
    pub mod sockets;
    pub mod unshare_flags;
    pub mod unshare_persistent;
    pub mod unshare_program;
    pub mod unshare_shared_state;
    pub mod unshare_threads;
    pub mod unshared_time;
    pub mod unsharing_files;
}

/// The network namespace: `network_namespaces(7)`.
pub mod net {
    pub mod device_indexes;
    mod devices;
    pub mod moved_devices;
    pub mod moving_devices;
    pub mod nesting;
}

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod accounting;
    pub mod ancestor_signals;
    pub mod broadcast;
    pub mod cgroup_members;
    pub mod clone_flags;
    pub mod creation;
    pub mod event_senders;
    pub mod file_owners;
    pub mod init_death;
    pub mod init_signals;
    pub mod joining;
    pub mod joining_rights;
    pub mod last_pid;
    pub mod memfd_noexec;
    pub mod nesting;
    pub mod nsfs;
    pub mod nsfs_translation;
    pub mod numbering;
    pub mod orphans;
    pub mod pid_for_children;
    pub mod pid_max;
    pub mod pidfd;
    mod plain_init;
    pub mod process_groups;
    pub mod procfs;
    pub mod procfs_content;
    pub mod procfs_options;
    pub mod reboot;
    pub mod set_tid;
    pub mod sockets;
    pub mod sysv_ipc;
    pub mod tools;
    pub mod unsharing;
    pub mod visibility;
}

/// The user namespace: `user_namespaces(7)`.
pub mod user {
    pub mod capabilities_gained;
    pub mod cgroup_permissions;
    pub mod changing_ids;
    pub mod creation;
    pub mod dumpable;
    pub mod exec_capabilities;
    pub mod executed;
    pub mod file_attributes;
    pub mod file_capabilities;
    pub mod file_capability_versions;
    pub mod file_owners;
    pub mod file_rights;
    mod files;
    pub mod group_and_project_maps;
    pub mod idmapped_mounts;
    pub mod ids_told_to_others;
    mod inner_root;
    pub mod joining;
    pub mod joining_rights;
    pub mod keyrings;
    pub mod map_contents;
    pub mod map_views;
    pub mod map_writers;
    pub mod maps_written_once;
    pub mod mount_locks;
    pub mod mounting;
    pub mod mounting_kinds;
    pub mod mounting_refused;
    mod mounts;
    pub mod namespace_limits;
    pub mod nesting;
    pub mod network_powers;
    pub mod newuidmap;
    pub mod overflow_ids;
    pub mod own_ids;
    pub mod own_powers;
    pub mod owned_namespaces;
    pub mod ownership;
    pub mod powers_over_processes;
    pub mod powers_over_the_machine;
    pub mod powers_to_observe;
    pub mod relations;
    pub mod resource_limits;
    pub mod root_directory;
    pub mod set_user_id_caps;
    pub mod set_user_id_programs;
    pub mod setgroups;
    pub mod signals;
    pub mod socket_credentials;
    pub mod sysv_ipc;
    pub mod tools;
    pub mod tracing;
    pub mod uid_changes;
    pub mod visible_proc;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
    pub mod handles;
    pub mod isolation;
    pub mod joining;
    pub mod limits;
    pub mod privileges;
    pub mod sysctl;
    pub mod sysctl_privileges;
    pub mod uname;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        core::clone_arguments::CASES,
        core::clone_conflicts::CASES,
        core::creating::CASES,
        core::creating_by_clone::CASES,
        core::creating_rights::CASES,
        core::empty_mount_namespace::CASES,
        core::exec_membership::CASES,
        core::failed_creation::CASES,
        core::file_handle_rights::CASES,
        core::file_handles::CASES,
        core::file_handles_of_the_dead::CASES,
        core::initial_inodes::CASES,
        core::ioctl_arguments::CASES,
        core::ioctl_ids::CASES,
        core::ioctl_mount_namespaces::CASES,
        core::ioctl_mount_walk::CASES,
        core::ioctl_pids::CASES,
        core::ioctl_relations::CASES,
        core::ip_netns_program::CASES,
        core::joining::CASES,
        core::joining_by_pidfd::CASES,
        core::joining_by_pidfd_refused::CASES,
        core::joining_cgroup::CASES,
        core::joining_descriptors::CASES,
        core::joining_mounts::CASES,
        core::joining_nstype::CASES,
        core::joining_pid::CASES,
        core::joining_rights::CASES,
        core::joining_time::CASES,
        core::lifetime_families::CASES,
        core::lifetime_files::CASES,
        core::lifetime_leftovers::CASES,
        core::lifetime_mounts::CASES,
        core::lifetime_processes::CASES,
        core::limits::CASES,
        core::limits_by_kind::CASES,
        core::limits_counting::CASES,
        core::limits_privileges::CASES,
        core::listing::CASES,
        core::listing_active::CASES,
        core::listing_arguments::CASES,
        core::lsns_program::CASES,
        core::missing_kinds::CASES,
        core::nsenter_program::CASES,
        core::nsfs_files::CASES,
        core::nsfs_mount_loops::CASES,
        core::nsfs_mounts::CASES,
        core::pid_for_children::CASES,
        core::pidfd_namespaces::CASES,
        core::proc_links::CASES,
        core::proc_links_of_the_dead::CASES,
        core::proc_links_rights::CASES,
        core::sockets::CASES,
        core::unshare_flags::CASES,
        core::unshare_persistent::CASES,
        core::unshare_program::CASES,
        core::unshare_shared_state::CASES,
        core::unshare_threads::CASES,
        core::unshared_time::CASES,
        core::unsharing_files::CASES,
        net::device_indexes::CASES,
        net::moved_devices::CASES,
        net::moving_devices::CASES,
        net::nesting::CASES,
        pid::accounting::CASES,
        pid::ancestor_signals::CASES,
        pid::broadcast::CASES,
        pid::cgroup_members::CASES,
        pid::clone_flags::CASES,
        pid::creation::CASES,
        pid::event_senders::CASES,
        pid::file_owners::CASES,
        pid::init_death::CASES,
        pid::init_signals::CASES,
        pid::joining::CASES,
        pid::joining_rights::CASES,
        pid::last_pid::CASES,
        pid::memfd_noexec::CASES,
        pid::nesting::CASES,
        pid::nsfs::CASES,
        pid::nsfs_translation::CASES,
        pid::numbering::CASES,
        pid::orphans::CASES,
        pid::pid_for_children::CASES,
        pid::pid_max::CASES,
        pid::pidfd::CASES,
        pid::process_groups::CASES,
        pid::procfs::CASES,
        pid::procfs_content::CASES,
        pid::procfs_options::CASES,
        pid::reboot::CASES,
        pid::set_tid::CASES,
        pid::sockets::CASES,
        pid::sysv_ipc::CASES,
        pid::tools::CASES,
        pid::unsharing::CASES,
        pid::visibility::CASES,
        user::capabilities_gained::CASES,
        user::cgroup_permissions::CASES,
        user::changing_ids::CASES,
        user::creation::CASES,
        user::dumpable::CASES,
        user::exec_capabilities::CASES,
        user::file_attributes::CASES,
        user::file_capabilities::CASES,
        user::file_capability_versions::CASES,
        user::file_owners::CASES,
        user::file_rights::CASES,
        user::group_and_project_maps::CASES,
        user::idmapped_mounts::CASES,
        user::ids_told_to_others::CASES,
        user::joining::CASES,
        user::joining_rights::CASES,
        user::keyrings::CASES,
        user::map_contents::CASES,
        user::map_views::CASES,
        user::map_writers::CASES,
        user::maps_written_once::CASES,
        user::mount_locks::CASES,
        user::mounting::CASES,
        user::mounting_kinds::CASES,
        user::mounting_refused::CASES,
        user::namespace_limits::CASES,
        user::nesting::CASES,
        user::network_powers::CASES,
        user::newuidmap::CASES,
        user::overflow_ids::CASES,
        user::own_ids::CASES,
        user::own_powers::CASES,
        user::owned_namespaces::CASES,
        user::ownership::CASES,
        user::powers_over_processes::CASES,
        user::powers_over_the_machine::CASES,
        user::powers_to_observe::CASES,
        user::relations::CASES,
        user::resource_limits::CASES,
        user::root_directory::CASES,
        user::set_user_id_caps::CASES,
        user::set_user_id_programs::CASES,
        user::setgroups::CASES,
        user::signals::CASES,
        user::socket_credentials::CASES,
        user::sysv_ipc::CASES,
        user::tools::CASES,
        user::tracing::CASES,
        user::uid_changes::CASES,
        user::visible_proc::CASES,
        uts::copying::CASES,
        uts::handles::CASES,
        uts::isolation::CASES,
        uts::joining::CASES,
        uts::limits::CASES,
        uts::privileges::CASES,
        uts::sysctl::CASES,
        uts::sysctl_privileges::CASES,
        uts::uname::CASES,
    ],
    programs: &[
        core::exec_membership::PROGRAMS,
        pid::pid_for_children::PROGRAMS,
        user::dumpable::PROGRAMS,
        user::executed::PROGRAMS,
        uts::copying::PROGRAMS,
    ],
};
