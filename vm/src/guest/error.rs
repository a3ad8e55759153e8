//! What can go wrong in a guest.

use std::io;
use std::path::PathBuf;

/// The second serial port: the machine's control stream.
pub(super) const CONTROL: &str = "/dev/ttyS1";

/// Why a guest could not be set up, or a module not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// A file system that every guest needs could not be mounted.
    #[error("failed to mount {kind} on {place}: {source}")]
    Mount {
        /// The file system.
        kind: &'static str,
        /// Where.
        place: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The control stream could not be opened.
    #[error("failed to open {CONTROL}: {0}")]
    Control(#[source] io::Error),
    /// The module is neither part of the kernel nor in the initramfs.
    #[error("the module {0} is neither built in nor in the initramfs")]
    NoModule(String),
    /// The kernel did not take the module.
    #[error("failed to load the module {file}: {source}")]
    Load {
        /// The module's file.
        file: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}
