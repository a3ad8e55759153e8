//! The runner: picks claims and kernels, hands each case to a worker, and keeps what comes back.

pub(crate) mod accelerator;
pub(crate) mod altering;
pub(crate) mod cache;
pub(crate) mod choice;
pub(crate) mod column;
pub(crate) mod crash;
pub(crate) mod engine;
pub(crate) mod executor;
pub(crate) mod filters;
pub(crate) mod front;
pub(crate) mod guards;
mod interruption;
pub(crate) mod judgement;
mod link;
pub(crate) mod meant;
pub(crate) mod memory;
pub(crate) mod options;
mod stuck;
pub(crate) mod symbols;
pub(crate) mod virtual_kernel;
