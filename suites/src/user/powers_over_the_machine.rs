//! What all capabilities of a user namespace are not enough for, unless it is the initial one: the clock, modules, devices,
//! the kernel's log and its end. `user_namespaces(7)`, Effect of capabilities within a user namespace.
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

/// Root of a user namespace is refused settimeofday() with EPERM, even if there is nothing to be set.
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

/// Root of a user namespace cannot set the machine's clock, and the clock goes on as if nobody had tried.
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

/// Root of a user namespace can neither load nor unload modules of the kernel: EPERM, before anything is looked at.
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

/// Root of a user namespace can make no device nodes, not even on a file system that it has mounted itself: EPERM.
///
/// Pipes, sockets and regular files it can make there, and whiteouts, which are devices to nobody.
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
        expect_errno!(node("/mnt", "null", SFlag::S_IFCHR, (1, 3)), EPERM, "{whose}");
        expect_errno!(node("/mnt", "loop", SFlag::S_IFBLK, (7, 0)), EPERM, "{whose}");
        expect_ok!(node("/mnt", "pipe", SFlag::S_IFIFO, (0, 0)), "{whose}");
        expect_ok!(node("/mnt", "socket", SFlag::S_IFSOCK, (0, 0)), "{whose}");
        expect_ok!(node("/mnt", "file", SFlag::S_IFREG, (0, 0)), "{whose}");
        expect_ok!(node("/mnt", "whiteout", SFlag::S_IFCHR, (0, 0)), "{whose}");
        Ok(())
    })?;
    expect_ok!(node("/tmp", "null", SFlag::S_IFCHR, (1, 3)), "root outside");
    expect_ok!(node("/tmp", "loop", SFlag::S_IFBLK, (7, 0)), "root outside");
    holds()
}

/// Root of a user namespace can neither swap, nor account for processes, nor hang a terminal up: EPERM.
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

/// Root of a user namespace can neither read the kernel's log nor clear it, nor change what goes to the console: EPERM.
///
/// (To read all of it without clearing is not asked here: where dmesg_restrict is 0 that is for everyone.)
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

/// Root of a user namespace cannot reboot from a PID namespace that the initial one owns: EPERM, even with wrong numbers.
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

/// Root of a user namespace cannot load a kernel to go on with: EPERM, even where there is none to be loaded.
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

/// Root of a user namespace gets no access to the machine's I/O ports: EPERM for iopl() and ioperm().
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
        expect_ok!(iopl(0), "to keep what one has, {whose}");
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
    what: "lets root load another one: kernel.kexec_load_disabled is 0, and it is not locked down",
    probe: || load_no_kernel() == Err(Errno::EINVAL),
};

const OPENS_PORTS: &Behaviour =
    &Behaviour { what: "lets root have I/O ports: it is not locked down", probe: || iopl(3).is_ok() };
