//! What `ioctl_nsfs(2)` refuses: other files, other numbers, addresses that are none.

use std::fs::File;
use std::os::fd::AsFd;

use kit::joining::present;
use kit::prelude::*;
use kit::sys::ioctl::{Direction, at_address, request, without_argument};
use kit::sys::ns::{get_nstype, get_owner_uid, get_parent, get_userns};
use kit::sys::ns_ids::{self, NS_GET_ID};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{geteuid, pipe};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    ioctl_not_ns_enotty,
    ioctl_unknown_enotty,
    ioctl_of_autofs_enotty,
    ioctl_opath_ebadf,
    ioctl_owner_uid_efault,
    ioctl_ns_id_efault,
];

/// NS_GET_USERNS, NS_GET_PARENT, NS_GET_NSTYPE and NS_GET_OWNER_UID fail with ENOTTY on a file that is not a
/// namespace's.
///
/// Tried with a file and a directory of procfs, a device, a pipe and a socket.
#[claim(source = "ioctl_nsfs(2) ERRORS", needs = [UserNamespaces])]
fn ioctl_not_ns_enotty() -> Verdict {
    let (pipe, _other_end) = pipe()?;
    let (socket, _other_side) = Peer::pair()?;
    for (what, answers) in [
        ("a file of procfs", each(File::open("/proc/self/status")?)),
        ("a directory", each(File::open("/proc/self/ns")?)),
        ("a device", each(File::open("/dev/null")?)),
        ("a pipe", each(pipe)),
        ("a socket", each(socket)),
    ] {
        for (operation, answer) in answers {
            expect_errno!(answer, ENOTTY, "{operation} on {what}");
        }
    }
    for (operation, answer) in each(waiting(CLONE_NEWUSER)?.namespace(Kind::User)?) {
        expect_ok!(answer, "{operation} on a namespace");
    }
    holds()
}

/// ioctl(2) on a namespace fails with ENOTTY for a request that stands for no operation.
///
/// So does NS_GET_NSTYPE with the size of an argument in its number: it takes none.
#[claim(source = "NS_GET_USERNS(2const) ERRORS", needs = [])]
fn ioctl_unknown_enotty() -> Verdict {
    let namespace = Namespace::own(Kind::Uts)?;
    let known = request(Direction::Nothing, 0xb7, 3, 0);
    expect_eq!(expect_ok!(without_argument(&namespace, known)), 0x0400_0000, "NS_GET_NSTYPE");
    for (what, unknown) in [
        ("the number 0x63", request(Direction::Nothing, 0xb7, 0x63, 0)),
        ("the number 0", request(Direction::Nothing, 0xb7, 0, 0)),
        ("another group of numbers", request(Direction::Nothing, 0xb6, 3, 0)),
        ("NS_GET_NSTYPE with an argument", request(Direction::Read, 0xb7, 3, 4)),
    ] {
        expect_errno!(without_argument(&namespace, unknown), ENOTTY, "{what}");
    }
    holds()
}

/// The operations of autofs fail with ENOTTY on a namespace's file, whatever number and argument they have.
///
/// Before, NS_MNT_GET_INFO was told by its number alone.
#[claim(source = "fs/nsfs.c ns_ioctl", since = "6.17", needs = [])]
fn ioctl_of_autofs_enotty() -> Verdict {
    for kind in present() {
        let namespace = Namespace::own(kind)?;
        for number in 0..=0x7f {
            for (direction, size) in [(Direction::Nothing, 0), (Direction::Write, 8), (Direction::Read, 8)] {
                let operation = request(direction, 0x93, number, size);
                expect_errno!(without_argument(&namespace, operation), ENOTTY, "{direction:?} {number:#x}, {kind}");
            }
        }
        expect_ok!(get_nstype(&namespace), "an operation of namespaces, {kind}");
    }
    holds()
}

/// NS_GET_USERNS, NS_GET_PARENT, NS_GET_NSTYPE and NS_GET_OWNER_UID fail with EBADF on a file opened with O_PATH.
#[claim(source = "open(2) O_PATH", needs = [UserNamespaces])]
fn ioctl_opath_ebadf() -> Verdict {
    let process = waiting(CLONE_NEWUSER)?;
    let link = format!("/proc/{}/ns/user", process.pid());
    let opened = |flags| open(link.as_str(), flags | OFlag::O_CLOEXEC, Mode::empty()).doing(format!("open {link}"));
    for (operation, answer) in each(opened(OFlag::O_PATH)?) {
        expect_errno!(answer, EBADF, "{operation}");
    }
    for (operation, answer) in each(opened(OFlag::O_RDONLY)?) {
        expect_ok!(answer, "{operation} on the same file, opened for reading");
    }
    holds()
}

/// NS_GET_OWNER_UID fails with EFAULT if its argument is an address that cannot be written to.
#[claim(source = "ioctl(2)", needs = [UserNamespaces])]
fn ioctl_owner_uid_efault() -> Verdict {
    let namespace = waiting(CLONE_NEWUSER)?.namespace(Kind::User)?;
    let operation = request(Direction::Nothing, 0xb7, 4, 0);
    for address in [0, 1] {
        expect_errno!(at_address(&namespace, operation, address), EFAULT, "the address {address}");
    }
    expect_eq!(expect_ok!(get_owner_uid(&namespace)), geteuid().as_raw());
    holds()
}

/// NS_GET_ID fails with EFAULT if its argument is an address that cannot be written to.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.18", needs = [])]
fn ioctl_ns_id_efault() -> Verdict {
    let namespace = Namespace::own(Kind::Uts)?;
    for address in [0, 1] {
        expect_errno!(at_address(&namespace, NS_GET_ID, address), EFAULT, "the address {address}");
    }
    expect_ne!(expect_ok!(ns_ids::id(&namespace)), 0);
    holds()
}

/// Each of the operations that all kernels have.
fn each(fd: impl AsFd) -> [(&'static str, nix::Result<()>); 4] {
    [
        ("NS_GET_USERNS", get_userns(&fd).map(drop)),
        ("NS_GET_PARENT", get_parent(&fd).map(drop)),
        ("NS_GET_NSTYPE", get_nstype(&fd).map(drop)),
        ("NS_GET_OWNER_UID", get_owner_uid(&fd).map(drop)),
    ]
}
