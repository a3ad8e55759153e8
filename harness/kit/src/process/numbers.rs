//! The numbers that processes have: as they see them themselves, and as a procfs shows them.

use std::fmt::Display;

use nix::unistd::getpid;
use procfs::FromRead;
use procfs::process::Status;

use super::child::child;
use super::proc_mount::{mount_proc_at, pids_at};
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Doing, Failure, Outcome};

/// The PID that the caller's next child has in its own PID namespace. That child ends at once: when it was its
/// namespace's first process, the namespace takes no more.
pub fn next_child_pid() -> Outcome<i32> {
    child(CloneFlags::empty(), || Ok(getpid().as_raw()))
}

/// Mounts a procfs of the caller's PID namespace on `/proc`; for a caller with a mount namespace of its own.
pub fn mount_proc() -> Outcome<()> {
    mount_proc_at("/proc", None).doing("mount proc on /proc")
}

/// `/proc/<process>/status`, where the process is a PID, `self` or `thread-self`.
pub fn status(process: impl Display) -> Outcome<Status> {
    Ok(Status::from_file(format!("/proc/{process}/status"))?)
}

/// The line `NSpid` of `/proc/<process>/status`.
pub fn ns_pids(process: impl Display) -> Outcome<Vec<i32>> {
    status(process)?.nspid.ok_or_else(|| Failure::broken("there is no NSpid in a status file"))
}

/// The PIDs that have a directory in `/proc`, sorted.
pub fn listed_pids() -> Outcome<Vec<i32>> {
    pids_at("/proc")
}
