//! Which descriptors `setns(2)` takes, and from where: `setns(2)`, `namespaces(7)` The /proc/pid/ns/ directory.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use kit::Links;
use kit::joining::{Elsewhere, expect_joined, present};
use kit::mounts::{bind, tmpfs};
use kit::prelude::*;
use kit::process::stay_on_one_processor;
use kit::room::FOLDER;
use kit::sys::setns::setns_number;
use kit::sys::sysv::{msg_create, msg_stat};
use kit::uts::{hostname, sethostname};
use nix::fcntl::{OFlag, open};
use nix::mount::umount;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::sys::stat::Mode;
use nix::unistd::pipe;
use rustix::fs::{MemfdFlags, memfd_create};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    setns_ebadf,
    setns_opath_ebadf,
    setns_foreign_fd_einval,
    setns_bind_mount_file,
    setns_fd_from_scm_rights,
    setns_after_members_died,
    setns_finds_what_the_dead_left,
    proc_fd_reopen_nsfd,
];

/// setns(2) on a number that is not an open descriptor, such as -1 or that of a closed file, fails with EBADF.
#[claim(source = "setns(2) ERRORS", needs = [UserNamespaces])]
fn setns_ebadf() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let uts = other.namespace(Kind::Uts)?;
        let number = uts.fd().as_raw_fd();
        for flags in [CLONE_NEWUTS, NONE] {
            other.expect_joined(&[Kind::Uts], || setns_number(number, flags)).doing("while it is open")?;
        }
        drop(uts);
        for flags in [CLONE_NEWUTS, NONE, CLONE_FS] {
            expect_errno!(setns_number(number, flags), EBADF, "when it is closed, with {flags:?}");
            expect_errno!(setns_number(-1, flags), EBADF, "-1, with {flags:?}");
            expect_errno!(setns_number(i32::MAX, flags), EBADF, "a number beyond all, with {flags:?}");
        }
        holds()
    })
}

/// setns(2) on a namespace's file that was opened with O_PATH fails with EBADF.
///
/// Opened again for reading through /proc/self/fd, the file is taken.
#[claim(source = ["open(2) O_PATH", "kernel/nsproxy.c setns"], needs = [UserNamespaces])]
fn setns_opath_ebadf() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        for kind in present() {
            let link = format!("/proc/{}/ns/{kind}", other.process().proc_pid()?);
            let path = open(link.as_str(), OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
            expect_errno!(setns(&path, kind.flag()), EBADF, "the file of a {kind} namespace");
            expect_errno!(setns(&path, NONE), EBADF, "the file of a {kind} namespace, with 0");
            let readable = File::open(format!("/proc/self/fd/{}", path.as_raw_fd()))?;
            other.expect_joined(&[kind], || setns(&readable, kind.flag()))?;
        }
        holds()
    })
}

/// setns(2) on an open file that is neither a namespace's nor a pidfd fails with EINVAL, also on a directory of
/// /proc/PID.
#[claim(
    source = ["setns(2) ERRORS", "kernel/nsproxy.c setns", "fs/pidfs.c pidfd_pid"],
    since = "5.8",
    needs = [UserNamespaces],
)]
fn setns_foreign_fd_einval() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let process = format!("/proc/{}", other.process().proc_pid()?);
        let (reader, writer) = pipe()?;
        let socket = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None)?;
        let mut files: Vec<(String, OwnedFd)> =
            vec![("a pipe".into(), reader), ("a pipe's other end".into(), writer), ("a socket".into(), socket)];
        for path in ["/".into(), "/dev/null".into(), format!("{process}/status"), format!("{process}/ns"), process] {
            let file = File::open(&path).doing(format!("open {path}"))?;
            files.push((path, file.into()));
        }
        files.push(("a file in memory".into(), memfd_create("file", MemfdFlags::CLOEXEC)?));
        for (name, file) in &files {
            for flags in [NONE, CLONE_NEWUTS, CLONE_NEWUTS | CLONE_NEWNET, CLONE_FS] {
                expect_errno!(setns(file, flags), EINVAL, "{name}, with {flags:?}");
            }
        }
        let uts = other.namespace(Kind::Uts)?;
        for right in [uts.fd(), other.pidfd()] {
            other.expect_joined(&[Kind::Uts], || setns(right, CLONE_NEWUTS))?;
        }
        holds()
    })
}

