//! `PIDFD_GET_INFO` by the bytes of its structure, of any size.

use std::os::fd::AsFd;

use kit::sys::area::{ALIGNED, Spot};
use kit::sys::entry::Entry;
use kit::sys::placed::ioctl_placed;

/// How large the structure was when it was first published.
pub(super) const FIRST: usize = 64;

/// Bits of the mask: the process's numbers; its user and group IDs; how it has ended.
pub(super) const PID: u64 = 1;
pub(super) const CREDENTIALS: u64 = 2;
pub(super) const EXIT: u64 = 8;

/// The operation with a structure of this size.
pub(super) const fn operation(size: usize) -> u64 {
    (3 << 30) | ((size as u64 & 0x3fff) << 16) | 0xff0b
}

/// What has been told, as far as the first published structure has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) mask: u64,
    pub(super) pid: u32,
    pub(super) tgid: u32,
    pub(super) ppid: u32,
    /// Real user and group ID, then the effective, the saved and the file-system ones.
    pub(super) ids: [u32; 8],
    /// As `wait(2)` tells it.
    pub(super) exit_code: u32,
}

impl Info {
    /// Reads a structure; what it is too short for is 0.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let word = |at: usize| {
            let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
            four.map_or(0, u32::from_ne_bytes)
        };
        Self {
            mask: u64::from(word(0)) | u64::from(word(4)) << 32,
            pid: word(16),
            tgid: word(20),
            ppid: word(24),
            ids: std::array::from_fn(|place| word(28 + 4 * place)),
            exit_code: word(60),
        }
    }
}

/// Asks with a mask, and the first published structure.
pub(super) fn ask(pidfd: impl AsFd, mask: u64) -> nix::Result<Info> {
    ask_with(pidfd, operation(FIRST), FIRST, mask, ALIGNED).map(|told| Info::read(&told))
}

/// Asks by this number, with a structure of so many bytes at a spot. What is not the mask is filled with 0xee.
pub(super) fn ask_with(pidfd: impl AsFd, operation: u64, size: usize, mask: u64, spot: Spot) -> nix::Result<Vec<u8>> {
    let mut bytes = mask.to_ne_bytes().to_vec();
    bytes.resize(size.max(8), 0xee);
    ioctl_placed(Entry::Own, pidfd, operation, &bytes, spot).map(|(_, told)| told)
}
