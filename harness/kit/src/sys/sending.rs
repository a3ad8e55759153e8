//! Every call that sends a signal to one process, with what the sender may claim.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::unistd::Pid;

/// What a signal is to tell its receiver: the fields of `siginfo_t` that all senders have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// `si_code`
    pub code: i32,
    /// `si_pid`
    pub pid: i32,
    /// `si_uid`
    pub uid: u32,
}

/// `struct siginfo` as the kernel takes it, of a signal that `sigqueue(3)` sends.
#[repr(C)]
struct RawInfo {
    signal: i32,
    errno: i32,
    code: i32,
    padding: i32,
    pid: i32,
    uid: u32,
    rest: [u64; 13],
}

const _: () = assert!(size_of::<RawInfo>() == 128);

/// A call that sends a signal. Those that take a `siginfo_t` say what the sender claims.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// `kill(2)`
    Kill,
    /// `tkill(2)`
    Tkill,
    /// `tgkill(2)`, where the thread is the first of its process
    Tgkill,
    /// `pidfd_send_signal(2)` without a `siginfo_t`
    Pidfd(BorrowedFd<'a>),
    /// `rt_sigqueueinfo(2)`
    Queue(Told),
    /// `rt_tgsigqueueinfo(2)`
    QueueToThread(Told),
    /// `pidfd_send_signal(2)` with a `siginfo_t`
    QueueByPidfd(BorrowedFd<'a>, Told),
}

impl<'a> Way<'a> {
    /// All of them, to a process with this pidfd; those that claim something claim this.
    pub fn all(pidfd: BorrowedFd<'a>, claimed: Told) -> [Self; 7] {
        [
            Self::Kill,
            Self::Tkill,
            Self::Tgkill,
            Self::Pidfd(pidfd),
            Self::Queue(claimed),
            Self::QueueToThread(claimed),
            Self::QueueByPidfd(pidfd, claimed),
        ]
    }

    /// What the receiver is told of a sender with this PID and user, in a namespace where nothing is translated.
    pub fn tells(self, pid: i32, uid: u32) -> Told {
        match self {
            Self::Kill | Self::Pidfd(_) => Told { code: libc::SI_USER, pid, uid },
            Self::Tkill | Self::Tgkill => Told { code: libc::SI_TKILL, pid, uid },
            Self::Queue(claimed) | Self::QueueToThread(claimed) | Self::QueueByPidfd(_, claimed) => claimed,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Tkill => "tkill",
            Self::Tgkill => "tgkill",
            Self::Pidfd(_) => "pidfd_send_signal",
            Self::Queue(_) => "rt_sigqueueinfo",
            Self::QueueToThread(_) => "rt_tgsigqueueinfo",
            Self::QueueByPidfd(..) => "pidfd_send_signal with a siginfo_t",
        }
    }

    /// Sends a signal to this process.
    pub fn send(self, process: Pid, signal: i32) -> nix::Result<()> {
        let pid = process.as_raw();
        let none = std::ptr::null::<RawInfo>();
        let answer = match self {
            // SAFETY: takes integers.
            Self::Kill => unsafe { libc::syscall(libc::SYS_kill, pid, signal) },
            // SAFETY: takes integers.
            Self::Tkill => unsafe { libc::syscall(libc::SYS_tkill, pid, signal) },
            // SAFETY: takes integers.
            Self::Tgkill => unsafe { libc::syscall(libc::SYS_tgkill, pid, pid, signal) },
            // SAFETY: a null siginfo is allowed.
            Self::Pidfd(pidfd) => unsafe { pidfd_send(pidfd, signal, none) },
            Self::Queue(told) => {
                let info = told.raw(signal);
                // SAFETY: the kernel reads one siginfo.
                unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, pid, signal, &raw const info) }
            }
            Self::QueueToThread(told) => {
                let info = told.raw(signal);
                // SAFETY: the kernel reads one siginfo.
                unsafe { libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, pid, signal, &raw const info) }
            }
            Self::QueueByPidfd(pidfd, told) => {
                let info = told.raw(signal);
                // SAFETY: the kernel reads one siginfo.
                unsafe { pidfd_send(pidfd, signal, &raw const info) }
            }
        };
        Errno::result(answer).map(drop)
    }
}

impl Told {
    fn raw(self, signal: i32) -> RawInfo {
        RawInfo { signal, errno: 0, code: self.code, padding: 0, pid: self.pid, uid: self.uid, rest: [0; 13] }
    }
}

/// # Safety
/// The siginfo is one, or null.
unsafe fn pidfd_send(pidfd: BorrowedFd<'_>, signal: i32, info: *const RawInfo) -> libc::c_long {
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_fd().as_raw_fd(), signal, info, 0) }
}
