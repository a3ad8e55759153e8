//! `clone(2)`, `clone3(2)`, `unshare(2)` and `setns(2)` with every flag, as raw system calls.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::flags::names;

bitflags::bitflags! {
    /// Flags of `clone(2)`, `clone3(2)`, `unshare(2)` and `setns(2)`. They print as in the manual:
    /// `CLONE_NEWNS|CLONE_NEWPID`, and `0` where there is none.
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    pub struct CloneFlags: u64 {
        /// A new time namespace, for the caller's children (since 5.6).
        const NEWTIME = 0x80;
        /// Share the address space.
        const VM = 0x100;
        /// Share root directory, working directory and umask.
        const FS = 0x200;
        /// Share the table of open files.
        const FILES = 0x400;
        /// Share the table of signal handlers.
        const SIGHAND = 0x800;
        /// Make a pidfd (since 5.2).
        const PIDFD = 0x1000;
        /// Let a tracer trace the child too.
        const PTRACE = 0x2000;
        /// Suspend the caller until the child execs or exits.
        const VFORK = 0x4000;
        /// The child's parent is the caller's parent.
        const PARENT = 0x8000;
        /// The same thread group.
        const THREAD = 0x1_0000;
        /// A new mount namespace.
        const NEWNS = 0x2_0000;
        /// Share System V semaphore undo values.
        const SYSVSEM = 0x4_0000;
        /// Nobody may trace the child.
        const UNTRACED = 0x80_0000;
        /// A new cgroup namespace.
        const NEWCGROUP = 0x200_0000;
        /// A new UTS namespace.
        const NEWUTS = 0x400_0000;
        /// A new IPC namespace.
        const NEWIPC = 0x800_0000;
        /// A new user namespace.
        const NEWUSER = 0x1000_0000;
        /// A new PID namespace.
        const NEWPID = 0x2000_0000;
        /// A new network namespace.
        const NEWNET = 0x4000_0000;
        /// Share the I/O context.
        const IO = 0x8000_0000;
        /// Reset signal handlers (clone3 only, since 5.5).
        const CLEAR_SIGHAND = 0x1_0000_0000;
        /// Start in a given cgroup (clone3 only, since 5.7).
        const INTO_CGROUP = 0x2_0000_0000;
        const _ = !0;
    }
}

impl fmt::Display for CloneFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = names(*self);
        let words = words.split('|').map(|word| {
            // What has no name is a number.
            if word.starts_with('0') { word.to_owned() } else { format!("CLONE_{word}") }
        });
        f.write_str(&words.collect::<Vec<_>>().join("|"))
    }
}

impl fmt::Debug for CloneFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The flags by the names that the manual gives them.
pub mod flags {
    use super::CloneFlags;
    macro_rules! names {
        ($($name:ident = $flag:ident),* $(,)?) => { $(
            #[doc = concat!("[`CloneFlags::", stringify!($flag), "`]")]
            pub const $name: CloneFlags = CloneFlags::$flag;
        )* };
    }
    names! {
        CLONE_NEWTIME = NEWTIME, CLONE_VM = VM, CLONE_FS = FS, CLONE_FILES = FILES, CLONE_SIGHAND = SIGHAND,
        CLONE_PIDFD = PIDFD, CLONE_PTRACE = PTRACE, CLONE_VFORK = VFORK, CLONE_PARENT = PARENT, CLONE_THREAD = THREAD,
        CLONE_NEWNS = NEWNS, CLONE_SYSVSEM = SYSVSEM, CLONE_UNTRACED = UNTRACED, CLONE_NEWCGROUP = NEWCGROUP,
        CLONE_NEWUTS = NEWUTS, CLONE_NEWIPC = NEWIPC, CLONE_NEWUSER = NEWUSER, CLONE_NEWPID = NEWPID,
        CLONE_NEWNET = NEWNET, CLONE_IO = IO, CLONE_CLEAR_SIGHAND = CLEAR_SIGHAND, CLONE_INTO_CGROUP = INTO_CGROUP,
    }
    /// No flag at all.
    pub const NONE: CloneFlags = CloneFlags::empty();
}

/// What `clone3(2)` is asked for, for children that have their own memory.
#[derive(Debug, Clone, Copy)]
pub struct CloneArgs<'a> {
    /// Anything but what shares memory with the child: see [`clone3`].
    pub flags: CloneFlags,
    /// The signal that tells the parent of the child's end; 0 for none.
    pub exit_signal: i32,
    /// The PIDs wished for, innermost namespace first (since 5.5).
    pub set_tid: &'a [i32],
    /// The cgroup to start in, with [`CloneFlags::INTO_CGROUP`] (since 5.7).
    pub cgroup: Option<BorrowedFd<'a>>,
}

