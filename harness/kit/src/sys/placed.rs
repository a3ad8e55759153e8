//! The calls that make, name or ask namespaces, with structures of any size that lie anywhere: for what the kernel says
//! when it cannot read or write them.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::area::{ALIGNED, Area, Spot};
use super::bare_clone::bare_clone3;
use super::clone::CloneFlags;
use super::entry::{Entry, Number};
use super::listns::SYS_LISTNS;

/// The fields of `struct clone_args`, in their order.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "the manual's own names")]
pub struct CloneFields {
    pub flags: u64,
    pub pidfd: u64,
    pub child_tid: u64,
    pub parent_tid: u64,
    pub exit_signal: u64,
    pub stack: u64,
    pub stack_size: u64,
    pub tls: u64,
    pub set_tid: u64,
    pub set_tid_size: u64,
    pub cgroup: u64,
}

impl CloneFields {
    /// These flags, and SIGCHLD for the exit signal.
    pub fn with(flags: CloneFlags) -> Self {
        Self { flags: flags.bits(), exit_signal: libc::SIGCHLD as u64, ..Self::default() }
    }

    /// The structure's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, .. } = *self;
        let Self { set_tid, set_tid_size, cgroup, .. } = *self;
        let fields =
            [flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup];
        fields.iter().flat_map(|field| field.to_ne_bytes()).collect()
    }

    /// Whether the kernel is to write nothing but at addresses where nothing can be mapped, and the child has its own memory.
    fn is_harmless(&self) -> bool {
        let shares = CloneFlags::VM | CloneFlags::THREAD | CloneFlags::PARENT;
        let written = [self.pidfd, self.child_tid, self.parent_tid];
        written.iter().all(|address| *address < 4096) && self.flags & shares.bits() == 0
    }
}

/// Whether `clone3(2)` makes a child with these fields and `tail` behind them, where it is told that the structure has
/// `size` bytes. The child ends at once, and is reaped.
///
/// # Errors
/// The kernel's errno; [`NOT_ASKED`](super::NOT_ASKED) where the kernel would write to memory, or the child would share it.
pub fn try_clone3_placed(entry: Entry, fields: &CloneFields, tail: &[u8], size: u64, spot: Spot) -> nix::Result<()> {
    if !fields.is_harmless() {
        return Err(super::NOT_ASKED);
    }
    let mut area = Area::new(entry)?;
    let address = area.put(spot, &[&fields.bytes(), tail].concat())?;
    let child = match entry {
        // SAFETY: the kernel reads the request, and what it is to write goes to the first page: nowhere.
        Entry::Own => unsafe { bare_clone3(address, size) }?,
        Entry::ThirtyTwoBits => {
            let number = Number { own: libc::SYS_clone3, i386: 435 };
            // SAFETY: as above; the child has its own memory, and ends at once.
            Pid::from_raw(unsafe { entry.call(number, [address, size, 0, 0, 0]) }? as i32)
        }
    };
    while waitpid(child, Some(WaitPidFlag::__WALL)) == Err(Errno::EINTR) {}
    Ok(())
}

/// `listns(2)` with a request of these bytes, and a buffer for `room` numbers. What the kernel has written is returned even
/// when it has refused the call in the end.
pub fn listns_placed(entry: Entry, request: (&[u8], Spot), room: (u64, Spot)) -> (nix::Result<usize>, Vec<u8>) {
    let asked = || {
        let (mut area, mut buffer) = (Area::new(entry)?, Area::new(entry)?);
        let from = area.put(request.1, request.0)?;
        let to = buffer.put(room.1, &[])?;
        let number = Number { own: SYS_LISTNS, i386: SYS_LISTNS as u32 };
        // SAFETY: the kernel reads the request and writes to the buffer, behind both of which nothing is mapped for as long
        // as any number of namespaces there may be here.
        let answer = unsafe { entry.call(number, [from, to, room.0, 0, 0]) };
        Ok((answer.map(|count| count as usize), buffer.get(room.1, 4096)))
    };
    asked().unwrap_or_else(|errno| (Err(errno), Vec::new()))
}

