//! The time namespace: `time_namespaces(7)`.

mod clock;
mod clocks;
mod inheritance;
mod joining;
mod offsets;
mod offsets_file;
mod offsets_range;
mod offsets_rights;
mod offsets_text;
mod proc_files;
mod program;
mod sleeping;
mod timeouts;
mod timers;
mod unshare_program;
mod until_a_member;

use kit::Suite;

/// The suite's cases and programs.
pub const SUITE: Suite = Suite {
    cases: &[
        clocks::CASES,
        inheritance::CASES,
        joining::CASES,
        offsets_file::CASES,
        offsets_range::CASES,
        offsets_rights::CASES,
        offsets_text::CASES,
        proc_files::CASES,
        sleeping::CASES,
        timeouts::CASES,
        timers::CASES,
        unshare_program::CASES,
        until_a_member::CASES,
    ],
    programs: &[&[program::PROGRAM]],
};
