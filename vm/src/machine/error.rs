//! How machines end, and what can go wrong with them.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::qmp::QmpError;

/// How a machine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The guest powered it off.
    PoweredOff,
    /// The guest restarted it, which a kernel does when it panics.
    Restarted,
    /// QEMU was asked to end by a signal that it heeds, such as SIGTERM.
    Terminated,
    /// QEMU was killed by a signal.
    Killed {
        /// The signal's number.
        signal: i32,
        /// What it complained of, as it is.
        complaint: String,
    },
    /// QEMU gave up.
    Failed {
        /// Its exit status.
        code: i32,
        /// What it complained of, as it is.
        complaint: String,
    },
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::PoweredOff => f.write_str("it was powered off"),
            Exit::Restarted => f.write_str("it restarted, as a kernel does that panics"),
            Exit::Terminated => f.write_str("a signal asked QEMU to end"),
            Exit::Killed { signal, complaint } if complaint.is_empty() => {
                write!(f, "QEMU was killed by signal {signal}")
            }
            Exit::Killed { signal, complaint } => {
                write!(f, "QEMU was killed by signal {signal} after it said: {complaint}")
            }
            Exit::Failed { code, complaint } => write!(f, "QEMU gave up with status {code}: {complaint}"),
        }
    }
}

/// Why a machine could not be started, spoken to, or frozen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MachineError {
    /// QEMU is not installed.
    #[error("qemu-system-x86_64 is not installed: `apt-get install qemu-system-x86` brings it")]
    NoQemu,
    /// QEMU cannot be given KVM.
    #[error(
        "/dev/kvm is root's alone, and QEMU, which runs as nobody, cannot be given one of its own ({0}); `chgrp kvm /dev/kvm && chmod 660 /dev/kvm` mends it"
    )]
    KvmClosed(#[source] io::Error),
    /// What is executed cannot be seen.
    #[error("under KVM it cannot be seen which instructions a machine executes: take --accel tcg")]
    NoTrace,
    /// The kernel image cannot be read.
    #[error("failed to read the kernel `{path}`: {source}")]
    Image {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// QEMU's monitor gave no answer, or not the one that was needed.
    #[error(transparent)]
    Monitor(#[from] QmpError),
    /// The machine ended before it was ready.
    #[error("the machine ended before its program was ready: {exit}")]
    Ended {
        /// How.
        exit: Exit,
        /// The end of its console.
        console: String,
    },
    /// The machine was not ready in time.
    #[error("the machine's program was not ready in time")]
    Late {
        /// The end of its console.
        console: String,
    },
    /// A system call failed.
    #[error("failed to {action}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

impl MachineError {
    pub(crate) fn io(action: &'static str, source: io::Error) -> MachineError {
        MachineError::Io { action, source }
    }
}
