//! What a machine is to be, and which QEMU there is for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::MachineError;
use crate::accel::Accel;
use crate::initramfs::Initramfs;
use crate::kernels::Kernel;
use crate::programs;

/// The program, of the Debian package qemu-system-x86.
const QEMU: &str = "qemu-system-x86_64";

/// What to boot, and in what.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// What it unpacks and runs.
    pub initramfs: &'a Initramfs,
    /// What executes it.
    pub accel: Accel,
    /// Virtual processors; one gives the same order of events each time.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// More arguments for the kernel, such as `oops=panic`.
    pub arguments: Vec<String>,
    /// Another QEMU than the first qemu-system-x86_64 in PATH.
    pub qemu: Option<PathBuf>,
}

/// What a guest is given beside the room for its initramfs, if nothing else is said, in MiB.
pub const GUEST_MEMORY: u32 = 256;

/// What a machine with so large an initramfs needs, in MiB: that is there twice while it is unpacked, and its files may take half of
/// the memory at most.
fn memory(initramfs: u64) -> u32 {
    let more = u32::try_from(initramfs.div_ceil(1 << 20)).unwrap_or(u32::MAX / 4);
    GUEST_MEMORY + 2 * more
}

impl<'a> Setup<'a> {
    /// One processor, memory for the initramfs and [`GUEST_MEMORY`] more, TCG.
    pub fn new(kernel: &'a Kernel, initramfs: &'a Initramfs) -> Setup<'a> {
        let memory = memory(initramfs.size());
        Setup { kernel, initramfs, accel: Accel::Tcg, cpus: 1, memory, arguments: Vec::new(), qemu: None }
    }
}

/// What QEMU says of its version, `QEMU emulator version 7.2.22 (Debian …)`.
pub fn qemu_version(chosen: Option<&Path>) -> Result<String, MachineError> {
    let output = Command::new(qemu(chosen)?).arg("--version").stdin(Stdio::null()).output();
    let output = output.map_err(|source| MachineError::io("ask QEMU for its version", source))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

/// The QEMU to run.
pub(crate) fn qemu(chosen: Option<&Path>) -> Result<PathBuf, MachineError> {
    chosen.map(Path::to_owned).or_else(|| programs::find(QEMU)).ok_or(MachineError::NoQemu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_initramfs_finds_room() {
        assert_eq!(memory(0), GUEST_MEMORY);
        assert_eq!(memory((100 << 20) + 1), GUEST_MEMORY + 202);
    }
}
