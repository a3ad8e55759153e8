//! What a clone executes, as QEMU's own log says it.
//!
//! A clone begins with nothing translated, and QEMU's emulator logs a block of instructions when it translates it, which is when
//! it is about to be executed for the first time (`-d in_asm`). So the log of one clone has each block of the code in question
//! once, at next to no cost; with `-d exec,nochain` it would have each execution, and the guest's own clock would see it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, memfd_create};

use crate::accel::Accel;
use crate::machine::{LONGEST_LOG, Log, MachineError};

/// The log of a clone, to be read when its machine is gone.
#[derive(Debug)]
pub struct Trace {
    file: OwnedFd,
}

/// A log of nothing yet; and what reads it.
pub(super) fn begin(ranges: &[Range<u64>], accel: Accel) -> Result<(Log, Trace), MachineError> {
    if accel != Accel::Tcg {
        return Err(MachineError::NoTrace);
    }
    let io = |source| MachineError::io("make a log of what is executed", source);
    let file = memfd_create("trace", MemfdFlags::CLOEXEC).map_err(|errno| io(errno.into()))?;
    let ours = file.try_clone().map_err(io)?;
    Ok((Log { file, ranges: ranges.to_vec() }, Trace { file: ours }))
}

impl Trace {
    /// The addresses of all instructions that were logged.
    pub fn addresses(self) -> io::Result<BTreeSet<u64>> {
        let mut file = File::from(self.file);
        file.rewind()?;
        let mut bytes = Vec::new();
        file.take(LONGEST_LOG).read_to_end(&mut bytes)?;
        Ok(addresses(&bytes))
    }
}

/// `0xffffffff811e41e0:  41 57    pushq %r15` and the like.
fn addresses(log: &[u8]) -> BTreeSet<u64> {
    let address = |line: &[u8]| {
        let line = std::str::from_utf8(line).ok()?;
        let (address, _) = line.strip_prefix("0x")?.split_once(':')?;
        u64::from_str_radix(address, 16).ok()
    };
    log.split(|byte| *byte == b'\n').filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_read_and_all_else_is_passed_over() {
        let log = b"----------------\nIN: \n0xffffffff811e41e0:  55                       pushq    %rbp\n\
            0xffffffff811e41e1:  48 89 e5\n\nOBJD-T: 0x55\nOBJD-T: 4889e5\n0xnonsense: \n0x12";
        assert_eq!(addresses(log), BTreeSet::from([0xffff_ffff_811e_41e0, 0xffff_ffff_811e_41e1]));
    }
}
