//! The same calls as a 32-bit program makes them on a 64-bit kernel.
//!
//! The program that makes them here is a 64-bit one; the kernel's entry for 32-bit programs does not tell the difference.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use kit::Links;
use kit::joining::{Elsewhere, present};
use kit::listed::{PLENTY, list};
use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
use kit::process::NOBODY;
use kit::sys::area::{ALIGNED, Spot};
use kit::sys::entry::Entry::{self, ThirtyTwoBits};
use kit::sys::ioctl::{Direction, request};
use kit::sys::listns::Request;
use kit::sys::ns::get_nstype;
use kit::sys::placed::{
    CloneFields, Naming, ioctl_opening, ioctl_placed, ioctl_value, listns_placed, open_by_handle_placed,
    try_clone3_placed,
};
use kit::sys::raw::pidfd_open;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    compat_unshare,
    compat_setns,
    compat_setns_refused,
    compat_clone3,
    compat_clone3_refused,
    compat_nsfs_ioctls_enotty,
    compat_nsfs_ioctls,
    compat_pid_translation,
    compat_pidfd_ioctls,
    compat_siocgskns,
    compat_listns,
    compat_file_handles,
];

/// unshare(2) by a 32-bit program makes a namespace of each kind, and fails with EINVAL for the same flags.
#[claim(source = ["unshare(2)", "arch/x86/entry/entry_64_compat.S"], needs = [UserNamespaces, Config("IA32_EMULATION")])]
fn compat_unshare() -> Verdict {
    user_namespace(NONE, || {
        for kind in present() {
            child(NONE, || {
                let before = Links::own()?;
                expect_ok!(ThirtyTwoBits.unshare(kind.flag()), "{kind}");
                let changed = Links::own()?.changed_since(&before);
                expect!(changed.contains(&kind.unshared_link()), "{kind}: {changed:?}");
                Ok(())
            })?;
        }
        for place in 0..u32::BITS {
            let flags = CloneFlags::from_bits_retain(1 << place);
            let both = [Entry::Own, ThirtyTwoBits].map(|entry| child(NONE, || Ok(entry.unshare(flags).portable())));
            let [own, small] = both;
            expect_eq!(small?, own?, "{flags:?}");
        }
        holds()
    })
}

/// setns(2) by a 32-bit program joins a namespace of each kind by its file and by a pidfd.
#[claim(
    source = ["setns(2)", "arch/x86/entry/entry_64_compat.S"],
    since = "5.8",
    needs = [UserNamespaces, Config("IA32_EMULATION")],
)]
fn compat_setns() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        for kind in present() {
            let file = other.namespace(kind)?;
            let join = |fd: BorrowedFd<'_>, flags| ThirtyTwoBits.setns(fd.as_raw_fd(), flags);
            other.expect_joined(&[kind], || join(file.fd(), kind.flag()))?;
            other.expect_joined(&[kind], || join(file.fd(), NONE))?;
            other.expect_joined(&[kind], || join(other.pidfd(), kind.flag()))?;
        }
        holds()
    })
}

/// setns(2) by a 32-bit program is refused as it is to others: EBADF, EINVAL and EPERM.
#[claim(
    source = ["setns(2) ERRORS", "arch/x86/entry/entry_64_compat.S"],
    since = "5.8",
    needs = [Root, Config("IA32_EMULATION")],
)]
fn compat_setns_refused() -> Verdict {
    let other = waiting(CLONE_NEWUTS)?;
    let uts = other.namespace(Kind::Uts)?;
    let number = uts.fd().as_raw_fd();
    for number in super::descriptors::NO_FILES {
        expect_errno!(ThirtyTwoBits.setns(number, CLONE_NEWUTS), EBADF, "{number}");
    }
    expect_errno!(ThirtyTwoBits.setns(number, CLONE_NEWIPC), EINVAL, "another kind");
    expect_errno!(ThirtyTwoBits.setns(File::open("/")?.as_raw_fd(), CLONE_NEWUTS), EINVAL, "a directory");
    expect_errno!(ThirtyTwoBits.setns(other.pidfd().as_raw_fd(), NONE), EINVAL, "a pidfd, without a flag");
    kit::process::as_user(NOBODY, NONE, || {
        expect_errno!(ThirtyTwoBits.setns(number, CLONE_NEWUTS), EPERM, "an ordinary user");
        Ok(())
    })?;
    expect_ok!(ThirtyTwoBits.setns(number, CLONE_NEWUTS));
    holds()
}

