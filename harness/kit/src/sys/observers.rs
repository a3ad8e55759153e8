//! Small programs and counters that the kernel runs for whoever may: `bpf(2)`, `perf_event_open(2)`.

use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::raw;

/// The first fields of `union bpf_attr` for BPF_PROG_LOAD.
#[repr(C)]
#[derive(Default)]
struct ProgramAttributes {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel: u32,
    flags: u32,
}

/// Loads a program of a network device (BPF_PROG_TYPE_XDP) that does nothing, and attaches it to nothing.
pub fn load_bpf_program() -> nix::Result<OwnedFd> {
    const PROG_LOAD: i32 = 5;
    const TYPE_XDP: u32 = 6;
    // r0 = 0; exit
    let instructions: [u64; 2] = [0x0000_0000_0000_00b7, 0x0000_0000_0000_0095];
    let attributes = ProgramAttributes {
        kind: TYPE_XDP,
        count: instructions.len() as u32,
        instructions: instructions.as_ptr() as u64,
        license: c"GPL".as_ptr() as u64,
        ..ProgramAttributes::default()
    };
    let size = size_of_val(&attributes);
    // SAFETY: the kernel reads the attributes, the instructions and the license, all of which live longer than the call.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, &raw const attributes, size) })?;
    Ok(raw::own(fd as i32))
}

/// The first 64 bytes of `struct perf_event_attr`.
#[repr(C)]
#[derive(Default)]
struct EventAttributes {
    kind: u32,
    size: u32,
    config: u64,
    period: u64,
    sample: u64,
    format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint: u32,
    more: u64,
}

/// A counter that counts nothing (PERF_COUNT_SW_DUMMY) of all processes on the first processor, but not of the kernel.
pub fn count_on_first_processor() -> nix::Result<OwnedFd> {
    const SOFTWARE: u32 = 1;
    const DUMMY: u64 = 9;
    const EXCLUDE_KERNEL_AND_HYPERVISOR: u64 = 1 << 5 | 1 << 6;
    const ALL_PROCESSES: i32 = -1;
    const FIRST: i32 = 0;
    const FD_CLOEXEC: u64 = 1 << 3;
    let attributes = EventAttributes {
        kind: SOFTWARE,
        size: size_of::<EventAttributes>() as u32,
        config: DUMMY,
        flags: EXCLUDE_KERNEL_AND_HYPERVISOR,
        ..EventAttributes::default()
    };
    // SAFETY: the kernel reads as many bytes of attributes as they say that they have.
    let answer = unsafe {
        libc::syscall(libc::SYS_perf_event_open, &raw const attributes, ALL_PROCESSES, FIRST, -1, FD_CLOEXEC)
    };
    Ok(raw::own(Errno::result(answer)? as i32))
}
