//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod ancestor_signals;
    pub mod clone_flags;
    pub mod creation;
    pub mod init_death;
    pub mod init_signals;
    pub mod joining;
    pub mod joining_rights;
    pub mod nesting;
    pub mod nsfs;
    pub mod last_pid;
    pub mod accounting;
    pub mod broadcast;
    pub mod cgroup_members;
    pub mod clone_flags;
    pub mod event_senders;
    pub mod file_owners;
    pub mod joining;
    pub mod joining_rights;
    pub mod memfd_noexec;
    pub mod nsfs_translation;
    pub mod numbering;
    pub mod orphans;
    pub mod pid_for_children;
    mod plain_init;
    pub mod reboot;
    pub mod pid_max;
    pub mod procfs;
    pub mod procfs_content;
    pub mod procfs_options;
    pub mod set_tid;
    pub mod pidfd;
    pub mod process_groups;
    pub mod sockets;
    pub mod sysv_ipc;
    pub mod tools;
    pub mod unsharing;
    pub mod visibility;
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
        pid::ancestor_signals::CASES,
        pid::clone_flags::CASES,
        pid::creation::CASES,
        pid::init_death::CASES,
        pid::init_signals::CASES,
        pid::joining::CASES,
        pid::joining_rights::CASES,
        pid::nesting::CASES,
        pid::nsfs::CASES,
        pid::last_pid::CASES,
        pid::accounting::CASES,
        pid::broadcast::CASES,
        pid::cgroup_members::CASES,
        pid::clone_flags::CASES,
        pid::event_senders::CASES,
        pid::file_owners::CASES,
        pid::joining::CASES,
        pid::joining_rights::CASES,
        pid::memfd_noexec::CASES,
        pid::nsfs_translation::CASES,
        pid::numbering::CASES,
        pid::orphans::CASES,
        pid::pid_for_children::CASES,
        pid::reboot::CASES,
        pid::pid_max::CASES,
        pid::procfs::CASES,
        pid::procfs_content::CASES,
        pid::procfs_options::CASES,
        pid::set_tid::CASES,
        pid::pidfd::CASES,
        pid::process_groups::CASES,
        pid::sockets::CASES,
        pid::sysv_ipc::CASES,
        pid::tools::CASES,
        pid::unsharing::CASES,
        pid::visibility::CASES,
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
    programs: &[pid::pid_for_children::PROGRAMS, uts::copying::PROGRAMS],
};
