//! What `name_to_handle_at(2)` and `open_by_handle_at(2)` refuse of namespaces' files: structures, sizes, types, flags and mounts.

use std::os::fd::AsRawFd;

use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
use kit::sys::area::{ALIGNED, Spot};
use kit::sys::entry::Entry;
use kit::sys::placed::{Naming, open_by_handle_placed};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::descriptors::{NO_FILES, all_other_files};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    fh_name_unwritable_efault,
    fh_name_size_einval,
    fh_name_room_is_not_needed,
    fh_name_flags_einval,
    fh_name_connectable_eopnotsupp,
    fh_name_by_descriptor,
    fh_open_unreadable_efault,
    fh_open_size_einval,
    fh_open_type_refused,
    fh_open_bad_mount_ebadf,
    fh_open_on_other_file_systems_estale,
    fh_open_flags_of_open,
];

/// The size of the head: the number of bytes, and the type.
const HEAD: usize = 8;

/// The size of the handle of a namespace's file behind the head.
const BYTES: u32 = 16;

/// FD_NSFS_ROOT and FD_PIDFS_ROOT.
const NSFS: i32 = -10003;
const PIDFS: i32 = -10002;

/// name_to_handle_at(2) of a namespace's file fails with EFAULT if the handle or the mount's ID cannot be written to.
///
/// A structure of which only the head can be read fails so, too.
#[claim(source = "fs/fhandle.c do_sys_name_to_handle", since = "6.18", needs = [Config("FHANDLE")])]
fn fh_name_unwritable_efault() -> Verdict {
    let empty = handle(BYTES, 0, &[0; 16]);
    let path = own(Link::Uts);
    let asked = |at, id| Naming { path: &path, handle: (&empty, at), mount_id: id, ..FOLLOWED }.ask(Entry::Own);
    expect_ok!(asked(Spot::BeforeEnd(HEAD + 16), ALIGNED), "a structure that ends with the memory");
    for there in [0, 4, 7, HEAD, HEAD + 15] {
        expect_errno!(asked(Spot::BeforeEnd(there), ALIGNED), EFAULT, "{there} bytes of {}", HEAD + 16);
    }
    for address in [0, 8] {
        expect_errno!(asked(Spot::Unmapped(address), ALIGNED), EFAULT, "the structure at {address}");
        expect_errno!(asked(ALIGNED, Spot::Unmapped(address)), EFAULT, "the mount's ID at {address}");
    }
    expect_errno!(asked(ALIGNED, Spot::BeforeEnd(3)), EFAULT, "the mount's ID cut off");
    for off in 1..8 {
        expect_ok!(asked(Spot::Off(off), Spot::Off(off)), "{off} bytes off");
    }
    holds()
}

/// name_to_handle_at(2) of a namespace's file fails with EINVAL if the handle is said to have more than 128 bytes.
#[claim(source = "name_to_handle_at(2) ERRORS", since = "6.18", needs = [Config("FHANDLE")])]
fn fh_name_size_einval() -> Verdict {
    for size in [129, 130, 4096, u32::MAX] {
        expect_errno!(named(size), EINVAL, "{size} bytes");
    }
    expect_ok!(named(128), "128 bytes");
    holds()
}

/// Whatever room there is from 16 to 128 bytes, the handle of a namespace's file has 16.
#[claim(source = "kernel 7.3 fs/nsfs.c nsfs_encode_fh", since = "6.18", needs = [Config("FHANDLE")])]
fn fh_name_room_is_not_needed() -> Verdict {
    let first = expect_ok!(named(BYTES));
    for size in BYTES..=128 {
        let told = expect_ok!(named(size), "{size} bytes");
        expect_eq!(&told[..HEAD + 16], &first[..HEAD + 16], "{size} bytes");
        expect!(told[HEAD + 16..].iter().all(|byte| *byte == 0), "behind the handle, with {size} bytes: {told:?}");
    }
    holds()
}

