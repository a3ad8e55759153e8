//! The airlock: namespaces between the machine and the stages on it.
//!
//! On a host the worker does not clone stages from the machine's own namespaces but from a set in between. What a case
//! might leak out of its stage is caught there, seen by the check for residue, and goes with the worker.

use kit::process::Ended;
use kit::sys::clone::{CloneArgs, Side, clone3};
use kit::sys::raw;
use kit::{Doing, Outcome};
use nix::mount::{MsFlags, mount};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;

use super::STAGE;

/// Moves on as PID 1 of an airlock. The process that was called stays outside and ends with the one inside; each dies
/// when the other does.
pub(crate) fn enter() -> Outcome<()> {
    match clone3(&CloneArgs::new(STAGE)).doing("make namespaces for the worker")? {
        Side::Parent(_, pidfd) => {
            let _ = Ended::wait(pidfd);
            raw::exit_now(0)
        }
        Side::Child => {
            kit::process::next_generation();
            // SIGKILL reaches even a PID 1 when it comes from outside.
            prctl::set_pdeathsig(Signal::SIGKILL).doing("prctl(PR_SET_PDEATHSIG)")?;
            let none: Option<&str> = None;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).doing("make all mounts private")?;
            mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), none).doing("mount proc")
        }
    }
}

/// Makes the caller the one that orphans below it come to: what an ordinary user has instead of a PID namespace.
pub(crate) fn become_subreaper() -> Outcome<()> {
    prctl::set_child_subreaper(true).doing("prctl(PR_SET_CHILD_SUBREAPER)")
}

/// No core files, and no crash reporter either: a limit of one byte is what `core(5)` has for pipes.
pub(crate) fn forbid_core_dumps() {
    let _ = setrlimit(Resource::RLIMIT_CORE, 1, 1);
}
