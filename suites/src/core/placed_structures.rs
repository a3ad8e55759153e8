//! What `listns(2)` and the operations of `ioctl_nsfs(2)` say of structures that they can read or write in part, that are not
//! aligned, or that no operation has; and of numbers that are no processes.

use std::os::fd::{AsFd, AsRawFd};

use kit::listed::{PLENTY, list};
use kit::prelude::*;
use kit::sys::area::{ALIGNED, Spot};
use kit::sys::entry::Entry;
use kit::sys::ioctl::{Direction, request};
use kit::sys::listns::Request;
use kit::sys::placed::{ioctl_placed, ioctl_value, listns_placed};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    listns_request_cut_off_efault,
    listns_buffer_cut_off_efault,
    listns_anywhere,
    ns_ioctls_write_anywhere,
    ns_ioctls_cut_off_efault,
    mnt_next_cut_off_leaves_nothing,
    mnt_info_sizes,
    mnt_info_other_numbers_enotty,
    mnt_info_was_told_by_any_group,
    pid_translation_of_no_process_esrch,
    pid_translation_takes_the_lowest_half,
];

/// listns() fails with EFAULT if the request runs into memory that cannot be read, wherever that begins.
#[claim(source = "kernel 7.3 kernel/nstree.c copy_ns_id_req", since = "6.19", needs = [])]
fn listns_request_cut_off_efault() -> Verdict {
    for size in [32, 40, 4096] {
        let bytes = request_of(size);
        let there = size as usize;
        let at = |spot| listns_placed(Entry::Own, (&bytes, spot), (PLENTY as u64, ALIGNED)).0;
        expect_ok!(at(Spot::BeforeEnd(there)), "{size} bytes, all of them there");
        for missing in [1, 8, there - 4, there - 3, there] {
            expect_errno!(at(Spot::BeforeEnd(there - missing)), EFAULT, "{size} bytes, {missing} of them missing");
        }
    }
    holds()
}

/// listns() fails with EFAULT if the buffer ends before the last number that is listed; those before it have been written.
#[claim(source = "kernel 7.3 kernel/nstree.c do_listns", since = "6.19", needs = [])]
fn listns_buffer_cut_off_efault() -> Verdict {
    let all = expect_ok!(list(&Request::all()));
    expect!(all.len() >= 3, "the caller sees its own namespaces: {all:?}");
    let plain = request_of(32);
    let into = |room: u64, there: usize| listns_placed(Entry::Own, (&plain, ALIGNED), (room, Spot::BeforeEnd(there)));
    for fitting in 0..all.len() {
        for more in [0, 4] {
            let (answer, written) = into(all.len() as u64, 8 * fitting + more);
            expect_errno!(answer, EFAULT, "room for {fitting} of {}, and {more} bytes", all.len());
            expect_eq!(numbers(&written[..8 * fitting]), &all[..fitting], "what was written");
        }
    }
    let (answer, written) = into(all.len() as u64, 8 * all.len());
    expect_eq!(expect_ok!(answer), all.len());
    expect_eq!(numbers(&written), all);
    // Room that is said to be there and is not needed does no harm.
    expect_eq!(expect_ok!(into(PLENTY as u64, 8 * all.len()).0), all.len(), "less than the caller says");
    holds()
}

/// listns() takes a request and a buffer at any address, aligned or not.
#[claim(source = "kernel 7.3 kernel/nstree.c", since = "6.19", needs = [])]
fn listns_anywhere() -> Verdict {
    let all = expect_ok!(list(&Request::all()));
    let plain = request_of(32);
    for off in 1..8 {
        let (answer, written) =
            listns_placed(Entry::Own, (&plain, Spot::Off(off)), (PLENTY as u64, Spot::Off(8 - off)));
        expect_eq!(expect_ok!(answer, "{off} bytes off"), all.len());
        expect_eq!(numbers(&written[..8 * all.len()]), all, "{off} bytes off");
    }
    holds()
}