/// name_to_handle_at(2) of a namespace's file fails with EINVAL for each bit among the flags that is not one of its five.
#[claim(source = "name_to_handle_at(2) ERRORS", since = "6.18", needs = [Config("FHANDLE")])]
fn fh_name_flags_einval() -> Verdict {
    // AT_HANDLE_MNT_ID_UNIQUE, AT_HANDLE_CONNECTABLE, AT_HANDLE_FID, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH.
    const KNOWN: [u32; 5] = [0x1, 0x2, 0x200, 0x400, 0x1000];
    for bit in (0..u32::BITS).map(|place| 1_u32 << place).filter(|bit| !KNOWN.contains(bit)) {
        expect_errno!(named_with(FOLLOW | bit as i32), EINVAL, "{bit:#x}");
    }
    for bit in KNOWN.into_iter().filter(|bit| *bit != 0x2) {
        expect_ok!(named_with(FOLLOW | bit as i32), "{bit:#x}");
    }
    for beside in [0x200, 0x1000] {
        expect_errno!(named_with(FOLLOW | 0x2 | beside), EINVAL, "AT_HANDLE_CONNECTABLE and {beside:#x}");
    }
    holds()
}

/// A namespace's file has no connectable handle: with AT_HANDLE_CONNECTABLE name_to_handle_at(2) fails with EOPNOTSUPP.
#[claim(source = "kernel 7.3 include/linux/exportfs.h exportfs_can_encode_fh", since = "6.18", needs = [Config("FHANDLE"), Config("TIME_NS")])]
fn fh_name_connectable_eopnotsupp() -> Verdict {
    let empty = handle(128, 0, &[0; 128]);
    for link in Link::ALL {
        let path = own(link);
        let asked = |flags| Naming { path: &path, handle: (&empty, ALIGNED), flags, ..FOLLOWED }.ask(Entry::Own);
        expect_errno!(asked(FOLLOW | 0x2), EOPNOTSUPP, "{link}");
        expect_ok!(asked(FOLLOW), "{link}, not connectable");
    }
    holds()
}

/// name_to_handle_at(2) with AT_EMPTY_PATH makes the handle of the namespace behind a descriptor, also one opened with O_PATH.
///
/// It is the same that the link's path gives. Without the flag an empty path fails with ENOENT.
#[claim(source = "name_to_handle_at(2)", since = "6.18", needs = [Config("FHANDLE"), Config("TIME_NS")])]
fn fh_name_by_descriptor() -> Verdict {
    let empty = handle(BYTES, 0, &[0; 16]);
    for link in Link::ALL {
        let path = own(link);
        let by_path = expect_ok!(Naming { path: &path, handle: (&empty, ALIGNED), ..FOLLOWED }.ask(Entry::Own));
        for flags in [OFlag::O_RDONLY, OFlag::O_PATH] {
            let file = open(path.as_str(), flags | OFlag::O_CLOEXEC, Mode::empty()).doing(format!("open {path}"))?;
            let here = Naming { directory: file.as_raw_fd(), handle: (&empty, ALIGNED), path: "", ..FOLLOWED };
            let told = expect_ok!(Naming { flags: libc::AT_EMPTY_PATH, ..here }.ask(Entry::Own), "{link}, {flags:?}");
            expect_eq!(told, by_path, "{link}, {flags:?}");
            expect_errno!(Naming { flags: 0, ..here }.ask(Entry::Own), ENOENT, "{link}, {flags:?}, without the flag");
        }
    }
    holds()
}

/// open_by_handle_at(2) on nsfs fails with EFAULT if the structure cannot be read as far as its size tells; it lies anywhere.
#[claim(source = "fs/fhandle.c handle_to_path", since = "6.18", needs = [Config("FHANDLE")])]
fn fh_open_unreadable_efault() -> Verdict {
    let told = named(BYTES).doing("name_to_handle_at")?;
    let whole = HEAD + 16;
    let at = |spot| open_by_handle_placed(Entry::Own, NSFS, &told, spot, libc::O_RDONLY).map(drop);
    expect_ok!(at(Spot::BeforeEnd(whole)), "a structure that ends with the memory");
    for there in [0, 4, 7, HEAD, whole - 1] {
        expect_errno!(at(Spot::BeforeEnd(there)), EFAULT, "{there} bytes of {whole}");
    }
    for address in [0, 8] {
        expect_errno!(at(Spot::Unmapped(address)), EFAULT, "at {address}");
    }
    for off in 1..8 {
        expect_ok!(at(Spot::Off(off)), "{off} bytes off");
    }
    holds()
}

