//! A guest's memory by the kernel's own addresses.

use std::io;
use std::ops::Range;

use vm::template::{Change, Template};

use super::symbols::Symbols;

/// Where the kernel's image is mapped, less its place in memory (`Documentation/arch/x86/x86_64/mm.rst`). Machines are booted
/// with `nokaslr`, and so it lies where it was linked for.
const IMAGE: u64 = 0xffff_ffff_8000_0000;

/// Bits of an entry of a page table (Intel's manual, volume 3, 5.5).
const PRESENT: u64 = 1;
const LARGE: u64 = 1 << 7;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

const PAGE: u64 = 4096;

/// Why a kernel's memory cannot be read by its own addresses.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoryError {
    /// Nothing says where it is.
    #[error(
        "the kernel does not say where its functions are: it is built without CONFIG_KALLSYMS, or without init_top_pgt"
    )]
    NoSymbols,
    /// The tables are not where they should be.
    #[error("the kernel does not lie where it was linked for")]
    Moved,
    /// Nothing is mapped there.
    #[error("nothing is mapped at {0:#x}")]
    Unmapped(u64),
    /// The memory cannot be read.
    #[error("the machine's memory cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// A template's memory by virtual addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<'a> {
    template: &'a Template,
    /// The physical address of the topmost page table.
    root: u64,
}

impl<'a> Memory<'a> {
    /// Finds the kernel's page tables, which have to lead to themselves.
    pub(crate) fn of(template: &'a Template, symbols: &Symbols) -> Result<Self, MemoryError> {
        let tables = symbols.page_tables().ok_or(MemoryError::NoSymbols)?;
        let root = tables.checked_sub(IMAGE).ok_or(MemoryError::Moved)?;
        let memory = Self { template, root };
        if memory.physical(tables)? == root { Ok(memory) } else { Err(MemoryError::Moved) }
    }

    /// The bytes at these addresses.
    pub(crate) fn read(&self, range: Range<u64>) -> Result<Vec<u8>, MemoryError> {
        let mut bytes = Vec::new();
        for part in pages(range) {
            let mut piece = vec![0; usize::try_from(part.end - part.start).unwrap_or(0)];
            self.template.read_memory(self.physical(part.start)?, &mut piece)?;
            bytes.extend(piece);
        }
        Ok(bytes)
    }

    /// A change of bytes at an address, as one of physical memory: pages that follow each other need not do so there.
    pub(crate) fn change(&self, at: u64, old: &[u8], new: &[u8]) -> Result<Vec<Change>, MemoryError> {
        let part = |part: Range<u64>| {
            let piece = |bytes: &[u8]| {
                let place = |address: u64| usize::try_from(address - at).unwrap_or(0);
                bytes.get(place(part.start)..place(part.end)).unwrap_or_default().to_vec()
            };
            Ok(Change { at: self.physical(part.start)?, old: piece(old), new: piece(new) })
        };
        pages(at..at + old.len() as u64).map(part).collect()
    }

    /// Walks the page tables.
    fn physical(&self, address: u64) -> Result<u64, MemoryError> {
        let mut table = self.root;
        for level in (0..4).rev() {
            let shift = 12 + 9 * level;
            let mut entry = [0; 8];
            self.template.read_memory(table + (address >> shift & 0x1ff) * 8, &mut entry)?;
            let entry = u64::from_le_bytes(entry);
            if entry & PRESENT == 0 {
                return Err(MemoryError::Unmapped(address));
            }
            let within = (1 << shift) - 1;
            if level == 0 || entry & LARGE != 0 {
                return Ok(entry & ADDRESS & !within | address & within);
            }
            table = entry & ADDRESS;
        }
        Err(MemoryError::Unmapped(address))
    }
}

/// A range, cut where pages end.
fn pages(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let end = range.end.min((start / PAGE + 1) * PAGE);
        let part = start..end;
        start = end;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_where_pages_end() {
        let parts: Vec<_> = pages(0x1ffe..0x4001).collect();
        assert_eq!(parts, [0x1ffe..0x2000, 0x2000..0x3000, 0x3000..0x4000, 0x4000..0x4001]);
        assert_eq!(pages(5..5).count(), 0);
    }
}