/// NS_GET_OWNER_UID, NS_GET_MNTNS_ID, NS_GET_ID and NS_MNT_GET_INFO write what they tell at any address, aligned or not.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.18", needs = [UserNamespaces])]
fn ns_ioctls_write_anywhere() -> Verdict {
    for (name, operation, size, namespace) in telling()? {
        let at = |spot| ioctl_placed(Entry::Own, &namespace, operation, &vec![0xff; size], spot).map(|(_, told)| told);
        let told = expect_ok!(at(ALIGNED), "{name}");
        expect!(told.iter().any(|byte| *byte != 0xff), "{name} tells {told:?}");
        for off in 1..8 {
            expect_eq!(expect_ok!(at(Spot::Off(off)), "{name}, {off} bytes off"), told, "{name}, {off} bytes off");
        }
        expect_eq!(expect_ok!(at(Spot::BeforeEnd(size)), "{name}, where the memory ends"), told, "{name}");
    }
    holds()
}

/// NS_GET_OWNER_UID, NS_GET_MNTNS_ID, NS_GET_ID and NS_MNT_GET_INFO fail with EFAULT if not all that they tell can be written.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.18", needs = [UserNamespaces])]
fn ns_ioctls_cut_off_efault() -> Verdict {
    for (name, operation, size, namespace) in telling()? {
        let at = |spot| ioctl_placed(Entry::Own, &namespace, operation, &vec![0; size], spot).map(drop);
        for there in 0..size {
            expect_errno!(at(Spot::BeforeEnd(there)), EFAULT, "{name}, {there} bytes of {size}");
        }
        expect_ok!(at(Spot::BeforeEnd(size)), "{name}, all {size} bytes");
    }
    holds()
}

/// NS_MNT_GET_NEXT and NS_MNT_GET_PREV fail with EFAULT if the structure cannot be written whole, and leave no descriptor.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.19", needs = [Root, InitialNamespaces])]
fn mnt_next_cut_off_leaves_nothing() -> Verdict {
    let (before, between, after) = (waiting(CLONE_NEWNS)?, waiting(CLONE_NEWNS)?, waiting(CLONE_NEWNS)?);
    let middle = between.namespace(Kind::Mnt)?;
    let open_files = || Ok::<_, Failure>(std::fs::read_dir("/proc/self/fd").doing("list the open files")?.count());
    let files = open_files()?;
    for (name, number) in [("NS_MNT_GET_NEXT", 11), ("NS_MNT_GET_PREV", 12)] {
        let operation = request(Direction::Read, 0xb7, number, 16);
        for there in 0..16 {
            let answer = ioctl_placed(Entry::Own, &middle, operation, &[0; 16], Spot::BeforeEnd(there));
            expect_errno!(answer, EFAULT, "{name}, {there} bytes of 16");
        }
        expect_eq!(open_files()?, files, "open files after {name}");
        expect_ok!(kit::sys::mnt_ns::next(&middle).map(drop), "where the structure can be written");
    }
    drop((before, after));
    holds()
}

/// NS_MNT_GET_INFO accepts a structure of any size from 16 bytes on, and leaves what it does not know as it was.
#[claim(source = "kernel 7.3 fs/nsfs.c copy_ns_info_to_user", since = "6.12", needs = [])]
fn mnt_info_sizes() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    let of_size = |size: u16| {
        let operation = request(Direction::Read, 0xb7, 10, size);
        ioctl_placed(Entry::Own, &own, operation, &vec![0xee; usize::from(size)], ALIGNED).map(|(_, told)| told)
    };
    let first = expect_ok!(of_size(16));
    for size in (17..=64).chain([100, 4096, 16_000]) {
        let told = expect_ok!(of_size(size), "{size} bytes");
        expect_eq!(&told[..16], &first[..], "{size} bytes");
        expect!(told[16..].iter().all(|byte| *byte == 0xee), "behind the first 16 of {size} bytes");
    }
    holds()
}

/// NS_MNT_GET_INFO fails with ENOTTY where the number says another direction: that the structure is read, or that there is none.
#[claim(
    source = "kernel 7.3 include/linux/fs.h extensible_ioctl_valid",
    since = "6.17",
    replaces = "mnt_info_was_told_by_any_group",
    needs = [],
)]
fn mnt_info_other_numbers_enotty() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    let asked = |operation| ioctl_placed(Entry::Own, &own, operation, &[0; 16], ALIGNED).map(drop);
    expect_ok!(asked(request(Direction::Read, 0xb7, 10, 16)));
    expect_errno!(asked(request(Direction::Nothing, 0xb7, 10, 16)), ENOTTY, "none");
    expect_errno!(asked(request(Direction::Read, 0xb7, 10, 0)), ENOTTY, "no size");
    expect_errno!(asked(request(Direction::Read, 0xb6, 10, 16)), ENOTTY, "another group");
    expect_errno!(asked(request(Direction::Write, 0xb7, 10, 16)), ENOTTY, "read");
    holds()
}

