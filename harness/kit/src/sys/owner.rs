//! Who is told of a descriptor's input by SIGIO: `F_SETOWN` and its kin of `fcntl(2)`, by the system call itself,
//! since the C library makes `F_GETOWN` of `F_GETOWN_EX`.

use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::unistd::Pid;

const F_SETOWN: i32 = 8;
const F_GETOWN: i32 = 9;
const F_GETOWN_EX: i32 = 16;

/// What `F_GETOWN_EX` tells: `struct f_owner_ex`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// `F_OWNER_TID` 0, `F_OWNER_PID` 1 or `F_OWNER_PGRP` 2.
    pub kind: i32,
    /// Its number.
    pub pid: i32,
}

/// Makes a process the owner (`F_SETOWN`).
pub fn set_owner(fd: impl AsFd, pid: Pid) -> nix::Result<()> {
    // SAFETY: takes integers only.
    Errno::result(unsafe { libc::syscall(libc::SYS_fcntl, fd.as_fd().as_raw_fd(), F_SETOWN, pid.as_raw()) }).map(drop)
}

/// The owner's number, negative for a process group (`F_GETOWN`).
pub fn owner(fd: impl AsFd) -> nix::Result<i32> {
    // SAFETY: takes integers only.
    let answer = Errno::result(unsafe { libc::syscall(libc::SYS_fcntl, fd.as_fd().as_raw_fd(), F_GETOWN) })?;
    Ok(answer as i32)
}

/// The owner's kind and number (`F_GETOWN_EX`).
pub fn owner_ex(fd: impl AsFd) -> nix::Result<Owner> {
    let mut owner = Owner::default();
    // SAFETY: the kernel writes two integers.
    Errno::result(unsafe { libc::syscall(libc::SYS_fcntl, fd.as_fd().as_raw_fd(), F_GETOWN_EX, &raw mut owner) })?;
    Ok(owner)
}
