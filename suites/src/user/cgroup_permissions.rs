//! What owning a cgroup namespace does not give: `cgroups(7)`, Delegation.

use std::fs;
use std::os::unix::fs::chown;

use kit::prelude::*;
use kit::process::NOBODY;

use super::mounts::{PLACE, mount_kind};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![cgroup_permission_comes_from_the_files_owner];

/// Root of a user namespace can create child cgroups and open `cgroup.procs` for writing only if it owns those files;
/// otherwise the calls fail with EACCES.
///
/// Whether its user namespace owns the cgroup namespace makes no difference.
#[claim(
    source = ["cgroups(7) CGROUPS DELEGATION: DELEGATING A HIERARCHY TO A LESS PRIVILEGED USER", "What's in a name(space)?"],
    needs = [Root, UserNamespaces, Cgroup2],
    erratum = "«What's in a name(space)?»: whether a process may manage cgroups depends on its user namespace being the owner of the cgroup namespace.",
)]
fn cgroup_permission_comes_from_the_files_owner() -> Verdict {
    mount_kind("cgroup2", None).doing("mount cgroup2")?;
    let group = format!("{PLACE}/nsproof");
    let members = format!("{group}/cgroup.procs");
    fs::create_dir(&group).doing("make a cgroup")?;
    let new = format!("{group}/new");
    let outcome: Outcome<()> = (|| {
        for flags in [CLONE_NEWCGROUP, NONE] {
            inside(flags, || {
                expect_errno!(fs::create_dir(&new), EACCES, "below a cgroup of root's, with {flags:?}");
                expect_errno!(open(&members), EACCES, "cgroup.procs of root's, with {flags:?}");
                Ok(())
            })?;
        }
        for path in [&group, &members] {
            chown(path, Some(NOBODY), Some(NOBODY)).doing(format!("chown {path}"))?;
        }
        for flags in [CLONE_NEWCGROUP, NONE] {
            inside(flags, || {
                expect_ok!(fs::create_dir(&new), "below its own cgroup, with {flags:?}");
                expect_ok!(open(&members), "its own cgroup.procs, with {flags:?}");
                fs::remove_dir(&new).doing("remove it")
            })?;
        }
        Ok(())
    })();
    // Which is not there, unless the answers were wrong.
    let _ = fs::remove_dir(&new);
    let removed = fs::remove_dir(&group);
    outcome?;
    removed.doing("remove the cgroup")?;
    holds()
}

/// Runs `body` as root of an ordinary user's namespace, with others by `flags`.
fn inside(flags: CloneFlags, body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    unprivileged(NONE, || user_namespace(flags, body))
}

fn open(path: &str) -> std::io::Result<fs::File> {
    fs::OpenOptions::new().write(true).open(path)
}
