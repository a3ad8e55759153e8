//! A `/proc` of a PID namespace's own.

use nix::mount::{MsFlags, mount};

use crate::verdict::{Doing, Outcome};

/// Mounts the `/proc` of the caller's PID namespace over the one it sees. The caller has a mount namespace of its own.
pub fn mount_proc() -> Outcome<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).doing("mount proc")
}
