//! Somebody else to look at.

use super::child::{Child, spawn};
use super::credentials::become_user;
use crate::sys::clone::CloneFlags;
use crate::words::verdict::Outcome;

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
