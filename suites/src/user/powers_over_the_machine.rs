//! What requires capabilities in the initial user namespace: the clock, modules, devices, the kernel's log and its end.
//! `user_namespaces(7)`, Effect of capabilities within a user namespace.
//!
//! Nothing here changes the machine where it is allowed, nor where a kernel allows it that should not.

use kit::Behaviour;
use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::process::as_each_inner_root;
use kit::sys::machine::{
    ioperm, iopl, load_no_kernel, load_no_module, load_no_module_file, reboot_without_magic, set_no_time, swapoff,
    swapon, syslog, unload_no_module, vhangup,
};
use kit::sysctl::sysctl;
use nix::errno::Errno;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::acct;
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};

use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    init_userns_only_time,
    init_userns_only_clock,
    init_userns_only_modules,
    init_userns_only_devices,
    init_userns_only_swap_acct_vhangup,
    init_userns_only_kernel_log,
    init_userns_only_reboot,
    init_userns_only_kexec,
    init_userns_only_raw_io,
];

/// settimeofday() fails with EPERM for root of a user namespace, even if there is nothing to set.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Capability("CAP_SYS_TIME"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_time() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(set_no_time(), EPERM, "{whose}");
        Ok(())
    })?;
    expect_ok!(set_no_time(), "root outside");
    holds()
}

/// clock_settime() of the machine's clock fails with EPERM for root of a user namespace, and leaves the clock as it is.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, Disposable, UserNamespaces, Capability("CAP_SYS_TIME"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_clock() -> Verdict {
    let seconds = || clock_gettime(ClockId::Realtime).tv_sec;
    let next_year = Timespec { tv_sec: seconds() + 365 * 24 * 3600, tv_nsec: 0 };
    as_each_inner_root(NONE, |whose| {
        expect_errno!(clock_settime(ClockId::Realtime, next_year), EPERM, "{whose}");
        Ok(())
    })?;
    expect!(seconds() < next_year.tv_sec, "after root of a user namespace has tried");
    expect_ok!(clock_settime(ClockId::Realtime, next_year), "root outside");
    expect!(seconds() >= next_year.tv_sec, "after root outside has set it");
    holds()
}

/// Loading and unloading kernel modules fails with EPERM for root of a user namespace, before the arguments are looked at.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [
        Root,
        UserNamespaces,
        Config("MODULES"),
        Capability("CAP_SYS_MODULE"),
        Behaviour(TAKES_MODULES),
        Behaviour(AT_THE_TOP),
    ],
)]
fn init_userns_only_modules() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(load_no_module(), EPERM, "{whose}");
        expect_errno!(load_no_module_file(), EPERM, "{whose}");
        expect_errno!(unload_no_module(), EPERM, "{whose}");
        Ok(())
    })?;
    expect_errno!(load_no_module(), ENOEXEC, "root outside, of an image without bytes");
    expect_errno!(load_no_module_file(), EBADF, "root outside, of no file");
    expect_errno!(unload_no_module(), ENOENT, "root outside, of a module that is not there");
    holds()
}

/// mknod() of devices fails with EPERM for root of a user namespace, even on a file system that it mounted.
///
/// Pipes, sockets, regular files and whiteouts, which are no real devices, can be made there.
#[claim(
    source = ["user_namespaces(7) Effect of capabilities within a user namespace", "mknod(2) ERRORS"],
    needs = [Root, UserNamespaces, Capability("CAP_MKNOD"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_devices() -> Verdict {
    let node = |folder: &str, name: &str, kind: SFlag, (major, minor): (u64, u64)| {
        mknod(format!("{folder}/{name}").as_str(), kind, Mode::S_IRUSR, makedev(major, minor))
    };
    as_each_inner_root(CLONE_NEWNS, |whose| {
        tmpfs("/mnt")?;
        for folder in ["/mnt", "/tmp"] {
            expect_errno!(node(folder, "null", SFlag::S_IFCHR, (1, 3)), EPERM, "in {folder}, {whose}");
            expect_errno!(node(folder, "loop", SFlag::S_IFBLK, (7, 0)), EPERM, "in {folder}, {whose}");
        }
        expect_ok!(node("/mnt", "pipe", SFlag::S_IFIFO, (0, 0)), "{whose}");
        expect_ok!(node("/mnt", "socket", SFlag::S_IFSOCK, (0, 0)), "{whose}");
        expect_ok!(node("/mnt", "file", SFlag::S_IFREG, (0, 0)), "{whose}");
        expect_ok!(node("/mnt", "whiteout", SFlag::S_IFCHR, (0, 0)), "{whose}");
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        tmpfs("/mnt")?;
        for folder in ["/mnt", "/tmp"] {
            expect_ok!(node(folder, "null", SFlag::S_IFCHR, (1, 3)), "in {folder}, root outside");
            expect_ok!(node(folder, "loop", SFlag::S_IFBLK, (7, 0)), "in {folder}, root outside");
        }
        holds()
    })
}

/// swapon(), swapoff(), acct() and vhangup() fail with EPERM for root of a user namespace.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [
        Root,
        UserNamespaces,
        Config("SWAP"),
        Config("BSD_PROCESS_ACCT"),
        Capability("CAP_SYS_PACCT"),
        Capability("CAP_SYS_TTY_CONFIG"),
        Behaviour(AT_THE_TOP),
    ],
)]
fn init_userns_only_swap_acct_vhangup() -> Verdict {
    let nothing = c"/tmp/there-is-no-such-file";
    // Where it is allowed, in a session without a terminal.
    let hang_up = || {
        nix::unistd::setsid().doing("setsid")?;
        Ok(vhangup().portable())
    };
    as_each_inner_root(NONE, |whose| {
        expect_errno!(swapon(nothing), EPERM, "{whose}");
        expect_errno!(swapoff(nothing), EPERM, "{whose}");
        expect_errno!(acct::enable(nothing), EPERM, "{whose}");
        expect_errno!(child(NONE, hang_up)?, EPERM, "vhangup, {whose}");
        Ok(())
    })?;
    expect_errno!(swapon(nothing), ENOENT, "root outside, of a file that is not there");
    expect_errno!(swapoff(nothing), ENOENT, "root outside, of a file that is not there");
    expect_errno!(acct::enable(nothing), ENOENT, "root outside, to a file that is not there");
    expect_ok!(child(NONE, hang_up)?, "vhangup, root outside");
    holds()
}

