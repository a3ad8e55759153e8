//! Filters of system calls: `seccomp(2)`.

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

/// `SECCOMP_IOCTL_NOTIF_RECV` and `SECCOMP_IOCTL_NOTIF_SEND` of `linux/seccomp.h`.
const NOTIF_RECV: libc::Ioctl = 0xc050_2100;
const NOTIF_SEND: libc::Ioctl = 0xc018_2101;

/// Gives the calling thread a filter that lets every system call through, by `prctl(2)`.
pub fn allow_everything() -> nix::Result<()> {
    // BPF_RET | BPF_K, SECCOMP_RET_ALLOW
    let mut filter = libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW };
    let program = libc::sock_fprog { len: 1, filter: &raw mut filter };
    // SAFETY: the kernel copies the one instruction.
    let answer = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    Errno::result(answer).map(drop)
}

/// Gives the calling thread a filter that lets every system call through but that of this number, of which it tells who
/// holds the descriptor that is returned: `seccomp(2)`, SECCOMP_RET_USER_NOTIF.
pub fn tell_of(call: libc::c_long) -> nix::Result<OwnedFd> {
    let return_with = |value| libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: value };
    let mut filter = [
        // The number of the call, which is the first field of what a filter sees: BPF_LD | BPF_W | BPF_ABS.
        libc::sock_filter { code: 0x20, jt: 0, jf: 0, k: 0 },
        // BPF_JMP | BPF_JEQ | BPF_K
        libc::sock_filter { code: 0x15, jt: 0, jf: 1, k: call as u32 },
        return_with(libc::SECCOMP_RET_USER_NOTIF),
        return_with(libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // SAFETY: the kernel copies the four instructions.
    let answer = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    // SAFETY: the kernel has just opened it, and nothing else knows of it.
    Errno::result(answer).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Waits for a call that such a filter tells of, by [`tell_of`]'s descriptor; gives the call's number in the list, and the
/// caller's PID.
pub fn next_told(listener: impl AsFd) -> nix::Result<(u64, u32)> {
    // SAFETY: all zeros are a value of it, which the kernel even asks for.
    let mut told: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills the structure, whose size the operation's number has.
    let answer = unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), NOTIF_RECV, &raw mut told) };
    Errno::result(answer).map(|_| (told.id, told.pid))
}

/// Has the call with this number in the list return a value to its caller.
pub fn answer(listener: impl AsFd, id: u64, value: i64) -> nix::Result<()> {
    let mut response = libc::seccomp_notif_resp { id, val: value, error: 0, flags: 0 };
    // SAFETY: the kernel reads the structure, whose size the operation's number has.
    let answer = unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), NOTIF_SEND, &raw mut response) };
    Errno::result(answer).map(drop)
}
