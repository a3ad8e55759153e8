//! Moving memory between nodes, which may concern other processes: `mbind(2)`, `migrate_pages(2)`, `move_pages(2)`.

use nix::errno::Errno;
use nix::unistd::Pid;

const MPOL_MF_MOVE: libc::c_uint = 2;
const MPOL_MF_MOVE_ALL: libc::c_uint = 4;

/// Whose pages are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Those that no other process has (`MPOL_MF_MOVE`).
    Own,
    /// Those that other processes have, too (`MPOL_MF_MOVE_ALL`).
    All,
}

impl Moved {
    fn flag(self) -> libc::c_uint {
        match self {
            Self::Own => MPOL_MF_MOVE,
            Self::All => MPOL_MF_MOVE_ALL,
        }
    }
}

/// `mbind(2)` of no memory: only the privilege is asked for.
pub fn mbind_nothing(moved: Moved) -> nix::Result<()> {
    // SAFETY: no memory is named; the policy is the default one.
    Errno::result(unsafe { libc::syscall(libc::SYS_mbind, 0usize, 0usize, 0, 0usize, 0usize, moved.flag()) }).map(drop)
}

/// `move_pages(2)` of no page of a process; 0 is the caller.
pub fn move_no_pages(process: Pid, moved: Moved) -> nix::Result<()> {
    let none = 0usize;
    // SAFETY: there are no pages, so that no memory is touched.
    let answer = unsafe { libc::syscall(libc::SYS_move_pages, process.as_raw(), none, none, none, none, moved.flag()) };
    Errno::result(answer).map(drop)
}

/// `migrate_pages(2)` of a process from the first node to the first node; 0 is the caller.
pub fn migrate_to_the_same_node(process: Pid) -> nix::Result<()> {
    let first: u64 = 1;
    // SAFETY: the kernel reads two sets of nodes of 64 bits.
    let answer = unsafe {
        libc::syscall(libc::SYS_migrate_pages, process.as_raw(), 64usize, &raw const first, &raw const first)
    };
    Errno::result(answer).map(drop)
}
