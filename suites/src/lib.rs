//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod last_pid;
    pub mod orphans;
    pub mod pid_max;
    pub mod procfs;
    pub mod procfs_content;
    pub mod procfs_options;
    pub mod set_tid;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        pid::last_pid::CASES,
        pid::orphans::CASES,
        pid::pid_max::CASES,
        pid::procfs::CASES,
        pid::procfs_content::CASES,
        pid::procfs_options::CASES,
        pid::set_tid::CASES,
        uts::copying::CASES,
    ],
    programs: &[],
};
