//! The three kinds of System V objects, for claims that are true of each.

use kit::prelude::*;
use kit::sys::sysv::{msg_stat, sem_stat, shm_remove, shm_stat};
use kit::sys::sysv_keys::{msg_get, msg_remove, sem_get, sem_remove, shm_get};

/// A key that nothing in a stage's IPC namespace has yet.
pub(super) const KEY: i32 = 0x1234;

/// What an object is made with: by its first maker only, and for its user only.
pub(super) const NEW: i32 = libc::IPC_CREAT | libc::IPC_EXCL | 0o600;

/// The size of a segment, in bytes, where the size is not what the claim is about.
pub(super) const SIZE: usize = 4096;

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    /// A shared memory segment.
    Segment,
    /// A message queue.
    Queue,
    /// A set of semaphores.
    Set,
}

impl Object {
    /// Every kind.
    pub(super) const ALL: [Self; 3] = [Self::Segment, Self::Queue, Self::Set];

    /// Finds or makes one: `shmget(2)`, `msgget(2)` or `semget(2)`.
    pub(super) fn get(self, key: i32, flags: i32) -> nix::Result<i32> {
        match self {
            Self::Segment => shm_get(key, if flags == 0 { 0 } else { SIZE }, flags),
            Self::Queue => msg_get(key, flags),
            Self::Set => sem_get(key, i32::from(flags != 0), flags),
        }
    }

    /// The ID of the one that has this key.
    pub(super) fn find(self, key: i32) -> nix::Result<i32> {
        self.get(key, 0)
    }

    /// Makes one that has this key, and answers its ID.
    pub(super) fn make(self, key: i32) -> Outcome<i32> {
        self.get(key, NEW).doing(format!("make a {self:?} with key {key:#x}"))
    }

    /// `IPC_STAT`.
    pub(super) fn stat(self, id: i32) -> nix::Result<()> {
        match self {
            Self::Segment => shm_stat(id).map(drop),
            Self::Queue => msg_stat(id).map(drop),
            Self::Set => sem_stat(id).map(drop),
        }
    }

    /// `IPC_RMID`.
    pub(super) fn remove(self, id: i32) -> nix::Result<()> {
        match self {
            Self::Segment => shm_remove(id),
            Self::Queue => msg_remove(id),
            Self::Set => sem_remove(id),
        }
    }
}
