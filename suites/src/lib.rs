//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod creation;
    pub mod init_death;
    pub mod nesting;
    pub mod nsfs;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        pid::creation::CASES, //
        pid::init_death::CASES,
        pid::nesting::CASES,
        pid::nsfs::CASES,
        uts::copying::CASES,
    ],
    programs: &[],
};
