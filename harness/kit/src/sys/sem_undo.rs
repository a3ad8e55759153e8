//! Changes of System V semaphores that the kernel takes back when the process gives them up: `SEM_UNDO` of `semop(2)`.

use nix::errno::Errno;

/// Takes `amount` from the first semaphore of a set, to be given back by the kernel.
///
/// # Errors
/// EAGAIN where less than that is there, instead of waiting.
pub fn sem_take_with_undo(set: i32, amount: i16) -> nix::Result<()> {
    let flags = libc::SEM_UNDO | libc::IPC_NOWAIT;
    let mut take = libc::sembuf { sem_num: 0, sem_op: -amount, sem_flg: flags as i16 };
    // SAFETY: the kernel reads one operation.
    Errno::result(unsafe { libc::semop(set, &raw mut take, 1) }).map(drop)
}

/// The value of the first semaphore of a set (`semctl(GETVAL)`).
pub fn sem_value(set: i32) -> nix::Result<i32> {
    // SAFETY: GETVAL takes no argument.
    Errno::result(unsafe { libc::semctl(set, 0, libc::GETVAL) })
}
