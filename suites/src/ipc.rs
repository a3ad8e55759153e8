//! The IPC namespace: `ipc_namespaces(7)`.

mod attachments;
mod isolation;
mod limits;
mod object_rights;
mod objects;
mod other_means;
mod proc_sysvipc;
mod programs;
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
        object_rights::CASES,
        other_means::CASES,
        proc_sysvipc::CASES,
        programs::CASES,
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
