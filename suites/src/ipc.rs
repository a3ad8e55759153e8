//! The IPC namespace: `ipc_namespaces(7)`.

mod attachments;
mod isolation;
mod limits;
mod objects;
mod rmid_forced;
mod undo;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[attachments::CASES, isolation::CASES, limits::CASES, rmid_forced::CASES, undo::CASES],
    programs: &[],
};
