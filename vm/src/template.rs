//! Machines booted once and resumed many times: a kernel that nothing has touched, in the time that QEMU takes to start.
//!
//! A template's memory is a memfd. When its program has greeted, the machine is stopped, the state of its devices (some 300 kB)
//! is written down, and QEMU ends. A clone is a QEMU that maps the same memory copy-on-write and reads that state: it goes on
//! where the template stood, right after its greeting. Clones know nothing of each other, nor the template of them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::pipe::{PipeFlags, pipe_with};
use serde_json::{Value, json};

use crate::accel::Accel;
use crate::deadline;
use crate::machine::{Launch, Machine, MachineError, Payload, Ram, Setup};

/// How long a stopped machine may take to write its state, or a new one to read it, on a host that is very busy.
const STATE_DEADLINE: Duration = Duration::from_secs(30);
/// No state is larger, in bytes: what is not shared of the guest's memory is firmware.
const STATE_MAX: usize = 64 << 20;
/// How often a boot is tried. Emulated boots can fail for reasons of the emulator's own; what a case finds is never tried again.
const TRIES: usize = 3;

/// A machine that was booted and frozen.
#[derive(Debug)]
pub struct Template {
    accel: Accel,
    cpus: u32,
    memory: u32,
    ram: OwnedFd,
    state: Arc<[u8]>,
    greeting: Vec<u8>,
    failures: Vec<MachineError>,
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
                Err(error @ MachineError::NoQemu | error @ MachineError::Image { .. }) => return Err(error),
                Err(error) => failures.push(error),
            }
        }
    }

    fn try_boot(setup: &Setup<'_>, deadline: Instant) -> Result<Template, MachineError> {
        let ram = new_ram(setup.memory).map_err(|source| MachineError::io("make the guest's memory", source))?;
        let memfd = ram.try_clone().map_err(|source| MachineError::io("hand on the guest's memory", source))?;
        let mut machine = Machine::start(Launch::new(setup, Some(Ram { memfd, share: true }))?)?;
        let greeting = machine.greeting(deadline)?;
        let state = freeze(&mut machine)?;
        machine.kill()?;
        // No clone can change what the others start from.
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW;
        fcntl_add_seals(&ram, seals).map_err(|errno| MachineError::io("seal the guest's memory", errno.into()))?;
        let (accel, cpus, memory) = (setup.accel, setup.cpus, setup.memory);
        Ok(Template { accel, cpus, memory, ram, state: state.into(), greeting, failures: Vec::new() })
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
    ///
    /// Returns when the clone runs. Several threads can make clones of one template at the same time.
    pub fn clone_machine(&self) -> Result<Machine, MachineError> {
        let deadline = Instant::now() + STATE_DEADLINE;
        let (state, feed) = pipe_with(PipeFlags::CLOEXEC).map_err(|errno| MachineError::io("make a pipe", errno.into()))?;
        let uri = format!("fd:{}", state.as_raw_fd());
        let memfd = self.ram.try_clone().map_err(|source| MachineError::io("hand on the guest's memory", source))?;
        let mut machine = Machine::start(Launch {
            accel: self.accel,
            cpus: self.cpus,
            memory: self.memory,
            ram: Some(Ram { memfd, share: false }),
            payload: Payload::Resume { state },
        })?;
        let bytes = Arc::clone(&self.state);
        // The pipe holds less than the state. Should QEMU die, the write fails and the thread ends.
        let write = move || File::from(feed).write_all(&bytes);
        thread::Builder::new()
            .name("vm-state".into())
            .stack_size(64 * 1024)
            .spawn(write)
            .map_err(|source| MachineError::io("start a thread", source))?;

        let monitor = machine.qmp();
        monitor.execute("migrate-set-capabilities", ignore_shared(), deadline)?;
        monitor.execute("migrate-incoming", json!({ "uri": uri }), deadline)?;
        // The template was stopped when its state was written, so a clone is too, until it is told to go on.
        monitor.event("MIGRATION", |data| data["status"] == "completed", deadline)?;
        monitor.execute("cont", Value::Null, deadline)?;
        Ok(machine)
    }
}

/// Leaves out of the state the memory that clones get from the memfd.
fn ignore_shared() -> Value {
    json!({ "capabilities": [
        { "capability": "x-ignore-shared", "state": true },
        { "capability": "events", "state": true },
    ]})
}

fn new_ram(mib: u32) -> io::Result<OwnedFd> {
    let ram = memfd_create("ram", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&ram, u64::from(mib) << 20)?;
    Ok(ram)
}

/// Stops a machine and reads the state of its devices.
fn freeze(machine: &mut Machine) -> Result<Vec<u8>, MachineError> {
    let deadline = Instant::now() + STATE_DEADLINE;
    let (state, qemu_state) = pipe_with(PipeFlags::CLOEXEC).map_err(|errno| MachineError::io("make a pipe", errno.into()))?;
    let monitor = machine.qmp();
    monitor.execute("stop", Value::Null, deadline)?;
    monitor.execute("migrate-set-capabilities", ignore_shared(), deadline)?;
    // The default is meant for networks: 128 MB/s.
    monitor.execute("migrate-set-parameters", json!({ "max-bandwidth": i64::MAX }), deadline)?;
    let getfd = monitor.send("getfd", json!({ "fdname": "state" }), Some(qemu_state.as_fd()))?;
    monitor.answer("getfd", getfd, deadline)?;
    drop(qemu_state);
    monitor.execute("migrate", json!({ "uri": "fd:state" }), deadline)?;
    let bytes = read_until(state, deadline).map_err(|source| MachineError::io("read the machine's state", source))?;
    monitor.event("MIGRATION", |data| data["status"] == "completed", deadline)?;
    Ok(bytes)
}

fn read_until(pipe: OwnedFd, deadline: Instant) -> io::Result<Vec<u8>> {
    let (mut file, mut bytes) = (File::from(pipe), Vec::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if !deadline::readable(file.as_fd(), deadline)? {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match file.read(&mut buffer)? {
            0 => return Ok(bytes),
            n if bytes.len() + n > STATE_MAX => return Err(io::ErrorKind::FileTooLarge.into()),
            n => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}
