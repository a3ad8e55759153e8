//! Every deadline of the harness, and how they grow on slow machines. No other file has one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long a killed stage may take to be gone.
pub(crate) const REAP: Duration = Duration::from_secs(20);

/// How long a case's processes that no stage holds may take to end by themselves after it.
pub(crate) const LEAVE: Duration = Duration::from_secs(1);

/// How long a host's worker may take to say that it is up.
pub(crate) const WORKER_READY: Duration = Duration::from_secs(20);

/// How long a host's worker may take to be gone when its line has ended; SIGINT leaves two seconds for all.
pub(crate) const WORKER_END: Duration = Duration::from_secs(1);

/// How long a stage that is made ahead may take.
pub(crate) const STAGE_READY: Duration = Duration::from_secs(60);

/// How long a machine may take from power-on to its worker's greeting; under emulation on a busy host.
pub(crate) const GUEST_READY: Duration = Duration::from_secs(120);

/// How long QEMU may take to be gone after its lines are closed.
pub(crate) const MACHINE_END: Duration = Duration::from_secs(20);

/// How long after a case's own deadline its worker may still report: past it the kernel itself hangs.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// How much of a case's deadline the kernel may take for what it does in its own time, such as counting a freed namespace
/// out: many times what was ever seen, and short enough that the case still says what it waited for.
const SETTLE_PERCENT: u32 = 70;

/// How long to leave the kernel alone between two looks at what it does in its own time.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How fast the machine is on which cases run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Instructions are carried out by the processor.
    Native,
    /// Instructions are carried out by a program.
    Emulated,
}

impl Pace {
    /// A case's deadline on such a machine.
    pub fn scale(self, deadline: Duration) -> Duration {
        match self {
            Self::Native => deadline,
            Self::Emulated => deadline * 6,
        }
    }
}

/// The deadline of the case that is carried out, in milliseconds; inherited by its processes.
static CASE_DEADLINE: AtomicU64 = AtomicU64::new(0);

/// Before a case: how long it may take, as scaled for this machine.
pub(crate) fn begin_case(deadline: Duration) {
    CASE_DEADLINE.store(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// How long the running case may wait for what the kernel does in its own time.
pub(crate) fn settle() -> Duration {
    Duration::from_millis(CASE_DEADLINE.load(Ordering::Relaxed)) * SETTLE_PERCENT / 100
}