/// open_by_handle_at(2) on nsfs fails with EINVAL for a handle of no bytes or more than 128, and ESTALE for less than 16.
///
/// Sizes are looked at before the mount.
#[claim(source = ["open_by_handle_at(2) ERRORS", "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry"], since = "6.18", needs = [Config("FHANDLE")])]
fn fh_open_size_einval() -> Verdict {
    let told = named(BYTES).doing("name_to_handle_at")?;
    let opened = |mount, size| opened(mount, size, 0xf1, &told[HEAD..]);
    for size in [0, 129, u32::MAX] {
        expect_errno!(opened(NSFS, size), EINVAL, "{size} bytes");
        expect_errno!(opened(-1, size), EINVAL, "{size} bytes, and no mount");
    }
    for size in 1..BYTES {
        expect_errno!(opened(NSFS, size), ESTALE, "{size} bytes");
    }
    // What is no whole word is cut off.
    for size in BYTES..BYTES + 4 {
        expect_ok!(opened(NSFS, size), "{size} bytes");
    }
    holds()
}

/// open_by_handle_at(2) of a namespace's handle fails with ESTALE for each other type, and with EINVAL for one that no handle has.
///
/// Those are negative ones, and those with other bits above the lowest 16 than 0x10000 and 0x20000.
#[claim(source = ["fs/fhandle.c handle_to_path", "kernel 7.3 fs/nsfs.c nsfs_fh_to_dentry"], since = "6.18", needs = [Config("FHANDLE")])]
fn fh_open_type_refused() -> Verdict {
    let told = named(BYTES).doing("name_to_handle_at")?;
    let of_type = |kind| opened(NSFS, BYTES, kind, &told[HEAD..]);
    for kind in (0..=0xff).filter(|kind| *kind != 0xf1) {
        expect_errno!(of_type(kind), ESTALE, "type {kind:#x}");
    }
    for kind in [-1, i32::MIN, 0x4_00f1, 0x8_00f1, 0x100_00f1, 0x4000_00f1, 0xf1 - 0x1_0000] {
        expect_errno!(of_type(kind), EINVAL, "type {kind:#x}");
    }
    expect_ok!(of_type(0xf1), "the type 0xf1");
    expect_errno!(of_type(0x2_00f1), ESTALE, "the type of a directory");
    holds()
}

/// open_by_handle_at(2) fails with EBADF if the mount is a number that is no descriptor and not FD_NSFS_ROOT, such as -1.
#[claim(source = ["open_by_handle_at(2) ERRORS", "fs/fhandle.c get_path_anchor"], since = "6.18", needs = [Config("FHANDLE")])]
fn fh_open_bad_mount_ebadf() -> Verdict {
    let told = named(BYTES).doing("name_to_handle_at")?;
    // AT_FDCWD and FD_PIDFS_ROOT are mounts here, of another file system.
    for number in NO_FILES.into_iter().filter(|number| ![NSFS, PIDFS, libc::AT_FDCWD].contains(number)) {
        expect_errno!(opened(number, BYTES, 0xf1, &told[HEAD..]), EBADF, "{number}");
    }
    expect_ok!(opened(NSFS, BYTES, 0xf1, &told[HEAD..]), "FD_NSFS_ROOT");
    holds()
}

