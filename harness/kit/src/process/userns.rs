//! User namespaces with their maps written: `user_namespaces(7)`.

use std::fs;

use nix::unistd::{getegid, geteuid};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::child::{Child, spawn};
use super::peer::Peer;
use crate::namespace::{Kind, Namespace};
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Doing, Outcome};

/// One line of `uid_map` or `gid_map`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdMap {
    /// The first ID inside the new namespace.
    pub inside: u32,
    /// The first ID in the parent namespace.
    pub outside: u32,
    /// How many IDs in a row.
    pub count: u32,
}

/// What to write to a new user namespace's `uid_map`, `setgroups` and `gid_map`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maps {
    /// The lines of `uid_map`.
    pub uid: Vec<IdMap>,
    /// The lines of `gid_map`.
    pub gid: Vec<IdMap>,
    /// Whether to write `deny` to `setgroups` first, as an unprivileged writer must.
    pub deny_setgroups: bool,
}

impl Maps {
    /// The caller's own user and group become root inside, and nobody else is there: what any process may ask for.
    pub fn own_as_root() -> Self {
        Self::own_as(0)
    }

    /// The caller's own user and group become `id` inside.
    pub fn own_as(id: u32) -> Self {
        let line = |outside| vec![IdMap { inside: id, outside, count: 1 }];
        Self { uid: line(geteuid().as_raw()), gid: line(getegid().as_raw()), deny_setgroups: true }
    }

    /// `count` IDs from `outside` on become 0 and up inside; only the privileged may write that.
    pub fn range(outside: u32, count: u32) -> Self {
        let lines = vec![IdMap { inside: 0, outside, count }];
        Self { uid: lines.clone(), gid: lines, deny_setgroups: false }
    }

    /// A user namespace with these maps and nobody in it, which lives as long as this value.
    pub fn namespace(&self) -> Outcome<Namespace> {
        user_namespace_with(self, CloneFlags::empty(), Peer::wait)?.namespace(Kind::User)
    }

    /// Writes them for a process, named as in `/proc`: a PID or `self`.
    pub fn write(&self, process: &str) -> Outcome<()> {
        if self.deny_setgroups {
            write(process, "setgroups", "deny")?;
        }
        write(process, "gid_map", &text(&self.gid))?;
        write(process, "uid_map", &text(&self.uid))
    }
}

fn text(lines: &[IdMap]) -> String {
    lines.iter().map(|line| format!("{} {} {}\n", line.inside, line.outside, line.count)).collect()
}

fn write(process: &str, file: &str, text: &str) -> Outcome<()> {
    let path = format!("/proc/{process}/{file}");
    fs::write(&path, text).doing(format!("write «{}» to {path}", text.trim_end()))
}

/// Runs `body` as root of a new user namespace that the caller makes for itself, with more namespaces by `flags`, and
/// returns its value. Works for any caller that may make user namespaces.
pub fn user_namespace<T>(flags: CloneFlags, body: impl FnOnce() -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    user_namespace_with(&Maps::own_as_root(), flags, |_| body())?.join()
}

/// Starts `body` in a new user namespace with the given maps, which this process writes for it.
pub fn user_namespace_with<T>(
    maps: &Maps,
    flags: CloneFlags,
    body: impl FnOnce(&Peer) -> Outcome<T>,
) -> Outcome<Child<T>>
where
    T: Serialize + DeserializeOwned,
{
    let started = spawn(CloneFlags::NEWUSER | flags, |parent| {
        parent.wait()?;
        body(parent)
    })?;
    maps.write(&started.pid().to_string())?;
    started.go()?;
    Ok(started)
}

/// Writes the caller's own maps, after it has called `unshare(CLONE_NEWUSER)`. `maps` is made before that call, when
/// the IDs still are those of the parent namespace.
pub fn map_self(maps: &Maps) -> Outcome<()> {
    maps.write("self")
}
