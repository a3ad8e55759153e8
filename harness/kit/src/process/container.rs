//! A user namespace as a container has it: many users and groups, none of whom is anybody outside.

use serde::Serialize;
use serde::de::DeserializeOwned;

use nix::unistd::setgroups;

use super::child::Child;
use super::identity::{become_root_inside, become_user};
use super::peer::Peer;
use super::userns::{Maps, user_namespace_with};
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Doing, Outcome};

/// Starts `body` as root of a new user namespace, with more namespaces by `flags`. Its users and groups are those that
/// `maps` says; root has no supplementary groups.
pub fn container_with<T>(maps: &Maps, flags: CloneFlags, body: impl FnOnce(&Peer) -> Outcome<T>) -> Outcome<Child<T>>
where
    T: Serialize + DeserializeOwned,
{
    user_namespace_with(maps, flags, |outside| {
        setgroups(&[]).doing("setgroups")?;
        become_root_inside()?;
        body(outside)
    })
}

/// How many users and groups a [`container`] has.
const USERS: u32 = 1000;

/// Runs `body` as root of a new user namespace in which 1000 users and groups from `first` on are 0 and up, and returns
/// its value.
pub fn container<T>(first: u32, flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    container_with(&Maps::range(first, USERS), flags, |_| body())?.join()
}

/// Runs `body` as user and group `id` of a new user namespace like [`container`]'s, without capabilities there.
pub fn container_user<T>(first: u32, id: u32, flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    container(first, flags, || {
        become_user(id)?;
        body()
    })
}
