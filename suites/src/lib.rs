//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod ancestor_signals;
    pub mod creation;
    pub mod init_death;
    pub mod init_signals;
    pub mod nesting;
    pub mod nsfs;
    mod plain_init;
    pub mod reboot;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        pid::ancestor_signals::CASES,
        pid::creation::CASES, //
        pid::init_death::CASES,
        pid::init_signals::CASES,
        pid::nesting::CASES,
        pid::nsfs::CASES,
        pid::reboot::CASES,
        uts::copying::CASES,
    ],
    programs: &[],
};
