//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod clone_flags;
    pub mod joining;
    pub mod joining_rights;
    pub mod numbering;
    pub mod pid_for_children;
    pub mod unsharing;
    pub mod visibility;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        pid::clone_flags::CASES,
        pid::joining::CASES,
        pid::joining_rights::CASES,
        pid::numbering::CASES,
        pid::pid_for_children::CASES,
        pid::unsharing::CASES,
        pid::visibility::CASES,
        uts::copying::CASES,
    ],
    programs: &[pid::pid_for_children::PROGRAMS],
};
