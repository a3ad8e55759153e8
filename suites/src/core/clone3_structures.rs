//! The structure that `clone3(2)` is given: its size, where it lies, and fields that contradict each other.
//!
//! All of it is looked at before anything is made, as the kinds of namespaces among the flags show: none is allowed to the
//! callers here, and what the kernel says is never EPERM.

use std::fs;

use kit::Links;
use kit::joining::present;
use kit::prelude::*;
use kit::sys::area::{ALIGNED, Spot};
use kit::sys::entry::Entry;
use kit::sys::placed::{CloneFields, try_clone3_placed};
use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, waitpid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    clone3_short_structure_einval,
    clone3_sizes_between_versions,
    clone3_long_structure_e2big,
    clone3_unreadable_structure_efault,
    clone3_unaligned_structure,
    clone3_sizes_come_first,
    clone3_set_tid_without_size_einval,
    clone3_stack_without_size_einval,
    clone3_cgroup_needs_the_third_version,
    clone3_pidfd_nowhere_efault,
    clone3_tid_nowhere_is_ignored,
    clone3_sibling_with_exit_signal_einval,
];

/// The sizes that the structure has had: since 5.3, 5.5 and 5.7.
const FIRST: u64 = 64;
const SECOND: u64 = 80;
const THIRD: u64 = 88;

/// clone3(2) fails with EINVAL if it is told that the structure is shorter than 64 bytes, whichever namespaces it asks for.
#[claim(source = ["clone(2) ERRORS", "kernel/fork.c copy_clone_args_from_user"], needs = [])]
fn clone3_short_structure_einval() -> Verdict {
    for size in 0..FIRST {
        expect_errno!(of_size(size), EINVAL, "{size} bytes");
    }
    expect_ok!(of_size(FIRST), "{FIRST} bytes");
    for kind in present() {
        let asked = CloneFields::with(kind.flag());
        expect_errno!(placed(&asked, &[], FIRST - 1, ALIGNED), EINVAL, "{FIRST} bytes but one, a {kind} namespace");
    }
    holds()
}

/// clone3(2) accepts a structure of any size from 64 bytes to a page, versions or not, if what the kernel does not know is zero.
#[claim(source = ["clone(2) The clone3() system call", "kernel/fork.c copy_clone_args_from_user"], needs = [])]
fn clone3_sizes_between_versions() -> Verdict {
    let page = rustix::param::page_size() as u64;
    for size in (FIRST..=THIRD + 32).chain([1000, page - 1, page]) {
        expect_ok!(of_size(size), "{size} bytes");
    }
    holds()
}

/// clone3(2) fails with E2BIG if the structure is longer than a page, or if a byte behind what the kernel knows is not zero.
///
/// What stands behind the size that is told does not matter.
#[claim(source = ["clone(2) ERRORS", "kernel/fork.c copy_clone_args_from_user"], needs = [])]
fn clone3_long_structure_e2big() -> Verdict {
    let page = rustix::param::page_size() as u64;
    for size in [page + 1, 2 * page, u64::from(u32::MAX), u64::MAX] {
        expect_errno!(of_size(size), E2BIG, "{size} bytes");
    }
    // No kernel yet knows the byte before the end of a page.
    let plain = CloneFields::with(NONE);
    let mut tail = vec![0_u8; (page - THIRD) as usize];
    expect_ok!(placed(&plain, &tail, page, ALIGNED), "a page, zeros");
    if let Some(last) = tail.last_mut() {
        *last = 1;
    }
    expect_errno!(placed(&plain, &tail, page, ALIGNED), E2BIG, "a page, the last byte not zero");
    expect_ok!(placed(&plain, &tail, page - 1, ALIGNED), "a page but the last byte");
    for kind in present() {
        let asked = CloneFields::with(kind.flag());
        expect_errno!(placed(&asked, &tail, page, ALIGNED), E2BIG, "the last byte not zero, a {kind} namespace");
    }
    holds()
}

/// clone3(2) fails with EFAULT if the structure is at an address that cannot be read, or runs into one.
///
/// That is the null pointer, too.
#[claim(source = ["clone(2) ERRORS", "kernel/fork.c copy_clone_args_from_user"], needs = [])]
fn clone3_unreadable_structure_efault() -> Verdict {
    let plain = CloneFields::with(NONE);
    for address in [0, 1, 8, 4088] {
        expect_errno!(placed(&plain, &[], THIRD, Spot::Unmapped(address)), EFAULT, "at {address}");
    }
    for size in [FIRST, SECOND, THIRD, 200] {
        let there = size as usize;
        let tail = vec![0; there.saturating_sub(THIRD as usize)];
        expect_ok!(placed(&plain, &tail, size, Spot::BeforeEnd(there)), "{size} bytes of {there}");
        for missing in [1, 8, there - 1] {
            let spot = Spot::BeforeEnd(there - missing);
            expect_errno!(placed(&plain, &tail, size, spot), EFAULT, "{size} bytes, of which {missing} are missing");
        }
    }
    holds()
}

