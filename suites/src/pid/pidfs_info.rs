//! `PIDFD_GET_INFO` and its structure: sizes, places, masks, and what it tells of IDs. `linux/pidfd.h`.

use std::os::fd::{AsFd, BorrowedFd};

use kit::prelude::*;
use kit::process::{Identity, container, owned_by};
use kit::sys::area::{ALIGNED, Spot};
use kit::sys::entry::Entry;
use kit::sys::ioctl::{Direction, request};
use kit::sys::placed::ioctl_placed;
use kit::sysctl::sysctl;
use nix::unistd::getpid;
use rustix::thread::CapabilitySet;

use super::pidfd_info::{CREDENTIALS, FIRST, Info, PID, ask, ask_with, operation};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pidfd_info_size_enotty,
    pidfd_info_size_was_einval,
    pidfd_info_longer_is_cleared,
    pidfd_info_longer_was_left,
    pidfd_info_other_numbers_enotty,
    pidfd_info_direction_did_not_matter,
    pidfd_info_null_einval,
    pidfd_info_cut_off_efault,
    pidfd_info_anywhere,
    pidfd_info_unknown_masks,
    pidfd_info_mask_exceeds_the_structure,
    pidfd_info_ids_in_the_callers_namespace,
    pidfd_info_ids_of_the_four_sorts,
    pidfd_info_needs_no_privilege,
];

/// PIDFD_GET_INFO fails with ENOTTY if the structure is shorter than the first published one, of 64 bytes.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfs_ioctl_valid", since = "6.17", replaces = "pidfd_info_size_was_einval", needs = [])]
fn pidfd_info_size_enotty() -> Verdict {
    let process = waiting(NONE)?;
    for size in 0..FIRST {
        expect_errno!(ask_with(process.pidfd(), operation(size), size, 0, ALIGNED), ENOTTY, "{size} bytes");
    }
    expect_ok!(ask_with(process.pidfd(), operation(FIRST), FIRST, 0, ALIGNED));
    holds()
}

/// PIDFD_GET_INFO fails with EINVAL if the structure is shorter than the first published one, of 64 bytes.
#[claim(source = "fs/pidfs.c pidfd_info", since = "6.13", until = "6.17", needs = [])]
fn pidfd_info_size_was_einval() -> Verdict {
    let process = waiting(NONE)?;
    for size in 0..FIRST {
        expect_errno!(ask_with(process.pidfd(), operation(size), FIRST, 0, ALIGNED), EINVAL, "{size} bytes");
    }
    expect_ok!(ask_with(process.pidfd(), operation(FIRST), FIRST, 0, ALIGNED));
    holds()
}

/// PIDFD_GET_INFO accepts a longer structure than the kernel's, and clears the rest of it.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_info", since = "6.16", replaces = "pidfd_info_longer_was_left", needs = [])]
fn pidfd_info_longer_is_cleared() -> Verdict {
    let told = long_structure()?;
    expect!(told.iter().all(|byte| *byte == 0), "{told:?}");
    holds()
}

/// PIDFD_GET_INFO accepts a longer structure than the kernel's, and leaves the rest of it as it was.
#[claim(source = "fs/pidfs.c pidfd_info", since = "6.13", until = "6.16", needs = [])]
fn pidfd_info_longer_was_left() -> Verdict {
    let told = long_structure()?;
    expect!(told.iter().all(|byte| *byte == 0xee), "{told:?}");
    holds()
}

/// What PIDFD_GET_INFO leaves in the last bytes of a structure that is far longer than any that a kernel knows.
fn long_structure() -> Outcome<Vec<u8>> {
    let process = waiting(NONE)?;
    for size in [FIRST + 1, 1000, 4096, 16_000] {
        let told = expect_ok!(ask_with(process.pidfd(), operation(size), size, 0, ALIGNED), "{size} bytes");
        expect_eq!(Info::read(&told).pid, process.pid().as_raw() as u32, "{size} bytes");
    }
    Ok(ask_with(process.pidfd(), operation(4096), 4096, 0, ALIGNED)?.split_off(1024))
}

