//! On which processor a case runs.

use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

use crate::verdict::{Doing, Outcome};

/// Keeps the calling thread, and every child that it has from now on, on the processor where it is.
///
/// For cases that depend on the order in which namespaces are numbered: since 6.18 each processor has a batch of
/// numbers of its own.
pub fn stay_on_one_processor() -> Outcome<()> {
    let mut one = CpuSet::new();
    one.set(sched_getcpu()?).doing("name the own processor")?;
    sched_setaffinity(Pid::from_raw(0), &one).doing("sched_setaffinity")
}
