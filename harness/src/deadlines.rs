//! Every deadline of this crate, and how they grow on slow machines. No other file has one.

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

/// How long a guest may take to say which functions its kernel has: some seconds under emulation, but for a busy host.
pub(crate) const SYMBOLS: Duration = Duration::from_secs(120);

/// How long QEMU may take to be gone after its lines are closed.
pub(crate) const MACHINE_END: Duration = Duration::from_secs(20);

/// How long after a case's own deadline its worker may still report: past it the kernel itself hangs.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// How long after a signal has ended a worker or a machine the same may come to this process: who stops a service signals
/// all its processes, in any order.
pub(crate) const STOP: Duration = Duration::from_secs(5);

/// How often a run's record is brought up to date while it goes on.
pub(crate) const KEEP: Duration = Duration::from_secs(1);

/// How long after it told what a case found a worker may take to end what the case ran in, and to say so: the stage and
/// processes without one have [`REAP`] each.
pub(crate) const END: Duration = Duration::from_secs(60);

/// How often the processes of a case on somebody's machine are counted.
pub(crate) const COUNT: Duration = Duration::from_millis(200);

/// How long a case may take in an altered kernel, where what it waits for may never come: many times what it takes in the kernel
/// as it is, at least some seconds, and never more than it always may.
pub(crate) fn altered(normal: Duration, always: Duration) -> Duration {
    const TIMES: u32 = 10;
    const LEAST: Duration = Duration::from_secs(10);
    (normal * TIMES).max(LEAST).min(always)
}

/// How long after that deadline an altered kernel may still report what the case found: past it, it hangs.
pub(crate) const ALTERED_GRACE: Duration = Duration::from_secs(10);

/// How many times longer everything takes on this machine now than on one that does nothing else: how many want a processor for
/// each that there is, over the last minute. One at least, and never so much that nothing has an end.
pub(crate) fn crowd() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::fs::read_to_string("/proc/loadavg").map_or(1, |text| crowd_in(&text, processors))
}

fn crowd_in(loadavg: &str, processors: usize) -> u32 {
    const MOST: f64 = 10.0;
    let load: f64 = loadavg.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0);
    let share = (load / processors.max(1) as f64).round().clamp(1.0, MOST);
    // A whole number between one and ten.
    share as u32
}

/// How fast the machine is on which cases run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speed {
    /// Instructions are carried out by the processor.
    Native,
    /// Instructions are carried out by a program.
    Emulated,
}

impl Speed {
    /// A case's deadline on such a machine.
    pub(crate) fn scale(self, deadline: Duration) -> Duration {
        match self {
            Self::Native => deadline,
            Self::Emulated => deadline * 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::idle("0.10 0.20 0.30 1/200 99", 2, 1)]
    #[case::each_has_one("2.90 0.20 0.30 2/200 99", 2, 1)]
    #[case::crowded("7.10 0.20 0.30 9/200 99", 2, 4)]
    #[case::beyond_all("900.00 0.20 0.30 9/200 99", 2, 10)]
    #[case::nothing_told("", 2, 1)]
    fn time_goes_slower_for_each_of_a_crowd(#[case] loadavg: &str, #[case] processors: usize, #[case] times: u32) {
        assert_eq!(crowd_in(loadavg, processors), times);
    }
}
