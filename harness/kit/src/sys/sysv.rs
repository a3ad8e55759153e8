//! System V shared memory, message queues and semaphores: `sysvipc(7)`. All are made private (`IPC_PRIVATE`), and
//! last as long as their IPC namespace.

use nix::errno::Errno;

const MODE: i32 = 0o600;
const PAGE: usize = 4096;

/// `struct msgbuf` with the shortest text.
#[repr(C)]
struct Message {
    kind: libc::c_long,
    text: [u8; 1],
}

/// Makes a segment of one page (`shmget(2)`).
pub fn shm_create() -> nix::Result<i32> {
    // SAFETY: takes integers only.
    Errno::result(unsafe { libc::shmget(libc::IPC_PRIVATE, PAGE, MODE) })
}

/// Attaches the segment to the caller and detaches it again (`shmat(2)`, `shmdt(2)`).
pub fn shm_touch(id: i32) -> nix::Result<()> {
    // SAFETY: the kernel chooses an address that is free.
    let address = unsafe { libc::shmat(id, std::ptr::null(), 0) };
    if address as isize == -1 {
        return Err(Errno::last());
    }
    // SAFETY: attached above, and nobody has a reference into it.
    Errno::result(unsafe { libc::shmdt(address) }).map(drop)
}

/// What the kernel keeps of a segment (`shmctl(IPC_STAT)`).
pub fn shm_stat(id: i32) -> nix::Result<libc::shmid_ds> {
    // SAFETY: all fields are integers or unused, for which zero is valid; the kernel fills them in.
    unsafe {
        let mut state: libc::shmid_ds = std::mem::zeroed();
        Errno::result(libc::shmctl(id, libc::IPC_STAT, &raw mut state))?;
        Ok(state)
    }
}

/// Locks the segment in memory (`shmctl(SHM_LOCK)`).
pub fn shm_lock(id: i32) -> nix::Result<()> {
    // SAFETY: SHM_LOCK takes no buffer.
    Errno::result(unsafe { libc::shmctl(id, libc::SHM_LOCK, std::ptr::null_mut()) }).map(drop)
}

/// Removes the segment (`shmctl(IPC_RMID)`).
pub fn shm_remove(id: i32) -> nix::Result<()> {
    // SAFETY: IPC_RMID takes no buffer.
    Errno::result(unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) }).map(drop)
}

/// Makes a message queue (`msgget(2)`).
pub fn msg_create() -> nix::Result<i32> {
    // SAFETY: takes integers only.
    Errno::result(unsafe { libc::msgget(libc::IPC_PRIVATE, MODE) })
}

/// Sends a message of one byte (`msgsnd(2)`).
pub fn msg_send(queue: i32) -> nix::Result<()> {
    let message = Message { kind: 1, text: [0] };
    // SAFETY: the kernel reads the kind and one byte.
    Errno::result(unsafe { libc::msgsnd(queue, (&raw const message).cast(), 1, libc::IPC_NOWAIT) }).map(drop)
}

/// Takes a message of one byte (`msgrcv(2)`); ENOMSG when there is none.
pub fn msg_receive(queue: i32) -> nix::Result<()> {
    let mut message = Message { kind: 0, text: [0] };
    // SAFETY: the kernel writes the kind and at most one byte.
    let answer = unsafe { libc::msgrcv(queue, (&raw mut message).cast(), 1, 0, libc::IPC_NOWAIT) };
    Errno::result(answer).map(drop)
}

/// What the kernel keeps of a message queue (`msgctl(IPC_STAT)`).
pub fn msg_stat(queue: i32) -> nix::Result<libc::msqid_ds> {
    // SAFETY: all fields are integers or unused, for which zero is valid; the kernel fills them in.
    unsafe {
        let mut state: libc::msqid_ds = std::mem::zeroed();
        Errno::result(libc::msgctl(queue, libc::IPC_STAT, &raw mut state))?;
        Ok(state)
    }
}

/// Makes a set of one semaphore (`semget(2)`).
pub fn sem_create() -> nix::Result<i32> {
    // SAFETY: takes integers only.
    Errno::result(unsafe { libc::semget(libc::IPC_PRIVATE, 1, MODE) })
}

/// Sets the semaphore's value (`semctl(SETVAL)`).
pub fn sem_set(set: i32, value: i32) -> nix::Result<()> {
    // SAFETY: SETVAL takes an integer.
    Errno::result(unsafe { libc::semctl(set, 0, libc::SETVAL, value) }).map(drop)
}

/// What the kernel keeps of a set of semaphores (`semctl(IPC_STAT)`).
pub fn sem_stat(set: i32) -> nix::Result<libc::semid_ds> {
    // SAFETY: all fields are integers or unused, for which zero is valid; the kernel fills them in.
    unsafe {
        let mut state: libc::semid_ds = std::mem::zeroed();
        Errno::result(libc::semctl(set, 0, libc::IPC_STAT, &raw mut state))?;
        Ok(state)
    }
}

/// The PID that last changed the semaphore (`semctl(GETPID)`).
pub fn sem_pid(set: i32) -> nix::Result<i32> {
    // SAFETY: GETPID takes no argument.
    Errno::result(unsafe { libc::semctl(set, 0, libc::GETPID) })
}