/// A namespace's handle opens nothing on any other file system: open_by_handle_at(2) fails with ESTALE, even for root.
///
/// Tried with FD_PIDFS_ROOT, the working directory, and 18 sorts of files for the mount. On one that was opened with O_PATH the
/// call fails with EBADF. A pidfd's file system takes the flags of a pidfd only.
#[claim(source = "fs/fhandle.c do_handle_to_path", since = "6.18", needs = [Root, Config("FHANDLE"), Config("UNIX"), Config("INOTIFY_USER"), Config("UNIX98_PTYS")])]
fn fh_open_on_other_file_systems_estale() -> Verdict {
    let told = named(BYTES).doing("name_to_handle_at")?;
    for (what, file) in all_other_files()? {
        let answer = opened(file.as_raw_fd(), BYTES, 0xf1, &told[HEAD..]);
        match what {
            "a path alone" => expect_errno!(answer, EBADF, "{what}"),
            _ => expect_errno!(answer, ESTALE, "{what}"),
        }
    }
    expect_errno!(opened(libc::AT_FDCWD, BYTES, 0xf1, &told[HEAD..]), ESTALE, "the working directory");
    expect_errno!(opened(PIDFS, BYTES, 0xf1, &told[HEAD..]), ESTALE, "FD_PIDFS_ROOT");
    let directory = |mount| open_by_handle_placed(Entry::Own, mount, &told, ALIGNED, libc::O_DIRECTORY).map(drop);
    expect_errno!(directory(PIDFS), EINVAL, "FD_PIDFS_ROOT, with O_DIRECTORY");
    expect_errno!(directory(NSFS), ENOTDIR, "FD_NSFS_ROOT, with O_DIRECTORY");
    holds()
}

/// open_by_handle_at(2) of a namespace takes the flags of open(2): O_NONBLOCK and O_NOFOLLOW are accepted, O_DIRECT is not.
///
/// O_TRUNC fails with EPERM, and O_CREAT is ignored.
#[claim(source = "open_by_handle_at(2)", since = "6.18", needs = [Config("FHANDLE")])]
fn fh_open_flags_of_open() -> Verdict {
    let told = named(BYTES).doing("name_to_handle_at")?;
    let with = |flags| open_by_handle_placed(Entry::Own, NSFS, &told, ALIGNED, flags).map(drop);
    for (what, flags) in [("O_NONBLOCK", libc::O_NONBLOCK), ("O_NOFOLLOW", libc::O_NOFOLLOW), ("O_SYNC", libc::O_SYNC)]
    {
        expect_ok!(with(flags), "{what}");
    }
    expect_errno!(with(libc::O_DIRECT), EINVAL, "O_DIRECT");
    expect_errno!(with(libc::O_TRUNC), EPERM, "O_TRUNC");
    holds()
}

const FOLLOW: i32 = libc::AT_SYMLINK_FOLLOW;

/// A question about a link of the caller's, to which the path and the structure are missing.
const FOLLOWED: Naming<'_> =
    Naming { directory: libc::AT_FDCWD, path: "", handle: (&[], ALIGNED), mount_id: ALIGNED, flags: FOLLOW };

/// A `struct file_handle`.
fn handle(size: u32, kind: i32, bytes: &[u8]) -> Vec<u8> {
    [&size.to_ne_bytes()[..], &kind.to_ne_bytes()[..], bytes].concat()
}

/// The handle of the caller's UTS namespace, where the structure says that it has room for so many bytes.
fn named(size: u32) -> nix::Result<Vec<u8>> {
    let empty = handle(size, 0, &[0; 128]);
    Naming { path: &own(Link::Uts), handle: (&empty, ALIGNED), ..FOLLOWED }.ask(Entry::Own)
}

fn named_with(flags: i32) -> nix::Result<Vec<u8>> {
    let empty = handle(BYTES, 0, &[0; 16]);
    Naming { path: &own(Link::Uts), handle: (&empty, ALIGNED), flags, ..FOLLOWED }.ask(Entry::Own)
}

/// Opens what a handle of this size and type says; the bytes behind it are zero.
fn opened(mount: i32, size: u32, kind: i32, bytes: &[u8]) -> nix::Result<()> {
    open_by_handle_placed(Entry::Own, mount, &handle(size, kind, bytes), ALIGNED, libc::O_RDONLY).map(drop)
}
