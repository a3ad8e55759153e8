//! What the calls that join and ask namespaces say of descriptors that are not for them: every sort of file, with every flag
//! and operation. `setns(2)`, `ioctl_nsfs(2)`, `linux/pidfd.h`.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use kit::Links;
use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
use kit::sys::entry::Entry;
use kit::sys::ioctl::{Direction, request};
use kit::sys::placed::{ioctl_opening, ioctl_value};
use kit::sys::raw::pidfd_open;
use kit::sys::setns::setns_number;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::getpid;

use super::descriptors::{NO_FILES, all_other_files, other_files};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_of_every_other_file_einval,
    setns_of_no_file_ebadf,
    nsfs_ioctls_of_every_other_file_enotty,
    nsfs_ioctls_of_an_epoll_group_einval,
    pidfd_ioctls_of_every_other_file_enotty,
    pidfd_ioctls_of_namespaces_enotty,
    pidfd_ioctl_of_a_namespace_was_taken_for_another,
    nsfs_ioctls_of_pidfds_enotty,
    siocgskns_of_every_other_file_enotty,
    ioctls_of_no_file_ebadf,
    ioctls_of_a_path_alone_ebadf,
];

/// setns(2) on a file of any other sort than a namespace's and a pidfd fails with EINVAL, with each flag, all of them and none.
///
/// Tried with 18 sorts. On one that was opened with O_PATH the call fails with EBADF.
#[claim(source = ["setns(2) ERRORS", "kernel/nsproxy.c setns"], since = "5.8", needs = [UserNamespaces, Config("UNIX"), Config("INOTIFY_USER"), Config("UNIX98_PTYS")])]
fn setns_of_every_other_file_einval() -> Verdict {
    user_namespace(NONE, || {
        let before = Links::own()?;
        for (what, file) in all_other_files()? {
            for flags in every_flag() {
                match what {
                    "a path alone" => expect_errno!(setns(&file, flags), EBADF, "{what}, with {flags:?}"),
                    _ => expect_errno!(setns(&file, flags), EINVAL, "{what}, with {flags:?}"),
                }
            }
        }
        before.expect_unmoved()?;
        let other = waiting(CLONE_NEWUTS)?;
        expect_ok!(setns(other.namespace(Kind::Uts)?, CLONE_NEWUTS), "a namespace's file");
        holds()
    })
}

/// setns(2) on a number that is no descriptor fails with EBADF, also on those that stand for something to other calls.
///
/// Such are AT_FDCWD, PIDFD_SELF_THREAD, PIDFD_SELF_THREAD_GROUP, FD_PIDFS_ROOT and FD_NSFS_ROOT. A descriptor is looked at
/// before the flags, whatever they are.
#[claim(source = ["setns(2) ERRORS", "kernel/nsproxy.c setns"], needs = [])]
fn setns_of_no_file_ebadf() -> Verdict {
    for number in NO_FILES {
        for flags in every_flag() {
            expect_errno!(setns_number(number, flags), EBADF, "{number}, with {flags:?}");
        }
    }
    let own = Namespace::own(Kind::Uts)?;
    expect_errno!(setns_number(own.fd().as_raw_fd(), CLONE_FS), EINVAL, "a descriptor, with a wrong flag");
    holds()
}

/// The operations of ioctl_nsfs(2) fail with ENOTTY on a file of any other sort than a namespace's.
///
/// Tried with all 13, a number that stands for none, and 16 sorts.
#[claim(source = ["ioctl_nsfs(2) ERRORS", "kernel 7.3 include/uapi/linux/nsfs.h"], needs = [Config("UNIX"), Config("INOTIFY_USER")])]
fn nsfs_ioctls_of_every_other_file_enotty() -> Verdict {
    for (what, file) in other_files()? {
        for (name, operation) in OF_NAMESPACES {
            expect_errno!(asked(&file, operation), ENOTTY, "{name} of {what}");
        }
    }
    expect_ok!(asked(Namespace::own(Kind::Uts)?, OF_NAMESPACES[2].1), "NS_GET_NSTYPE of a namespace");
    holds()
}

