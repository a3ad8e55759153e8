//! A cgroup to put processes in: `cgroups(7)`, version 2.

use std::fs;
use std::path::{Path, PathBuf};

use nix::mount::MsFlags;

use crate::mounts::mount_kind;
use crate::words::verdict::{Doing, Outcome};

/// A cgroup of the case's own, below the one it is in.
#[derive(Debug)]
pub struct Group(PathBuf);

impl Group {
    /// Mounts the hierarchy on `/mnt`, and makes a group of this name there.
    pub fn new(name: &str) -> Outcome<Self> {
        let root = Path::new("/mnt");
        mount_kind("cgroup2", root, MsFlags::empty(), None)?;
        let path = root.join(name);
        fs::create_dir(&path).doing("make a cgroup")?;
        Ok(Self(path))
    }

    /// Writes a number to its cgroup.procs.
    pub fn add(&self, pid: &str) -> std::io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid)
    }

    /// Moves a process back to the group above.
    pub fn expel(&self, pid: &str) -> Outcome<()> {
        fs::write("/mnt/cgroup.procs", pid).doing("move a process out of the group")
    }

    /// The numbers in its cgroup.procs, sorted.
    pub fn members(&self) -> Outcome<Vec<i32>> {
        let text = fs::read_to_string(self.0.join("cgroup.procs")).doing("read cgroup.procs")?;
        let mut pids = text.lines().map(str::parse).collect::<Result<Vec<i32>, _>>()?;
        pids.sort_unstable();
        Ok(pids)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Its members have been killed before. Where the kernel has not yet noticed, an empty group stays behind.
        let _ = fs::remove_dir(&self.0);
    }
}
