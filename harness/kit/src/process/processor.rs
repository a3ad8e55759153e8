//! On which processor a case runs.

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

use crate::words::verdict::{Doing, Outcome};

/// Keeps the calling thread, and every child that it has from now on, on the processor where it is.
///
/// For cases that depend on the order in which namespaces are numbered: since 6.18 each processor has a batch of
/// numbers of its own.
pub fn stay_on_one_processor() -> Outcome<()> {
    stay_on(sched_getcpu()?)
}

/// Moves the calling thread, and every child that it has from now on, to this processor.
pub fn stay_on(processor: usize) -> Outcome<()> {
    let mut one = CpuSet::new();
    one.set(processor).doing("name a processor")?;
    sched_setaffinity(Pid::from_raw(0), &one).doing("sched_setaffinity")
}

/// The processors on which the calling thread may be.
pub fn processors() -> Outcome<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).doing("sched_getaffinity")?;
    Ok((0..CpuSet::count()).filter(|processor| allowed.is_set(*processor).unwrap_or(false)).collect())
}
