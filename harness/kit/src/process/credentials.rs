//! As whom a child runs: another user, or the same one with fewer capabilities.

use rustix::thread::CapabilitySet;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::capability_sets::{capabilities, set_exactly};
use super::child::{Child, child, spawn};
use super::identity::{Identity, become_user};
use crate::sys::clone::CloneFlags;
use crate::words::verdict::Outcome;

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

/// Runs `body` in a child that is user and group `id`, and of the caller's capabilities has kept `held`, which it can use.
/// Only root can have that.
pub fn as_user_with<T>(id: u32, held: CapabilitySet, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(CloneFlags::empty(), || {
        Identity::user(id).keeping(held).assume()?;
        body()
    })
}

/// A child that has become user and group `id` of its user namespace, and does nothing until it is told to
/// [`go`](Child::go) or dropped.
pub fn waiting_as(id: u32) -> Outcome<Child<()>> {
    let started = spawn(CloneFlags::empty(), |parent| {
        become_user(id)?;
        parent.go()?;
        parent.wait()
    })?;
    started.recv::<()>()?;
    Ok(started)
}

/// Runs `body` in a child that lacks these capabilities, in its permitted, effective and inheritable sets.
pub fn without<T>(lost: CapabilitySet, flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(flags, || {
        let have = capabilities()?;
        set_exactly(have.permitted - lost)?;
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
        set_exactly(have.permitted & kept)?;
        body()
    })
}