/// PIDFD_GET_INFO fails with ENOTTY where the number says another group of operations, or a structure that is only read or written.
#[claim(source = "kernel 7.3 include/linux/fs.h extensible_ioctl_valid", since = "6.17", replaces = "pidfd_info_direction_did_not_matter", needs = [])]
fn pidfd_info_other_numbers_enotty() -> Verdict {
    let process = waiting(NONE)?;
    for other in others() {
        expect_errno!(ask_with(process.pidfd(), other, FIRST, 0, ALIGNED), ENOTTY, "{other:#x}");
    }
    expect_ok!(ask_with(process.pidfd(), operation(FIRST), FIRST, 0, ALIGNED));
    holds()
}

/// PIDFD_GET_INFO is told by its group, number and size: that the request says another direction does not matter.
///
/// In another group it fails with ENOTTY.
#[claim(source = "fs/pidfs.c pidfs_ioctl_valid", since = "6.14", until = "6.17", needs = [])]
fn pidfd_info_direction_did_not_matter() -> Verdict {
    let process = waiting(NONE)?;
    let asked = |operation| ask_with(process.pidfd(), operation, FIRST, 0, ALIGNED);
    let right = expect_ok!(asked(operation(FIRST)));
    let [read, written, elsewhere] = others();
    for other in [read, written] {
        expect_eq!(expect_ok!(asked(other), "{other:#x}"), right, "{other:#x}");
    }
    expect_errno!(asked(elsewhere), ENOTTY, "another group");
    holds()
}

/// The number and the size of PIDFD_GET_INFO with another direction, twice, and with another group.
fn others() -> [u64; 3] {
    [
        request(Direction::Read, 0xff, 11, FIRST as u16),
        request(Direction::Write, 0xff, 11, FIRST as u16),
        operation(FIRST) & !0xff00 | 0xb600,
    ]
}

/// PIDFD_GET_INFO with a null pointer fails with EINVAL, and at any other address where nothing is, with EFAULT.
#[claim(source = "fs/pidfs.c pidfd_info", since = "6.13", needs = [])]
fn pidfd_info_null_einval() -> Verdict {
    let process = waiting(NONE)?;
    let at = |address| ask_with(process.pidfd(), operation(FIRST), FIRST, 0, Spot::Unmapped(address));
    expect_errno!(at(0), EINVAL, "the null pointer");
    for address in [1, 8, 4088] {
        expect_errno!(at(address), EFAULT, "at {address}");
    }
    holds()
}

/// PIDFD_GET_INFO fails with EFAULT if the structure's mask cannot be read, or not all of the structure written.
#[claim(source = "fs/pidfs.c pidfd_info", since = "6.13", needs = [])]
fn pidfd_info_cut_off_efault() -> Verdict {
    let process = waiting(NONE)?;
    let with = |there| ask_with(process.pidfd(), operation(FIRST), FIRST, 0, Spot::BeforeEnd(there));
    for there in 0..FIRST {
        expect_errno!(with(there), EFAULT, "{there} bytes of {FIRST}");
    }
    expect_ok!(with(FIRST), "all");
    holds()
}

/// PIDFD_GET_INFO takes a structure at any address, aligned or not.
#[claim(source = "fs/pidfs.c pidfd_info", since = "6.13", needs = [])]
fn pidfd_info_anywhere() -> Verdict {
    let process = waiting(NONE)?;
    let right = expect_ok!(ask(process.pidfd(), 0));
    for off in 1..8 {
        let told = expect_ok!(ask_with(process.pidfd(), operation(FIRST), FIRST, 0, Spot::Off(off)), "{off} bytes off");
        expect_eq!(Info::read(&told), right, "{off} bytes off");
    }
    holds()
}

/// PIDFD_GET_INFO ignores each bit of the mask that it does not know, and tells of a living process its IDs whatever the mask is.
#[claim(source = "kernel 7.3 include/uapi/linux/pidfd.h struct pidfd_info", since = "6.13", needs = [])]
fn pidfd_info_unknown_masks() -> Verdict {
    let process = waiting(NONE)?;
    for bit in 0..u64::BITS {
        let told = expect_ok!(ask(process.pidfd(), 1 << bit), "bit {bit}");
        expect_eq!(told.mask & (PID | CREDENTIALS), PID | CREDENTIALS, "asked for bit {bit}");
        expect_eq!(told.pid, process.pid().as_raw() as u32, "asked for bit {bit}");
        // No kernel yet knows the upper half.
        expect_eq!(told.mask >> 32, 0, "asked for bit {bit}");
    }
    expect_eq!(expect_ok!(ask(process.pidfd(), 0)).mask & (PID | CREDENTIALS), PID | CREDENTIALS, "nothing asked for");
    holds()
}