/// `ioctl(2)` of namespaces' files, pidfds and sockets, with a structure of these bytes for an argument. Answers what the
/// kernel returned, which may be a descriptor, and the structure as it is then.
///
/// # Errors
/// The kernel's errno; [`NOT_ASKED`](super::NOT_ASKED) for operations of other groups.
pub fn ioctl_placed(
    entry: Entry,
    fd: impl AsFd,
    operation: u64,
    bytes: &[u8],
    spot: Spot,
) -> nix::Result<(i32, Vec<u8>)> {
    let mut area = Area::new(entry)?;
    let address = area.put(spot, bytes)?;
    let answer = ioctl_number(entry, fd.as_fd().as_raw_fd(), operation, address)?;
    Ok((answer, area.get(spot, bytes.len())))
}

/// `ioctl(2)` of namespaces' files and pidfds with a number for an argument.
///
/// # Errors
/// As those of [`ioctl_placed`]; also for a number that may be an address of memory.
pub fn ioctl_value(entry: Entry, fd: RawFd, operation: u64, value: u64) -> nix::Result<i32> {
    // Numbers of processes, and what cannot be one nor an address that anything can be mapped at.
    let is_harmless = value < 1 << 22 || value as i64 <= 0 || value & 0x7fff_0000_0000_0000 != 0;
    let is_number = matches!(operation & 0xffff, 0xb706..=0xb709);
    if is_harmless || is_number { ioctl_number(entry, fd, operation, value) } else { Err(super::NOT_ASKED) }
}

/// [`ioctl_value`] of the operations that return a descriptor.
///
/// # Errors
/// As those of [`ioctl_value`].
pub fn ioctl_opening(entry: Entry, fd: RawFd, operation: u64, value: u64) -> nix::Result<OwnedFd> {
    ioctl_value(entry, fd, operation, value).map(super::raw::own)
}

fn ioctl_number(entry: Entry, fd: RawFd, operation: u64, argument: u64) -> nix::Result<i32> {
    let is_socket = operation == u64::from(libc::SIOCGSKNS as u32);
    if !is_socket && !matches!((operation >> 8) & 0xff, 0xb6 | 0xb7 | 0xff) {
        return Err(super::NOT_ASKED);
    }
    let number = Number { own: libc::SYS_ioctl, i386: 54 };
    // SAFETY: the operations of these groups write no more than their number tells, at the address of an area that is as
    // long, or they take numbers.
    let answer = unsafe { entry.call(number, [fd as u32 as u64, operation, argument, 0, 0]) };
    answer.map(|answer| answer as i32)
}

/// `open_by_handle_at(2)` with a structure of these bytes. The mount is a descriptor's number, or one of the special ones.
pub fn open_by_handle_placed(entry: Entry, mount: i32, bytes: &[u8], spot: Spot, flags: i32) -> nix::Result<OwnedFd> {
    let mut area = Area::new(entry)?;
    let address = area.put(spot, bytes)?;
    let number = Number { own: libc::SYS_open_by_handle_at, i386: 342 };
    let flags = (flags | libc::O_CLOEXEC) as u32;
    // SAFETY: the kernel reads the structure.
    let fd = unsafe { entry.call(number, [mount as u32 as u64, address, flags.into(), 0, 0]) }?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// What `name_to_handle_at(2)` is asked.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// The directory's descriptor, or one of the special numbers.
    pub directory: i32,
    /// The path.
    pub path: &'a str,
    /// The structure.
    pub handle: (&'a [u8], Spot),
    /// Where the mount's ID goes.
    pub mount_id: Spot,
    /// The flags.
    pub flags: i32,
}

impl Naming<'_> {
    /// Asks; answers the structure as it is then.
    ///
    /// # Errors
    /// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for a path with a null byte in it.
    pub fn ask(&self, entry: Entry) -> nix::Result<Vec<u8>> {
        let path = CString::new(self.path).map_err(|_| super::NOT_ASKED)?;
        let (mut paths, mut handles, mut ids) = (Area::new(entry)?, Area::new(entry)?, Area::new(entry)?);
        let name = paths.put(ALIGNED, path.as_bytes_with_nul())?;
        let handle = handles.put(self.handle.1, self.handle.0)?;
        let id = ids.put(self.mount_id, &[])?;
        let number = Number { own: libc::SYS_name_to_handle_at, i386: 341 };
        let (directory, flags) = (self.directory as u32 as u64, self.flags as u32 as u64);
        // SAFETY: the path ends with a null byte; the kernel writes the structure and a number, to areas that are longer than
        // any that it makes.
        unsafe { entry.call(number, [directory, name, handle, id, flags]) }?;
        Ok(handles.get(self.handle.1, self.handle.0.len()))
    }
}
