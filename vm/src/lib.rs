//! Disposable Linux kernels: where they come from, what they boot into, and the machine around them.
//!
//! This crate knows nothing of claims. It runs a program of ours, as `/init`, in a kernel that is thrown away, and hands back a
//! stream of bytes to talk to it by.

pub mod kernels;
mod programs;
