//! The control stream without the kernel in between: the serial port's registers, read and written by the program itself.
//!
//! To bring one byte from the port to a program a kernel takes an interrupt, a work item, its line discipline and a
//! wake-up. A clone under emulation begins with nothing of that translated, and to translate it takes longer (some 40 ms)
//! than to start QEMU. Read by the program itself the first line is there after 1 ms.
//!
//! The registers are those of a 16550 (`include/uapi/linux/serial_reg.h`).

use std::hint::spin_loop;
use std::io;

/// The second serial port of a PC.
const BASE: u16 = 0x2f8;
const REGISTERS: u16 = 8;

/// What came in, or what is to go out.
const DATA: u16 = BASE;
/// Which interrupts the port makes.
const INTERRUPTS: u16 = BASE + 1;
/// Whether it queues bytes.
const QUEUES: u16 = BASE + 2;
/// What it is ready for.
const STATE: u16 = BASE + 5;

const QUEUES_ON: u8 = 1;
const CAME_IN: u8 = 1;
const CAN_GO_OUT: u8 = 1 << 5;

/// No line is longer, in bytes; what is more is left out.
const LONGEST_LINE: usize = 4096;

/// The port, for the process that took it and its children.
#[derive(Debug)]
pub struct Port(());

impl Port {
    /// Lets this process at the port's registers, and ends the port's interrupts, so that the kernel's driver takes nothing
    /// away. When the driver writes again it switches them on again.
    ///
    /// EPERM in a kernel that is locked down, ENOSYS in one without `CONFIG_X86_IOPL_IOPERM` (ioperm(2)).
    pub fn take() -> io::Result<Port> {
        allow()?;
        write(INTERRUPTS, 0);
        write(QUEUES, QUEUES_ON);
        Ok(Port(()))
    }

    /// Waits for a line, awake all the time; without its newline.
    pub fn read_line(&mut self) -> Vec<u8> {
        let mut line = Vec::with_capacity(256);
        loop {
            while read(STATE) & CAME_IN == 0 {
                spin_loop();
            }
            match read(DATA) {
                b'\n' => return line,
                byte if line.len() < LONGEST_LINE => line.push(byte),
                _ => {}
            }
        }
    }

    /// Writes bytes; returns when the port has them all.
    pub fn write_all(&mut self, bytes: &[u8]) {
        for byte in bytes {
            while read(STATE) & CAN_GO_OUT == 0 {
                spin_loop();
            }
            write(DATA, *byte);
        }
    }
}

#[expect(unsafe_code, reason = "no crate of ours has ioperm(2)")]
fn allow() -> io::Result<()> {
    // SAFETY: the call takes numbers only, and gives access to no memory.
    match unsafe { libc::ioperm(BASE.into(), REGISTERS.into(), 1) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Only after [`allow`]: a process without the right gets SIGSEGV.
#[expect(unsafe_code, reason = "Rust has no other way to read a port")]
fn read(port: u16) -> u8 {
    let value;
    // SAFETY: the registers of a serial port are no memory, and the device reaches none.
    unsafe {
        std::arch::asm!("in al, dx", out("al") value, in("dx") port, options(nomem, nostack, preserves_flags));
    }
    value
}

/// Only after [`allow`], as [`read`].
#[expect(unsafe_code, reason = "Rust has no other way to write to a port")]
fn write(port: u16, value: u8) {
    // SAFETY: as in `read`.
    unsafe {
        std::arch::asm!("out dx, al", in("al") value, in("dx") port, options(nomem, nostack, preserves_flags));
    }
}
