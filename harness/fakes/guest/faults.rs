//! Cases that do their worst in a disposable kernel.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;

use kit::config::{Setting, setting, shows};
use kit::netlink::Netlink;
use kit::prelude::*;
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::signal::{Signal, raise};
use rtnetlink::LinkDummy;

pub(crate) const CASES: &[Case] = cases![
    crashes_the_kernel,
    hangs_with_interrupts_off,
    powers_the_machine_off,
    makes_the_kernel_warn,
    says_what_is_no_event,
    says_half_a_line,
    speaks_for_another_case,
    floods_the_line,
    floods_the_console,
    leaves_a_mount_behind,
    leaves_a_process_behind,
    touches_the_kernel,
    is_the_first_to_touch_the_kernel,
    tells_its_numbers,
    tells_its_numbers_again,
    tells_its_stages_numbers,
    tells_its_stages_numbers_again,
    is_carried_out_by_a_sentry,
    is_killed_by_the_kernel,
    closes_its_descriptors,
    sees_its_options,
];

/// What Debian's kernels are built with shows, also where they do not say so.
#[claim(source = "namespaces(7)", needs = [Root, Disposable, UserNamespaces])]
fn sees_its_options() -> Verdict {
    for name in [
        "BLOCK",
        "DEBUG_FS",
        "DEVTMPFS",
        "HUGETLBFS",
        "KEXEC",
        "PERSISTENT_KEYRINGS",
        "SECURITYFS",
        "TIME_NS",
        "TMPFS",
        "TMPFS_POSIX_ACL",
        "TMPFS_XATTR",
        "TRACING",
        "X86_IOPL_IOPERM",
    ] {
        expect_eq!(shows(name), Some(true), "{name}");
        expect!(matches!(setting(name), Setting::On | Setting::Unknown), "{name}");
    }
    expect_eq!(shows("BSD_PROCESS_ACCT_V3"), None);
    holds()
}

/// The kernel panics.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces])]
fn crashes_the_kernel() -> Verdict {
    fs::write("/proc/sys/kernel/sysrq", "1")?;
    fs::write("/proc/sysrq-trigger", "c")?;
    holds()
}

/// The processor's interrupt controller is switched off: nothing stops what runs, and no timer ends it.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces, Module("msr")], deadline = 1)]
fn hangs_with_interrupts_off() -> Verdict {
    /// IA32_APIC_BASE, and its bit that enables the controller (Intel's manual, volume 4).
    const APIC_BASE: u64 = 0x1b;
    const ENABLED: u64 = 1 << 11;
    let registers = OpenOptions::new().read(true).write(true).open("/dev/cpu/0/msr")?;
    let mut value = [0; 8];
    registers.read_exact_at(&mut value, APIC_BASE)?;
    registers.write_all_at(&(u64::from_ne_bytes(value) & !ENABLED).to_ne_bytes(), APIC_BASE)?;
    loop {
        std::hint::spin_loop();
    }
}

/// The machine is switched off.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces])]
fn powers_the_machine_off() -> Verdict {
    reboot(RebootMode::RB_POWER_OFF)?;
    holds()
}

/// The kernel marks itself as having warned.
#[claim(source = "namespaces(7)", needs = [Root, Disposable])]
fn makes_the_kernel_warn() -> Verdict {
    fs::write("/proc/sys/kernel/tainted", "512")?;
    holds()
}

/// Something that is no event comes down the line.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces])]
fn says_what_is_no_event() -> Verdict {
    say(b"\x1b]0;owned\x07 all claims hold\n")
}

/// The line stops in the middle.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces], deadline = 1)]
fn says_half_a_line() -> Verdict {
    say(b"{\"finished\":{\"case\":")?;
    loop {
        nix::unistd::pause();
    }
}

/// A case reports that another case holds.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces])]
fn speaks_for_another_case() -> Verdict {
    say(b"{\"finished\":{\"case\":\"guest::leaves_a_mount_behind\",\"report\":{\"verdict\":\"holds\",\"duration_us\":1}}}\n")
}

/// A line comes that has no end.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces], deadline = 60)]
fn floods_the_line() -> Verdict {
    loop {
        say(&[b'x'; 4096])?;
    }
}

