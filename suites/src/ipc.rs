//! The IPC namespace: `ipc_namespaces(7)`.

mod attachments;
mod isolation;
mod limits;
mod objects;
mod proc_sysvipc;
mod queue_isolation;
mod queue_limits;
mod queue_mounts;
mod queue_use;
mod queues;
mod rmid_forced;
mod sysctl_files;
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
        proc_sysvipc::CASES,
        queue_isolation::CASES,
        queue_limits::CASES,
        queue_mounts::CASES,
        queue_use::CASES,
        rmid_forced::CASES,
        sysctl_files::CASES,
        sysctl_rights::CASES,
        sysctl_table::CASES,
        undo::CASES,
    ],
    programs: &[],
};