/// The operations of ioctl_nsfs(2) and those of pidfds fail with EINVAL on an epoll descriptor; before 6.9 with ENOTTY.
#[claim(source = "fs/eventpoll.c ep_eventpoll_ioctl", since = "6.9", needs = [])]
fn nsfs_ioctls_of_an_epoll_group_einval() -> Verdict {
    let flags = rustix::event::epoll::CreateFlags::CLOEXEC;
    let group = rustix::event::epoll::create(flags)?;
    for (name, operation) in OF_NAMESPACES.into_iter().chain(of_pidfds()) {
        expect_errno!(asked(&group, operation), EINVAL, "{name}");
        expect_errno!(asked(File::open("/proc/self/status")?, operation), ENOTTY, "{name}, of a file");
    }
    holds()
}

/// The operations that open a process's namespaces by its pidfd fail with ENOTTY on a file of any other sort.
#[claim(source = "kernel 7.3 include/uapi/linux/pidfd.h", needs = [Config("UNIX"), Config("INOTIFY_USER")])]
fn pidfd_ioctls_of_every_other_file_enotty() -> Verdict {
    for (what, file) in other_files()? {
        for (name, operation) in of_pidfds() {
            expect_errno!(asked(&file, operation), ENOTTY, "{name} of {what}");
        }
    }
    holds()
}

/// The operations that open a process's namespaces by its pidfd fail with ENOTTY on a namespace's file, of whatever kind.
#[claim(
    source = ["kernel 7.3 fs/nsfs.c nsfs_ioctl_valid", "kernel 7.3 include/uapi/linux/pidfd.h"],
    since = "6.17",
    replaces = "pidfd_ioctl_of_a_namespace_was_taken_for_another",
    needs = [Config("TIME_NS")],
)]
fn pidfd_ioctls_of_namespaces_enotty() -> Verdict {
    for link in Link::ALL {
        let file = File::open(own(link))?;
        for (name, operation) in of_pidfds() {
            expect_errno!(asked(&file, operation), ENOTTY, "{name} of {link}");
        }
    }
    holds()
}

/// PIDFD_GET_UTS_NAMESPACE on a namespace's file is taken for NS_MNT_GET_INFO, which has its number in another group: EINVAL.
///
/// The other nine operations of pidfds fail with ENOTTY.
#[claim(source = "kernel 6.12 fs/nsfs.c ns_ioctl", since = "6.12", until = "6.17", needs = [Config("TIME_NS")])]
fn pidfd_ioctl_of_a_namespace_was_taken_for_another() -> Verdict {
    for link in Link::ALL {
        let file = File::open(own(link))?;
        for (name, operation) in of_pidfds() {
            match name {
                "uts" => expect_errno!(asked(&file, operation), EINVAL, "{name} of {link}"),
                _ => expect_errno!(asked(&file, operation), ENOTTY, "{name} of {link}"),
            }
        }
    }
    holds()
}

/// The operations of ioctl_nsfs(2) fail with ENOTTY on a pidfd, also when the process has ended.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfs_ioctl_valid", since = "6.14", needs = [])]
fn nsfs_ioctls_of_pidfds_enotty() -> Verdict {
    let process = waiting(NONE)?;
    let pidfd = process.pidfd().try_clone_to_owned()?;
    let all_refused = |when: &str| {
        for (name, operation) in OF_NAMESPACES {
            expect_errno!(asked(&pidfd, operation), ENOTTY, "{name} of a process that {when}");
        }
        Ok(())
    };
    all_refused("lives")?;
    expect_ok!(Link::Uts.of_pidfd(&pidfd), "an operation of pidfds");
    let zombie = kit::lifetime::make_zombie(process)?;
    all_refused("is a zombie")?;
    zombie.wait()?;
    all_refused("has been reaped")?;
    holds()
}

/// SIOCGSKNS fails with ENOTTY on a file of any sort that is no socket, and on a namespace's file and a pidfd.
#[claim(source = "net/socket.c SIOCGSKNS", needs = [UserNamespaces, Config("NET_NS"), Config("UNIX"), Config("INOTIFY_USER")])]
fn siocgskns_of_every_other_file_enotty() -> Verdict {
    user_namespace(CLONE_NEWNET, || {
        let mut files = other_files()?;
        files.push(("a network namespace", File::open(own(Link::Net))?.into()));
        files.push(("a pidfd", pidfd_open(getpid(), 0)?));
        for (what, file) in files {
            let answer = ioctl_opening(Entry::Own, file.as_raw_fd(), u64::from(libc::SIOCGSKNS as u32), 0);
            match what.ends_with("socket") {
                true => expect_eq!(Namespace::from_fd(expect_ok!(answer, "{what}")).inode()?, own_inode(Kind::Net)?),
                false => expect_errno!(answer, ENOTTY, "{what}"),
            }
        }
        holds()
    })
}

