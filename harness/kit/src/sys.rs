//! System calls that no crate wraps, or not with all their arguments: the one place with `unsafe`.
//!
//! Each function here is safe to call whatever its arguments are; the ones that are only meant to be refused by the
//! kernel say so. Names and flags are those of the manual. Every errno is the kernel's, but for [`NOT_ASKED`].

#![expect(unsafe_code, reason = "raw system calls; everywhere else unsafe code is denied")]

use nix::errno::Errno;

pub mod area;
pub mod bare_clone;
pub mod by_pid;
pub mod children;
pub mod clocks;
pub mod clone;
pub mod device_features;
pub mod device_flags;
pub mod ends;
pub mod entry;
pub mod file_handle;
pub mod file_mapping;
pub mod fs_context;
pub mod ioctl;
pub mod keys;
pub mod listmount;
pub mod listns;
pub mod loop_device;
pub mod machine;
pub mod memory_policy;
pub mod mnt_ns;
pub mod mount;
pub mod mount_attributes;
pub mod mount_request;
pub mod mqueue;
pub mod ns;
pub mod ns_ids;
pub mod ns_pids;
pub mod observers;
pub mod owner;
pub mod packet_socket;
pub mod peer_groups;
pub mod pidfs;
pub mod placed;
pub mod priorities;
pub mod process_control;
pub mod raw;
pub mod reboot;
pub mod seccomp;
pub mod sem_undo;
pub mod sending;
pub mod set_ids;
pub mod setns;
pub mod sharing;
pub mod signals;
pub mod socket_network;
pub mod statmount;
pub mod sysv;
pub mod sysv_keys;
pub mod tun;
pub mod uts;
pub mod vfork;
pub mod wait_uid;

/// The answer of a function that does not ask the kernel, since that would not be safe: ECANCELED, which no call that
/// cases are about answers. An errno that the kernel might have given would pass for its own.
pub const NOT_ASKED: Errno = Errno::ECANCELED;

#[cfg(test)]
mod tests;
