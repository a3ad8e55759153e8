//! `clone(2)` and `clone3(2)` with any flags at all, sensible or not, for children that do nothing.
//!
//! A child here makes one system call and uses neither a stack nor memory, so that it does not matter what it shares
//! with its parent, nor on whose stack it is.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::clone::CloneFlags;

/// Whether `clone(2)`, as the kernel takes it, makes a child with these flags whose end is told by signal `exit_signal`.
/// It ends at once, and is reaped if it is a child of the caller's.
///
/// # Errors
/// The kernel's errno; [`NOT_ASKED`](super::NOT_ASKED) on processors for which it is not written down here how to be such a child.
pub fn try_clone(flags: CloneFlags, exit_signal: u8) -> nix::Result<()> {
    clone_word(flags, exit_signal, libc::SYS_exit).map(|child| end(child, flags))
}

/// The same by `clone3(2)`, all of whose other arguments are zero.
///
/// # Errors
/// As those of [`try_clone`].
pub fn try_clone3_fields(flags: CloneFlags, exit_signal: u64) -> nix::Result<()> {
    // SAFETY: all fields of clone_args are integers, for which zero is valid.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags.bits();
    args.exit_signal = exit_signal;
    let place = (&raw const args) as u64;
    // SAFETY: the kernel reads the arguments, which are of the size given. What it is to write goes to address 0: nowhere.
    let answer = unsafe { bare(libc::SYS_clone3, place, size_of::<libc::clone_args>() as u64, libc::SYS_exit) };
    pid(answer).map(|child| end(child, flags))
}

/// `clone3(2)` with the structure at this address, for a child that ends at once.
///
/// # Safety
/// The structure, if there is one, must name no memory for the kernel to write to.
pub(super) unsafe fn bare_clone3(address: u64, size: u64) -> nix::Result<Pid> {
    // SAFETY: as above.
    pid(unsafe { bare(libc::SYS_clone3, address, size, libc::SYS_exit) })
}

/// A child that waits for nothing. Dropping it kills it.
#[derive(Debug)]
pub struct Stayer(Pid);

impl Stayer {
    /// A child by `clone(2)`, as the kernel takes it, with these flags and this exit signal.
    ///
    /// # Errors
    /// As those of [`try_clone`].
    pub fn new(flags: CloneFlags, exit_signal: u8) -> nix::Result<Self> {
        clone_word(flags, exit_signal, libc::SYS_ppoll).map(Self)
    }

    /// Its PID in the caller's PID namespace.
    pub fn pid(&self) -> Pid {
        self.0
    }
}

impl Drop for Stayer {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
        end(self.0, CloneFlags::empty());
    }
}

fn clone_word(flags: CloneFlags, exit_signal: u8, does: libc::c_long) -> nix::Result<Pid> {
    // SAFETY: no stack and no address is given; what the kernel is to write goes to address 0: nowhere.
    pid(unsafe { bare(libc::SYS_clone, flags.bits() | u64::from(exit_signal), 0, does) })
}

fn pid(answer: i64) -> nix::Result<Pid> {
    match i32::try_from(answer) {
        Ok(pid) if pid > 0 => Ok(Pid::from_raw(pid)),
        Ok(refused) => Err(Errno::from_raw(-refused)),
        Err(_) => Err(Errno::UnknownErrno),
    }
}

/// Reaps a child, whatever the signal that tells of its end. A thread and a sibling are nobody we could wait for.
fn end(child: Pid, flags: CloneFlags) {
    if flags.intersects(CloneFlags::THREAD | CloneFlags::PARENT) {
        return;
    }
    while waitpid(child, Some(WaitPidFlag::__WALL)) == Err(Errno::EINTR) {}
}

/// A system call that makes a child, whose only deed is the system call `does` with zeros for arguments, over and over.
///
/// # Safety
/// The two arguments must be right for the call, and must name no memory for it to write to.
#[cfg(target_arch = "x86_64")]
unsafe fn bare(number: libc::c_long, first: u64, second: u64, does: libc::c_long) -> i64 {
    let answer;
    // SAFETY: both sides come back from the first system call with the same registers and, where they share memory, on
    // the same stack: the child touches neither that nor any other memory, and never leaves this block.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 3f",
            "2:",
            "mov rax, {does}",
            "xor edi, edi",
            "xor esi, esi",
            "xor edx, edx",
            "xor r10d, r10d",
            "syscall",
            "jmp 2b",
            "3:",
            does = in(reg) does,
            inlateout("rax") number => answer,
            in("rdi") first,
            in("rsi") second,
            in("rdx") 0,
            in("r10") 0,
            in("r8") 0,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    answer
}

/// The same for another kind of processor.
///
/// # Safety
/// The two arguments must be right for the call, and must name no memory for it to write to.
#[cfg(target_arch = "aarch64")]
unsafe fn bare(number: libc::c_long, first: u64, second: u64, does: libc::c_long) -> i64 {
    let answer;
    // SAFETY: as above.
    unsafe {
        std::arch::asm!(
            "svc 0",
            "cbnz x0, 3f",
            "2:",
            "mov x8, {does}",
            "mov x0, xzr",
            "mov x1, xzr",
            "mov x2, xzr",
            "mov x3, xzr",
            "svc 0",
            "b 2b",
            "3:",
            does = in(reg) does,
            in("x8") number,
            inlateout("x0") first => answer,
            in("x1") second,
            in("x2") 0,
            in("x3") 0,
            in("x4") 0,
            options(nostack),
        );
    }
    answer
}

/// Where it is not written down how to be such a child.
///
/// # Safety
/// Does nothing.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn bare(_: libc::c_long, _: u64, _: u64, _: libc::c_long) -> i64 {
    -i64::from(super::NOT_ASKED as i32)
}
