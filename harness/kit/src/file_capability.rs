//! File capabilities as `capabilities(7)` stores them: the extended attribute `security.capability`.

use std::path::Path;

use rustix::fs::{XattrFlags, getxattr, setxattr};
use rustix::io;
use rustix::thread::CapabilitySet;
use serde::{Deserialize, Serialize};

const NAME: &str = "security.capability";
const REVISION_2: u32 = 0x0200_0000;
const REVISION_3: u32 = 0x0300_0000;
const EFFECTIVE: u32 = 1;

/// A value of the attribute, as one that writes or reads it has it before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCapability {
    permitted: u64,
    inheritable: u64,
    /// Whose capabilities they are: the user who is root of the user namespace they are for. Only version 3 names one.
    pub root: Option<u32>,
}

impl FileCapability {
    /// Version 2: whoever executes the file has these capabilities, permitted and effective.
    pub const fn permitted(set: CapabilitySet) -> Self {
        Self { permitted: set.bits(), inheritable: 0, root: None }
    }

    /// Version 2: whoever executes the file keeps these of the inheritable capabilities, permitted and effective.
    pub const fn inheritable(set: CapabilitySet) -> Self {
        Self { permitted: 0, inheritable: set.bits(), root: None }
    }

    /// The same as version 3, for user namespaces whose root is this user.
    pub const fn of_root(self, root: u32) -> Self {
        Self { root: Some(root), ..self }
    }

    /// Writes it to a file.
    ///
    /// # Errors
    /// The kernel's.
    pub fn write(&self, path: impl AsRef<Path>) -> io::Result<()> {
        setxattr(path.as_ref(), NAME, &self.bytes(), XattrFlags::empty())
    }

    /// What the kernel shows the caller of a file.
    ///
    /// # Errors
    /// The kernel's; [`NOT_ASKED`](crate::sys::NOT_ASKED) for a value that is none, which the kernel never stores.
    pub fn read(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut bytes = [0; 64];
        let length = getxattr(path.as_ref(), NAME, &mut bytes[..])?;
        Self::understood(&bytes[..length]).ok_or(io::Errno::CANCELED)
    }

    /// `struct vfs_cap_data`, or `struct vfs_ns_cap_data`.
    fn bytes(&self) -> Vec<u8> {
        let version = if self.root.is_some() { REVISION_3 } else { REVISION_2 };
        let (low, high) = (|set: u64| set as u32, |set: u64| (set >> 32) as u32);
        let mut words = vec![
            version | EFFECTIVE,
            low(self.permitted),
            low(self.inheritable),
            high(self.permitted),
            high(self.inheritable),
        ];
        words.extend(self.root);
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    fn understood(bytes: &[u8]) -> Option<Self> {
        let words: Vec<u64> = bytes
            .chunks(4)
            .map(|word| Some(u64::from(u32::from_le_bytes(word.try_into().ok()?))))
            .collect::<Option<_>>()?;
        let (first, root) = match *words.as_slice() {
            [first, _, _, _, _] => (first, None),
            [first, _, _, _, _, root] => (first, Some(root as u32)),
            _ => return None,
        };
        let version = if root.is_some() { REVISION_3 } else { REVISION_2 };
        let whole = |low: usize, high: usize| words[low] | words[high] << 32;
        (first == u64::from(version | EFFECTIVE)).then(|| Self {
            permitted: whole(1, 3),
            inheritable: whole(2, 4),
            root,
        })
    }
}
