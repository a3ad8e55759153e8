//! Writing down and reading the state of a machine's devices: a migration that leaves the memory where it is.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::time::Instant;

use rustix::pipe::{PipeFlags, pipe_with};
use serde_json::{Value, json};

use crate::deadline;
use crate::machine::{Machine, MachineError};

/// No state is larger, in bytes: what is not shared of the guest's memory is firmware.
const LARGEST: usize = 64 << 20;

/// Stops a machine and reads the state of its devices.
pub(super) fn save(machine: &mut Machine) -> Result<Vec<u8>, MachineError> {
    let deadline = Instant::now() + deadline::STATE;
    let (state, qemu_state) =
        pipe_with(PipeFlags::CLOEXEC).map_err(|errno| MachineError::io("make a pipe", errno.into()))?;
    machine.monitor("stop", Value::Null, deadline)?;
    machine.monitor("migrate-set-capabilities", capabilities(), deadline)?;
    // The default is meant for networks: 128 MB/s.
    machine.monitor("migrate-set-parameters", json!({ "max-bandwidth": i64::MAX }), deadline)?;
    machine.monitor_with("getfd", json!({ "fdname": "state" }), qemu_state.as_fd(), deadline)?;
    drop(qemu_state);
    machine.monitor("migrate", json!({ "uri": "fd:state" }), deadline)?;
    let bytes = read_all(state, deadline).map_err(|source| MachineError::io("read the machine's state", source))?;
    migrated(machine, deadline)?;
    Ok(bytes)
}

/// Has a machine that waits for it read its state from a descriptor that it inherited.
///
/// The template was stopped when the state was written; so is the machine afterwards, until it is told to go on.
pub(super) fn load(machine: &mut Machine, fd: RawFd) -> Result<(), MachineError> {
    let deadline = Instant::now() + deadline::STATE;
    machine.monitor("migrate-set-capabilities", capabilities(), deadline)?;
    machine.monitor("migrate-incoming", json!({ "uri": format!("fd:{fd}") }), deadline)?;
    migrated(machine, deadline)
}

/// Memory in a shared memfd is left out, on both sides; and events tell when it is done.
fn capabilities() -> Value {
    json!({ "capabilities": [
        { "capability": "x-ignore-shared", "state": true },
        { "capability": "events", "state": true },
    ]})
}

fn migrated(machine: &mut Machine, deadline: Instant) -> Result<(), MachineError> {
    let ended = |data: &Value| data["status"] == "completed" || data["status"] == "failed";
    let event = machine.monitor_event("MIGRATION", ended, deadline)?;
    match event["data"]["status"].as_str() {
        Some("completed") => Ok(()),
        _ => {
            Err(MachineError::io("move the machine's state", io::Error::other(machine.complaints().trim().to_owned())))
        }
    }
}

fn read_all(pipe: OwnedFd, deadline: Instant) -> io::Result<Vec<u8>> {
    let (mut file, mut bytes) = (File::from(pipe), Vec::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if !deadline::readable(file.as_fd(), deadline)? {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match file.read(&mut buffer)? {
            0 => return Ok(bytes),
            n if bytes.len() + n > LARGEST => return Err(io::ErrorKind::FileTooLarge.into()),
            n => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}
