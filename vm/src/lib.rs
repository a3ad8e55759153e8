//! Disposable Linux kernels: where they come from, what they boot into, and the machine around them.
//!
//! This crate knows nothing of claims. It runs a program of ours, as `/init`, in a kernel that is thrown away, and hands back a
//! stream of bytes to talk to it by.
//!
//! - [`kernels`]: one word names a kernel; downloads and the cache of them.
//! - [`initramfs`]: what the kernel unpacks and runs.
//! - [`machine`]: QEMU around them.
//! - [`accel`] and [`probe`]: what executes them, and what works here.
//! - [`template`]: a machine booted once and resumed many times.
//! - [`guest`]: the other side, for the program that finds itself to be PID 1.

pub mod accel;
mod deadline;
pub mod guest;
pub mod initramfs;
pub mod kernels;
pub mod machine;
mod memfd;
mod modules;
pub mod probe;
mod programs;
mod spawn;
pub mod template;
