//! The cgroup namespace: `cgroup_namespaces(7)`, and delegation, `cgroups(7)`.

mod controllers;
mod delegation;
mod groups;
mod joining;
mod mounts;
mod nsdelegate;
mod options;
mod version1;
mod views;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        controllers::CASES,
        delegation::CASES,
        joining::CASES,
        mounts::CASES,
        nsdelegate::CASES,
        options::CASES,
        version1::CASES,
        views::CASES,
    ],
    programs: &[&[views::PROGRAM]],
};
