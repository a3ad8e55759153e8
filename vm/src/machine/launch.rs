//! What a QEMU is started with: the parts of a cold boot, or those of a clone.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::error::MachineError;
use super::options::{
    Bare, Board, Clock, Incoming, Linux, Log, Memory, Monitor, NoReboot, Processor, Sandbox, Say, Serial, command_line,
};
use super::setup::{Setup, qemu};
use crate::accel::Accel;
use crate::memfd::memfd;

/// The guest's memory in a memfd.
pub(crate) struct Ram {
    pub(crate) memfd: OwnedFd,
    /// Whether the guest's writes go through to it.
    pub(crate) share: bool,
}

/// What a machine goes on from.
pub(crate) enum Payload {
    /// A kernel that boots.
    Boot { image: OwnedFd, initramfs: OwnedFd, arguments: Vec<String> },
    /// The state of a template; its kernel is in its memory already.
    Resume { state: OwnedFd },
}

/// All that a QEMU is started with.
pub(crate) struct Launch {
    pub(crate) qemu: PathBuf,
    pub(crate) accel: Accel,
    pub(crate) cpus: u32,
    pub(crate) memory: u32,
    pub(crate) ram: Option<Ram>,
    pub(crate) payload: Payload,
    /// Whether it is to log what it executes.
    pub(crate) log: Option<Log>,
}

impl Launch {
    /// A cold boot.
    pub(crate) fn new(setup: &Setup<'_>, ram: Option<Ram>) -> Result<Launch, MachineError> {
        let payload = Payload::Boot {
            image: read_image(&setup.kernel.image)?,
            initramfs: setup
                .initramfs
                .try_clone()
                .map_err(|source| MachineError::io("hand on the initramfs", source))?,
            arguments: setup.arguments.clone(),
        };
        Ok(Launch {
            qemu: qemu(setup.qemu.as_deref())?,
            accel: setup.accel,
            cpus: setup.cpus,
            memory: setup.memory,
            ram,
            payload,
            log: None,
        })
    }

    /// The command line.
    pub(super) fn words(&self, serial: &Serial, monitor: &Monitor) -> Vec<String> {
        let board = Board { memory_is_shared: self.ram.is_some() };
        let processor = Processor { accel: self.accel, cpus: self.cpus };
        let file = self.ram.as_ref().map(|ram| (ram.memfd.as_raw_fd(), ram.share));
        let memory = Memory { mib: self.memory, file };
        let (linux, incoming) = match &self.payload {
            Payload::Boot { image, initramfs, arguments } => {
                let (image, initramfs) = (image.as_raw_fd(), initramfs.as_raw_fd());
                (Some(Linux { image, initramfs, arguments }), None)
            }
            Payload::Resume { .. } => (None, Some(Incoming)),
        };
        let mut items: Vec<&dyn Say> =
            vec![&Bare, &NoReboot, &Sandbox, &board, &processor, &memory, &Clock, serial, monitor];
        items.extend(linux.iter().map(|linux| linux as &dyn Say));
        items.extend(incoming.iter().map(|incoming| incoming as &dyn Say));
        items.extend(self.log.iter().map(|log| log as &dyn Say));
        command_line(&items)
    }

    /// The descriptors that the command line speaks of.
    pub(super) fn into_fds(self) -> Vec<OwnedFd> {
        let mut fds = match self.payload {
            Payload::Boot { image, initramfs, .. } => vec![image, initramfs],
            Payload::Resume { state } => vec![state],
        };
        fds.extend(self.ram.map(|ram| ram.memfd));
        fds.extend(self.log.map(|log| log.file));
        fds
    }
}

/// The kernel image in a memfd.
fn read_image(path: &Path) -> Result<OwnedFd, MachineError> {
    let io = |source| MachineError::Image { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.read_to_end(&mut bytes).map_err(io)?;
    memfd("kernel", &bytes).map_err(io)
}