/// clone3(2) accepts a structure at any address, aligned or not.
#[claim(source = "kernel/fork.c copy_clone_args_from_user", needs = [])]
fn clone3_unaligned_structure() -> Verdict {
    for off in 1..16 {
        expect_ok!(placed(&CloneFields::with(NONE), &[], THIRD, Spot::Off(off)), "{off} bytes off");
        let unknown = CloneFields { flags: 1 << 63, ..CloneFields::with(NONE) };
        expect_errno!(placed(&unknown, &[], THIRD, Spot::Off(off)), EINVAL, "{off} bytes off, an unknown flag");
    }
    holds()
}

/// clone3(2) looks at the size before the address, and at what it can read before the flags: EINVAL or E2BIG, EFAULT, EINVAL.
#[claim(source = "kernel/fork.c copy_clone_args_from_user", needs = [])]
fn clone3_sizes_come_first() -> Verdict {
    let unknown = CloneFields { flags: 1 << 63, ..CloneFields::with(NONE) };
    let page = rustix::param::page_size() as u64;
    let at = |size, spot| placed(&unknown, &[1], size, spot);
    expect_errno!(at(FIRST - 1, Spot::Unmapped(0)), EINVAL, "too short and nowhere");
    expect_errno!(at(page + 1, Spot::Unmapped(0)), E2BIG, "too long and nowhere");
    expect_errno!(at(THIRD, Spot::Unmapped(0)), EFAULT, "an unknown flag, nowhere");
    expect_errno!(at(THIRD + 1, ALIGNED), E2BIG, "an unknown flag, and something behind the structure");
    expect_errno!(at(THIRD, ALIGNED), EINVAL, "an unknown flag");
    holds()
}

/// clone3(2) fails with EINVAL if set_tid is given without set_tid_size or the other way round, and with EFAULT if it is unreadable.
#[claim(source = ["clone(2) ERRORS", "kernel/fork.c copy_clone_args_from_user"], needs = [])]
fn clone3_set_tid_without_size_einval() -> Verdict {
    let with = |set_tid, set_tid_size| {
        placed(&CloneFields { set_tid, set_tid_size, ..CloneFields::with(NONE) }, &[], THIRD, ALIGNED)
    };
    expect_errno!(with(8, 0), EINVAL, "an address, no size");
    expect_errno!(with(0, 1), EINVAL, "a size, no address");
    expect_errno!(with(8, 1), EFAULT, "both, at an address that cannot be read");
    expect_errno!(with(8, 32), EFAULT, "as many levels as there can be, unreadable");
    for size in [33, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        expect_errno!(with(8, size), EINVAL, "more levels than there can be: {size}");
    }
    expect_ok!(with(0, 0), "neither");
    // The first version does not have the fields: what stands there is not read.
    let ignored = CloneFields { set_tid: 8, ..CloneFields::with(NONE) };
    expect_ok!(placed(&ignored, &[], FIRST, ALIGNED), "an address behind the end of the structure");
    holds()
}

/// clone3(2) fails with EINVAL if a stack is given without a size, a size without a stack, or a stack that no program can have.
#[claim(source = ["clone(2) ERRORS", "kernel/fork.c clone3_stack_valid"], needs = [])]
fn clone3_stack_without_size_einval() -> Verdict {
    let with =
        |stack, stack_size| placed(&CloneFields { stack, stack_size, ..CloneFields::with(NONE) }, &[], THIRD, ALIGNED);
    expect_errno!(with(0, 4096), EINVAL, "a size, no stack");
    expect_errno!(with(1 << 20, 0), EINVAL, "a stack, no size");
    expect_errno!(with(1 << 63, 4096), EINVAL, "a stack where the kernel is");
    expect_errno!(with(1 << 20, u64::MAX), EINVAL, "a stack that reaches round");
    expect_ok!(with(0, 0), "neither");
    // The child uses none, so that it does not matter that nothing is there.
    expect_ok!(with(1 << 20, 4096), "both");
    holds()
}

