//! The UTS namespace: `uts_namespaces(7)`.

mod copying;
mod handles;
mod isolation;
mod joining;
mod limits;
mod privileges;
mod sysctl;
mod sysctl_privileges;
mod uname;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        copying::CASES,
        handles::CASES,
        isolation::CASES,
        joining::CASES,
        limits::CASES,
        privileges::CASES,
        sysctl::CASES,
        sysctl_privileges::CASES,
        uname::CASES,
    ],
    programs: &[copying::PROGRAMS],
};
