//! Ways to end that no safe function offers: one thread alone, and by a fault.

use nix::errno::Errno;

/// Ends the calling thread alone (`_exit(2)` NOTES), without a word to the C library.
///
/// For the first thread of a process whose other threads are to live on: its stack stays as it is.
pub fn exit_thread() -> ! {
    loop {
        // SAFETY: does not return. Nothing that other threads may have borrowed is freed.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
}

/// Reads memory that is mapped but not readable: the processor faults, and the kernel sends a SIGSEGV of its own.
pub fn fault() -> nix::Result<()> {
    let (anywhere, flags) = (std::ptr::null_mut(), libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, at an address that the kernel chooses.
    let page = unsafe { libc::mmap(anywhere, 1, libc::PROT_NONE, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return Err(Errno::last());
    }
    // SAFETY: the address is mapped and aligned, so this is no wild access; that it faults is what it is for.
    let _ = unsafe { page.cast::<u8>().read_volatile() };
    Ok(())
}
