//! What `clone(2)` and `clone3(2)` take for flags and for the exit signal, whatever the namespaces: `clone(2)`.

use kit::prelude::*;
use kit::process::with_only;
use kit::sys::bare_clone::{Stayer, try_clone, try_clone3_fields};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    clone3_csignal_bits_einval,
    clone3_detached_einval,
    clone3_unknown_bit_einval,
    clone3_sighand_clear_sighand_einval,
    clone3_bad_exit_signal_einval,
    clone_legacy_bad_exit_signal_einval,
    clone_legacy_newtime_no_effect,
];

/// clone3() fails with EINVAL if one of the eight lowest bits of its flags other than CLONE_NEWTIME is set.
///
/// The exit signal, which clone() takes in these bits, has a field of its own.
#[claim(
    source = ["clone(2) Equivalence between clone() and clone3() arguments", "kernel/fork.c clone3_args_valid"],
    needs = [],
)]
fn clone3_csignal_bits_einval() -> Verdict {
    for bit in (0..8).map(|bit| CloneFlags::from_bits_retain(1 << bit)).filter(|bit| *bit != CLONE_NEWTIME) {
        expect_errno!(by_clone3(bit), EINVAL, "{bit:?}");
    }
    expect_errno!(by_clone3(CloneFlags::from_bits_retain(SIGCHLD)), EINVAL, "SIGCHLD among the flags");
    expect_ok!(by_clone3(NONE), "SIGCHLD where it belongs");
    with_only(CapabilitySet::empty(), NONE, || {
        expect_errno!(by_clone3(CLONE_NEWTIME), EPERM, "CLONE_NEWTIME is looked at, and takes privilege");
        holds()
    })
}

/// clone3() fails with EINVAL if the flag CLONE_DETACHED is set; clone() ignores that flag.
#[claim(source = "clone(2) ERRORS", needs = [])]
fn clone3_detached_einval() -> Verdict {
    let detached = CloneFlags::from_bits_retain(0x40_0000);
    expect_errno!(by_clone3(detached), EINVAL);
    expect_ok!(try_clone(detached, libc::SIGCHLD as u8), "by clone");
    for neighbour in [CLONE_SYSVSEM, CLONE_UNTRACED] {
        expect_ok!(by_clone3(neighbour), "{neighbour:?} instead");
    }
    holds()
}

/// clone3() fails with EINVAL if a flag is set that the kernel does not know; clone() ignores such bits.
#[claim(source = ["clone(2) clone3()", "kernel/fork.c clone3_args_valid"], needs = [])]
fn clone3_unknown_bit_einval() -> Verdict {
    for bit in 40..u64::BITS {
        let unknown = CloneFlags::from_bits_retain(1 << bit);
        expect_errno!(by_clone3(unknown), EINVAL, "bit {bit}");
        expect_ok!(try_clone(unknown, libc::SIGCHLD as u8), "bit {bit}, by clone");
    }
    expect_ok!(by_clone3(CLONE_CLEAR_SIGHAND), "bit 32, which it knows");
    expect_ok!(by_clone3(NONE));
    holds()
}

/// clone3() with both CLONE_SIGHAND and CLONE_CLEAR_SIGHAND fails with EINVAL.
///
/// Signal handlers cannot be shared and reset at once.
#[claim(source = "clone(2) ERRORS", needs = [])]
fn clone3_sighand_clear_sighand_einval() -> Verdict {
    expect_errno!(by_clone3(CLONE_VM | CLONE_SIGHAND | CLONE_CLEAR_SIGHAND), EINVAL);
    expect_ok!(by_clone3(CLONE_VM | CLONE_SIGHAND), "without resetting");
    expect_ok!(by_clone3(CLONE_VM | CLONE_CLEAR_SIGHAND), "without sharing");
    expect_ok!(by_clone3(CLONE_CLEAR_SIGHAND), "without sharing anything");
    holds()
}

/// clone3() fails with EINVAL if exit_signal is neither 0 nor the number of a signal.
#[claim(source = "kernel/fork.c clone3_args_valid", needs = [])]
fn clone3_bad_exit_signal_einval() -> Verdict {
    let exit_signal = |number| try_clone3_fields(NONE, number);
    for number in [LAST_SIGNAL + 1, 0x80, 0xff, 0x100, 0x100 | SIGCHLD, 1 << 32 | SIGCHLD, u64::MAX] {
        expect_errno!(exit_signal(number), EINVAL, "{number:#x}");
    }
    expect_taken(exit_signal)
}

/// clone() fails with EINVAL if the exit signal is neither 0 nor the number of a signal.
///
/// Before 7.1 it takes any number.
#[claim(
    source = "kernel/fork.c kernel_clone",
    since = "7.1",
    replaces = "clone_legacy_newtime_no_effect",
    needs = [],
)]
fn clone_legacy_bad_exit_signal_einval() -> Verdict {
    let exit_signal = |number| try_clone(NONE, number as u8);
    for number in [LAST_SIGNAL + 1, 0x80, 0xff] {
        expect_errno!(exit_signal(number), EINVAL, "{number:#x}");
    }
    expect_taken(exit_signal)
}

/// clone() takes CLONE_NEWTIME for an exit signal that does not exist, and makes no time namespace.
///
/// Such a child is waited for with __WALL or __WCLONE only. Since 7.1 the call fails with EINVAL.
#[claim(
    source = ["include/uapi/linux/sched.h", "unshare(2) CLONE_NEWTIME"],
    until = "7.1",
    needs = [Root, Config("TIME_NS")],
)]
fn clone_legacy_newtime_no_effect() -> Verdict {
    let times = |process: &str| -> Outcome<[Inode; 2]> {
        let at = |link| inode_at(format!("/proc/{process}/ns/{link}"));
        Ok([at("time")?, at("time_for_children")?])
    };
    let own = times("self")?;
    let other = expect_ok!(Stayer::new(CLONE_NEWTIME, 0));
    expect_eq!(times(&other.pid().to_string())?, own, "the time namespaces of a child made by clone");
    expect_eq!(times("self")?, own, "its parent's");
    expect_errno!(waitpid(other.pid(), Some(WaitPidFlag::WNOHANG)), ECHILD, "an ordinary wait");
    let found = waitpid(other.pid(), Some(WaitPidFlag::WNOHANG | WaitPidFlag::__WALL));
    expect_eq!(found, Ok(WaitStatus::StillAlive), "a wait for children of every sort");
    let moved = waiting(CLONE_NEWTIME)?;
    expect_ne!(times(&moved.pid().to_string())?, own, "the time namespaces of a child made by clone3");
    holds()
}

const SIGCHLD: u64 = libc::SIGCHLD as u64;

/// SIGRTMAX as the kernel counts.
const LAST_SIGNAL: u64 = 64;

fn by_clone3(flags: CloneFlags) -> nix::Result<()> {
    try_clone3_fields(flags, SIGCHLD)
}

/// The call takes no signal, the usual one and the last one there is, which kills the parent that it tells of the end.
fn expect_taken(exit_signal: impl Fn(u64) -> nix::Result<()>) -> Verdict {
    for number in [0, SIGCHLD] {
        expect_ok!(exit_signal(number), "{number}");
    }
    let parent = spawn(NONE, |_| {
        expect_ok!(exit_signal(LAST_SIGNAL), "{LAST_SIGNAL}");
        Ok(())
    })?;
    expect_eq!(parent.end()?.0, Ended::Signaled(LAST_SIGNAL as i32), "whose child has this exit signal");
    holds()
}
