//! The files that namespaces have: behind the links in `/proc/PID/ns`, or behind a descriptor.

use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::Pid;

use super::kind::Kind;
use crate::sys::ns;
use crate::words::verdict::{Doing, Outcome};

/// An inode number on nsfs: names a namespace while it lives.
pub type Inode = u64;

/// A namespace, held by an open file: it lives at least as long as this value.
#[derive(Debug)]
pub struct Namespace {
    file: OwnedFd,
}

impl Namespace {
    /// The namespace of this kind that process `pid` is in.
    pub fn of(pid: Pid, kind: Kind) -> Outcome<Self> {
        Self::at(format!("/proc/{pid}/ns/{kind}"))
    }

    /// The namespace of this kind that the calling thread is in.
    pub fn own(kind: Kind) -> Outcome<Self> {
        Self::at(format!("/proc/thread-self/ns/{kind}"))
    }

    /// The namespace that a file stands for: a link in `/proc`, or a bind mount of one.
    pub fn at(path: impl AsRef<Path>) -> Outcome<Self> {
        let path = path.as_ref();
        let file = File::open(path).doing(format!("open {}", path.display()))?;
        Ok(Self { file: file.into() })
    }

    /// Takes over a descriptor that refers to a namespace.
    pub fn from_fd(file: OwnedFd) -> Self {
        Self { file }
    }

    /// The open file.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Its inode number.
    pub fn inode(&self) -> Outcome<Inode> {
        Ok(rustix::fs::fstat(&self.file).doing("fstat a namespace")?.st_ino)
    }

    /// The user namespace that owns it.
    pub fn owner(&self) -> nix::Result<Self> {
        ns::get_userns(&self.file).map(Self::from_fd)
    }

    /// Its parent, for PID and user namespaces.
    pub fn parent(&self) -> nix::Result<Self> {
        ns::get_parent(&self.file).map(Self::from_fd)
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// The inode number of the calling thread's namespace of this kind.
pub fn own_inode(kind: Kind) -> Outcome<Inode> {
    inode_at(format!("/proc/thread-self/ns/{kind}"))
}

/// The inode number of a process's namespace of this kind.
pub fn inode_of(pid: Pid, kind: Kind) -> Outcome<Inode> {
    inode_at(format!("/proc/{pid}/ns/{kind}"))
}

/// The inode number behind a path, which is not opened: nothing is held.
pub fn inode_at(path: impl AsRef<Path>) -> Outcome<Inode> {
    let path = path.as_ref();
    Ok(fs::metadata(path).doing(format!("stat {}", path.display()))?.ino())
}

/// The text of a link in `/proc/PID/ns`, such as `pid:[4026531836]`.
pub fn link_text(path: impl AsRef<Path>) -> Outcome<String> {
    let path = path.as_ref();
    let text = fs::read_link(path).doing(format!("readlink {}", path.display()))?;
    Ok(text.to_string_lossy().into_owned())
}
