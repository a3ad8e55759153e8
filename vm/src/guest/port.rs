//! The control stream without the kernel in between: the serial port's registers, read and written by the program itself.
//!
//! To bring one byte from the port to a program a kernel takes an interrupt, a work item, its line discipline and a
//! wake-up. A clone under emulation begins with nothing of that translated, and to translate it takes longer (some 40 ms)
//! than to start QEMU. Read by the program itself the first line is there after 1 ms.
//!
//! The registers are those of a 16550, named as in `include/uapi/linux/serial_reg.h`.

use std::hint::spin_loop;
use std::io;
use std::marker::PhantomData;

/// The second serial port of a PC, and how many registers it has.
const BASE: u16 = 0x2f8;
const REGISTERS: u16 = 8;

/// The receiver's and the transmitter's byte.
const UART_RX: u16 = BASE;
const UART_TX: u16 = BASE;
/// Which interrupts the port makes.
const UART_IER: u16 = BASE + 1;
/// What it is ready for.
const UART_LSR: u16 = BASE + 5;

const UART_LSR_DR: u8 = 0x01;
const UART_LSR_THRE: u8 = 0x20;

/// Bytes kept of a line; the rest is dropped.
const LONGEST_LINE: usize = 4096;

/// The port, for the thread that took it: ioperm(2) is about the calling thread. The permission is inherited by its children
/// and preserved across execve(2).
#[derive(Debug)]
pub struct Port(PhantomData<*const ()>);

impl Port {
    /// Lets the calling thread at the port's registers, and ends the port's interrupts, so that the kernel's driver takes
    /// nothing away. When the driver writes again it switches them on again. The driver has to have the port open, and so its
    /// queues on.
    ///
    /// EPERM in a kernel that is locked down, ENOSYS in one without `CONFIG_X86_IOPL_IOPERM` (`arch/x86/kernel/ioport.c`),
    /// `Unsupported` on another architecture.
    pub fn take() -> io::Result<Port> {
        allow()?;
        write(UART_IER, 0);
        Ok(Port(PhantomData))
    }

    /// Waits for a line, awake all the time; without its newline.
    pub fn read_line(&mut self) -> Vec<u8> {
        let mut line = Vec::with_capacity(256);
        loop {
            while read(UART_LSR) & UART_LSR_DR == 0 {
                spin_loop();
            }
            match read(UART_RX) {
                b'\n' => return line,
                byte if line.len() < LONGEST_LINE => line.push(byte),
                _ => {}
            }
        }
    }

    /// Writes bytes; returns when the port has them all.
    pub fn write_all(&mut self, bytes: &[u8]) {
        for byte in bytes {
            while read(UART_LSR) & UART_LSR_THRE == 0 {
                spin_loop();
            }
            write(UART_TX, *byte);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "no crate of ours has ioperm(2)")]
fn allow() -> io::Result<()> {
    // SAFETY: the call takes numbers only, and gives access to no memory.
    match unsafe { libc::ioperm(BASE.into(), REGISTERS.into(), 1) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Only after [`allow`]: a thread without the permission gets SIGSEGV.
#[cfg(target_arch = "x86_64")]
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
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "Rust has no other way to write to a port")]
fn write(port: u16, value: u8) {
    // SAFETY: as in `read`.
    unsafe {
        std::arch::asm!("out dx, al", in("al") value, in("dx") port, options(nomem, nostack, preserves_flags));
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn allow() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_arch = "x86_64"))]
fn read(_port: u16) -> u8 {
    unreachable!("no port was taken")
}

#[cfg(not(target_arch = "x86_64"))]
fn write(_port: u16, _value: u8) {
    unreachable!("no port was taken")
}
