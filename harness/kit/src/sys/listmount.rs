//! `listmount(2)`: the unique IDs of mounts (since 6.8).

use nix::errno::Errno;

use super::mount_request::MountRequest;

/// The same number on every architecture that matters here.
const SYS_LISTMOUNT: libc::c_long = 458;

/// In [`MountRequest::mount`] of `listmount(2)`: the root of the mount namespace (`LSMT_ROOT`).
pub const LSMT_ROOT: u64 = u64::MAX;

/// A flag of `listmount(2)`: the latest mount first (since 6.11).
pub const LISTMOUNT_REVERSE: u32 = 1;

/// The unique IDs of at most `room` mounts below the one that is asked about.
pub fn listmount(request: &MountRequest<'_>, room: usize, flags: u32) -> nix::Result<Vec<u64>> {
    let mut ids = vec![0_u64; room];
    // SAFETY: the kernel reads the request as far as its size tells, and refuses more than a page; it writes at most
    // `room` numbers.
    let answer = unsafe { libc::syscall(SYS_LISTMOUNT, &raw const *request, ids.as_mut_ptr(), room, flags) };
    ids.truncate(Errno::result(answer)? as usize);
    Ok(ids)
}
