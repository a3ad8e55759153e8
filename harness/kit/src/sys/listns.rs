//! `listns(2)`: the numbers of the namespaces that there are (since 6.19).

use nix::errno::Errno;

use super::clone::CloneFlags;

/// The same number on every architecture that matters here.
pub(super) const SYS_LISTNS: libc::c_long = 470;

/// How large `struct ns_id_req` was when it was first published.
pub const REQUEST_SIZE: u32 = 32;

/// In [`Request::owner`]: the caller's own user namespace (`LISTNS_CURRENT_USER`).
pub const CURRENT_USER: u64 = u64::MAX;

/// What is asked for: `struct ns_id_req`, and what a later kernel might know behind it.
#[repr(C, align(4096))]
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// How many bytes of this the kernel is to read.
    pub size: u32,
    /// Must be 0.
    pub spare: u32,
    /// The number after which to begin.
    pub after: u64,
    /// The kinds wanted, as flags; 0 for all.
    pub kinds: u32,
    /// Not looked at.
    pub spare2: u32,
    /// The number of the user namespace whose namespaces are wanted; 0 for everybody's.
    pub owner: u64,
    /// What the first published structure does not have.
    pub beyond: [u8; 8160],
}

impl Request {
    /// All namespaces.
    pub const fn all() -> Self {
        Self { size: REQUEST_SIZE, spare: 0, after: 0, kinds: 0, spare2: 0, owner: 0, beyond: [0; 8160] }
    }

    /// Those of these kinds.
    pub const fn of_kinds(kinds: CloneFlags) -> Self {
        Self { kinds: kinds.bits() as u32, ..Self::all() }
    }

    /// Those that the user namespace with this number owns.
    pub const fn owned_by(owner: u64) -> Self {
        Self { owner, ..Self::all() }
    }
}

/// The numbers of at most `room` namespaces.
pub fn listns(request: &Request, room: usize) -> nix::Result<Vec<u64>> {
    listns_with(request, room, 0)
}

/// The same with flags, of which there are none.
pub fn listns_with(request: &Request, room: usize, flags: u32) -> nix::Result<Vec<u64>> {
    let mut ids = vec![0_u64; room];
    // SAFETY: the kernel reads the request as far as its size tells, and refuses more than a page; it writes at most
    // `room` numbers.
    let answer = unsafe { libc::syscall(SYS_LISTNS, &raw const *request, ids.as_mut_ptr(), room, flags) };
    ids.truncate(Errno::result(answer)? as usize);
    Ok(ids)
}

/// The same with the null pointer for the request.
pub fn listns_of_nothing() -> nix::Result<()> {
    let (nothing, mut ids) = (std::ptr::null::<Request>(), [0_u64; 16]);
    // SAFETY: the kernel cannot read the null pointer, and would write at most as many numbers as there is room for.
    let answer = unsafe { libc::syscall(SYS_LISTNS, nothing, ids.as_mut_ptr(), ids.len(), 0) };
    Errno::result(answer).map(drop)
}

/// The same with the null pointer for the numbers.
pub fn listns_to_nowhere(request: &Request) -> nix::Result<()> {
    let nowhere = std::ptr::null_mut::<u64>();
    // SAFETY: the request is valid, and the kernel cannot write to the null pointer.
    let answer = unsafe { libc::syscall(SYS_LISTNS, &raw const *request, nowhere, 16, 0) };
    Errno::result(answer).map(drop)
}
