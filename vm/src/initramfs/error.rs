//! What can go wrong while an initramfs is made.

use std::io;
use std::path::{Path, PathBuf};

/// Why an initramfs could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitramfsError {
    /// The program for `/init` is no executable of this kind of machine.
    #[error("`{path}` cannot be the guest's /init: it is no ELF executable for x86-64")]
    NotAnExecutable {
        /// The program.
        path: PathBuf,
    },
    /// The program for `/init` needs a dynamic loader, which a guest does not have.
    #[error(
        "`{path}` cannot be the guest's /init: it needs the dynamic loader {loader}; build it static, with RUSTFLAGS=-Ctarget-feature=+crt-static and --target x86_64-unknown-linux-gnu (the project's .cargo/config.toml does)"
    )]
    Dynamic {
        /// The program.
        path: PathBuf,
        /// What it asks for.
        loader: String,
    },
    /// A module's compression is not known.
    #[error("the module `{path}` is compressed in a way that is not known here (known: none, .xz, .zst)")]
    Compression {
        /// The module.
        path: PathBuf,
    },
    /// What is to be brought along is a device, a pipe or a socket.
    #[error("`{path}` cannot be brought along: it is neither a file nor a folder")]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("failed to {action} `{path}`: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The archive could not be written to memory.
    #[error("failed to pack the initramfs: {0}")]
    Pack(#[source] io::Error),
}

impl InitramfsError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> InitramfsError {
        InitramfsError::Io { action, path: path.to_owned(), source }
    }
}
