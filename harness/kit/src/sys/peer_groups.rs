//! What a Unix domain socket tells of the other side that no crate asks for: `SO_PEERGROUPS`, `SO_PASSPIDFD` and `SCM_PIDFD`.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;

/// `asm-generic/socket.h`.
const SO_PEERGROUPS: libc::c_int = 59;
const SO_PASSPIDFD: libc::c_int = 76;
const SCM_PIDFD: libc::c_int = 4;

/// The supplementary groups of the other side (since 4.13), where there is room for so many; beside it how many bytes the kernel
/// says there are.
pub fn peer_groups(socket: impl AsFd, room: usize) -> (nix::Result<Vec<u32>>, usize) {
    let mut groups = vec![0_u32; room];
    let mut length = (room * size_of::<u32>()) as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, and there are as many.
    let answer = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let bytes = length as usize;
    let told = Errno::result(answer).map(|_| {
        groups.truncate(bytes / size_of::<u32>());
        groups
    });
    (told, bytes)
}

/// Has a pidfd of the sender come with every message that is received (since 6.5).
pub fn pass_pidfds(socket: impl AsFd) -> nix::Result<()> {
    let on: libc::c_int = 1;
    let length = size_of_val(&on) as libc::socklen_t;
    // SAFETY: the kernel reads one integer.
    let answer = unsafe {
        libc::setsockopt(socket.as_fd().as_raw_fd(), libc::SOL_SOCKET, SO_PASSPIDFD, (&raw const on).cast(), length)
    };
    Errno::result(answer).map(drop)
}

/// Receives a message of one byte; the pidfd of its sender, if one came, or the kernel's errno in the place of one.
pub fn receive_pidfd(socket: impl AsFd) -> nix::Result<Option<nix::Result<OwnedFd>>> {
    let mut byte = 0_u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let mut control = [0_u64; 16];
    // SAFETY: all fields of msghdr are integers and pointers, for which zero is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control);
    // SAFETY: the kernel writes to the byte and to the control buffer, within the lengths given.
    Errno::result(unsafe { libc::recvmsg(socket.as_fd().as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) })?;
    // SAFETY: the kernel has filled the control buffer, which lives on.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    // SAFETY: a header that these macros return is one, or null.
    while let Some(found) = unsafe { header.as_ref() } {
        if (found.cmsg_level, found.cmsg_type) == (libc::SOL_SOCKET, SCM_PIDFD) {
            // SAFETY: such a message holds one integer.
            let fd = unsafe { libc::CMSG_DATA(header).cast::<libc::c_int>().read_unaligned() };
            return Ok(Some(if fd < 0 { Err(Errno::from_raw(-fd)) } else { Ok(super::raw::own(fd)) }));
        }
        // SAFETY: as above.
        header = unsafe { libc::CMSG_NXTHDR(&raw const message, header) };
    }
    Ok(None)
}