impl CloneArgs<'_> {
    /// A child with these flags, whose end is told by SIGCHLD.
    pub const fn new(flags: CloneFlags) -> Self {
        Self { flags, exit_signal: libc::SIGCHLD, set_tid: &[], cgroup: None }
    }
}

/// Which side of a clone this is.
#[derive(Debug)]
pub enum Side {
    /// The caller, with the child's PID in the caller's namespace, and its pidfd.
    Parent(Pid, OwnedFd),
    /// The new process.
    Child,
}

/// `clone3(2)`, always with a pidfd: returns twice, like `fork(2)`.
///
/// With no flag at all the C library's `fork()` is used instead, which is also safe beside threads that allocate.
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for `CLONE_VM`, `CLONE_VFORK`, `CLONE_THREAD` and `CLONE_SIGHAND`:
/// two sides on one stack would not be safe. [`super::bare_clone`], [`super::sharing`] and [`super::vfork`] have ways for those.
pub fn clone3(wanted: &CloneArgs<'_>) -> nix::Result<Side> {
    if wanted.flags.intersects(CloneFlags::VM | CloneFlags::VFORK | CloneFlags::THREAD | CloneFlags::SIGHAND) {
        return Err(super::NOT_ASKED);
    }
    if wanted.flags.is_empty() && wanted.set_tid.is_empty() && wanted.exit_signal == libc::SIGCHLD {
        return fork();
    }
    let mut pidfd: RawFd = -1;
    // SAFETY: all fields of clone_args are integers, for which zero is valid.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = (wanted.flags | CloneFlags::PIDFD).bits();
    args.pidfd = &raw mut pidfd as u64;
    args.exit_signal = wanted.exit_signal as u64;
    if !wanted.set_tid.is_empty() {
        args.set_tid = wanted.set_tid.as_ptr() as u64;
        args.set_tid_size = wanted.set_tid.len() as u64;
    }
    if let Some(cgroup) = wanted.cgroup {
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: no CLONE_VM, so the child has its own copy of this stack and returns here as fork's child does; the
    // kernel writes only to `pidfd`, and reads `set_tid` for the length given.
    let answer = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) };
    match Errno::result(answer)? {
        0 => Ok(Side::Child),
        // SAFETY: the kernel has just made this descriptor for us.
        pid => Ok(Side::Parent(Pid::from_raw(pid as i32), unsafe { OwnedFd::from_raw_fd(pidfd) })),
    }
}

fn fork() -> nix::Result<Side> {
    // SAFETY: the child goes on with its own copy of the memory. The C library takes its locks around the fork.
    match Errno::result(unsafe { libc::fork() })? {
        0 => Ok(Side::Child),
        pid => {
            let pid = Pid::from_raw(pid);
            Ok(Side::Parent(pid, super::raw::pidfd_open(pid, 0)?))
        }
    }
}

/// `unshare(2)` with any flags.
pub fn unshare(flags: CloneFlags) -> nix::Result<()> {
    // SAFETY: takes an integer; no memory is touched.
    Errno::result(unsafe { libc::syscall(libc::SYS_unshare, flags.bits()) }).map(drop)
}

/// `setns(2)`: on a namespace's file, or on a pidfd (since 5.8). No flag means any kind of namespace.
pub fn setns(fd: impl AsFd, flags: CloneFlags) -> nix::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: takes two integers; no memory is touched.
    Errno::result(unsafe { libc::syscall(libc::SYS_setns, fd, flags.bits() as libc::c_int) }).map(drop)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::CloneFlags;

    #[rstest]
    #[case(CloneFlags::empty(), "0")]
    #[case(CloneFlags::NEWNS | CloneFlags::NEWTIME, "CLONE_NEWTIME|CLONE_NEWNS")]
    #[case(CloneFlags::NEWNS | CloneFlags::from_bits_retain(1 << 37), "CLONE_NEWNS|0x2000000000")]
    fn flags_print_as_in_the_manual(#[case] flags: CloneFlags, #[case] expected: &str) {
        assert_eq!((flags.to_string(), format!("{flags:?}")), (expected.to_owned(), expected.to_owned()));
    }
}
