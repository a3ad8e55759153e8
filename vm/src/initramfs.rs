//! What a guest's kernel unpacks and runs: our own executable as `/init`, and little else.
//!
//! The archive is not compressed: under TCG unpacking it costs the guest more than reading it. It lives in a memfd, so that
//! nothing is left on disk, and the same contents always make the same bytes.

mod archive;
mod elf;
mod error;
mod extras;
mod layout;
mod modules;
mod programs;

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use crate::kernels::Kernel;
use crate::memfd::memfd;
use layout::{Layout, Node};

pub use error::InitramfsError;
pub use extras::Extra;

/// What to put into an initramfs.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The program that becomes `/init`: a static executable, usually our own ([`std::env::current_exe`]).
    pub init: &'a Path,
    /// The kernel, for its modules and its config.
    pub kernel: &'a Kernel,
    /// Modules by name; those that they need come along.
    pub modules: &'a [&'a str],
    /// Programs of this host by name; their shared libraries come along, and busybox's links to itself.
    pub programs: &'a [&'a str],
    /// What else is to be there.
    pub extras: &'a [Extra],
}

/// A finished initramfs.
#[derive(Debug)]
pub struct Initramfs {
    archive: OwnedFd,
    size: u64,
    listing: Vec<String>,
    missing_modules: Vec<String>,
    missing_programs: Vec<String>,
}

impl Initramfs {
    /// Gathers the contents and packs them. What is missing is no error: see [`Initramfs::missing_modules`].
    pub fn build(contents: &Contents<'_>) -> Result<Initramfs, InitramfsError> {
        let mut layout = Layout::skeleton();
        let init = elf::read_static(contents.init)?;
        layout.add("/init", Node::program(init));
        let missing_modules = modules::add(&mut layout, contents.kernel, contents.modules)?;
        let missing_programs = programs::add(&mut layout, contents.programs)?;
        extras::add(&mut layout, contents.extras)?;
        if let Some(config) = &contents.kernel.config {
            let bytes = std::fs::read(config).map_err(|source| InitramfsError::io("read", config, source))?;
            layout.add(&format!("/boot/config-{}", contents.kernel.release), Node::file(bytes));
        }
        let bytes = archive::pack(&layout).map_err(InitramfsError::Pack)?;
        Ok(Initramfs {
            archive: memfd("initramfs", &bytes).map_err(InitramfsError::Pack)?,
            size: bytes.len() as u64,
            listing: layout.listing(),
            missing_modules,
            missing_programs,
        })
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its files, one a line: kind and permissions, size, path.
    pub fn listing(&self) -> &[String] {
        &self.listing
    }

    /// The modules that were asked for and that the kernel's packages lack.
    pub fn missing_modules(&self) -> &[String] {
        &self.missing_modules
    }

    /// The programs that were asked for and that this host lacks.
    pub fn missing_programs(&self) -> &[String] {
        &self.missing_programs
    }

    /// The archive, for another process to inherit.
    pub(crate) fn try_clone(&self) -> io::Result<OwnedFd> {
        self.archive.try_clone()
    }
}
