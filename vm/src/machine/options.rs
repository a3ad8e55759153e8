//! QEMU's command line, one small type for each thing that it says.

use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use crate::accel::Accel;

/// One thing said on the command line.
pub(crate) trait Say {
    /// The words, in order.
    fn words(&self) -> Vec<String>;
}

/// The whole command line.
pub(crate) fn command_line(items: &[&dyn Say]) -> Vec<String> {
    items.iter().flat_map(|item| item.words()).collect()
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// Nothing but what is asked for: neither QEMU's default devices nor a person's configuration may make two machines differ.
pub(crate) struct Bare;

impl Say for Bare {
    fn words(&self) -> Vec<String> {
        words(["-nodefaults", "-no-user-config", "-display", "none", "-nic", "none"])
    }
}

/// A restart is the end: the kernel is told to restart when it panics, so a panic ends QEMU.
pub(crate) struct NoReboot;

impl Say for NoReboot {
    fn words(&self) -> Vec<String> {
        words(["-no-reboot"])
    }
}

/// The guest is not trusted: should it break out of the emulated devices, seccomp(2) leaves it little to do.
pub(crate) struct Sandbox;

impl Say for Sandbox {
    fn words(&self) -> Vec<String> {
        words(["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"])
    }
}

/// The board. Each device that is left out saves the kernel the time to look for it, and the guest a way in.
pub(crate) struct Board {
    /// Whether the memory is that of [`Memory`].
    pub(crate) memory_is_shared: bool,
}

impl Say for Board {
    fn words(&self) -> Vec<String> {
        let memory = if self.memory_is_shared { ",memory-backend=ram" } else { "" };
        words([
            "-machine",
            &format!("pc,i8042=off,vmport=off,smm=off,usb=off,sata=off,smbus=off,graphics=off,hpet=off{memory}"),
        ])
    }
}

/// What executes the guest.
pub(crate) struct Processor {
    pub(crate) accel: Accel,
    pub(crate) cpus: u32,
}

impl Say for Processor {
    fn words(&self) -> Vec<String> {
        let (accel, model) = match self.accel {
            Accel::Kvm => ("kvm", KVM_MODEL),
            Accel::Tcg => ("tcg", TCG_MODEL),
        };
        words(["-accel", accel, "-cpu", model, "-smp", &self.cpus.to_string()])
    }
}

/// The host's own processor, but for a register that some nested hosts show and do not let anyone set, at which QEMU aborts; it
/// tells of weaknesses whose mitigations are off anyway.
const KVM_MODEL: &str = "host,-arch-capabilities";

/// The processor that TCG plays, found by booting 6.12 with QEMU 7.2: with `cmpxchg16b` (`max`, `Nehalem`, `qemu64`) 5 boots of 88
/// ended in an oops on a corrupted stack or slab, without it none of 152. The fifth level of page tables only makes every walk of
/// them longer.
const TCG_MODEL: &str = "max,-cx16,-la57";

/// The guest's memory.
pub(crate) struct Memory {
    /// MiB.
    pub(crate) mib: u32,
    /// A memfd that holds it, and whether writes go through to the memfd; `None` for memory of QEMU's own.
    pub(crate) file: Option<(RawFd, bool)>,
}

impl Say for Memory {
    fn words(&self) -> Vec<String> {
        let mut all = words(["-m", &self.mib.to_string()]);
        if let Some((fd, share)) = self.file {
            let share = if share { "on" } else { "off" };
            all.extend(words([
                "-object",
                &format!("memory-backend-file,id=ram,size={}M,mem-path=/proc/self/fd/{fd},share={share}", self.mib),
            ]));
        }
        all
    }
}

/// A clock that stands still while the guest does, and starts at one and the same time: no two clones see different dates.
pub(crate) struct Clock;

impl Say for Clock {
    fn words(&self) -> Vec<String> {
        words(["-rtc", "base=2026-01-01T00:00:00,clock=vm"])
    }
}

/// The two serial ports: the console as ttyS0, our stream as ttyS1. Both are built into every kernel, so that no module is needed to talk.
pub(crate) struct Serial {
    pub(crate) console: RawFd,
    pub(crate) control: RawFd,
}

impl Say for Serial {
    fn words(&self) -> Vec<String> {
        words([
            "-chardev",
            &format!("socket,id=console,fd={}", self.console),
            "-serial",
            "chardev:console",
            "-chardev",
            &format!("socket,id=control,fd={}", self.control),
            "-serial",
            "chardev:control",
        ])
    }
}

/// The monitor, spoken to by machines (QMP).
pub(crate) struct Monitor {
    pub(crate) fd: RawFd,
}

impl Say for Monitor {
    fn words(&self) -> Vec<String> {
        words(["-chardev", &format!("socket,id=monitor,fd={}", self.fd), "-mon", "chardev=monitor,mode=control"])
    }
}

/// What boots. Both are memfds: QEMU, which may be another user, need not be able to reach the files.
pub(crate) struct Linux<'a> {
    pub(crate) image: RawFd,
    pub(crate) initramfs: RawFd,
    pub(crate) arguments: &'a [String],
}