/// clone3(2) by a 32-bit program takes the same structure, and makes namespaces of every kind.
#[claim(source = ["clone(2) The clone3() system call", "arch/x86/entry/entry_64_compat.S"], needs = [UserNamespaces, Config("IA32_EMULATION")])]
fn compat_clone3() -> Verdict {
    user_namespace(NONE, || {
        kit::limits::set_limit(Kind::Uts, 0).doing("allow no UTS namespace")?;
        for kind in present().into_iter().filter(|kind| *kind != Kind::Uts) {
            for size in [64, 80, 88, 4096] {
                expect_ok!(clone3(&CloneFields::with(kind.flag()), &[], size, ALIGNED), "{kind}, {size} bytes");
            }
        }
        let refused = clone3(&CloneFields::with(CLONE_NEWUTS), &[], 88, ALIGNED);
        expect_errno!(refused, ENOSPC, "UTS, of which none is allowed: the flags are looked at");
        holds()
    })
}

/// clone3(2) by a 32-bit program is refused for the same structures: EINVAL, E2BIG and EFAULT.
#[claim(source = ["clone(2) ERRORS", "kernel/fork.c copy_clone_args_from_user"], needs = [Config("IA32_EMULATION")])]
fn compat_clone3_refused() -> Verdict {
    let plain = CloneFields::with(NONE);
    expect_errno!(clone3(&plain, &[], 63, ALIGNED), EINVAL, "short");
    expect_errno!(clone3(&plain, &[], 4097, ALIGNED), E2BIG, "longer than a page");
    expect_errno!(clone3(&plain, &[1], 89, ALIGNED), E2BIG, "something behind it");
    expect_errno!(clone3(&plain, &[], 88, Spot::Unmapped(0)), EFAULT, "the null pointer");
    expect_errno!(clone3(&plain, &[], 88, Spot::BeforeEnd(87)), EFAULT, "cut off");
    expect_errno!(clone3(&CloneFields { flags: 1 << 63, ..plain }, &[], 88, ALIGNED), EINVAL, "an unknown flag");
    let high = CloneFields { stack: 1 << 63, stack_size: 4096, ..plain };
    expect_errno!(clone3(&high, &[], 88, ALIGNED), EINVAL, "a stack where the kernel is");
    expect_ok!(clone3(&plain, &[], 88, Spot::Off(1)), "not aligned");
    holds()
}

/// The operations of ioctl_nsfs(2) fail with ENOTTY for a 32-bit program: the kernel has them for its own programs only.
#[claim(source = "fs/nsfs.c", until = "6.11", needs = [Config("IA32_EMULATION"), Config("TIME_NS")])]
fn compat_nsfs_ioctls_enotty() -> Verdict {
    for link in Link::ALL {
        let file = File::open(own(link))?;
        for number in 1..=4 {
            let operation = request(Direction::Nothing, 0xb7, number, 0);
            expect_errno!(ioctl_value(ThirtyTwoBits, file.as_raw_fd(), operation, 0), ENOTTY, "{link}, {number}");
        }
        let kind = ioctl_value(Entry::Own, file.as_raw_fd(), request(Direction::Nothing, 0xb7, 3, 0), 0);
        expect_eq!(expect_ok!(kind) as u64, link.kind().flag().bits(), "{link}, as a 64-bit program");
    }
    holds()
}

