//! A procfs that a case mounts where it likes, with the options it likes.

use nix::mount::{MsFlags, mount};

use crate::words::verdict::{Doing, Outcome};

/// Mounts a procfs on the directory `place`, with mount options such as `subset=pid`.
pub fn mount_proc_at(place: &str, options: Option<&str>) -> nix::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), place, Some("proc"), flags, options)
}

/// The PIDs that have a directory in the procfs on `place`, sorted.
pub fn pids_at(place: &str) -> Outcome<Vec<i32>> {
    let entries = std::fs::read_dir(place).doing(format!("list {place}"))?;
    let mut pids: Vec<i32> = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    Ok(pids)
}
