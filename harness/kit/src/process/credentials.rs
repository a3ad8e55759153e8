//! As whom a child runs: another user, or the same one with fewer capabilities.

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use rustix::thread::{CapabilitySet, CapabilitySets};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::child::child;
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Doing, Outcome};

/// A user and group ID with no privilege, that the system uses for nothing else.
pub const NOBODY: u32 = 54321;

/// Runs `body` as an ordinary user: as [`NOBODY`] where nsproof runs as root, and as itself where it does not.
pub fn unprivileged<T>(flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    if nix::unistd::geteuid().is_root() { as_user(NOBODY, flags, body) } else { child(flags, body) }
}

/// Runs `body` in a child that was made with `flags` and then became user and group `id`, without supplementary groups.
pub fn as_user<T>(id: u32, flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(flags, || {
        become_user(id)?;
        body()
    })
}

/// Makes the caller user and group `id` for good: all IDs, no supplementary groups, no capabilities.
///
/// The process stays dumpable, so that its files in `/proc` belong to the new user: else it could not write its own
/// `uid_map` (`proc(5)`).
pub fn become_user(id: u32) -> Outcome<()> {
    let (uid, gid) = (Uid::from_raw(id), Gid::from_raw(id));
    setgroups(&[]).doing("setgroups")?;
    setresgid(gid, gid, gid).doing("setresgid")?;
    setresuid(uid, uid, uid).doing("setresuid")?;
    nix::sys::prctl::set_dumpable(true).doing("prctl(PR_SET_DUMPABLE)")
}

/// Runs `body` in a child that lacks these capabilities, in its permitted, effective and inheritable sets.
pub fn without<T>(lost: CapabilitySet, flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(flags, || {
        let have = capabilities()?;
        set(have.permitted - lost)?;
        body()
    })
}

/// Runs `body` in a child that has these capabilities of the caller's and no other.
pub fn with_only<T>(kept: CapabilitySet, flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(flags, || {
        let have = capabilities()?;
        set(have.permitted & kept)?;
        body()
    })
}

/// The capabilities of the calling thread.
pub fn capabilities() -> Outcome<CapabilitySets> {
    rustix::thread::capabilities(None).doing("capget")
}

fn set(wanted: CapabilitySet) -> Outcome<()> {
    let sets = CapabilitySets { effective: wanted, permitted: wanted, inheritable: CapabilitySet::empty() };
    rustix::thread::set_capabilities(None, sets).doing("capset")
}
