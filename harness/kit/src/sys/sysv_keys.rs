//! System V objects by their keys, of chosen sizes, and segments that stay attached: `sysvipc(7)`.
//!
//! Objects without a key are made in [`sysv`](super::sysv).

use nix::errno::Errno;

/// The longest text of [`msg_send_text`].
const LONGEST: usize = 128;

/// `struct msgbuf` with room for every text that is sent here.
#[repr(C)]
struct Message {
    kind: libc::c_long,
    text: [u8; LONGEST],
}

/// Finds a segment by its key, or makes one of so many bytes (`shmget(2)`).
pub fn shm_get(key: i32, size: usize, flags: i32) -> nix::Result<i32> {
    // SAFETY: takes integers only.
    Errno::result(unsafe { libc::shmget(key, size, flags) })
}

/// Finds a message queue by its key, or makes one (`msgget(2)`).
pub fn msg_get(key: i32, flags: i32) -> nix::Result<i32> {
    // SAFETY: takes integers only.
    Errno::result(unsafe { libc::msgget(key, flags) })
}

/// Finds a set of semaphores by its key, or makes one of so many members (`semget(2)`).
pub fn sem_get(key: i32, members: i32, flags: i32) -> nix::Result<i32> {
    // SAFETY: takes integers only.
    Errno::result(unsafe { libc::semget(key, members, flags) })
}

/// Removes a message queue (`msgctl(IPC_RMID)`).
pub fn msg_remove(queue: i32) -> nix::Result<()> {
    // SAFETY: IPC_RMID takes no buffer.
    Errno::result(unsafe { libc::msgctl(queue, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// Removes a set of semaphores (`semctl(IPC_RMID)`).
pub fn sem_remove(set: i32) -> nix::Result<()> {
    // SAFETY: IPC_RMID takes no argument.
    Errno::result(unsafe { libc::semctl(set, 0, libc::IPC_RMID) }).map(drop)
}

/// Adds 1 to the first semaphore of a set, so many times in one call (`semop(2)`).
pub fn sem_add_times(set: i32, times: usize) -> nix::Result<()> {
    let mut operations = vec![libc::sembuf { sem_num: 0, sem_op: 1, sem_flg: 0 }; times];
    // SAFETY: the kernel reads as many operations as the vector has.
    Errno::result(unsafe { libc::semop(set, operations.as_mut_ptr(), times) }).map(drop)
}

/// Sends a message without waiting for room (`msgsnd(2)`).
///
/// # Errors
/// EAGAIN where there is no room; [`NOT_ASKED`](super::NOT_ASKED) for a text of more than 128 bytes.
pub fn msg_send_text(queue: i32, text: &[u8]) -> nix::Result<()> {
    let mut message = Message { kind: 1, text: [0; LONGEST] };
    message.text.get_mut(..text.len()).ok_or(super::NOT_ASKED)?.copy_from_slice(text);
    // SAFETY: the kernel reads the kind and as many bytes as the text has, which fit.
    Errno::result(unsafe { libc::msgsnd(queue, (&raw const message).cast(), text.len(), libc::IPC_NOWAIT) }).map(drop)
}

/// Takes the first message; `flags` may be `IPC_NOWAIT` (`msgrcv(2)`).
pub fn msg_receive_text(queue: i32, flags: i32) -> nix::Result<Vec<u8>> {
    let mut message = Message { kind: 0, text: [0; LONGEST] };
    // SAFETY: the kernel writes the kind and at most LONGEST bytes.
    let answer = unsafe { libc::msgrcv(queue, (&raw mut message).cast(), LONGEST, 0, flags) };
    let length = Errno::result(answer)?;
    Ok(message.text[..length.unsigned_abs()].to_vec())
}

/// A segment that is attached to the caller, until it is detached or the process ends.
#[derive(Debug)]
pub struct Attached {
    address: *mut u8,
}

impl Attached {
    /// Attaches a segment for reading and writing (`shmat(2)`).
    pub fn new(segment: i32) -> nix::Result<Self> {
        // SAFETY: the kernel chooses an address that is free.
        let address = unsafe { libc::shmat(segment, std::ptr::null(), 0) };
        if address as isize == -1 { Err(Errno::last()) } else { Ok(Self { address: address.cast() }) }
    }

    /// The segment's first byte.
    pub fn byte(&self) -> u8 {
        // SAFETY: attached as long as this value lives, and no segment is empty.
        unsafe { self.address.read_volatile() }
    }

    /// Writes the segment's first byte.
    pub fn set_byte(&self, value: u8) {
        // SAFETY: attached for writing as long as this value lives, and no segment is empty.
        unsafe { self.address.write_volatile(value) }
    }

    /// Detaches the segment (`shmdt(2)`).
    pub fn detach(self) -> nix::Result<()> {
        // SAFETY: attached by `new`; whoever could look at it gives up this value here.
        Errno::result(unsafe { libc::shmdt(self.address.cast()) }).map(drop)
    }
}
