//! A tree of mounts, built in a few words.

use std::fs;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags};
use nix::unistd::Pid;

use super::calls::{self, mount_kind, tmpfs};
use super::list::Mounts;
use super::propagation::Propagation;
use super::tags::Tags;
use crate::words::refusal::{Answer, Refusal};
use crate::words::verdict::{Doing, Outcome};

/// The directory that every stage and every system has for this.
const PLACE: &str = "/mnt";

/// Mounts below one directory, on which a private tmpfs is mounted first. Names are paths relative to it.
///
/// ```ignore
/// let tree = Tree::new()?;
/// tree.tmpfs("a")?.shared("a")?.bind("a", "b")?.slave("b")?;
/// expect_errno!(tree.move_to("a", "a/x"), ELOOP);
/// ```
///
/// What a mount is put on is made as a directory where nothing is there; if that fails, the case could not be carried
/// out, whatever it expects of the call. Operations at places where nothing may be made are functions beside this type.
///
/// The mounts stay until their mount namespace goes.
#[derive(Debug, Clone)]
pub struct Tree {
    place: PathBuf,
}

impl Tree {
    /// One on `/mnt`, in the caller's mount namespace.
    pub fn new() -> Outcome<Self> {
        Self::at(PLACE)
    }

    /// One on another directory.
    pub fn at(place: impl Into<PathBuf>) -> Outcome<Self> {
        let tree = Self { place: place.into() };
        tmpfs(&tree.place)?;
        // Below a shared mount it would be shared.
        Propagation::Private.make(&tree.place)?;
        Ok(tree)
    }

    /// Where a name leads; the empty one to the tree itself.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        // Without a slash behind it where there is no name.
        self.place.join(name).components().collect()
    }

    /// Makes a directory, with those above it, where there is none.
    pub fn dir(&self, name: &str) -> Outcome<&Self> {
        let path = self.path(name);
        fs::create_dir_all(&path).doing(format!("make the directory {}", path.display()))?;
        Ok(self)
    }

    /// Makes a file, with the directories above it.
    pub fn file(&self, name: &str, text: &str) -> Outcome<&Self> {
        let path = self.path(name);
        if let Some(folder) = Path::new(name).parent().and_then(Path::to_str) {
            self.dir(folder)?;
        }
        fs::write(&path, text).doing(format!("write {}", path.display()))?;
        Ok(self)
    }

    /// Mounts a new tmpfs.
    pub fn tmpfs(&self, name: &str) -> Answer<&Self> {
        self.onto(name, |point| tmpfs(point))
    }

    /// Mounts a new file system of any type, with flags and options.
    pub fn mount(&self, kind: &str, name: &str, flags: MsFlags, data: Option<&str>) -> Answer<&Self> {
        self.onto(name, |point| mount_kind(kind, point, flags, data))
    }

    /// Shows a mount, a directory or a file in another place, too.
    pub fn bind(&self, from: &str, to: &str) -> Answer<&Self> {
        self.onto(to, |point| calls::bind(self.path(from), point))
    }

    /// The same with all that is mounted below.
    pub fn rbind(&self, from: &str, to: &str) -> Answer<&Self> {
        self.onto(to, |point| calls::rbind(self.path(from), point))
    }

    /// Moves a mount with all that is mounted below.
    pub fn move_to(&self, from: &str, to: &str) -> Answer<&Self> {
        self.onto(to, |point| calls::move_to(self.path(from), point))
    }

    /// Changes the flags and options of a file system, for all its mounts.
    pub fn remount(&self, name: &str, flags: MsFlags, data: Option<&str>) -> Answer<&Self> {
        self.done(calls::remount(self.path(name), flags, data))
    }

    /// Changes the flags of one mount.
    pub fn bind_remount(&self, name: &str, flags: MsFlags) -> Answer<&Self> {
        self.done(calls::bind_remount(self.path(name), flags))
    }

    /// Asks for a propagation type.
    pub fn make(&self, name: &str, propagation: Propagation) -> Answer<&Self> {
        self.done(propagation.make(self.path(name)))
    }

    /// Asks for a propagation type of all mounts from one down.
    pub fn make_all(&self, name: &str, propagation: Propagation) -> Answer<&Self> {
        self.done(propagation.make_all(self.path(name)))
    }

    /// Makes a mount shared.
    pub fn shared(&self, name: &str) -> Answer<&Self> {
        self.make(name, Propagation::Shared)
    }

    /// Makes a mount a slave of the group it was in.
    pub fn slave(&self, name: &str) -> Answer<&Self> {
        self.make(name, Propagation::Slave)
    }

    /// Makes a mount private.
    pub fn private(&self, name: &str) -> Answer<&Self> {
        self.make(name, Propagation::Private)
    }

    /// Makes a mount unbindable.
    pub fn unbindable(&self, name: &str) -> Answer<&Self> {
        self.make(name, Propagation::Unbindable)
    }

    /// Unmounts what is topmost there.
    pub fn umount(&self, name: &str) -> Answer<&Self> {
        self.umount_by(name, MntFlags::empty())
    }

    /// Unmounts it lazily, with all that is mounted below (`MNT_DETACH`).
    pub fn detach(&self, name: &str) -> Answer<&Self> {
        self.umount_by(name, MntFlags::MNT_DETACH)
    }

    /// `umount2(2)` with flags.
    pub fn umount_by(&self, name: &str, flags: MntFlags) -> Answer<&Self> {
        self.done(calls::umount_by(self.path(name), flags))
    }

    /// The mounts of the tree that the caller sees, by their names.
    pub fn mounts(&self) -> Outcome<Mounts> {
        Ok(Mounts::own()?.within(&self.place))
    }

    /// Those that a process sees, whose root directory is the caller's.
    pub fn mounts_of(&self, pid: Pid) -> Outcome<Mounts> {
        Ok(Mounts::of(pid)?.within(&self.place))
    }

    /// Whether something is mounted there.
    pub fn is_mounted(&self, name: &str) -> Outcome<bool> {
        Ok(self.mounts()?.find(name).is_some())
    }

    /// What mountinfo says of the propagation of a mount, which must be there.
    pub fn tags(&self, name: &str) -> Outcome<Tags> {
        Ok(self.mounts()?.at(name)?.tags)
    }

    /// The propagation type of a mount, which must be there.
    pub fn propagation(&self, name: &str) -> Outcome<Propagation> {
        self.tags(name).map(Propagation::told_by)
    }

    /// A call that puts a mount at a place, which is made first.
    fn onto(&self, name: &str, call: impl FnOnce(&Path) -> Answer) -> Answer<&Self> {
        let path = self.path(name);
        if fs::symlink_metadata(&path).is_err() {
            self.dir(name).map_err(|failure| Refusal::never_asked(format!("mount on {name}"), &failure))?;
        }
        self.done(call(&path))
    }

    fn done(&self, answer: Answer) -> Answer<&Self> {
        answer.map(|()| self)
    }
}
