//! `sethostname(2)`, `setdomainname(2)`, what the C library makes of `uname(2)`, and `personality(2)`.

use nix::errno::Errno;

/// `personality(2)`: releases are told as 2.6.x.
pub const UNAME26: u32 = 0x2_0000;

/// `personality(2)`: the machine is told as the architecture's 32-bit ancestor.
pub const PER_LINUX32: u32 = 0x8;

/// `sethostname(2)` with the whole of `name`.
///
/// # Errors
/// The kernel's errno. [`NOT_ASKED`](super::NOT_ASKED) for a name whose length is no `int`.
pub fn sethostname(name: impl AsRef<[u8]>) -> nix::Result<()> {
    set(libc::SYS_sethostname, name.as_ref())
}

/// `setdomainname(2)` with the whole of `name`.
///
/// # Errors
/// As [`sethostname`].
pub fn setdomainname(name: impl AsRef<[u8]>) -> nix::Result<()> {
    set(libc::SYS_setdomainname, name.as_ref())
}

/// `sethostname(2)` with any address and length: meant to be refused.
pub fn sethostname_at(address: usize, length: i32) -> nix::Result<()> {
    set_at(libc::SYS_sethostname, address, length)
}

/// `setdomainname(2)` with any address and length: meant to be refused.
pub fn setdomainname_at(address: usize, length: i32) -> nix::Result<()> {
    set_at(libc::SYS_setdomainname, address, length)
}

/// The C library's `gethostname(3)`.
pub fn gethostname(buffer: &mut [u8]) -> nix::Result<()> {
    // SAFETY: the library writes at most the buffer's length.
    Errno::result(unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len()) }).map(drop)
}

/// The C library's `getdomainname(3)`.
pub fn getdomainname(buffer: &mut [u8]) -> nix::Result<()> {
    // SAFETY: the library writes at most the buffer's length.
    Errno::result(unsafe { libc::getdomainname(buffer.as_mut_ptr().cast(), buffer.len()) }).map(drop)
}

/// Sets the calling thread's `personality(2)`.
pub fn personality(persona: u32) -> nix::Result<()> {
    // SAFETY: takes an integer; the flags change what other calls answer, and no memory.
    Errno::result(unsafe { libc::personality(persona.into()) }).map(drop)
}

fn set(call: libc::c_long, name: &[u8]) -> nix::Result<()> {
    let length = i32::try_from(name.len()).map_err(|_| super::NOT_ASKED)?;
    set_at(call, name.as_ptr().addr(), length)
}

fn set_at(call: libc::c_long, address: usize, length: i32) -> nix::Result<()> {
    // SAFETY: the kernel only reads there, and answers EFAULT where it cannot.
    Errno::result(unsafe { libc::syscall(call, address, length) }).map(drop)
}