/// PIDFD_GET_INFO sets the bit for what a core dump would be in the mask even if the structure is too short for the answer.
#[claim(
    source = "kernel 7.3 include/uapi/linux/pidfd.h struct pidfd_info",
    since = "6.16",
    needs = [Config("COREDUMP")],
    erratum = "include/uapi/linux/pidfd.h, struct pidfd_info: the mask does not contain a bit for a field for which the structure is \
               too small.",
)]
fn pidfd_info_mask_exceeds_the_structure() -> Verdict {
    const COREDUMP: u64 = 1 << 4;
    let process = waiting(NONE)?;
    let of_size = |size| ask_with(process.pidfd(), operation(size), size, COREDUMP, ALIGNED);
    let short = expect_ok!(of_size(FIRST), "without room for it");
    expect_eq!(Info::read(&short).mask & COREDUMP, COREDUMP, "without room for it");
    let long = expect_ok!(of_size(FIRST + 16), "with room for it");
    expect_eq!(Info::read(&long).mask & COREDUMP, COREDUMP, "with room for it");
    // PIDFD_COREDUMP_USER or PIDFD_COREDUMP_SKIP or PIDFD_COREDUMP_ROOT.
    expect_ne!(long[FIRST], 0, "what a core dump would be");
    holds()
}

/// PIDFD_GET_INFO tells a process's user and group IDs as they are in the caller's user namespace, and the overflow IDs if not mapped.
#[claim(source = ["fs/pidfs.c pidfd_info", "user_namespaces(7) Unmapped user and group IDs"], since = "6.13", needs = [Root, UserNamespaces])]
fn pidfd_info_ids_in_the_callers_namespace() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    let inner = owned_by(0, Some(&Maps::range(100_000, 10)), NONE, |outside| {
        Identity::root_inside().group(3).ids(4, 4, 4).assume()?;
        outside.go()?;
        outside.wait()
    })?;
    inner.recv::<()>()?;
    let ids = |pidfd: BorrowedFd<'_>| ask(pidfd, 0).map(|told| (told.ids[0], told.ids[1]));
    expect_eq!(expect_ok!(ids(inner.pidfd())), (100_004, 100_003), "outside");
    let outer = waiting(NONE)?;
    expect_eq!(expect_ok!(ids(outer.pidfd())), (0, 0), "of root, outside");
    container(100_002, NONE, || {
        expect_eq!(expect_ok!(ids(inner.pidfd())), (2, 1), "in a sibling that maps them otherwise");
        expect_eq!(expect_ok!(ids(outer.pidfd())), overflow, "of root outside");
        holds()
    })
}

/// PIDFD_GET_INFO tells the real, effective, saved and file-system user IDs of a process, each in its place.
#[claim(source = "kernel 7.3 include/uapi/linux/pidfd.h struct pidfd_info", since = "6.13", needs = [Root])]
fn pidfd_info_ids_of_the_four_sorts() -> Verdict {
    let process = spawn(NONE, |outside| {
        Identity::user(9).ids(1001, 1002, 1003).group(1009).keeping(CapabilitySet::SETUID).assume()?;
        nix::unistd::setfsuid(nix::unistd::Uid::from_raw(1004));
        outside.go()?;
        outside.wait()
    })?;
    process.recv::<()>()?;
    let told = expect_ok!(ask(process.pidfd(), 0));
    expect_eq!(told.ids, [1001, 1009, 1002, 1009, 1003, 1009, 1004, 1009]);
    holds()
}

/// PIDFD_GET_INFO requires no privilege over the process: an ordinary user is told of root's, and of the pidfd's whole namespace.
#[claim(source = "fs/pidfs.c pidfd_info", since = "6.13", needs = [Root])]
fn pidfd_info_needs_no_privilege() -> Verdict {
    let process = waiting(NONE)?;
    let (pid, parent) = (process.pid().as_raw() as u32, getpid().as_raw() as u32);
    unprivileged(NONE, || {
        let told = expect_ok!(ask(process.pidfd(), 0));
        expect_eq!((told.pid, told.tgid, told.ppid, told.ids), (pid, pid, parent, [0; 8]));
        holds()
    })?;
    let thread = ioctl_placed(Entry::Own, process.pidfd().as_fd(), operation(FIRST), &[0; FIRST], ALIGNED);
    expect_eq!(expect_ok!(thread).0, 0, "what the call returns");
    holds()
}
