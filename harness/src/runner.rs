//! The runner: picks claims and kernels, hands each case to a worker, and keeps what comes back.

pub(crate) mod accelerator;
pub(crate) mod cache;
pub(crate) mod choice;
pub(crate) mod column;
pub(crate) mod crash;
pub(crate) mod engine;
mod executor;
pub(crate) mod filters;
pub(crate) mod front;
mod interruption;
pub(crate) mod judgement;
mod link;
mod memory;
pub(crate) mod options;
mod stuck;
pub(crate) mod virtual_kernel;
