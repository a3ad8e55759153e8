//! A machine: one QEMU with one kernel in it, which lasts no longer than the value that stands for it.

mod console;
mod error;
mod kvm;
mod launch;
mod options;
mod qmp;
mod setup;

use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde_json::Value;

use crate::accel::Accel;
use crate::deadline;
use crate::spawn::{HERE, User};
use console::Console;
use options::{Monitor, Serial};
use qmp::Qmp;

pub use error::{Exit, MachineError};
pub(crate) use launch::{Launch, Payload, Ram};
pub(crate) use options::Log;
pub use qmp::QmpError;
pub(crate) use setup::qemu;
pub use setup::{GUEST_MEMORY, Setup, qemu_version};

/// No log of what is executed is longer, in bytes. A guest can have the same code translated again and again; it ends with its machine
/// when it does so for too long.
pub(crate) const LONGEST_LOG: u64 = 64 << 20;

/// No greeting is longer, in bytes.
const GREETING_MAX: usize = 64 * 1024;

/// A running machine. Dropped, it is killed and waited for; and it gets SIGKILL if this process ends in any other way.
#[derive(Debug)]
pub struct Machine {
    child: Child,
    pidfd: OwnedFd,
    control: UnixStream,
    console: Console,
    monitor: Qmp,
    exit: Option<Exit>,
}

impl Machine {
    /// Starts a machine and returns at once: that the guest is up is known when its program says so on the control stream.
    ///
    /// Say nothing on that stream before: what comes while the guest has not opened its end is lost.
    pub fn boot(setup: &Setup<'_>) -> Result<Machine, MachineError> {
        Machine::start(Launch::new(setup, None)?)
    }

    /// Starts QEMU.
    pub(crate) fn start(launch: Launch) -> Result<Machine, MachineError> {
        let pair = || UnixStream::pair().map_err(|source| MachineError::io("make a socket pair", source));
        let (control, qemu_control) = pair()?;
        let (console, qemu_console) = pair()?;
        let (complaints, qemu_complaints) = pair()?;
        let (monitor, qemu_monitor) = pair()?;
        let serial = Serial { console: qemu_console.as_raw_fd(), control: qemu_control.as_raw_fd() };
        let words = launch.words(&serial, &Monitor { fd: qemu_monitor.as_raw_fd() });

        let mut inherited: Vec<OwnedFd> = vec![qemu_control.into(), qemu_console.into(), qemu_monitor.into()];
        let (accel, program) = (launch.accel, launch.qemu.clone());
        let longest_file = launch.log.as_ref().map(|_| LONGEST_LOG);
        inherited.extend(launch.into_fds());
        let mut command = Command::new(program);
        command.args(words).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(OwnedFd::from(qemu_complaints));
        let (spawner, group) = match accel {
            Accel::Tcg => (&HERE, None),
            Accel::Kvm => kvm::way_to_it()?,
        };
        let child = spawner
            .spawn(command, inherited, User::NotRoot { group, longest_file })
            .map_err(|source| MachineError::io("start QEMU", source))?;
        Machine::adopt(child, control, console, complaints, monitor)
    }

