//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// The PID namespace: `pid_namespaces(7)`.
pub mod pid {
    pub mod orphans;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry { cases: &[pid::orphans::CASES, uts::copying::CASES], programs: &[] };
