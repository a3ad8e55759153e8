//! What can go wrong with files, each in one sentence that names the file and the way out.

use std::io;
use std::path::{Path, PathBuf};

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file or folder could not be opened or read.
    #[error("failed to read {}: {source}{}", path.display(), hint(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds no record.
    #[error(
        "{} holds no {wanted}: give the folder of a run, or the file itself", path.display()
    )]
    Empty {
        /// The folder.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
    },
    /// The file is not JSON, or JSON that lacks something.
    #[error(
        "{} is not a whole {wanted} ({why}): copy it again, or make it again", path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What it should have been.
        wanted: &'static str,
        /// What the parser said, with line and column.
        why: String,
    },
    /// The file is JSON of another kind.
    #[error("{} is {found}, but a {wanted} is needed: give a file that nsproof wrote as such", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
        /// What it should have been.
        wanted: &'static str,
    },
    /// The file's schema is newer than this nsproof.
    #[error(
        "{} has schema {found}, and this nsproof reads schemas up to {newest}: read it with the nsproof that wrote it, \
         or update this one", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u64,
        /// The newest schema that is read.
        newest: u32,
    },
    /// The file's schema is older than the oldest that is read.
    #[error(
        "{} has schema {found}, and this nsproof reads schemas from {oldest}: make it again, or read it with an older \
         nsproof", path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u64,
        /// The oldest schema that is read.
        oldest: u32,
    },
}

impl ReadError {
    /// Turns what the system said about `path` into a [`ReadError::Io`].
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

/// Why a file or folder of results could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write {}: {source}{}", path.display(), hint(source))]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl WriteError {
    /// Turns what the system said about `path` into a [`WriteError`].
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self { path: path.to_owned(), source }
    }
}

/// The way out, where the system's answer tells which it is.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => ": check the path",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": use a folder that you may read and write"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ": make room, or use a folder on another disk",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => ": a file is in the way, use another folder",
        io::ErrorKind::IsADirectory => ": a folder is in the way, use another name",
        _ => ": use another file or folder",
    }
}
