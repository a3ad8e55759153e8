//! Signals as their receiver sees them: dispositions, handlers that count, what is pending, and who sent it.
//!
//! Signals are numbers here, as real-time signals have no names.

use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use nix::errno::Errno;

const LAST: i32 = 64;

/// How often [`catch`]'s handler ran, by signal.
static CAUGHT: [AtomicU32; LAST as usize + 1] = [const { AtomicU32::new(0) }; LAST as usize + 1];

/// Whom the handler was last told to be the sender, by signal.
static SENDER: [AtomicI32; LAST as usize + 1] = [const { AtomicI32::new(-1) }; LAST as usize + 1];

/// What a signal carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub signal: i32,
    /// The sender's PID (`si_pid`), as the kernel numbers it for the receiver.
    pub pid: i32,
}

/// Gives every signal its default action. The language's runtime has handlers of its own otherwise.
pub fn reset_all() -> nix::Result<()> {
    for signal in (1..=LAST).filter(|signal| ![libc::SIGKILL, libc::SIGSTOP].contains(signal)) {
        match set(signal, libc::SIG_DFL) {
            // The C library keeps the first real-time signals to itself.
            Ok(()) | Err(Errno::EINVAL) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Ignores a signal.
pub fn ignore(signal: i32) -> nix::Result<()> {
    set(signal, libc::SIG_IGN)
}

/// Installs a handler that counts: see [`caught`] and [`caught_from`]. System calls are restarted after it.
pub fn catch(signal: i32) -> nix::Result<()> {
    set(signal, count as *const () as libc::sighandler_t)
}

/// How often the handler of a signal has run in this process, or in its parents before it was forked.
pub fn caught(signal: i32) -> u32 {
    CAUGHT.get(signal as usize).map_or(0, |count| count.load(Ordering::SeqCst))
}

/// The sender's PID as the handler was last told; none when it has not run.
pub fn caught_from(signal: i32) -> Option<i32> {
    SENDER.get(signal as usize).map(|sender| sender.load(Ordering::SeqCst)).filter(|pid| *pid >= 0)
}

/// Blocks a signal for this thread.
pub fn block(signal: i32) -> nix::Result<()> {
    mask(libc::SIG_BLOCK, signal)
}

/// Lets a signal through again.
pub fn unblock(signal: i32) -> nix::Result<()> {
    mask(libc::SIG_UNBLOCK, signal)
}

/// The signals that wait for this thread or process to unblock them.
pub fn pending() -> nix::Result<Vec<i32>> {
    let mut set = empty();
    // SAFETY: the kernel writes one signal set.
    Errno::result(unsafe { libc::sigpending(&raw mut set) })?;
    // SAFETY: reads the set; the numbers are in range.
    Ok((1..=LAST).filter(|signal| unsafe { libc::sigismember(&raw const set, *signal) } == 1).collect())
}

/// Takes a blocked signal out of those that are pending, waiting for it if need be (`sigwaitinfo(2)`).
pub fn take(signal: i32) -> nix::Result<Sent> {
    let set = only(signal)?;
    loop {
        // SAFETY: all fields of siginfo_t are plain data, for which zero is valid.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel reads the set and writes one siginfo_t.
        match Errno::result(unsafe { libc::sigwaitinfo(&raw const set, &raw mut info) }) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
            // SAFETY: signals that kill(2) and the like send carry a PID.
            Ok(signal) => return Ok(Sent { signal, pid: unsafe { info.si_pid() } }),
        }
    }
}

extern "C" fn count(signal: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    if let (Some(count), Some(sender)) = (CAUGHT.get(signal as usize), SENDER.get(signal as usize)) {
        // SAFETY: with SA_SIGINFO the kernel passes a valid siginfo_t.
        sender.store(unsafe { (*info).si_pid() }, Ordering::SeqCst);
        count.fetch_add(1, Ordering::SeqCst);
    }
}

fn set(signal: i32, handler: libc::sighandler_t) -> nix::Result<()> {
    // SAFETY: all fields of sigaction are plain data, for which zero is valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    action.sa_mask = empty();
    // SAFETY: the handler is none, or `count`, which touches nothing but atomic numbers.
    Errno::result(unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) }).map(drop)
}

fn mask(how: i32, signal: i32) -> nix::Result<()> {
    let set = only(signal)?;
    // SAFETY: reads one signal set.
    match unsafe { libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut()) } {
        0 => Ok(()),
        errno => Err(Errno::from_raw(errno)),
    }
}

fn only(signal: i32) -> nix::Result<libc::sigset_t> {
    let mut set = empty();
    // SAFETY: writes to the set; a number out of range is refused.
    Errno::result(unsafe { libc::sigaddset(&raw mut set, signal) })?;
    Ok(set)
}

fn empty() -> libc::sigset_t {
    // SAFETY: a signal set is an array of bits, and with none of them set it is empty.
    unsafe { std::mem::zeroed() }
}
