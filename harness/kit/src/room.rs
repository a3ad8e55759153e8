//! Room for a counted number of namespaces: how a case sees whether a namespace still exists.
//!
//! Nothing tells that on every kernel: an inode number says nothing of what is behind it, and asking for a namespace
//! by a file would keep it. But every user namespace counts the namespaces made in it, and refuses one more than its
//! `/proc/sys/user/max_*_namespaces` with ENOSPC until one of those is really gone.

use nix::errno::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::set_limit;
use crate::mounts::tmpfs;
use crate::namespace::Kind;
use crate::process::{Child, Maps, Spawn, user_namespace, user_namespace_with};
use crate::settle::settle;
use crate::sys::clone::CloneFlags;
use crate::words::verdict::{Doing, Outcome};

/// An empty directory in which the room's processes can write and mount.
pub const FOLDER: &str = "/mnt";

/// How often the kernel has to free a namespace elsewhere before what was given up earlier counts as gone. Once would do
/// if it did one after the other; but RCU and work queues of several processors may overtake each other.
const CYCLES: usize = 3;

/// A user namespace that has room for so many namespaces of one kind, and no more.
#[derive(Debug)]
pub struct Room<'a> {
    kind: Kind,
    clock: Option<&'a Child<()>>,
}

impl Room<'_> {
    /// Runs `body` as root of a fresh user and mount namespace in which `places` namespaces of the kind can be made.
    /// [`FOLDER`] is empty there.
    pub fn with<T>(kind: Kind, places: u32, body: impl FnOnce(&Room<'_>) -> Outcome<T>) -> Outcome<T>
    where
        T: Serialize + DeserializeOwned,
    {
        let clock = clock(kind)?;
        user_namespace(CloneFlags::NEWNS, || body(&Room::furnish(kind, places, Some(&clock))?))
    }

    /// Makes a room of the user and mount namespace that the caller is root of.
    fn furnish<'a>(kind: Kind, places: u32, clock: Option<&'a Child<()>>) -> Outcome<Room<'a>> {
        // The mount namespace made beside the user namespace is one of its own, and counted.
        let places = places + u32::from(kind == Kind::Mnt);
        set_limit(kind, places).doing(format!("allow {places} {kind} namespaces"))?;
        tmpfs(FOLDER)?;
        Ok(Room { kind, clock })
    }

    /// The kind that is counted.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A process that waits in a new namespace of the kind, or the kernel's refusal to make one. The process has no
    /// copies of our open files.
    pub fn member(&self) -> Outcome<nix::Result<Child<()>>> {
        Spawn::new(self.kind.flag()).without_files().try_start(|room| room.wait())
    }

    /// The same as soon as there is a place; a refusal when none has come free in time. The kernel counts some kinds out
    /// a while after their end.
    pub fn member_when_free(&self) -> Outcome<nix::Result<Child<()>>> {
        settle(|answer| !matches!(answer, Err(Errno::ENOSPC)), || self.member())
    }

    /// Waits until the kernel has freed namespaces of the kind elsewhere, from beginning to end and more than once.
    /// Whatever this room had given up before is gone then, so what still has its place is kept by something.
    pub fn let_the_kernel_catch_up(&self) -> Outcome<()> {
        match self.clock {
            Some(clock) => clock.go().and_then(|()| clock.recv()),
            None => Ok(()),
        }
    }
}

/// A process in a room of its own for one namespace, which has that made and freed a few times when it is asked to.
fn clock(kind: Kind) -> Outcome<Child<()>> {
    user_namespace_with(&Maps::own_as_root(), CloneFlags::NEWNS, |case| {
        let room = Room::furnish(kind, 1, None)?;
        loop {
            case.wait()?;
            // The place of one cycle's namespace is free when the next cycle's is made.
            for _ in 0..=CYCLES {
                drop(room.member_when_free()?.doing("make a namespace in the place of one that has ended")?);
            }
            case.go()?;
        }
    })
}
