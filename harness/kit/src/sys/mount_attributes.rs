//! `mount_setattr(2)` (since 5.12) and `open_tree_attr(2)` (since 6.15), for which no crate has a wrapper.

use std::fmt;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::NixPath;
use nix::errno::Errno;
use nix::mount::MsFlags;
use rustix::fs::AtFlags;
use rustix::mount::{MountAttrFlags, OpenTreeFlags};

use crate::flags::names;

/// The same number on every architecture that matters here.
const SYS_OPEN_TREE_ATTR: libc::c_long = 467;

/// How large `struct mount_attr` was when it was first published.
pub const ATTRIBUTES_SIZE: usize = 32;

/// What is to become of a mount: `struct mount_attr`. The descriptor that it may name is open as long as `'fd` lasts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MountAttributes<'fd> {
    attr_set: u64,
    attr_clr: u64,
    propagation: u64,
    userns_fd: u64,
    held: PhantomData<&'fd OwnedFd>,
}

impl<'fd> MountAttributes<'fd> {
    /// Nothing.
    pub const NONE: Self = Self { attr_set: 0, attr_clr: 0, propagation: 0, userns_fd: 0, held: PhantomData };

    /// Setting these attributes.
    pub const fn setting(attributes: MountAttrFlags) -> Self {
        Self { attr_set: attributes.bits() as u64, ..Self::NONE }
    }

    /// Clearing these attributes, before any are set.
    pub const fn clearing(attributes: MountAttrFlags) -> Self {
        Self::NONE.and_clearing(attributes)
    }

    /// Clearing these attributes as well.
    pub const fn and_clearing(mut self, attributes: MountAttrFlags) -> Self {
        self.attr_clr = attributes.bits() as u64;
        self
    }

    /// Giving it this propagation, one of the four that have a flag.
    pub const fn with_propagation(mut self, propagation: MsFlags) -> Self {
        self.propagation = propagation.bits();
        self
    }

    /// Showing files' owners through the maps of this user namespace (`MOUNT_ATTR_IDMAP`).
    pub fn mapping_by(user_namespace: BorrowedFd<'fd>) -> Self {
        Self::setting(MountAttrFlags::MOUNT_ATTR_IDMAP).with_userns_fd(user_namespace.as_raw_fd() as u64)
    }

    /// With any number for the user namespace's descriptor, which need not be one.
    pub const fn with_userns_fd(mut self, number: u64) -> Self {
        self.userns_fd = number;
        self
    }

    /// As the kernel reads them; more bytes may be put behind, or some taken away.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.attr_set, self.attr_clr, self.propagation, self.userns_fd]
            .iter()
            .flat_map(|field| field.to_ne_bytes())
            .collect()
    }
}

/// What it asks for, by the manual's names.
impl fmt::Display for MountAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Attributes above the lowest 32 have no names yet.
        let attributes = |bits: u64| match u32::try_from(bits) {
            Ok(known) => names(MountAttrFlags::from_bits_retain(known)),
            Err(_) => format!("{bits:#x}"),
        };
        let propagation = names(MsFlags::from_bits_retain(self.propagation));
        let fields = [
            (self.attr_set, format!("attr_set={}", attributes(self.attr_set))),
            (self.attr_clr, format!("attr_clr={}", attributes(self.attr_clr))),
            (self.propagation, format!("propagation={propagation}")),
            (self.userns_fd, format!("userns_fd={}", self.userns_fd)),
        ];
        let words: Vec<_> = fields.iter().filter(|(value, _)| *value != 0).map(|(_, word)| word.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for MountAttributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "«{self}»")
    }
}

/// Changes the mount at a path that begins at `folder`.
///
/// # Errors
/// The kernel's errno. Here and below [`NOT_ASKED`](super::NOT_ASKED) for a path with a null byte in it.
pub fn mount_setattr<P: ?Sized + NixPath>(
    folder: impl AsFd,
    path: &P,
    flags: AtFlags,
    attributes: &MountAttributes<'_>,
) -> nix::Result<()> {
    mount_setattr_bytes(folder, path, flags, &attributes.to_bytes())
}

/// The same with any bytes in the place of the structure, whose size the kernel is told.
pub fn mount_setattr_bytes<P: ?Sized + NixPath>(
    folder: impl AsFd,
    path: &P,
    flags: AtFlags,
    attributes: &[u8],
) -> nix::Result<()> {
    mount_setattr_at_number(folder.as_fd().as_raw_fd(), path, flags, attributes)
}

/// The same with any number in the place of the directory's descriptor, which need not be one.
pub fn mount_setattr_at_number<P: ?Sized + NixPath>(
    folder: i32,
    path: &P,
    flags: AtFlags,
    attributes: &[u8],
) -> nix::Result<()> {
    let (start, size) = (attributes.as_ptr(), attributes.len());
    let answer = path.with_nix_path(|path| {
        // SAFETY: the path ends with a null byte, and the kernel reads as many bytes as there are.
        unsafe { libc::syscall(libc::SYS_mount_setattr, folder, path.as_ptr(), flags.bits(), start, size) }
    });
    let answer = answer.map_err(|_| super::NOT_ASKED)?;
    Errno::result(answer).map(drop)
}

/// Opens or clones a mount and changes it at the same time; the bytes are those of a [`MountAttributes`].
pub fn open_tree_attr<P: ?Sized + NixPath>(
    folder: impl AsFd,
    path: &P,
    flags: OpenTreeFlags,
    attributes: &[u8],
) -> nix::Result<OwnedFd> {
    open_tree_attr_at(folder, path, flags, attributes.as_ptr(), attributes.len())
}

/// The same with the null pointer in the place of the structure, whatever its size is said to be.
pub fn open_tree_attr_of_nothing<P: ?Sized + NixPath>(
    folder: impl AsFd,
    path: &P,
    flags: OpenTreeFlags,
    size: usize,
) -> nix::Result<OwnedFd> {
    open_tree_attr_at(folder, path, flags, std::ptr::null(), size)
}

fn open_tree_attr_at<P: ?Sized + NixPath>(
    folder: impl AsFd,
    path: &P,
    flags: OpenTreeFlags,
    start: *const u8,
    size: usize,
) -> nix::Result<OwnedFd> {
    let folder = folder.as_fd().as_raw_fd();
    let answer = path.with_nix_path(|path| {
        // SAFETY: the path ends with a null byte; the kernel reads `size` bytes, which its callers have, or fails at null.
        unsafe { libc::syscall(SYS_OPEN_TREE_ATTR, folder, path.as_ptr(), flags.bits(), start, size) }
    });
    let answer = answer.map_err(|_| super::NOT_ASKED)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Errno::result(answer).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_printed_by_their_names() {
        let wanted = MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_RDONLY | MountAttrFlags::MOUNT_ATTR_NOEXEC)
            .and_clearing(MountAttrFlags::MOUNT_ATTR__ATIME)
            .with_propagation(MsFlags::MS_SLAVE);
        let text = "attr_set=MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOEXEC attr_clr=MOUNT_ATTR__ATIME propagation=MS_SLAVE";
        assert_eq!(wanted.to_string(), text);
        assert_eq!(wanted.to_bytes().len(), ATTRIBUTES_SIZE);
    }
}
