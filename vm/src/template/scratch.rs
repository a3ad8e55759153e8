//! A template of which bytes are changed: clones of it run another kernel.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, copy_file_range, seek};
use rustix::io::Errno;

use super::{Template, new_ram};
use crate::machine::MachineError;

/// Bytes of a guest's memory, and what is to stand there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Their physical address.
    pub at: u64,
    /// What stands there: anything else is left alone.
    pub old: Vec<u8>,
    /// What is to stand there; as long as what it replaces.
    pub new: Vec<u8>,
}

/// Why memory was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Other bytes stand there.
    #[error("at the physical address {at:#x} stands {seen:02x?} and not {expected:02x?}")]
    Other {
        /// Where.
        at: u64,
        /// What was to stand there.
        expected: Vec<u8>,
        /// What does.
        seen: Vec<u8>,
    },
    /// The new bytes are more or fewer than the old.
    #[error("{new} bytes cannot take the place of {old}")]
    Length {
        /// How many there are.
        old: usize,
        /// How many there would be.
        new: usize,
    },
    /// A system call failed.
    #[error("failed to change the guest's memory: {0}")]
    Io(#[from] io::Error),
}

/// A copy of a template whose memory can be changed between two clones of it. The template itself stays as it was frozen.
#[derive(Debug)]
pub struct Scratch {
    template: Template,
    /// The changes that stand, to be taken back in the opposite order.
    standing: Vec<Change>,
}

impl Scratch {
    /// Copies a template: what of its memory holds anything, which is a part of the whole.
    pub fn of(template: &Template) -> Result<Scratch, MachineError> {
        let io = |source| MachineError::io("copy a template's memory", source);
        let ram = new_ram(template.memory).map_err(io)?;
        copy_data(template.ram.as_fd(), ram.as_fd()).map_err(|errno| io(errno.into()))?;
        Ok(Scratch { template: template.with_memory(ram), standing: Vec::new() })
    }

    /// The template as it is now.
    ///
    /// A clone that was made before a change sees some of it or none: let each be gone before the next change.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Changes bytes, all of them or none.
    pub fn alter(&mut self, changes: &[Change]) -> Result<(), ChangeError> {
        let before = self.standing.len();
        for change in changes {
            if let Err(error) = self.apply(change) {
                self.restore_to(before)?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes back every change.
    pub fn restore(&mut self) -> Result<(), ChangeError> {
        self.restore_to(0)
    }

    /// The altered template, for good.
    pub fn into_template(self) -> Template {
        self.template
    }

    fn apply(&mut self, change: &Change) -> Result<(), ChangeError> {
        if change.old.len() != change.new.len() {
            return Err(ChangeError::Length { old: change.old.len(), new: change.new.len() });
        }
        let mut seen = vec![0; change.old.len()];
        self.template.read_memory(change.at, &mut seen)?;
        if seen != change.old {
            return Err(ChangeError::Other { at: change.at, expected: change.old.clone(), seen });
        }
        self.memory()?.write_all_at(&change.new, change.at)?;
        self.standing.push(change.clone());
        Ok(())
    }

    fn restore_to(&mut self, length: usize) -> Result<(), ChangeError> {
        while self.standing.len() > length
            && let Some(change) = self.standing.pop()
        {
            self.memory()?.write_all_at(&change.old, change.at)?;
        }
        Ok(())
    }

    fn memory(&self) -> io::Result<File> {
        Ok(File::from(self.template.ram.try_clone()?))
    }
}

/// Copies the parts of a file that were ever written.
fn copy_data(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut at = 0;
    loop {
        let begin = match seek(from, SeekFrom::Data(at)) {
            Ok(begin) => begin,
            // Behind the last of them.
            Err(Errno::NXIO) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        let end = seek(from, SeekFrom::Hole(begin))?;
        let (mut source, mut target) = (begin, begin);
        while source < end {
            let left = usize::try_from(end - source).unwrap_or(usize::MAX);
            if copy_file_range(from, Some(&mut source), to, Some(&mut target), left)? == 0 {
                return Err(Errno::IO);
            }
        }
        at = end;
    }
}
