//! Machines booted once and resumed many times: a kernel that nothing has touched, in the time that QEMU takes to start.
//!
//! A template's memory is a memfd. When its program has greeted, the machine is stopped, the state of its devices (some 300 kB)
//! is written down, and QEMU ends. A clone is a QEMU that maps the same memory copy-on-write and reads that state: it goes on
//! where the template stood, right after its greeting. Clones know nothing of each other, nor the template of them.

mod scratch;
mod state;
mod trace;

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::accel::Accel;
use crate::deadline;
use crate::machine::{Launch, Log, Machine, MachineError, Payload, Ram, Setup, qemu};

pub use scratch::{Change, ChangeError, Scratch};
pub use trace::Trace;

/// How often a boot is tried. Emulated boots can fail for reasons of the emulator's own; what a case finds is never tried again.
const TRIES: usize = 3;

/// A machine that was booted and frozen. Several threads can make clones of it at the same time.
#[derive(Debug)]
pub struct Template {
    qemu: PathBuf,
    accel: Accel,
    cpus: u32,
    memory: u32,
    ram: OwnedFd,
    state: Arc<[u8]>,
    greeting: Vec<u8>,
    failures: Vec<MachineError>,
}

/// A clone that stands still at the moment the template was frozen, and goes on at once when it is told to.
#[derive(Debug)]
pub struct Standby {
    machine: Machine,
}

impl Template {
    /// Boots a machine, waits for its program's greeting, and freezes it; up to three times, each within `patience`.
    ///
    /// What went wrong before it succeeded is in [`Template::failures`]; when it does not, the last failure is returned.
    pub fn boot(setup: &Setup<'_>, patience: Duration) -> Result<Template, MachineError> {
        let mut failures = Vec::new();
        loop {
            match Template::try_boot(setup, Instant::now() + patience) {
                Ok(template) => return Ok(Template { failures, ..template }),
                Err(error) if failures.len() + 1 == TRIES => return Err(error),
                Err(error @ (MachineError::NoQemu | MachineError::Image { .. })) => return Err(error),
                Err(error) => failures.push(error),
            }
        }
    }

    fn try_boot(setup: &Setup<'_>, deadline: Instant) -> Result<Template, MachineError> {
        let ram = new_ram(setup.memory).map_err(|source| MachineError::io("make the guest's memory", source))?;
        let memfd = another(&ram)?;
        let mut machine = Machine::start(Launch::new(setup, Some(Ram { memfd, share: true }))?)?;
        let greeting = machine.greeting(deadline)?;
        let state = state::save(&mut machine)?;
        machine.kill()?;
        // No clone can change what the others start from.
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW;
        fcntl_add_seals(&ram, seals).map_err(|errno| MachineError::io("seal the guest's memory", errno.into()))?;
        Ok(Template {
            qemu: qemu(setup.qemu.as_deref())?,
            accel: setup.accel,
            cpus: setup.cpus,
            memory: setup.memory,
            ram,
            state: state.into(),
            greeting,
            failures: Vec::new(),
        })
    }

    /// What the program said when it was ready, for all clones alike.
    pub fn greeting(&self) -> &[u8] {
        &self.greeting
    }

    /// The boots that failed before one succeeded.
    pub fn failures(&self) -> &[MachineError] {
        &self.failures
    }

    /// A machine that goes on from right after the greeting; its program waits for what comes on the control stream.
    pub fn clone_machine(&self) -> Result<Machine, MachineError> {
        self.standby()?.resume()
    }

    /// Reads the guest's memory as it was frozen, from a physical address below the hole for devices (3 GiB).
    pub fn read_memory(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        File::from(self.ram.try_clone()?).read_exact_at(buffer, at)
    }

    /// The same template with other memory.
    fn with_memory(&self, ram: OwnedFd) -> Template {
        Template {
            qemu: self.qemu.clone(),
            accel: self.accel,
            cpus: self.cpus,
            memory: self.memory,
            ram,
            state: Arc::clone(&self.state),
            greeting: self.greeting.clone(),
            failures: Vec::new(),
        }
    }

    /// A clone that is ready to go on: to be made while another one is at work.
    pub fn standby(&self) -> Result<Standby, MachineError> {
        self.standby_with(None)
    }

    /// A clone that goes on, and what will tell which instructions at these addresses it executes.
    ///
    /// Under KVM there is no such log: instructions are the processor's own there.
    pub fn traced_machine(&self, ranges: &[Range<u64>]) -> Result<(Machine, Trace), MachineError> {
        let (log, trace) = trace::begin(ranges, self.accel)?;
        let standby = self.standby_with(Some(log))?;
        Ok((standby.resume()?, trace))
    }

    fn standby_with(&self, log: Option<Log>) -> Result<Standby, MachineError> {
        let (state, feed) =
            pipe_with(PipeFlags::CLOEXEC).map_err(|errno| MachineError::io("make a pipe", errno.into()))?;
        let number = state.as_raw_fd();
        let memfd = another(&self.ram)?;
        let mut machine = Machine::start(Launch {
            qemu: self.qemu.clone(),
            accel: self.accel,
            cpus: self.cpus,
            memory: self.memory,
            ram: Some(Ram { memfd, share: false }),
            payload: Payload::Resume { state },
            log,
        })?;
        let bytes = Arc::clone(&self.state);
        // A pipe holds less than the state. Should QEMU die, the write fails and the thread ends.
        let write = move || File::from(feed).write_all(&bytes);
        let thread = thread::Builder::new().name("vm-state".into()).stack_size(64 * 1024);
        thread.spawn(write).map_err(|source| MachineError::io("start a thread", source))?;
        state::load(&mut machine, number)?;
        Ok(Standby { machine })
    }
}

impl Standby {
    /// Lets it go on.
    pub fn resume(mut self) -> Result<Machine, MachineError> {
        self.machine.monitor("cont", serde_json::Value::Null, Instant::now() + deadline::STATE)?;
        Ok(self.machine)
    }
}

/// The same memory for another owner.
fn another(ram: &OwnedFd) -> Result<OwnedFd, MachineError> {
    ram.try_clone().map_err(|source| MachineError::io("hand on the guest's memory", source))
}

fn new_ram(mib: u32) -> io::Result<OwnedFd> {
    let ram = memfd_create("ram", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&ram, u64::from(mib) << 20)?;
    Ok(ram)
}
