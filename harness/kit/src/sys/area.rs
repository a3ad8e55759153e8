//! Memory of which it is known where it ends: for structures that a system call cannot read or write whole, that are not
//! aligned, or that must lie where a 32-bit program has its memory.

use std::ptr::NonNull;

use nix::errno::Errno;

use super::entry::Entry;

/// How many bytes can be read and written.
const ROOM: usize = 16 * 1024;

/// How many follow that can be neither read nor written: as many as the number of an `ioctl(2)` operation can tell.
const CLOSED: usize = 16 * 1024;

/// Where a structure lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// In memory, so many bytes behind a place that is aligned for everything.
    Off(usize),
    /// So many bytes before the end of the memory: what is longer cannot be read or written whole.
    BeforeEnd(usize),
    /// At an address of the first page, where nothing can be mapped; 0 is the null pointer.
    Unmapped(u16),
}

/// The usual place.
pub const ALIGNED: Spot = Spot::Off(0);

/// Some memory, with nothing behind it.
#[derive(Debug)]
pub(super) struct Area {
    start: NonNull<u8>,
}

impl Area {
    /// Memory full of zeros where programs have theirs that use this entry.
    pub(super) fn new(entry: Entry) -> nix::Result<Self> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | entry.memory_flag();
        let anywhere = std::ptr::null_mut();
        // SAFETY: a new mapping, at an address that the kernel chooses.
        let start = unsafe { libc::mmap(anywhere, ROOM + CLOSED, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        let area = Self { start: NonNull::new(start.cast()).ok_or(super::NOT_ASKED)? };
        // SAFETY: the second part of our own mapping, which nothing uses yet.
        let closed = unsafe { libc::mprotect(area.start.as_ptr().add(ROOM).cast(), CLOSED, libc::PROT_NONE) };
        Errno::result(closed).map(|_| area)
    }

    /// Puts bytes at a spot, as many of them as there is memory for, and tells the address.
    ///
    /// # Errors
    /// [`NOT_ASKED`](super::NOT_ASKED) for a spot that is not in this memory.
    pub(super) fn put(&mut self, spot: Spot, bytes: &[u8]) -> nix::Result<u64> {
        let Some(at) = Self::offset(spot)? else {
            return Ok(Self::unmapped(spot));
        };
        let fits = bytes.len().min(ROOM - at);
        self.bytes()[at..at + fits].copy_from_slice(&bytes[..fits]);
        Ok(self.start.as_ptr() as u64 + at as u64)
    }

    /// The bytes at a spot, as many of them as there is memory for.
    pub(super) fn get(&mut self, spot: Spot, length: usize) -> Vec<u8> {
        match Self::offset(spot) {
            Ok(Some(at)) => self.bytes()[at..ROOM.min(at + length)].to_vec(),
            _ => Vec::new(),
        }
    }

    fn offset(spot: Spot) -> nix::Result<Option<usize>> {
        match spot {
            Spot::Off(at) if at <= ROOM => Ok(Some(at)),
            Spot::BeforeEnd(length) if length <= ROOM => Ok(Some(ROOM - length)),
            Spot::Unmapped(address) if address < 4096 => Ok(None),
            _ => Err(super::NOT_ASKED),
        }
    }

    fn unmapped(spot: Spot) -> u64 {
        match spot {
            Spot::Unmapped(address) => address.into(),
            _ => 0,
        }
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the first part of our own mapping, which is borrowed as long as this slice is.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), ROOM) }
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: our own mapping, of which nothing is borrowed any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), ROOM + CLOSED) };
    }
}