/// clone3(2) with CLONE_INTO_CGROUP fails with EINVAL unless the structure is long enough for the descriptor, and with EBADF if
/// that is none.
///
/// Numbers that no descriptor can have fail with EINVAL. Without the flag the field is not looked at.
#[claim(source = ["clone(2) CLONE_INTO_CGROUP", "kernel/fork.c copy_clone_args_from_user"], needs = [Config("CGROUPS")])]
fn clone3_cgroup_needs_the_third_version() -> Verdict {
    let into =
        |cgroup, size| placed(&CloneFields { cgroup, ..CloneFields::with(CLONE_INTO_CGROUP) }, &[], size, ALIGNED);
    for size in [FIRST, SECOND, THIRD - 1] {
        expect_errno!(into(0, size), EINVAL, "{size} bytes");
    }
    for number in [1 << 31, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        expect_errno!(into(number, THIRD), EINVAL, "{number:#x}");
        let unused = CloneFields { cgroup: number, ..CloneFields::with(NONE) };
        expect_ok!(placed(&unused, &[], THIRD, ALIGNED), "{number:#x}, without the flag");
    }
    expect_errno!(into(i32::MAX as u64, THIRD), EBADF, "a number that is not open");
    let root = fs::File::open("/")?;
    expect_errno!(into(std::os::fd::AsRawFd::as_raw_fd(&root) as u64, THIRD), EBADF, "a directory that is no cgroup");
    holds()
}

/// clone3(2) with CLONE_PIDFD and an address that cannot be written to fails with EFAULT, and leaves no child, descriptor or
/// namespace.
#[claim(source = ["clone(2) CLONE_PIDFD", "kernel/fork.c copy_process"], needs = [UserNamespaces])]
fn clone3_pidfd_nowhere_efault() -> Verdict {
    let open_files = || Ok::<_, Failure>(fs::read_dir("/proc/self/fd").doing("list the open files")?.count());
    let before = (open_files()?, Links::own()?);
    for flags in [NONE, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET] {
        let nowhere = CloneFields { pidfd: 8, ..CloneFields::with(flags | CLONE_PIDFD) };
        expect_errno!(placed(&nowhere, &[], THIRD, ALIGNED), EFAULT, "with {flags:?}");
        expect_errno!(
            waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::WNOHANG)),
            ECHILD,
            "a child, with {flags:?}"
        );
        expect_eq!((open_files()?, Links::own()?), before, "open files and links, with {flags:?}");
        let unused = CloneFields { pidfd: 8, ..CloneFields::with(flags) };
        expect_ok!(placed(&unused, &[], THIRD, ALIGNED), "with {flags:?}, the address without CLONE_PIDFD");
    }
    holds()
}

/// clone3(2) makes the child even if the parent's or the child's place for its thread ID cannot be written to.
#[claim(source = ["clone(2) CLONE_PARENT_SETTID", "kernel/fork.c kernel_clone"], needs = [])]
fn clone3_tid_nowhere_is_ignored() -> Verdict {
    let set = [libc::CLONE_PARENT_SETTID, libc::CLONE_CHILD_SETTID, libc::CLONE_CHILD_CLEARTID];
    for flag in set.map(|flag| CloneFlags::from_bits_retain(flag as u64)) {
        let nowhere = CloneFields { parent_tid: 8, child_tid: 16, ..CloneFields::with(flag) };
        expect_ok!(placed(&nowhere, &[], THIRD, ALIGNED), "{flag:?}");
    }
    holds()
}

/// clone3(2) with CLONE_PARENT or CLONE_THREAD fails with EINVAL if an exit signal is given.
///
/// clone(2) ignores the signal there.
#[claim(source = ["clone(2) ERRORS", "kernel/fork.c clone3_args_valid"], needs = [])]
fn clone3_sibling_with_exit_signal_einval() -> Verdict {
    use kit::sys::bare_clone::{try_clone, try_clone3_fields};
    for flags in [CLONE_PARENT, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD] {
        child(NONE, || {
            for signal in [1, 17, 64] {
                expect_errno!(try_clone3_fields(flags, signal), EINVAL, "{flags:?}, signal {signal}");
            }
            expect_ok!(try_clone(flags, 17), "{flags:?} by clone(2), SIGCHLD");
            Ok(())
        })?;
    }
    child(NONE, || {
        expect_ok!(try_clone3_fields(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, 0), "a thread, no signal");
        holds()
    })
}

fn of_size(size: u64) -> nix::Result<()> {
    placed(&CloneFields::with(NONE), &[], size, ALIGNED)
}

fn placed(fields: &CloneFields, tail: &[u8], size: u64, spot: Spot) -> Result<(), Errno> {
    try_clone3_placed(Entry::Own, fields, tail, size, spot)
}
