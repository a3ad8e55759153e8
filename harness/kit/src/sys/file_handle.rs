//! Handles of files, by which they are opened without a path: `name_to_handle_at(2)`, `open_by_handle_at(2)`.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};

use super::clone::CloneFlags;

/// `MAX_HANDLE_SZ`.
const LONGEST: usize = libc::MAX_HANDLE_SZ as usize;

/// `FD_NSFS_ROOT` of `linux/fcntl.h` (since 6.18).
const FD_NSFS_ROOT: RawFd = -10003;

/// The kernel's `struct file_handle`, with all the room that it may need.
#[repr(C)]
struct RawHandle {
    bytes: u32,
    kind: i32,
    data: [u8; LONGEST],
}

/// A file's handle. Anybody may make one up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHandle {
    /// The kind, which says what the bytes mean.
    pub kind: i32,
    /// The bytes: at most 128.
    pub bytes: Vec<u8>,
}

/// On which file system a handle is looked up.
#[derive(Debug, Clone, Copy)]
pub enum Mount<'a> {
    /// That of namespaces' files, without any of them (`FD_NSFS_ROOT`, since 6.18).
    Nsfs,
    /// That of the working directory (`AT_FDCWD`).
    Here,
    /// That of this file.
    Of(BorrowedFd<'a>),
}

/// `name_to_handle_at(2)` of a path, with room for `room` bytes. When that is too little, the error is EOVERFLOW, and the
/// number beside it is how many are needed; else it is `room`.
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for a path with a null byte in it.
pub fn handle_with_room(path: &str, flags: AtFlags, room: u32) -> (nix::Result<FileHandle>, u32) {
    let Ok(path) = CString::new(path) else {
        return (Err(super::NOT_ASKED), room);
    };
    let mut raw = RawHandle { bytes: room.min(LONGEST as u32), kind: 0, data: [0; LONGEST] };
    let mut mount_id = 0;
    // SAFETY: the path ends with a null byte, and the kernel writes at most as many bytes of data as `bytes` says are
    // there, and one integer.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            libc::AT_FDCWD,
            path.as_ptr(),
            &raw mut raw,
            &raw mut mount_id,
            flags.bits(),
        )
    };
    let needed = raw.bytes;
    let handle = Errno::result(answer).map(|_| {
        let length = LONGEST.min(raw.bytes as usize);
        FileHandle { kind: raw.kind, bytes: raw.data[..length].to_vec() }
    });
    (handle, needed)
}

/// `name_to_handle_at(2)` of a path, without following a link at its end unless `flags` has `AT_SYMLINK_FOLLOW`.
pub fn handle_at(path: &str, flags: AtFlags) -> nix::Result<FileHandle> {
    handle_with_room(path, flags, LONGEST as u32).0
}

/// `open_by_handle_at(2)`.
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for a handle of more than 128 bytes.
pub fn open_by_handle(mount: Mount<'_>, handle: &FileHandle, flags: OFlag) -> nix::Result<OwnedFd> {
    let mut raw = RawHandle { bytes: handle.bytes.len() as u32, kind: handle.kind, data: [0; LONGEST] };
    let Some(data) = raw.data.get_mut(..handle.bytes.len()) else {
        return Err(super::NOT_ASKED);
    };
    data.copy_from_slice(&handle.bytes);
    let mount = match mount {
        Mount::Nsfs => FD_NSFS_ROOT,
        Mount::Here => libc::AT_FDCWD,
        Mount::Of(file) => file.as_raw_fd(),
    };
    let flags = (flags | OFlag::O_CLOEXEC).bits();
    // SAFETY: the kernel reads as many bytes of data as `bytes` says are there.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_open_by_handle_at, mount, &raw mut raw, flags) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// What the handle of a namespace's file says: `struct nsfs_file_handle` of `linux/nsfs.h` (since 6.18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamespaceHandle {
    /// The namespace's number, which is never given to another.
    pub id: u64,
    /// The `CLONE_NEW*` flag of its kind.
    pub kind: CloneFlags,
    /// Its inode number.
    pub inode: u32,
}

impl NamespaceHandle {
    /// `FILEID_NSFS`: the kind of such handles.
    pub const KIND: i32 = 0xf1;

    /// Reads a handle that the kernel has made; none when it is not of this kind and size.
    pub fn read(handle: &FileHandle) -> Option<Self> {
        let bytes: [u8; 16] = handle.bytes.as_slice().try_into().ok()?;
        let [i0, i1, i2, i3, i4, i5, i6, i7, k0, k1, k2, k3, n0, n1, n2, n3] = bytes;
        let kind = u32::from_ne_bytes([k0, k1, k2, k3]);
        (handle.kind == Self::KIND).then_some(Self {
            id: u64::from_ne_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
            kind: CloneFlags::from_bits_retain(kind.into()),
            inode: u32::from_ne_bytes([n0, n1, n2, n3]),
        })
    }

    /// Makes a handle that says this.
    pub fn write(self) -> FileHandle {
        let mut bytes = self.id.to_ne_bytes().to_vec();
        bytes.extend((self.kind.bits() as u32).to_ne_bytes());
        bytes.extend(self.inode.to_ne_bytes());
        FileHandle { kind: Self::KIND, bytes }
    }
}

impl<'a> Mount<'a> {
    /// That of this file.
    pub fn of(file: &'a impl AsFd) -> Self {
        Self::Of(file.as_fd())
    }
}
