//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod cgroup_members;
    pub mod event_senders;
    pub mod file_owners;
    pub mod sockets;
    pub mod sysv_ipc;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        pid::cgroup_members::CASES,
        pid::event_senders::CASES,
        pid::file_owners::CASES,
        pid::sockets::CASES,
        pid::sysv_ipc::CASES,
        uts::copying::CASES,
    ],
    programs: &[],
};