/// The console is filled with text.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces], deadline = 1)]
fn floods_the_console() -> Verdict {
    let mut console = OpenOptions::new().write(true).open("/dev/ttyS0")?;
    loop {
        console.write_all(&[b'y'; 4096])?;
    }
}

/// A mount is left in the initial mount namespace.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces])]
fn leaves_a_mount_behind() -> Verdict {
    mount(Some("left"), "/mnt", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    holds()
}

/// A process is left in the initial PID namespace.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces])]
fn leaves_a_process_behind() -> Verdict {
    let left = spawn(NONE, |_| loop_for_ever())?;
    left.forget();
    holds()
}

/// A file that another case makes is not there.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces])]
fn is_the_first_to_touch_the_kernel() -> Verdict {
    expect!(!fs::exists("/touched")?);
    holds()
}

/// A file is made where another case looks.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces])]
fn touches_the_kernel() -> Verdict {
    fs::write("/touched", "")?;
    holds()
}

/// A case sees certain PIDs, inode numbers and interface indexes.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces, Module("dummy")])]
fn tells_its_numbers() -> Verdict {
    tell_numbers(true)
}

/// Another case sees the same ones.
#[claim(source = "namespaces(7)", needs = [Root, InitialNamespaces, Module("dummy")])]
fn tells_its_numbers_again() -> Verdict {
    tell_numbers(true)
}

/// So does a case on a stage, for which nothing has to be loaded.
#[claim(source = "namespaces(7)", needs = [Root, Disposable])]
fn tells_its_stages_numbers() -> Verdict {
    tell_numbers(false)
}

/// And so does the next.
#[claim(source = "namespaces(7)", needs = [Root, Disposable])]
fn tells_its_stages_numbers_again() -> Verdict {
    tell_numbers(false)
}

/// A case's process took its request from the port itself: only a sentry's timer is armed, for the case's deadline.
#[claim(source = "namespaces(7)", needs = [Root, Disposable])]
fn is_carried_out_by_a_sentry() -> Verdict {
    let files = fs::read_dir("/proc/self/fdinfo")?.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
    let timers: Vec<String> = files
        .filter_map(|text| text.lines().find_map(|line| line.strip_prefix("it_value: ").map(str::to_owned)))
        .collect();
    expect!(timers.iter().any(|left| left != "(0, 0)"), "{timers:?}");
    holds()
}

/// The kernel marks itself as having gone wrong, and the case's process is killed, as an oops does.
#[claim(source = "namespaces(7)", needs = [Root, Disposable])]
fn is_killed_by_the_kernel() -> Verdict {
    fs::write("/proc/sys/kernel/tainted", "128")?;
    raise(Signal::SIGKILL)?;
    holds()
}

/// The case closes every descriptor that it has.
#[claim(source = "namespaces(7)", needs = [Root, Disposable])]
fn closes_its_descriptors() -> Verdict {
    for number in 3..64 {
        // Most are none.
        let _ = nix::unistd::close(number);
    }
    holds()
}

fn tell_numbers(device: bool) -> Verdict {
    // All at once: when a number is free again depends on what the kernel does later, and so on time.
    let kinds = [Kind::Pid, Kind::Net, Kind::Uts, Kind::User];
    let living = kinds.map(|kind| waiting(kind.flag()));
    let mut inodes = Vec::new();
    for (kind, process) in kinds.iter().zip(&living) {
        let process = process.as_ref().map_err(Clone::clone)?;
        inodes.push(process.namespace(*kind)?.inode()?);
    }
    // In a namespace of its own, which takes the device along.
    let index = child(CLONE_NEWNET, || {
        if !device {
            return Ok(0);
        }
        let netlink = Netlink::open()?;
        netlink.add(LinkDummy::new("dummy0").build())?.doing("make a device")?;
        Ok(netlink.device("dummy0")?.index)
    })?;
    println!("PID {}, inodes {inodes:?}, device {index}", nix::unistd::getpid());
    holds()
}

fn loop_for_ever() -> Outcome<()> {
    loop {
        nix::unistd::pause();
    }
}

fn say(bytes: &[u8]) -> Verdict {
    OpenOptions::new().write(true).open("/dev/ttyS1")?.write_all(bytes)?;
    holds()
}