    fn adopt(
        mut child: Child,
        control: UnixStream,
        console: UnixStream,
        complaints: UnixStream,
        monitor: UnixStream,
    ) -> Result<Machine, MachineError> {
        let attach = || -> Result<(OwnedFd, Console, Qmp), MachineError> {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData);
            let pid = pid.map_err(|kind| MachineError::io("know QEMU's pid", kind.into()))?;
            let pidfd =
                pidfd_open(pid, PidfdFlags::empty()).map_err(|errno| MachineError::io("watch QEMU", errno.into()))?;
            let console =
                Console::start(console, complaints).map_err(|source| MachineError::io("read the console", source))?;
            Ok((pidfd, console, Qmp::new(monitor)))
        };
        match attach() {
            Ok((pidfd, console, monitor)) => Ok(Machine { child, pidfd, control, console, monitor, exit: None }),
            Err(error) => {
                let _already_dead = child.kill();
                let _reaped = child.wait();
                Err(error)
            }
        }
    }

    /// The stream to and from the guest's program: the guest's /dev/ttyS1. It ends when QEMU does.
    ///
    /// What comes out of it is the guest's: bound it, parse it with care, and use [`UnixStream::set_read_timeout`] or poll(2).
    pub fn control(&self) -> &UnixStream {
        &self.control
    }

    /// Waits until the guest's program says that it is ready: its first line on the control stream, without the newline.
    ///
    /// Fails when the machine ends first, or the deadline comes, or the line is longer than 64 KiB.
    pub fn greeting(&mut self, deadline: Instant) -> Result<Vec<u8>, MachineError> {
        let mut line = Vec::new();
        loop {
            let waited = deadline::readable(self.control.as_fd(), deadline);
            if !waited.map_err(|source| MachineError::io("wait for the guest", source))? {
                return Err(MachineError::Late { console: self.console() });
            }
            // One byte at a time: what follows the line belongs to whoever reads next.
            let mut byte = [0];
            match self.control.read(&mut byte) {
                Ok(1) if byte == *b"\n" => return Ok(line),
                Ok(1) if line.len() < GREETING_MAX => line.extend(byte),
                Ok(1) => return Err(MachineError::io("read the guest's greeting", io::ErrorKind::InvalidData.into())),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return Err(self.ended(deadline)),
            }
        }
    }

    /// What became of the machine, now that a stream from it has ended.
    fn ended(&mut self, deadline: Instant) -> MachineError {
        match self.wait(deadline) {
            Ok(Some(exit)) => MachineError::Ended { exit, console: self.console() },
            Ok(None) => MachineError::Late { console: self.console() },
            Err(error) => error,
        }
    }

    /// The end of what the kernel and programs said on the console, up to 64 KiB; the guest's words, not escaped.
    pub fn console(&self) -> String {
        self.console.text()
    }

    /// What QEMU itself complained of.
    pub fn complaints(&self) -> String {
        self.console.complaints()
    }

    /// Readable when QEMU has ended: to be polled along with the control stream.
    pub fn exit_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// QEMU's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs a command of QEMU's monitor (QMP) and returns its answer.
    pub fn monitor(&mut self, command: &str, arguments: Value, deadline: Instant) -> Result<Value, MachineError> {
        let answer = self.monitor.execute(command, arguments, deadline);
        answer.map_err(|error| self.or_ended(error))
    }

    /// Runs a command that a descriptor goes along with.
    pub(crate) fn monitor_with(
        &mut self,
        command: &str,
        arguments: Value,
        fd: BorrowedFd<'_>,
        deadline: Instant,
    ) -> Result<Value, MachineError> {
        let sent = self.monitor.send(command, arguments, Some(fd));
        let answer = sent.and_then(|id| self.monitor.answer(command, id, deadline));
        answer.map_err(|error| self.or_ended(error))
    }

    /// Waits for an event of QEMU's monitor.
    pub(crate) fn monitor_event(
        &mut self,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
        deadline: Instant,
    ) -> Result<Value, MachineError> {
        let event = self.monitor.event(name, wanted, deadline);
        event.map_err(|error| self.or_ended(error))
    }

    /// A connection that breaks means that QEMU is ending: how it ends says more.
    fn or_ended(&mut self, error: QmpError) -> MachineError {
        match error {
            QmpError::Io(_) => match self.wait(Instant::now() + deadline::DEATH) {
                Ok(Some(exit)) => MachineError::Ended { exit, console: self.console() },
                Ok(None) | Err(_) => error.into(),
            },
            QmpError::Late(_) | QmpError::Refused { .. } => error.into(),
        }
    }

    /// Waits until the machine has ended; `None` when the deadline comes first.
    pub fn wait(&mut self, deadline: Instant) -> Result<Option<Exit>, MachineError> {
        if self.exit.is_none() {
            let ended = deadline::readable(self.pidfd.as_fd(), deadline);
            if !ended.map_err(|source| MachineError::io("wait for QEMU", source))? {
                return Ok(None);
            }
            let status = self.child.wait().map_err(|source| MachineError::io("wait for QEMU", source))?;
            self.console.finish();
            self.exit = Some(self.explain(status));
        }
        Ok(self.exit.clone())
    }

    /// How the machine ended, if it has.
    pub fn try_wait(&mut self) -> Result<Option<Exit>, MachineError> {
        self.wait(Instant::now())
    }

    /// Ends the machine now.
    pub fn kill(mut self) -> Result<Exit, MachineError> {
        self.child.kill().map_err(|source| MachineError::io("kill QEMU", source))?;
        Ok(self.wait(Instant::now() + deadline::DEATH)?.unwrap_or(Exit::Killed { signal: 9, complaint: String::new() }))
    }

    /// QEMU's monitor says why it shut down, QEMU's exit status does not: it is 0 for a panic too.
    fn explain(&mut self, status: ExitStatus) -> Exit {
        let shutdown = self.monitor.event("SHUTDOWN", |_| true, Instant::now()).ok();
        let reason = shutdown.as_ref().and_then(|event| event["data"]["reason"].as_str());
        let complaint = self.complaints().trim().to_owned();
        match (status.signal(), reason) {
            (Some(signal), _) => Exit::Killed { signal, complaint },
            (None, Some("guest-shutdown")) => Exit::PoweredOff,
            (None, Some("guest-reset" | "guest-panic")) => Exit::Restarted,
            (None, Some("host-signal")) => Exit::Terminated,
            (None, _) => Exit::Failed { code: status.code().unwrap_or(-1), complaint },
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.exit.is_none() {
            let _already_dead = self.child.kill();
            let _reaped = self.child.wait();
            self.console.finish();
        }
    }
}
