//! The claims: one folder a suite, one file a theme of its page.
//!
//! A new theme is a new file: its module and its table stand here, in order.

use harness::Registry;

/// The system calls, the lifetime and the files of namespaces of every kind: `namespaces(7)`.
pub mod core {
    pub mod clone_arguments;
    pub mod clone_conflicts;
    pub mod empty_mount_namespace;
    pub mod initial_inodes;
    mod lifetime;
    pub mod lifetime_families;
    pub mod lifetime_files;
    pub mod lifetime_leftovers;
    pub mod lifetime_mounts;
    pub mod lifetime_processes;
    pub mod missing_kinds;
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
    pub mod changing_ids;
    pub mod creation;
    pub mod exec_capabilities;
    pub mod group_and_project_maps;
    pub mod ids_told_to_others;
    pub mod joining;
    pub mod joining_rights;
    pub mod map_contents;
    pub mod map_views;
    pub mod map_writers;
    pub mod maps_written_once;
    pub mod nesting;
    pub mod overflow_ids;
    pub mod own_ids;
    pub mod owned_namespaces;
    pub mod ownership;
    pub mod relations;
    pub mod root_directory;
    pub mod setgroups;
    pub mod sysv_ipc;
    pub mod uid_changes;
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
        core::empty_mount_namespace::CASES,
        core::initial_inodes::CASES,
        core::lifetime_families::CASES,
        core::lifetime_files::CASES,
        core::lifetime_leftovers::CASES,
        core::lifetime_mounts::CASES,
        core::lifetime_processes::CASES,
        core::missing_kinds::CASES,
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
        user::changing_ids::CASES,
        user::creation::CASES,
        user::exec_capabilities::CASES,
        user::group_and_project_maps::CASES,
        user::ids_told_to_others::CASES,
        user::joining::CASES,
        user::joining_rights::CASES,
        user::map_contents::CASES,
        user::map_views::CASES,
        user::map_writers::CASES,
        user::maps_written_once::CASES,
        user::nesting::CASES,
        user::overflow_ids::CASES,
        user::own_ids::CASES,
        user::owned_namespaces::CASES,
        user::ownership::CASES,
        user::relations::CASES,
        user::root_directory::CASES,
        user::setgroups::CASES,
        user::sysv_ipc::CASES,
        user::uid_changes::CASES,
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
    programs: &[pid::pid_for_children::PROGRAMS, user::exec_capabilities::PROGRAMS, uts::copying::PROGRAMS],
};
