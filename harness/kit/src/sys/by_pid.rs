//! System calls that name another process by its PID and have no wrapper elsewhere.

use nix::errno::Errno;
use nix::unistd::Pid;

/// `KCMP_VM` of `kcmp(2)`: compares the address spaces.
const KCMP_VM: libc::c_int = 1;

/// `tgkill(2)`; signal 0 only asks whether it could be sent.
pub fn tgkill(process: Pid, thread: Pid, signal: i32) -> nix::Result<()> {
    // SAFETY: takes three integers.
    let answer = unsafe { libc::syscall(libc::SYS_tgkill, process.as_raw(), thread.as_raw(), signal) };
    Errno::result(answer).map(drop)
}

/// Whether two processes share their memory (`kcmp(2)` with `KCMP_VM`; ENOSYS where the kernel lacks it).
pub fn same_memory(one: Pid, other: Pid) -> nix::Result<bool> {
    // SAFETY: takes integers; the last two are not looked at for this kind of comparison.
    let answer = unsafe { libc::syscall(libc::SYS_kcmp, one.as_raw(), other.as_raw(), KCMP_VM, 0, 0) };
    Ok(Errno::result(answer)? == 0)
}

/// The byte that another process has at the address of our `byte` (`process_vm_readv(2)`), which a forked one has too.
pub fn peek(process: Pid, byte: &'static u8) -> nix::Result<u8> {
    let mut seen = 0_u8;
    let here = libc::iovec { iov_base: (&raw mut seen).cast(), iov_len: 1 };
    let there = libc::iovec { iov_base: (&raw const *byte).cast_mut().cast(), iov_len: 1 };
    // SAFETY: the kernel writes one byte to `seen`; the other address is one of the other process and only read.
    let answer = unsafe { libc::process_vm_readv(process.as_raw(), &raw const here, 1, &raw const there, 1, 0) };
    Errno::result(answer)?;
    Ok(seen)
}