/// The operations of ioctl_nsfs(2) answer a 32-bit program as they do others, on namespaces of every kind.
#[claim(
    source = "kernel 7.3 fs/nsfs.c",
    since = "6.11",
    replaces = "compat_nsfs_ioctls_enotty",
    needs = [UserNamespaces, Config("IA32_EMULATION"), Config("TIME_NS")],
)]
fn compat_nsfs_ioctls() -> Verdict {
    let user = waiting(CLONE_NEWUSER)?.namespace(Kind::User)?;
    let files = Link::ALL.into_iter().map(|link| Ok((link.name(), Namespace::at(own(link))?)));
    let mut files = files.collect::<Outcome<Vec<_>>>()?;
    files.push(("another user namespace", user));
    for (what, file) in &files {
        for number in [1, 2] {
            let operation = request(Direction::Nothing, 0xb7, number, 0);
            let asked = |entry| opened(entry, file.fd(), operation);
            expect_eq!(asked(ThirtyTwoBits)?, asked(Entry::Own)?, "{what}, {number}");
        }
        let kind = ioctl_value(ThirtyTwoBits, file.fd().as_raw_fd(), request(Direction::Nothing, 0xb7, 3, 0), 0);
        expect_eq!(kind.map(|kind| kind as u64), get_nstype(file).map(|kind| kind.bits()), "{what}");
        for (number, size) in [(4, 4), (5, 8), (10, 16), (13, 8)] {
            let direction = if number == 4 { Direction::Nothing } else { Direction::Read };
            let operation = request(direction, 0xb7, number, if number == 4 { 0 } else { size });
            let asked = |entry, spot| ioctl_placed(entry, file, operation, &vec![0; size.into()], spot);
            expect_eq!(asked(ThirtyTwoBits, ALIGNED), asked(Entry::Own, ALIGNED), "{what}, {number}");
            let nowhere = Spot::Unmapped(8);
            expect_eq!(asked(ThirtyTwoBits, nowhere), asked(Entry::Own, nowhere), "{what}, {number}, nowhere");
        }
    }
    holds()
}

/// PIDs are translated for a 32-bit program by the same four operations.
#[claim(source = "kernel 7.3 fs/nsfs.c", since = "6.11", needs = [Root, Config("IA32_EMULATION"), Config("PID_NS")])]
fn compat_pid_translation() -> Verdict {
    let inner = waiting(CLONE_NEWPID)?;
    let namespace = inner.namespace(Kind::Pid)?;
    let outside = inner.pid().as_raw();
    let asked = |number, pid: i32| {
        let operation = request(Direction::Read, 0xb7, number, 4);
        ioctl_value(ThirtyTwoBits, namespace.fd().as_raw_fd(), operation, pid as u64)
    };
    for number in [6, 7] {
        expect_eq!(expect_ok!(asked(number, 1)), outside, "from inside, {number}");
    }
    for number in [8, 9] {
        expect_eq!(expect_ok!(asked(number, outside)), 1, "to inside, {number}");
        expect_errno!(asked(number, getpid().as_raw()), ESRCH, "a process outside, {number}");
    }
    holds()
}

/// The operations that open a process's namespaces by its pidfd serve a 32-bit program, too.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_compat_ioctl", since = "6.11", needs = [Config("IA32_EMULATION"), Config("TIME_NS")])]
fn compat_pidfd_ioctls() -> Verdict {
    let process = pidfd_open(getpid(), 0)?;
    for link in Link::ALL {
        let operation = request(Direction::Nothing, 0xff, link.pidfd_number() as u8, 0);
        let asked = |value| ioctl_value(ThirtyTwoBits, process.as_raw_fd(), operation, value);
        let inode = expect_ok!(opened(ThirtyTwoBits, process.as_fd(), operation)?, "{link}");
        expect_eq!(inode, inode_at(own(link))?, "{link}");
        expect_errno!(asked(1), EINVAL, "{link}, with an argument");
    }
    holds()
}

