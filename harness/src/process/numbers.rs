//! The numbers that processes have: as they see them themselves, and as a procfs shows them.

use std::fmt::Display;

use nix::mount::{MsFlags, mount};
use nix::unistd::getpid;
use procfs::FromRead;
use procfs::process::Status;

use super::child::child;
use crate::sys::clone::CloneFlags;
use crate::verdict::{Doing, Failure, Outcome};

/// The PID that the caller's next child has in its own PID namespace. That child ends at once: when it was its
/// namespace's first process, the namespace takes no more.
pub fn next_child_pid() -> Outcome<i32> {
    child(CloneFlags::empty(), || Ok(getpid().as_raw()))
}

/// Mounts a procfs of the caller's PID namespace on `/proc`; for a caller with a mount namespace of its own.
pub fn mount_proc() -> Outcome<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).doing("mount proc on /proc")
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
    let names = std::fs::read_dir("/proc").doing("list /proc")?.flatten().map(|entry| entry.file_name());
    let mut pids: Vec<i32> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    Ok(pids)
}
