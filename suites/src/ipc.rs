//! The IPC namespace: `ipc_namespaces(7)`.

mod attachments;
mod isolation;
mod limits;
mod objects;
mod rmid_forced;
mod sysctl_rights;
mod sysctl_table;
mod undo;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        attachments::CASES,
        isolation::CASES,
        limits::CASES,
        rmid_forced::CASES,
        sysctl_rights::CASES,
        sysctl_table::CASES,
        undo::CASES,
    ],
    programs: &[],
};