/// setns(2) takes a file opened at a bind mount of a namespace's file; after the unmount the same path fails with
/// EINVAL.
#[claim(
    source = [
        "setns(2) DESCRIPTION", "Linux Namespaces", "Few notes about network namespaces in Linux", "What's in a name(space)?",
    ],
    needs = [UserNamespaces],
)]
fn setns_bind_mount_file() -> Verdict {
    // On 6.18, which mount namespace is the older one depends on the processors they were made on.
    stay_on_one_processor()?;
    user_namespace(CLONE_NEWNS, || {
        let folder = fresh_folder()?;
        let other = Elsewhere::new()?;
        for kind in present() {
            let link = format!("/proc/{}/ns/{kind}", other.process().proc_pid()?);
            let place = format!("{folder}/{kind}");
            File::create(&place)?;
            bind(link, &place)?;
            for flags in [kind.flag(), NONE] {
                other.expect_joined(&[kind], || setns(File::open(&place).map_err(errno)?, flags))?;
            }
            umount(place.as_str()).doing("umount")?;
            expect_errno!(setns(File::open(&place)?, NONE), EINVAL, "the file below the mount");
        }
        holds()
    })
}

/// setns(2) takes a descriptor of a namespace's file that came over a UNIX socket, and fails with EINVAL if its kind is
/// misnamed.
#[claim(source = "setns(2) fd refers to a /proc/pid/ns/ link", needs = [UserNamespaces])]
fn setns_fd_from_scm_rights() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let receiver = spawn(NONE, |sender| {
            let there: Links = sender.recv()?;
            let before = Links::own()?;
            let received = sender.recv_fd()?;
            expect_errno!(setns(&received, CLONE_NEWUTS), EINVAL, "a wrong guess");
            before.expect_unmoved()?;
            expect_ok!(setns(&received, CLONE_NEWIPC), "the right guess");
            before.expect_moved(&[Kind::Ipc], &there)
        })?;
        // Opened after the fork: the receiver has inherited no such file.
        let ipc = other.namespace(Kind::Ipc)?;
        receiver.send(other.memberships())?;
        receiver.peer().send_fd(&ipc)?;
        receiver.join()?;
        holds()
    })
}

/// A namespace of any kind can be joined by its open file after all its processes have ended.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "Few notes about network namespaces in Linux"],
    needs = [UserNamespaces],
)]
fn setns_after_members_died() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        let process = format!("/proc/{}", other.process().proc_pid()?);
        let open = |kind| Ok((kind, Namespace::at(format!("{process}/ns/{kind}"))?));
        let files = present().into_iter().map(open).collect::<Outcome<Vec<_>>>()?;
        let there = other.end()?;
        expect_errno!(File::open(format!("{process}/ns/uts")), ENOENT, "the way by which it was opened");
        for (kind, namespace) in files {
            expect_joined(&there, &[kind], || setns(&namespace, kind.flag()))?;
        }
        holds()
    })
}

/// A process that joins namespaces whose processes have all ended finds the hostname, mounts and message queues that
/// they left.
#[claim(
    source = ["namespaces(7) The /proc/pid/ns/ directory", "Few notes about network namespaces in Linux"],
    needs = [UserNamespaces, Config("SYSVIPC")],
)]
fn setns_finds_what_the_dead_left() -> Verdict {
    let left_file = format!("{}/left", FOLDER);
    user_namespace(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC, || {
        sethostname("ours")?;
        let member = spawn(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC, |outside| {
            fresh_folder()?;
            File::create(&left_file)?;
            sethostname("left")?;
            outside.send(&msg_create()?)?;
            outside.wait()
        })?;
        let queue: i32 = member.recv()?;
        let files = [Kind::Mnt, Kind::Uts, Kind::Ipc].map(|kind| member.namespace(kind));
        member.kill(libc::SIGKILL)?;
        member.wait()?;
        let sees = || Outcome::Ok((hostname()?, File::open(&left_file).is_ok(), msg_stat(queue).is_ok()));
        expect_eq!(sees()?, ("ours".to_owned(), false, false), "before");
        for namespace in files {
            expect_ok!(setns(&namespace?, NONE));
        }
        expect_eq!(sees()?, ("left".to_owned(), true, true), "after");
        holds()
    })
}

/// A namespace's file that was opened again through /proc/self/fd can be given to setns(2), also when the first is
/// closed.
///
/// Then /proc/self/fd has no entry of that number any more: opening it fails with ENOENT.
#[claim(source = "setns(2) DESCRIPTION", needs = [UserNamespaces])]
fn proc_fd_reopen_nsfd() -> Verdict {
    user_namespace(NONE, || {
        let other = Elsewhere::new()?;
        for kind in present() {
            let namespace = other.namespace(kind)?;
            let way = format!("/proc/self/fd/{}", namespace.as_fd().as_raw_fd());
            let again = expect_ok!(File::open(&way), "a {kind} namespace's file");
            drop(namespace);
            expect_errno!(File::open(&way), ENOENT, "when it has been closed");
            for flags in [kind.flag(), NONE] {
                other.expect_joined(&[kind], || setns(&again, flags))?;
            }
        }
        holds()
    })
}

/// An empty directory of the caller's mount namespace alone.
fn fresh_folder() -> Outcome<&'static str> {
    tmpfs(FOLDER)?;
    Ok(FOLDER)
}

fn errno(error: std::io::Error) -> nix::errno::Errno {
    kit::expect::HasErrno::errno(&error)
}