/// syslog() that reads or clears the kernel's log or sets the console's log level fails with EPERM for root of a user namespace.
///
/// Reading all of it without clearing it is left out: while `kernel.dmesg_restrict` is 0 that takes no capability.
#[claim(
    source = ["user_namespaces(7) Effect of capabilities within a user namespace", "syslog(2)"],
    needs = [Root, UserNamespaces, Config("PRINTK"), Capability("CAP_SYSLOG"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_kernel_log() -> Verdict {
    let (open, read, read_clear, console_level, size_unread) = (1, 2, 4, 8, 9);
    as_each_inner_root(NONE, |whose| {
        for action in [open, read, read_clear, console_level, size_unread] {
            expect_errno!(syslog(action, -1), EPERM, "action {action}, {whose}");
        }
        Ok(())
    })?;
    for action in [open, size_unread] {
        expect_ok!(syslog(action, -1), "action {action}, root outside");
    }
    for action in [read, read_clear, console_level] {
        expect_errno!(syslog(action, -1), EINVAL, "action {action}, root outside, of less than nothing");
    }
    holds()
}

/// reboot() in a PID namespace that the initial user namespace owns fails with EPERM for root of a user namespace, even with
/// wrong magic numbers.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [Root, UserNamespaces, Capability("CAP_SYS_BOOT"), Behaviour(AT_THE_TOP)],
)]
fn init_userns_only_reboot() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(reboot_without_magic(), EPERM, "{whose}");
        let in_own_pid_namespace = child(CLONE_NEWPID, || Ok(reboot_without_magic().portable()))?;
        expect_errno!(in_own_pid_namespace, EINVAL, "in a PID namespace of its own, {whose}");
        Ok(())
    })?;
    expect_errno!(reboot_without_magic(), EINVAL, "root outside, with wrong numbers");
    holds()
}

/// kexec_load() fails with EPERM for root of a user namespace, before the arguments are looked at.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [
        Root,
        UserNamespaces,
        Config("KEXEC"),
        Capability("CAP_SYS_BOOT"),
        Behaviour(TAKES_KERNELS),
        Behaviour(AT_THE_TOP),
    ],
)]
fn init_userns_only_kexec() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(load_no_kernel(), EPERM, "{whose}");
        Ok(())
    })?;
    expect_errno!(load_no_kernel(), EINVAL, "root outside, of too many segments");
    holds()
}

/// iopl() and ioperm() for access to the machine's I/O ports fail with EPERM for root of a user namespace.
#[claim(
    source = ["user_namespaces(7) Effect of capabilities within a user namespace", "iopl(2) ERRORS"],
    needs = [
        Root,
        UserNamespaces,
        Config("X86_IOPL_IOPERM"),
        Capability("CAP_SYS_RAWIO"),
        Behaviour(OPENS_PORTS),
        Behaviour(AT_THE_TOP),
    ],
)]
fn init_userns_only_raw_io() -> Verdict {
    as_each_inner_root(NONE, |whose| {
        expect_errno!(iopl(3), EPERM, "{whose}");
        expect_errno!(ioperm(), EPERM, "{whose}");
        expect_ok!(iopl(0), "to change nothing, {whose}");
        Ok(())
    })?;
    child(NONE, || {
        expect_ok!(ioperm(), "root outside");
        expect_ok!(iopl(3), "root outside");
        holds()
    })
}

const TAKES_MODULES: &Behaviour = &Behaviour {
    what: "has the sysctl kernel.modules_disabled set to 0",
    probe: || sysctl::<u32>("kernel/modules_disabled").is_ok_and(|value| value == 0),
};

const TAKES_KERNELS: &Behaviour = &Behaviour {
    what: "lets root load another kernel (kernel.kexec_load_disabled is 0, and it is not locked down)",
    probe: || load_no_kernel() == Err(Errno::EINVAL),
};

const OPENS_PORTS: &Behaviour =
    &Behaviour { what: "lets root have I/O ports (it is not locked down)", probe: || iopl(3).is_ok() };
