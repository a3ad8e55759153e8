//! Children that share our memory (`CLONE_VM`), each on a stack of its own and with one fixed small behaviour.

use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::unistd::Pid;

use super::clone::CloneFlags;

/// Ample for a function that makes two system calls.
const STACK: usize = 64 * 1024;

/// Flags that would write to memory or need an argument that is not given here, and the bits of the exit signal.
const UNFIT: u64 = CloneFlags::PIDFD.bits()
    | (libc::CLONE_SETTLS | libc::CLONE_PARENT_SETTID | libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID) as u64
    | libc::CSIGNAL as u64;

/// A child, or with `CLONE_THREAD` a thread, that shares our memory. Nobody kills it: it ends by itself at once.
#[derive(Debug)]
pub struct Sharer {
    pid: Pid,
    desk: &'static Desk,
}

/// What the two sides have in common.
#[derive(Debug)]
struct Desk {
    /// What the child's `getpid(2)` returned; 0 until then.
    own_pid: AtomicU32,
    status: i32,
}

impl Sharer {
    /// Its ID as the caller's PID namespace numbers it.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until it has asked for its own PID, and returns that. No `wait(2)` is used: it may be anybody's child.
    pub fn own_pid(&self) -> Pid {
        loop {
            match self.desk.own_pid.load(Ordering::Acquire) {
                0 => futex(&self.desk.own_pid, libc::FUTEX_WAIT, 0),
                pid => return Pid::from_raw(pid as i32),
            }
        }
    }
}

/// `clone(2)` with `CLONE_VM`, SIGCHLD and `flags`: the child asks for its own PID, tells us, and exits with `status`.
///
/// With `CLONE_VFORK` this is what `vfork(2)` does.
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for flags that need more arguments, such as `CLONE_PIDFD` and
/// `CLONE_SETTLS`, and for those that only `clone3(2)` and `unshare(2)` take.
pub fn share_memory(flags: CloneFlags, status: i32) -> nix::Result<Sharer> {
    let flags = flags | CloneFlags::VM;
    if flags.bits() & UNFIT != 0 || flags.bits() > u64::from(u32::MAX) {
        return Err(super::NOT_ASKED);
    }
    // Both are leaked: nothing tells for certain, whoever its parent is, that the child's last instruction on its stack
    // is done. The process that called us is short-lived.
    let desk: &'static Desk = Box::leak(Box::new(Desk { own_pid: AtomicU32::new(0), status }));
    let stack = Box::leak(vec![0_u128; STACK / size_of::<u128>()].into_boxed_slice());
    let top = stack.as_mut_ptr_range().end;
    let flags = flags.bits() as i32 | libc::SIGCHLD;
    // SAFETY: the stack is the child's alone, aligned to 16, and it and the desk are never freed; the child touches
    // nothing else but through system calls, so sharing our thread-local storage does no harm.
    let answer = unsafe { libc::clone(tell_and_exit, top.cast(), flags, (&raw const *desk).cast_mut().cast()) };
    Ok(Sharer { pid: Pid::from_raw(Errno::result(answer)?), desk })
}

/// The child. The C library ends it, or the thread, with `exit(2)` and this value.
extern "C" fn tell_and_exit(desk: *mut libc::c_void) -> libc::c_int {
    // SAFETY: the pointer is the one given to clone(2), to a Desk that lives for ever and is only read.
    let desk = unsafe { &*desk.cast::<Desk>() };
    // SAFETY: takes no argument.
    let pid = unsafe { libc::syscall(libc::SYS_getpid) };
    desk.own_pid.store(pid as u32, Ordering::Release);
    futex(&desk.own_pid, libc::FUTEX_WAKE, i32::MAX as u32);
    desk.status
}

fn futex(word: &AtomicU32, operation: i32, value: u32) {
    // SAFETY: the word is valid, and no time-out is given. Any answer is right: the caller looks at the word again.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, std::ptr::null::<libc::timespec>()) };
}
