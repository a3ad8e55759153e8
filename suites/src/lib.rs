//! The claims: one folder a suite, one file a theme of its page.
//!
//! A new theme is a new file, named twice in its suite's: as a module and in the table.

pub mod cgroup;
pub mod core;
pub mod errata;
pub mod ipc;
pub mod mnt;
pub mod net;
pub mod pid;
pub mod recipes;
pub mod time;
pub mod user;
pub mod uts;

/// Every suite.
pub const ALL: kit::Registry = kit::Registry {
    suites: &[
        cgroup::SUITE,
        core::SUITE,
        ipc::SUITE,
        mnt::SUITE,
        net::SUITE,
        pid::SUITE,
        recipes::SUITE,
        time::SUITE,
        user::SUITE,
        uts::SUITE,
    ],
    proposals: errata::PROPOSALS,
};
