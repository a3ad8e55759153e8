//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
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
    pub mod pid_for_children;
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
        pid::pid_for_children::CASES,
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
