//! The claims: one folder a suite, one file a theme of its page.

use harness::Registry;

/// What all kinds of namespaces have in common: `namespaces(7)`, `clone(2)`, `unshare(2)`, `setns(2)`.
pub mod core {
    pub mod initial_inodes;
    mod lifetime;
    pub mod lifetime_families;
    pub mod lifetime_files;
    pub mod lifetime_leftovers;
    pub mod lifetime_mounts;
    pub mod lifetime_processes;
}

/// The network namespace: `network_namespaces(7)`.
pub mod net {
    pub mod device_indexes;
    mod devices;
    pub mod moved_devices;
    pub mod moving_devices;
    pub mod nesting;
}

/// The user namespace: `user_namespaces(7)`.
pub mod user {
    pub mod joining;
    pub mod nesting;
}

/// The UTS namespace: `uts_namespaces(7)`.
pub mod uts {
    pub mod copying;
}

/// Everything that nsproof claims.
pub const ALL: Registry = Registry {
    cases: &[
        core::initial_inodes::CASES,
        core::lifetime_families::CASES,
        core::lifetime_files::CASES,
        core::lifetime_leftovers::CASES,
        core::lifetime_mounts::CASES,
        core::lifetime_processes::CASES,
        net::device_indexes::CASES,
        net::moved_devices::CASES,
        net::moving_devices::CASES,
        net::nesting::CASES,
        user::joining::CASES,
        user::nesting::CASES,
        uts::copying::CASES,
    ],
    programs: &[],
};
