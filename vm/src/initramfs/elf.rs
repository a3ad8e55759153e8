//! Just enough of elf(5) to tell a static executable from one that needs a loader.

use std::fs;
use std::path::Path;

use super::error::InitramfsError;

const PT_INTERP: u32 = 3;
const EM_X86_64: u16 = 62;

/// What an ELF executable needs to be started.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Static,
    /// This dynamic loader.
    Dynamic(String),
    /// It is no ELF file for x86-64: perhaps a script.
    Other,
}

/// Reads an executable that must be static.
pub(super) fn read_static(path: &Path) -> Result<Vec<u8>, InitramfsError> {
    let bytes = fs::read(path).map_err(|source| InitramfsError::io("read", path, source))?;
    match kind_of(&bytes) {
        Kind::Static => Ok(bytes),
        Kind::Dynamic(loader) => Err(InitramfsError::Dynamic { path: path.to_owned(), loader }),
        Kind::Other => Err(InitramfsError::NotAnExecutable { path: path.to_owned() }),
    }
}

/// Looks for a PT_INTERP among the program headers.
pub(super) fn kind_of(bytes: &[u8]) -> Kind {
    program_headers(bytes).unwrap_or(Kind::Other)
}

fn program_headers(bytes: &[u8]) -> Option<Kind> {
    let half = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let long =
        |at: usize| usize::try_from(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?)).ok();
    if bytes.get(..6)? != b"\x7fELF\x02\x01" || half(18)? != EM_X86_64 {
        return None;
    }
    let (table, size, count) = (long(32)?, usize::from(half(54)?), usize::from(half(56)?));
    for header in (0..count).map(|i| table.checked_add(i * size)) {
        let header = header.filter(|&at| at < bytes.len())?;
        if word(header)? == PT_INTERP {
            let (start, length) = (long(header + 8)?, long(header + 32)?);
            let loader = bytes.get(start..start.checked_add(length)?)?;
            return Some(Kind::Dynamic(String::from_utf8_lossy(loader).trim_end_matches('\0').to_owned()));
        }
    }
    Some(Kind::Static)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn elf(interpreter: Option<&str>) -> Vec<u8> {
        let mut bytes = vec![0; 120];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18] = 62;
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        if let Some(loader) = interpreter {
            bytes[64] = 3;
            bytes[72] = 120;
            bytes[96] = loader.len() as u8;
            bytes.extend(loader.bytes());
        }
        bytes
    }

    #[rstest]
    #[case(elf(None), Kind::Static)]
    #[case(elf(Some("/lib64/ld-linux-x86-64.so.2\0")), Kind::Dynamic("/lib64/ld-linux-x86-64.so.2".into()))]
    #[case(b"#!/bin/sh\n".to_vec(), Kind::Other)]
    #[case(elf(None)[..60].to_vec(), Kind::Other)]
    #[case(Vec::new(), Kind::Other)]
    fn executables_are_told_apart(#[case] bytes: Vec<u8>, #[case] kind: Kind) {
        assert_eq!(kind_of(&bytes), kind);
    }

    #[test]
    fn every_cut_of_an_executable_is_survived() {
        let whole = elf(Some("/lib64/ld-linux-x86-64.so.2\0"));
        for end in 0..whole.len() {
            let _whatever = kind_of(&whole[..end]);
        }
    }

    #[test]
    fn our_own_tests_are_static() {
        read_static(&std::env::current_exe().unwrap()).unwrap();
    }
}
