//! The cache on disk: nothing in it is ever half-written, and two runs share one download.
//!
//! ```text
//! kernels/<release>_<version>/   vmlinuz, config, lib/modules/<release>/…, kernel.json
//! trees/<name>/                  modules of kernels that were not downloaded, as links, with their modules.dep
//! apt/  offer.json  words.json   what is on offer, and what a word was last taken to mean
//! locks/  scratch/               flock(2) files; work in progress
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{FlockOperation, flock, statvfs};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::error::KernelError;
use super::image::Banner;
use super::kernel::{Kernel, Origin};
use crate::programs;

/// What a cache entry says about itself.
#[derive(Debug, Serialize, Deserialize)]
struct Card {
    release: String,
    version: String,
    origin: Origin,
}

/// A folder in which the files of the cache have their places.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pub(super) root: PathBuf,
}

/// A lock that lasts as long as the value; the kernel lets go of it however we end.
pub(super) struct Lock {
    _file: File,
}

/// Work in progress. Locked, so that `sweep` can tell it from what a killed run left.
pub(super) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The name of a cache entry.
pub(super) fn entry_name(release: &str, version: &str) -> String {
    format!("{release}_{version}")
}

impl Store {
    pub(super) fn new(root: PathBuf) -> Result<Store, KernelError> {
        for part in ["kernels", "trees", "locks", "scratch"] {
            let folder = root.join(part);
            fs::create_dir_all(&folder).map_err(|source| KernelError::io("create", &folder, source))?;
        }
        Ok(Store { root })
    }

    /// Fails unless so many bytes are free: better than to find out in the middle, and from apt-get, which tries again for minutes.
    pub(super) fn need(&self, bytes: u64, action: &'static str) -> Result<(), KernelError> {
        let disk = statvfs(&self.root).map_err(|errno| KernelError::io("look at", &self.root, errno.into()))?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < bytes {
            return Err(KernelError::Full { action, path: self.root.clone() });
        }
        Ok(())
    }

    /// Waits for the lock of that name.
    pub(super) fn lock(&self, name: &str) -> Result<Lock, KernelError> {
        let path = self.root.join("locks").join(name);
        let file = File::create(&path).map_err(|source| KernelError::io("create", &path, source))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|errno| KernelError::io("lock", &path, errno.into()))?;
        Ok(Lock { _file: file })
    }

    pub(super) fn scratch(&self) -> Result<Scratch, KernelError> {
        let parent = self.root.join("scratch");
        let folder =
            TempDir::new_in(&parent).map_err(|source| KernelError::io("create a folder in", &parent, source))?;
        let open = || {
            let lock = File::open(folder.path())?;
            flock(&lock, FlockOperation::LockExclusive)?;
            Ok(lock)
        };
        let lock = open().map_err(|source| KernelError::io("lock", folder.path(), source))?;
        Ok(Scratch { folder, _lock: lock })
    }

    /// The cached kernel of that name.
    pub(super) fn get(&self, word: &str, name: &str) -> Option<Kernel> {
        let folder = self.root.join("kernels").join(name);
        let card: Card = read_json(&folder.join("kernel.json")).ok()??;
        let if_there = |path: PathBuf| path.exists().then_some(path);
        let modules = folder.join("lib/modules").join(&card.release);
        Some(Kernel {
            word: word.to_owned(),
            image: if_there(folder.join("vmlinuz"))?,
            config: if_there(folder.join("config")),
            modules: modules.join("modules.dep").exists().then_some(modules),
            release: card.release,
            version: card.version,
            origin: card.origin,
        })
    }

    /// Every cached kernel, each with its own name as its word.
    pub(super) fn all(&self) -> Vec<(String, Kernel)> {
        let entries = fs::read_dir(self.root.join("kernels")).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| self.get(&name, &name).map(|kernel| (name, kernel))).collect()
    }

    /// Puts an unpacked kernel in its place: modules indexed, described, then renamed into the cache as a whole.
    pub(super) fn install(&self, unpacked: &Path, banner: &Banner, origin: Origin) -> Result<(), KernelError> {
        if unpacked.join("lib/modules").exists() {
            depmod(unpacked, &banner.release)?;
        }
        let card = Card { release: banner.release.clone(), version: banner.version.clone(), origin };
        write_json(&unpacked.join("kernel.json"), &card)?;
        let place = self.root.join("kernels").join(entry_name(&banner.release, &banner.version));
        replace(unpacked, &place)
    }

    /// What a word was last taken to mean: the name of a cache entry.
    pub(super) fn words(&self) -> BTreeMap<String, String> {
        read_json(&self.root.join("words.json")).ok().flatten().unwrap_or_default()
    }

    /// Remembers what a word means, so that it means the same tomorrow.
    pub(super) fn remember(&self, word: &str, name: &str) -> Result<(), KernelError> {
        let _lock = self.lock("words")?;
        let mut words = self.words();
        if words.insert(word.to_owned(), name.to_owned()).as_deref() != Some(name) {
            self.write_json_whole("words.json", &words)?;
        }
        Ok(())
    }

    pub(super) fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, KernelError> {
        read_json(&self.root.join(name))
    }

    /// Writes a file of the cache by renaming, so that no reader sees half of it.
    pub(super) fn write_json_whole(&self, name: &str, value: &impl Serialize) -> Result<(), KernelError> {
        let scratch = self.scratch()?;
        let new = scratch.path().join("new");
        write_json(&new, value)?;
        replace(&new, &self.root.join(name))
    }

    /// Removes a kernel; returns the bytes that it took.
    pub(super) fn remove(&self, name: &str) -> Result<u64, KernelError> {
        let _lock = self.lock(name)?;
        let place = self.root.join("kernels").join(name);
        let bytes = size_of(&place);
        // Out of sight first: a reader finds the whole kernel or none.
        let scratch = self.scratch()?;
        let old = scratch.path().join("old");
        fs::rename(&place, &old).map_err(|source| KernelError::io("remove", &place, source))?;
        Ok(bytes)
    }

    /// Removes the indexes of other kernels' modules, which are made anew when they are needed; returns the bytes that they took.
    pub(super) fn remove_trees(&self) -> u64 {
        remove_all(&self.root.join("trees"), |_| true)
    }

    /// Removes what runs that were killed have left; returns the bytes that it took.
    pub(super) fn sweep(&self) -> u64 {
        remove_all(&self.root.join("scratch"), |path| {
            File::open(path).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
        })
    }
}

