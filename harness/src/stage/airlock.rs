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
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use procfs::process::all_processes;

use super::STAGE;
use super::ending::CROWD;

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

/// Has the kernel refuse an ordinary user's cases more processes than they have use for: to end a crowd that grows takes a PID
/// namespace. What the user has already counts, so that is left out; root has no such limit.
pub(crate) fn forbid_crowds() {
    let own = geteuid().as_raw();
    let all = all_processes().into_iter().flatten().flatten();
    let own = all.filter(|process| process.uid().is_ok_and(|uid| uid == own));
    let there: i64 = own.filter_map(|process| process.stat().ok()).map(|stat| stat.num_threads.max(1)).sum();
    let most = u64::try_from(there).unwrap_or(0) + CROWD as u64;
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NPROC) {
        let _ = setrlimit(Resource::RLIMIT_NPROC, most.min(soft), most.min(hard));
    }
}

/// No core files, and no crash reporter either: a limit of one byte is what `core(5)` has for pipes.
pub(crate) fn forbid_core_dumps() {
    let _ = setrlimit(Resource::RLIMIT_CORE, 1, 1);
}
