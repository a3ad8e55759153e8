//! The two doors of a 64-bit x86 kernel: the one for its own programs, and the one for 32-bit programs.
//!
//! A 64-bit program may use the second one, too: `int 0x80` takes the numbers, the structures and the addresses of a 32-bit
//! program, and what the kernel answers there is what it answers to one.

use nix::errno::Errno;

use super::clone::CloneFlags;

/// By which door the kernel is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// As this program is.
    Own,
    /// As a 32-bit program. Without CONFIG_IA32_EMULATION the caller is killed by SIGSEGV.
    ThirtyTwoBits,
}

/// A system call's number at both doors.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) own: libc::c_long,
    pub(super) i386: u32,
}

impl Entry {
    /// `setns(2)` on the descriptor of this number.
    pub fn setns(self, fd: i32, flags: CloneFlags) -> nix::Result<()> {
        let number = Number { own: libc::SYS_setns, i386: 346 };
        // SAFETY: takes two integers; no memory is touched.
        unsafe { self.call(number, [fd as u32 as u64, u64::from(flags.bits() as u32), 0, 0, 0]) }.map(drop)
    }

    /// `unshare(2)`.
    pub fn unshare(self, flags: CloneFlags) -> nix::Result<()> {
        let number = Number { own: libc::SYS_unshare, i386: 310 };
        // SAFETY: takes an integer; no memory is touched.
        unsafe { self.call(number, [flags.bits(), 0, 0, 0, 0]) }.map(drop)
    }

    /// The flag of `mmap(2)` for memory that programs of this kind can have.
    pub(super) fn memory_flag(self) -> libc::c_int {
        match self {
            Self::Own => 0,
            #[cfg(target_arch = "x86_64")]
            Self::ThirtyTwoBits => libc::MAP_32BIT,
            #[cfg(not(target_arch = "x86_64"))]
            Self::ThirtyTwoBits => 0,
        }
    }

    /// A system call with any arguments.
    ///
    /// # Safety
    /// The arguments must be right for the call, and name no memory that it must not write to. A child that the call makes
    /// ends at once, and must not share memory with the caller.
    pub(super) unsafe fn call(self, number: Number, arguments: [u64; 5]) -> nix::Result<i64> {
        let [a, b, c, d, e] = arguments;
        match self {
            // SAFETY: as above.
            Self::Own => Errno::result(unsafe { libc::syscall(number.own, a, b, c, d, e) }),
            // SAFETY: as above.
            Self::ThirtyTwoBits => match unsafe { int_0x80(number.i386, [a, b, c, d, e].map(|word| word as u32)) } {
                refused @ -4095..=-1 => Err(Errno::from_raw(-refused)),
                answer => Ok(answer.into()),
            },
        }
    }
}

/// A system call of a 32-bit program. A child that it makes ends at once.
///
/// # Safety
/// As [`Entry::call`].
#[cfg(target_arch = "x86_64")]
unsafe fn int_0x80(number: u32, [a, b, c, d, e]: [u32; 5]) -> i32 {
    let answer: u32;
    // SAFETY: rbx, which the compiler keeps for itself, is put back; a child uses its own copy of the stack, and only ends.
    unsafe {
        std::arch::asm!(
            "push rbx",
            "mov ebx, {first:e}",
            "mov r12d, eax",
            "int 0x80",
            "test eax, eax",
            "jnz 3f",
            // Zero is what a child sees of clone3(2), of which the number is 435, and a good answer of other calls.
            "cmp r12d, 435",
            "jne 3f",
            "mov eax, 1",
            "xor ebx, ebx",
            "int 0x80",
            "3:",
            "pop rbx",
            first = in(reg) a,
            out("r12") _,
            inlateout("eax") number => answer,
            in("ecx") b,
            in("edx") c,
            in("esi") d,
            in("edi") e,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
        );
    }
    answer as i32
}

/// Other processors have no such door.
///
/// # Safety
/// Does nothing.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn int_0x80(_: u32, _: [u32; 5]) -> i32 {
    -(super::NOT_ASKED as i32)
}
