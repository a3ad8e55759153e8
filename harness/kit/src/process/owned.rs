//! User namespaces of other users.

use super::child::{Child, spawn};
use super::identity::become_user;
use super::peer::Peer;
use super::userns::Maps;
use crate::sys::clone::{CloneFlags, unshare};
use crate::words::verdict::{Doing, Outcome};

/// Starts `body` in a user namespace that user `owner` has made, with more namespaces by `flags`, and waits until it is
/// there. Only root can have that; `maps` are written by the caller, so they need not be the owner's own IDs.
pub fn owned_by<T>(
    owner: u32,
    maps: Option<&Maps>,
    flags: CloneFlags,
    body: impl FnOnce(&Peer) -> Outcome<T>,
) -> Outcome<Child<T>>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let started = spawn(CloneFlags::empty(), |parent| {
        become_user(owner)?;
        unshare(CloneFlags::NEWUSER | flags).doing("unshare a user namespace")?;
        parent.go()?;
        parent.wait()?;
        body(parent)
    })?;
    started.recv::<()>()?;
    if let Some(maps) = maps {
        maps.write(&started.pid().to_string())?;
    }
    started.go()?;
    Ok(started)
}
