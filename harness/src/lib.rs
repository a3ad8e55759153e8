//! How cases are carried out: a runner that a person talks to, a worker in the kernel under test, a stage for each case.
//!
//! - `entry`: which of its roles this process has;
//! - `command`: what a person types; `runner`: which cases on which kernels, and what becomes of them;
//! - `prove`: the kernel is altered, and claims are asked whether they notice;
//! - `recorded`: a claim as records have it;
//! - `worker`: the process in the kernel under test that the runner's requests go to, by `protocol`;
//! - `code`: a kernel's code as it lies in a machine's memory, and how it can be altered;
//! - `needs`: whether what a case needs is there; `stage`: the fresh namespaces in which the case runs.
//!
//! Each knows those below it and none above. What a case is and what its body is made of is the crate `kit`.
#![warn(clippy::print_stderr, reason = "it panics when nobody reads it any more: terminal::note does not")]

mod code;
mod command;
mod deadlines;
mod entry;
mod machine_kind;
mod needs;
mod protocol;
mod prove;
mod recorded;
mod runner;
mod stage;
mod terminal;
mod worker;

pub use entry::{command, own_tests, test_door};
