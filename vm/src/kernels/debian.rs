//! What is known of Debian beforehand: its suites, and its program for packages.

use std::path::PathBuf;

use super::error::KernelError;
use crate::programs;

/// The suites that kernels come from, newest kernels last, and whether they are on the security mirror.
pub(super) const SUITES: [(&str, bool); 10] = [
    ("bullseye", false),
    ("bullseye-security", true),
    ("bookworm", false),
    ("bookworm-security", true),
    ("bookworm-backports", false),
    ("trixie", false),
    ("trixie-security", true),
    ("trixie-backports", false),
    ("forky", false),
    ("sid", false),
];

/// The path of apt-get.
pub(super) fn apt_get() -> Result<PathBuf, KernelError> {
    programs::find("apt-get").ok_or(KernelError::NotInstalled { program: "apt-get", package: "apt" })
}