/// Before 6.17 NS_MNT_GET_INFO is told by its number and size alone: another group and direction in the request do not matter.
#[claim(source = "kernel 6.12 fs/nsfs.c ns_ioctl", since = "6.12", until = "6.17", needs = [])]
fn mnt_info_was_told_by_any_group() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    let asked = |operation| ioctl_placed(Entry::Own, &own, operation, &[0; 16], ALIGNED);
    let right = expect_ok!(asked(request(Direction::Read, 0xb7, 10, 16)));
    expect_eq!(expect_ok!(asked(request(Direction::Read, 0xb6, 10, 16))), right, "another group");
    expect_eq!(expect_ok!(asked(request(Direction::Write, 0xb7, 10, 16))), right, "another direction");
    expect_errno!(asked(request(Direction::Read, 0xb7, 9, 16)), ENOTTY, "another number");
    holds()
}

/// NS_GET_PID_FROM_PIDNS and the three like it fail with ESRCH for 0, for negative numbers and for those above any PID.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "7.0", needs = [Config("PID_NS")])]
fn pid_translation_of_no_process_esrch() -> Verdict {
    let namespace = Namespace::own(Kind::Pid)?;
    for (name, operation) in TRANSLATING {
        for number in [0, -1, -i64::from(getpid().as_raw()), i64::from(i32::MAX), i64::from(i32::MIN), 1 << 22] {
            let answer = ioctl_value(Entry::Own, namespace.fd().as_raw_fd(), operation, number as u64);
            expect_errno!(answer, ESRCH, "{name} of {number}");
        }
        let own = u64::from(getpid().as_raw().unsigned_abs());
        expect_eq!(
            expect_ok!(ioctl_value(Entry::Own, namespace.fd().as_raw_fd(), operation, own)) as u64,
            own,
            "{name}"
        );
    }
    holds()
}

/// NS_GET_PID_FROM_PIDNS and the three like it look at the lowest 32 bits of their argument only.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.11", needs = [Config("PID_NS")])]
fn pid_translation_takes_the_lowest_half() -> Verdict {
    let namespace = Namespace::own(Kind::Pid)?;
    let own = u64::from(getpid().as_raw().unsigned_abs());
    for (name, operation) in TRANSLATING {
        for above in [1, 0x7fff_ffff, 0xffff_ffff] {
            let number = above << 32 | own;
            let answer = ioctl_value(Entry::Own, namespace.as_fd().as_raw_fd(), operation, number);
            expect_eq!(expect_ok!(answer, "{name} of {number:#x}") as u64, own, "{name} of {number:#x}");
        }
    }
    holds()
}

const TRANSLATING: [(&str, u64); 4] = [
    ("NS_GET_PID_FROM_PIDNS", request(Direction::Read, 0xb7, 6, 4)),
    ("NS_GET_TGID_FROM_PIDNS", request(Direction::Read, 0xb7, 7, 4)),
    ("NS_GET_PID_IN_PIDNS", request(Direction::Read, 0xb7, 8, 4)),
    ("NS_GET_TGID_IN_PIDNS", request(Direction::Read, 0xb7, 9, 4)),
];

/// The operations that write, how much, and a namespace of which they tell.
fn telling() -> Outcome<[(&'static str, u64, usize, Namespace); 4]> {
    let user = waiting(CLONE_NEWUSER)?.namespace(Kind::User)?;
    Ok([
        ("NS_GET_OWNER_UID", request(Direction::Nothing, 0xb7, 4, 0), 4, user),
        ("NS_GET_MNTNS_ID", request(Direction::Read, 0xb7, 5, 8), 8, Namespace::own(Kind::Mnt)?),
        ("NS_GET_ID", request(Direction::Read, 0xb7, 13, 8), 8, Namespace::own(Kind::Uts)?),
        ("NS_MNT_GET_INFO", request(Direction::Read, 0xb7, 10, 16), 16, Namespace::own(Kind::Mnt)?),
    ])
}

/// A request for all namespaces: the size, and zeros.
fn request_of(size: u32) -> Vec<u8> {
    let mut bytes = size.to_ne_bytes().to_vec();
    bytes.resize(size as usize, 0);
    bytes
}

fn numbers(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).filter_map(|eight| Some(u64::from_ne_bytes(eight.try_into().ok()?))).collect()
}