/// Removes the folders in a folder that satisfy a condition; returns the bytes that they took.
fn remove_all(folder: &Path, wanted: impl Fn(&Path) -> bool) -> u64 {
    let paths = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let remove = |path: PathBuf| {
        let bytes = size_of(&path);
        fs::remove_dir_all(&path).map_or(0, |()| bytes)
    };
    paths.filter(|path| wanted(path)).map(remove).sum()
}

/// Makes the modules.dep that Debian's packages and kernel trees lack.
pub(super) fn depmod(base: &Path, release: &str) -> Result<(), KernelError> {
    let program = programs::find("depmod").ok_or(KernelError::NotInstalled { program: "depmod", package: "kmod" })?;
    let output = Command::new(&program)
        .arg("-b")
        .arg(base)
        .arg(release)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| KernelError::io("run", &program, source))?;
    if output.status.success() {
        return Ok(());
    }
    let why = programs::last_words(&output.stderr);
    if why.contains("No space left on device") {
        return Err(KernelError::Full { action: "index the modules in", path: base.to_owned() });
    }
    Err(KernelError::Program { program: "depmod", task: format!("index the modules of {release}"), why })
}

/// Renames, after taking away a folder that is in the way.
pub(super) fn replace(new: &Path, place: &Path) -> Result<(), KernelError> {
    if place.is_dir() {
        fs::remove_dir_all(place).map_err(|source| KernelError::io("replace", place, source))?;
    }
    fs::rename(new, place).map_err(|source| KernelError::io("write", place, source))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, KernelError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KernelError::io("read", path, error)),
    };
    // A file that an older or newer nsproof wrote differently is as good as none: it is made again.
    Ok(serde_json::from_slice(&bytes).ok())
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), KernelError> {
    let write = || fs::write(path, serde_json::to_vec_pretty(value)?);
    write().map_err(|source| KernelError::io("write", path, source))
}

/// The bytes of all files below a path.
fn size_of(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return 0;
    };
    if !metadata.is_dir() {
        return metadata.len();
    }
    fs::read_dir(path).into_iter().flatten().flatten().map(|entry| size_of(&entry.path())).sum()
}