impl Say for Linux<'_> {
    fn words(&self) -> Vec<String> {
        let arguments: Vec<&str> = ARGUMENTS.iter().map(|(argument, _why)| *argument).collect();
        let own = self.arguments.iter().map(String::as_str);
        let line: Vec<&str> = arguments.into_iter().chain(own).collect();
        words([
            "-kernel",
            &format!("/proc/self/fd/{}", self.image),
            "-initrd",
            &format!("/proc/self/fd/{}", self.initramfs),
            "-append",
            &line.join(" "),
        ])
    }
}

/// The kernel's arguments (Documentation/admin-guide/kernel-parameters.txt), each with the reason for it.
const ARGUMENTS: [(&str, &str); 8] = [
    ("console=ttyS0", "the console is evidence"),
    ("quiet", "each byte on a serial port costs emulated time; an oops speaks up all the same"),
    ("panic=-1", "restart at once when the kernel panics, which ends QEMU"),
    (
        "no_timer_check",
        "on a busy host the boot's test of the timer interrupt comes too late, and is taken for a broken timer",
    ),
    ("tsc=reliable", "on a busy host the watchdog blames the clock for our being late"),
    ("mitigations=off", "nobody shares this kernel; page-table isolation makes TCG flush its TLB at each system call"),
    ("nokaslr", "the same addresses each time"),
    ("PATH=/usr/sbin:/usr/bin", "what is no parameter of the kernel becomes an environment variable of /init"),
];

/// The state of a template, read from a pipe once the monitor has said how.
pub(crate) struct Incoming;

impl Say for Incoming {
    fn words(&self) -> Vec<String> {
        words(["-incoming", "defer"])
    }
}

/// A log of the instructions that are executed (QEMU's documentation: `-d in_asm`).
pub(crate) struct Log {
    /// Where it is written to.
    pub(crate) file: OwnedFd,
    /// Of which addresses.
    pub(crate) ranges: Vec<Range<u64>>,
}

impl Say for Log {
    fn words(&self) -> Vec<String> {
        let range = |range: &Range<u64>| format!("{:#x}+{:#x}", range.start, range.end - range.start);
        let ranges: Vec<_> = self.ranges.iter().map(range).collect();
        let file = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        words(["-d", "in_asm", "-dfilter", &ranges.join(","), "-D", &file])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_boots() {
        let line = command_line(&[
            &Bare,
            &NoReboot,
            &Sandbox,
            &Board { memory_is_shared: true },
            &Processor { accel: Accel::Tcg, cpus: 1 },
            &Memory { mib: 256, file: Some((14, true)) },
            &Clock,
            &Serial { console: 10, control: 11 },
            &Monitor { fd: 12 },
            &Linux { image: 15, initramfs: 16, arguments: &["oops=panic".into()] },
        ]);
        insta::assert_snapshot!(line.join(" ").replace(" -", "\n-"));
    }

    #[test]
    fn kvm_shows_the_host_processor() {
        let line = command_line(&[&Processor { accel: Accel::Kvm, cpus: 2 }, &Memory { mib: 512, file: None }]);
        insta::assert_snapshot!(line.join(" "), @"-accel kvm -cpu host,-arch-capabilities -smp 2 -m 512");
    }
}
