//! The guest's side: what our program does when it finds itself to be PID 1 of a kernel that was just booted.
//!
//! ```no_run
//! # fn main() -> Result<(), vm::guest::GuestError> {
//! if vm::guest::is_init() {
//!     let mut guest = vm::guest::start()?;
//!     // … read and write guest.control …
//!     vm::guest::power_off();
//! }
//! # Ok(())
//! # }
//! ```

mod error;
mod mounts;
mod port;
mod settle;

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::system::{RebootCommand, finit_module, reboot, uname};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::modules::{Availability, Index};
use error::CONTROL;
pub use error::GuestError;
pub use port::Port;

/// A guest that is set up.
#[derive(Debug)]
pub struct Guest {
    /// The stream to and from the host, raw: what is written on one side is read on the other, byte by byte.
    pub control: File,
    /// Which optional file systems the kernel does not have, with its answer.
    pub unmounted: Vec<String>,
}

/// Whether this process is a guest's PID 1, started from an initramfs of ours by a kernel.
///
/// Being PID 1 alone says nothing: a program in a container is that too. Only a booting kernel starts `/init` there with a
/// root that is `rootfs`.
pub fn is_init() -> bool {
    rustix::process::getpid().is_init()
        && std::env::args_os().next().is_some_and(|name| name == "/init")
        && rustix::fs::statfs("/").is_ok_and(|fs| [RAMFS_MAGIC, TMPFS_MAGIC].contains(&fs.f_type))
}

/// statfs(2): what `rootfs` is made of.
const RAMFS_MAGIC: i64 = 0x8584_58f6;
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Mounts what a program expects to find mounted, and opens the control stream.
///
/// Standard input, output and error stay what the kernel made them: the console.
pub fn start() -> Result<Guest, GuestError> {
    let unmounted = mounts::mount_all()?;
    settle::make_workers();
    Ok(Guest { control: open_control().map_err(GuestError::Control)?, unmounted })
}

fn open_control() -> io::Result<File> {
    let flags = (OFlags::NOCTTY | OFlags::CLOEXEC).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let control = OpenOptions::new().read(true).write(true).custom_flags(flags).open(CONTROL)?;
    let mut settings = tcgetattr(&control)?;
    settings.make_raw();
    tcsetattr(&control, OptionalActions::Now, &settings)?;
    Ok(control)
}

/// Loads a module of the initramfs after those that it needs; one that is built in or loaded already is well. Those that it only asks
/// for are loaded if the kernel takes them: one for another processor is refused, as by modprobe(8).
pub fn load_module(name: &str) -> Result<(), GuestError> {
    let folder = modules_folder();
    let missing = || GuestError::NoModule(name.to_owned());
    let index = Index::read(&folder).map_err(|_| missing())?;
    match index.find(name) {
        Availability::Builtin => Ok(()),
        Availability::Missing => Err(missing()),
        Availability::Files(steps) => steps.into_iter().try_for_each(|step| {
            let loaded = load_file(&folder.join(step.file));
            if step.is_soft { Ok(()) } else { loaded }
        }),
    }
}

fn load_file(path: &Path) -> Result<(), GuestError> {
    let load = || -> io::Result<()> {
        let file = File::open(path)?;
        match finit_module(&file, &CString::default(), 0) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    };
    load().map_err(|source| GuestError::Load { file: path.to_owned(), source })
}

fn modules_folder() -> PathBuf {
    Path::new("/lib/modules").join(uname().release().to_string_lossy().as_ref())
}

/// The configuration that the running kernel was built with, if the initramfs has it.
pub fn kernel_config() -> Option<String> {
    fs::read_to_string(format!("/boot/config-{}", uname().release().to_string_lossy())).ok()
}

/// Ends the machine. Nothing is synced: nothing lasts.
pub fn power_off() -> ! {
    let _it_does_not_return = reboot(RebootCommand::PowerOff);
    // PID 1 must not return; a kernel without ACPI cannot power off, and the panic that follows its exit ends the machine as well.
    std::process::exit(1)
}