/// SIOCGSKNS opens the network namespace of a socket for a 32-bit program, too.
#[claim(source = "net/socket.c SIOCGSKNS", needs = [UserNamespaces, Config("IA32_EMULATION"), Config("UNIX"), Config("NET_NS")])]
fn compat_siocgskns() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let socket = socket(AddressFamily::Unix, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        let asked = |fd: BorrowedFd<'_>| opened(ThirtyTwoBits, fd, u64::from(libc::SIOCGSKNS as u32));
        expect_eq!(expect_ok!(asked(socket.as_fd())?), own_inode(Kind::Net)?);
        expect_errno!(asked(File::open("/")?.as_fd())?, ENOTTY, "a directory");
        holds()
    })
}

/// listns() lists the same for a 32-bit program, and refuses it the same.
#[claim(source = "kernel 7.3 kernel/nstree.c", since = "6.19", needs = [Config("IA32_EMULATION")])]
fn compat_listns() -> Verdict {
    let all = expect_ok!(list(&Request::all()));
    let plain = [&32_u32.to_ne_bytes()[..], &[0; 28]].concat();
    let asked = |bytes: &[u8], at, room, to| listns_placed(ThirtyTwoBits, (bytes, at), (room, to));
    let (answer, written) = asked(&plain, ALIGNED, PLENTY as u64, ALIGNED);
    expect_eq!(expect_ok!(answer), all.len());
    let first: Vec<u8> = all.iter().flat_map(|id| id.to_ne_bytes()).collect();
    expect_eq!(&written[..first.len()], &first[..]);
    expect_errno!(asked(&plain, Spot::Unmapped(0), 8, ALIGNED).0, EFAULT, "no request");
    expect_errno!(asked(&plain, ALIGNED, 8, Spot::Unmapped(0)).0, EFAULT, "no room");
    expect_errno!(asked(&[0; 32], ALIGNED, 8, ALIGNED).0, EINVAL, "no size");
    expect_errno!(asked(&plain, ALIGNED, 1_000_001, ALIGNED).0, EOVERFLOW, "too many");
    holds()
}

/// name_to_handle_at(2) and open_by_handle_at(2) make and open handles of namespaces for a 32-bit program, too.
#[claim(source = "fs/fhandle.c", since = "6.18", needs = [Config("IA32_EMULATION"), Config("FHANDLE"), Config("TIME_NS")])]
fn compat_file_handles() -> Verdict {
    let empty = [&16_u32.to_ne_bytes()[..], &[0; 20]].concat();
    for link in Link::ALL {
        let path = own(link);
        let naming = Naming {
            directory: libc::AT_FDCWD,
            path: &path,
            handle: (&empty, ALIGNED),
            mount_id: ALIGNED,
            flags: libc::AT_SYMLINK_FOLLOW,
        };
        let told = expect_ok!(naming.ask(ThirtyTwoBits), "{link}");
        expect_eq!(Ok(&told), naming.ask(Entry::Own).as_ref(), "{link}");
        let file = expect_ok!(open_by_handle_placed(ThirtyTwoBits, -10003, &told, ALIGNED, libc::O_RDONLY), "{link}");
        expect_eq!(Namespace::from_fd(file).inode()?, inode_at(own(link))?, "{link}");
    }
    holds()
}

/// The namespace behind the descriptor that an operation returns.
fn opened(entry: Entry, fd: BorrowedFd<'_>, operation: u64) -> Outcome<nix::Result<Inode>> {
    let file = ioctl_opening(entry, fd.as_raw_fd(), operation, 0);
    file.map(|file| Namespace::from_fd(file).inode()).map_or_else(|errno| Ok(Err(errno)), |inode| inode.map(Ok))
}

fn clone3(fields: &CloneFields, tail: &[u8], size: u64, spot: Spot) -> nix::Result<()> {
    try_clone3_placed(ThirtyTwoBits, fields, tail, size, spot)
}
