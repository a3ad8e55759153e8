//! A child that shares its parent's memory: `clone(2)` with `CLONE_VM` and `CLONE_VFORK`.

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::clone::CloneFlags;

/// The child's stack. Nothing in a body should need more.
const STACK: usize = 256 * 1024;

struct Task<F, T> {
    body: Option<F>,
    value: Option<T>,
}

/// Runs `body` in a child that shares this process's memory, made with more `flags`, while the caller is suspended.
/// With `CLONE_THREAD` the child is a thread of this process.
///
/// # Errors
/// The kernel's refusal to make the child; [`NOT_ASKED`](super::NOT_ASKED) if the child ended without a value.
pub fn vfork<T>(flags: CloneFlags, body: impl FnOnce() -> T) -> nix::Result<T> {
    let mut stack = vec![0_u128; STACK / size_of::<u128>()];
    let mut task = Task { body: Some(body), value: None };
    let is_thread = flags.contains(CloneFlags::THREAD);
    let signal = if is_thread { 0 } else { libc::SIGCHLD };
    let all = (flags | CloneFlags::VM | CloneFlags::VFORK).bits() as libc::c_int | signal;
    // SAFETY: the child runs on a stack of its own, whose end is aligned to 16 bytes; with CLONE_VFORK this thread does
    // not go on before the child has ended, so `stack` and `task` outlive it, and nothing else uses them or this
    // thread's local storage meanwhile.
    let answer = unsafe { libc::clone(entry(&task), stack.as_mut_ptr_range().end.cast(), all, (&raw mut task).cast()) };
    let pid = Errno::result(answer)?;
    if !is_thread {
        waitpid(Pid::from_raw(pid), Some(WaitPidFlag::__WALL))?;
    }
    task.value.ok_or(super::NOT_ASKED)
}

/// The function for `clone` that fits this task.
fn entry<F: FnOnce() -> T, T>(_: &Task<F, T>) -> extern "C" fn(*mut libc::c_void) -> libc::c_int {
    run::<F, T>
}

extern "C" fn run<F: FnOnce() -> T, T>(task: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `vfork` passes its own task of exactly this type, and is suspended while this runs.
    let task = unsafe { &mut *task.cast::<Task<F, T>>() };
    task.value = task.body.take().map(|body| body());
    0
}
