//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod joining;
    pub mod joining_rights;
    pub mod numbering;
    pub mod visibility;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        pid::joining::CASES,
        pid::joining_rights::CASES,
        pid::numbering::CASES,
        pid::visibility::CASES,
        uts::copying::CASES,
    ],
    programs: &[],
};