/// The operations of namespaces' files and of pidfds fail with EBADF on a number that is no descriptor, whatever it means elsewhere.
///
/// AT_FDCWD, PIDFD_SELF_THREAD, PIDFD_SELF_THREAD_GROUP, FD_PIDFS_ROOT and FD_NSFS_ROOT mean nothing to ioctl(2).
#[claim(source = "ioctl(2) ERRORS", needs = [])]
fn ioctls_of_no_file_ebadf() -> Verdict {
    for number in NO_FILES {
        for (name, operation) in OF_NAMESPACES.into_iter().chain(of_pidfds()) {
            expect_errno!(ioctl_value(Entry::Own, number, operation, 0), EBADF, "{name} of {number}");
        }
    }
    let own = Namespace::own(Kind::Uts)?;
    expect_ok!(asked(&own, OF_NAMESPACES[2].1), "NS_GET_NSTYPE of a descriptor");
    holds()
}

/// Every operation of ioctl_nsfs(2) fails with EBADF on a namespace's file opened with O_PATH, of whatever kind.
///
/// So do those of pidfds, on one that was opened again with O_PATH.
#[claim(source = ["open(2) O_PATH", "ioctl(2) ERRORS"], needs = [Config("TIME_NS")])]
fn ioctls_of_a_path_alone_ebadf() -> Verdict {
    let pidfd = pidfd_open(getpid(), 0)?;
    let paths = Link::ALL.map(own).into_iter().chain([format!("/proc/self/fd/{}", pidfd.as_raw_fd())]);
    for path in paths {
        let opened =
            open(path.as_str(), OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).doing(format!("open {path}"))?;
        for (name, operation) in OF_NAMESPACES.into_iter().chain(of_pidfds()) {
            expect_errno!(asked(&opened, operation), EBADF, "{name} of {path}");
        }
        expect_eq!(rustix::fs::fstat(&opened)?.st_ino, inode_at(&path)?, "a path alone is good for fstat");
    }
    holds()
}

/// Every operation of `linux/nsfs.h`.
const OF_NAMESPACES: [(&str, u64); 14] = [
    ("NS_GET_USERNS", request(Direction::Nothing, 0xb7, 1, 0)),
    ("NS_GET_PARENT", request(Direction::Nothing, 0xb7, 2, 0)),
    ("NS_GET_NSTYPE", request(Direction::Nothing, 0xb7, 3, 0)),
    ("NS_GET_OWNER_UID", request(Direction::Nothing, 0xb7, 4, 0)),
    ("NS_GET_MNTNS_ID", request(Direction::Read, 0xb7, 5, 8)),
    ("NS_GET_PID_FROM_PIDNS", request(Direction::Read, 0xb7, 6, 4)),
    ("NS_GET_TGID_FROM_PIDNS", request(Direction::Read, 0xb7, 7, 4)),
    ("NS_GET_PID_IN_PIDNS", request(Direction::Read, 0xb7, 8, 4)),
    ("NS_GET_TGID_IN_PIDNS", request(Direction::Read, 0xb7, 9, 4)),
    ("NS_MNT_GET_INFO", request(Direction::Read, 0xb7, 10, 16)),
    ("NS_MNT_GET_NEXT", request(Direction::Read, 0xb7, 11, 16)),
    ("NS_MNT_GET_PREV", request(Direction::Read, 0xb7, 12, 16)),
    ("NS_GET_ID", request(Direction::Read, 0xb7, 13, 8)),
    ("the number after the last", request(Direction::Read, 0xb7, 14, 8)),
];

/// Every operation of `linux/pidfd.h` that takes no structure.
fn of_pidfds() -> impl Iterator<Item = (&'static str, u64)> {
    Link::ALL.into_iter().map(|link| (link.name(), request(Direction::Nothing, 0xff, link.pidfd_number() as u8, 0)))
}

/// Each flag of a kind, none, all, and one that means nothing here.
fn every_flag() -> impl Iterator<Item = CloneFlags> {
    let all = Kind::flags(&Kind::ALL);
    Kind::ALL.into_iter().map(Kind::flag).chain([NONE, all, CLONE_FS])
}

/// The answer to an operation with the null pointer or 0, whichever it takes.
fn asked(file: impl AsFd, operation: u64) -> nix::Result<i32> {
    let number: RawFd = file.as_fd().as_raw_fd();
    ioctl_value(Entry::Own, number, operation, 0)
}
