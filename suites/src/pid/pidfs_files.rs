//! What a pidfd is as a file: its inode, its file system, its handle, and what opens by that. `fs/pidfs.c`.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use kit::lifetime::make_zombie;
use kit::prelude::*;
use kit::process::{container, enter_by};
use kit::sys::area::ALIGNED;
use kit::sys::entry::Entry;
use kit::sys::placed::{Naming, open_by_handle_placed};
use kit::sys::raw::{pidfd_open, pidfd_send_signal};
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::unistd::getpid;
use rustix::fs::{XattrFlags, fgetxattr, fsetxattr, fstat, fstatfs};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pidfds_have_a_file_each,
    pidfds_shared_one_file,
    pidfs_magic,
    pidfd_had_no_handle,
    pidfd_handle_is_its_inode,
    pidfd_opens_by_its_handle,
    pidfd_opens_on_the_root_of_pidfs,
    pidfd_handle_opens_in_its_namespace_only,
    pidfd_handle_of_a_zombie_and_of_the_reaped,
    pidfd_handle_takes_a_pidfds_flags,
    pidfd_handle_tampered_estale,
    pidfd_handle_needs_no_privilege,
    pidfd_attributes_need_the_initial_user_namespace,
];

/// Two pidfds of one process are one file, wherever they were opened, and those of two processes are two: fstat(2) tells them apart.
///
/// The inode number is not given to another process.
#[claim(source = "fs/pidfs.c", since = "6.9", replaces = "pidfds_shared_one_file", needs = [Root])]
fn pidfds_have_a_file_each() -> Verdict {
    let inner = waiting(CLONE_NEWPID)?;
    let inode = |pidfd: &dyn Fn() -> Outcome<OwnedFd>| -> Outcome<u64> { Ok(fstat(pidfd()?)?.st_ino) };
    let outside = inode(&|| Ok(pidfd_open(inner.pid(), 0)?))?;
    let inside =
        enter_by(inner.pidfd(), CLONE_NEWPID, || inode(&|| Ok(pidfd_open(nix::unistd::Pid::from_raw(1), 0)?)))?;
    expect_eq!((outside, inside), (fstat(inner.pidfd())?.st_ino, outside), "opened outside and inside");
    let mut seen = vec![outside, inode(&|| Ok(pidfd_open(getpid(), 0)?))?];
    for _ in 0..20 {
        seen.push(inode(&|| Ok(waiting(NONE)?.pidfd().try_clone_to_owned()?))?);
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    expect_eq!(seen.len(), count, "different inode numbers: {seen:?}");
    holds()
}

/// Before 6.9 all pidfds are one file, whichever processes they are of: fstat(2) does not tell them apart.
#[claim(source = "fs/anon_inodes.c", until = "6.9", needs = [])]
fn pidfds_shared_one_file() -> Verdict {
    let other = waiting(NONE)?;
    let both = [fstat(other.pidfd())?, fstat(pidfd_open(getpid(), 0)?)?];
    expect_eq!((both[0].st_dev, both[0].st_ino), (both[1].st_dev, both[1].st_ino));
    holds()
}

/// A pidfd's file is in a file system of type 0x50494446, which is neither mounted nor can be.
#[claim(source = "include/uapi/linux/magic.h", since = "6.9", needs = [Root])]
fn pidfs_magic() -> Verdict {
    const PIDF: u64 = u32::from_be_bytes(*b"PIDF") as u64;
    let kind = expect_ok!(fstatfs(pidfd_open(getpid(), 0)?)).f_type as u64;
    expect_eq!(kind, PIDF);
    let mount = |kind: &str| kit::mounts::mount_kind(kind, "/mnt", nix::mount::MsFlags::empty(), None);
    child(CLONE_NEWNS, || {
        expect_errno!(mount("pidfs"), ENODEV);
        expect_ok!(mount("tmpfs"));
        holds()
    })
}

/// Before 6.14 a pidfd has no handle: name_to_handle_at(2) fails with EOPNOTSUPP.
#[claim(source = "fs/pidfs.c", until = "6.14", needs = [Config("FHANDLE")])]
fn pidfd_had_no_handle() -> Verdict {
    expect_errno!(handle_of(pidfd_open(getpid(), 0)?.as_fd()), EOPNOTSUPP);
    let directory = std::fs::File::open("/mnt")?;
    expect_ok!(handle_of(directory.as_fd()), "a directory of a tmpfs");
    holds()
}

/// The handle of a pidfd has type 0xfe and eight bytes: its inode number. It is the same in every PID namespace.
#[claim(source = "fs/pidfs.c pidfs_encode_fh", since = "6.14", replaces = "pidfd_had_no_handle", needs = [Root, Config("FHANDLE")])]
fn pidfd_handle_is_its_inode() -> Verdict {
    let inner = waiting(CLONE_NEWPID)?;
    for pidfd in [inner.pidfd().try_clone_to_owned()?, pidfd_open(getpid(), 0)?] {
        let handle = expect_ok!(handle_of(pidfd.as_fd()));
        let inode = fstat(&pidfd)?.st_ino;
        let expected = [&8_u32.to_ne_bytes()[..], &0xfe_u32.to_ne_bytes(), &inode.to_ne_bytes()].concat();
        expect_eq!(&handle[..16], &expected[..]);
        let beside = child(CLONE_NEWPID, || Ok(handle_of(pidfd.as_fd())?))?;
        expect_eq!(beside, handle, "made in another PID namespace");
    }
    holds()
}

/// open_by_handle_at(2) opens a pidfd by its handle where the mount is any pidfd; what it opens signals the process.
#[claim(source = "fs/pidfs.c pidfs_fh_to_dentry", since = "6.14", needs = [Root, Config("FHANDLE")])]
fn pidfd_opens_by_its_handle() -> Verdict {
    let process = kit::process::plain(NONE, Peer::wait)?;
    let handle = handle_of(process.pidfd())?;
    let own = pidfd_open(getpid(), 0)?;
    let on = |mount| open_by_handle_placed(Entry::Own, mount, &handle, ALIGNED, libc::O_RDONLY);
    for mount in [own.as_raw_fd(), process.pidfd().as_raw_fd()] {
        let opened = expect_ok!(on(mount), "{mount}");
        expect_eq!(fstat(&opened)?.st_ino, fstat(process.pidfd())?.st_ino, "{mount}");
        expect_ok!(pidfd_send_signal(&opened, 0), "{mount}");
    }
    // Root, since others are refused there before the handle is looked at.
    expect_errno!(on(libc::AT_FDCWD), ESTALE, "on the working directory's file system");
    let opened = by_handle(&handle, libc::O_RDONLY)?;
    expect_ok!(pidfd_send_signal(opened, libc::SIGTERM));
    expect_eq!(process.wait()?, Ended::Signaled(libc::SIGTERM));
    holds()
}

/// open_by_handle_at(2) opens a pidfd by its handle where the mount is given as FD_PIDFS_ROOT (-10002), without any pidfd.
#[claim(source = "include/uapi/linux/fcntl.h", since = "6.17", needs = [Config("FHANDLE")])]
fn pidfd_opens_on_the_root_of_pidfs() -> Verdict {
    let process = waiting(NONE)?;
    let handle = handle_of(process.pidfd())?;
    let on = |mount| open_by_handle_placed(Entry::Own, mount, &handle, ALIGNED, libc::O_RDONLY);
    let opened = expect_ok!(on(-10002), "FD_PIDFS_ROOT");
    expect_eq!(fstat(&opened)?.st_ino, fstat(process.pidfd())?.st_ino);
    for number in [-10001, -10004, -1] {
        expect_errno!(on(number), EBADF, "{number}");
    }
    holds()
}

/// A pidfd's handle opens in the process's PID namespace and above it; in others open_by_handle_at(2) fails with ESTALE, even for root.
#[claim(source = "fs/pidfs.c pidfs_ino_get_pid", since = "6.14", needs = [Root, Config("FHANDLE")])]
fn pidfd_handle_opens_in_its_namespace_only() -> Verdict {
    let (outer, inner) = (waiting(NONE)?, waiting(CLONE_NEWPID)?);
    let (ours, theirs) = (handle_of(outer.pidfd())?, handle_of(inner.pidfd())?);
    expect_ok!(by_handle(&ours, libc::O_RDONLY), "of one outside, opened outside");
    expect_ok!(by_handle(&theirs, libc::O_RDONLY), "of one inside, opened outside");
    enter_by(inner.pidfd(), CLONE_NEWPID, || {
        expect_ok!(by_handle(&theirs, libc::O_RDONLY), "of one inside, opened inside");
        expect_errno!(by_handle(&ours, libc::O_RDONLY), ESTALE, "of one outside, opened inside");
        Ok(())
    })?;
    child(CLONE_NEWPID, || {
        expect_errno!(by_handle(&theirs, libc::O_RDONLY), ESTALE, "in a namespace beside");
        expect_errno!(by_handle(&ours, libc::O_RDONLY), ESTALE, "in a namespace below");
        let own = handle_of(pidfd_open(getpid(), 0)?.as_fd())?;
        expect_ok!(by_handle(&own, libc::O_RDONLY), "its own");
        holds()
    })
}

/// A pidfd's handle opens while the process is a zombie; when it has been reaped open_by_handle_at(2) fails with ESTALE.
///
/// Even if a pidfd of it is open still.
#[claim(source = "fs/pidfs.c pidfs_ino_get_pid", since = "6.14", needs = [Config("FHANDLE")])]
fn pidfd_handle_of_a_zombie_and_of_the_reaped() -> Verdict {
    let process = waiting(NONE)?;
    let handle = handle_of(process.pidfd())?;
    let zombie = make_zombie(process)?;
    expect_ok!(by_handle(&handle, libc::O_RDONLY), "a zombie");
    let held = zombie.pidfd().try_clone_to_owned()?;
    zombie.wait()?;
    expect_errno!(by_handle(&handle, libc::O_RDONLY), ESTALE, "reaped, with a pidfd open");
    expect_eq!(expect_ok!(handle_of(held.as_fd())), handle, "the open pidfd has its handle still");
    drop(held);
    expect_errno!(by_handle(&handle, libc::O_RDONLY), ESTALE, "reaped");
    holds()
}

/// open_by_handle_at(2) of a pidfd takes the flags of pidfd_open(2) and of access: it opens for reading and writing with O_RDONLY, too.
///
/// With O_WRONLY F_GETFL tells 3 for the access. With other flags the call fails with EINVAL.
#[claim(source = "fs/pidfs.c pidfs_export_permission", since = "6.14", needs = [Config("FHANDLE")])]
fn pidfd_handle_takes_a_pidfds_flags() -> Verdict {
    let handle = handle_of(pidfd_open(getpid(), 0)?.as_fd())?;
    for access in [libc::O_RDONLY, libc::O_WRONLY, libc::O_RDWR] {
        for flags in [0, libc::O_NONBLOCK, libc::O_EXCL] {
            let opened = expect_ok!(by_handle(&handle, access | flags), "{access:#o} with {flags:#o}");
            let has = OFlag::from_bits_retain(fcntl(&opened, FcntlArg::F_GETFL)?);
            // Neither of the three, but both bits: the flag for both is added to the one that was asked for.
            let expected = if access == libc::O_WRONLY { OFlag::O_ACCMODE } else { OFlag::O_RDWR };
            expect_eq!(has & OFlag::O_ACCMODE, expected, "{access:#o} with {flags:#o}");
            expect_eq!(has.contains(OFlag::O_NONBLOCK), flags == libc::O_NONBLOCK, "{access:#o} with {flags:#o}");
            expect_eq!(
                fcntl(&opened, FcntlArg::F_GETFD)?,
                FdFlag::FD_CLOEXEC.bits(),
                "close-on-exec, which was asked for"
            );
        }
    }
    let wrong = [
        libc::O_PATH,
        libc::O_DIRECTORY,
        libc::O_APPEND,
        libc::O_CREAT,
        libc::O_TRUNC,
        libc::O_NOFOLLOW,
        libc::O_DIRECT,
    ];
    for flags in wrong.into_iter().chain([libc::O_SYNC, libc::O_NOATIME, libc::O_ASYNC]) {
        expect_errno!(by_handle(&handle, flags), EINVAL, "{flags:#o}");
    }
    holds()
}

/// open_by_handle_at(2) on pidfs fails with ESTALE for a handle of another type, a shorter one, or one with another number.
#[claim(source = "fs/pidfs.c pidfs_fh_to_dentry", since = "6.14", needs = [Config("FHANDLE")])]
fn pidfd_handle_tampered_estale() -> Verdict {
    let right = handle_of(pidfd_open(getpid(), 0)?.as_fd())?;
    let with = |size: u32, kind: i32, number: &[u8]| {
        let handle = [&size.to_ne_bytes()[..], &kind.to_ne_bytes(), number, &[0; 8]].concat();
        by_handle(&handle, libc::O_RDONLY).map(drop)
    };
    let number = &right[8..16];
    expect_ok!(with(8, 0xfe, number));
    for kind in (0..=0xff).filter(|kind| *kind != 0xfe) {
        expect_errno!(with(8, kind, number), ESTALE, "type {kind:#x}");
    }
    for size in 1..8 {
        expect_errno!(with(size, 0xfe, number), ESTALE, "{size} bytes");
    }
    expect_errno!(with(8, 0xfe, &[0; 8]), ESTALE, "number 0");
    expect_errno!(with(8, 0xfe, &[0xff; 8]), ESTALE, "the highest number");
    holds()
}

/// Opening a pidfd by its handle requires no privilege: an ordinary user opens root's, and so does root of a user namespace.
///
/// It does not help: kill(2) by it fails with EPERM.
#[claim(source = "fs/pidfs.c pidfs_export_permission", since = "6.14", needs = [Root, Config("FHANDLE")])]
fn pidfd_handle_needs_no_privilege() -> Verdict {
    let process = waiting(NONE)?;
    let handle = handle_of(process.pidfd())?;
    let opens = || {
        let opened = expect_ok!(by_handle(&handle, libc::O_RDONLY));
        expect_errno!(pidfd_send_signal(opened, 0), EPERM);
        Ok(())
    };
    unprivileged(NONE, opens).doing("an ordinary user")?;
    container(100_000, NONE, opens).doing("root of a user namespace")?;
    expect_ok!(pidfd_send_signal(by_handle(&handle, libc::O_RDONLY)?, 0), "root");
    holds()
}

/// Setting an attribute `trusted.*` of a pidfd requires CAP_SYS_ADMIN in the initial user namespace; the process keeps it.
///
/// Other attributes fail with EOPNOTSUPP. It is the same through each pidfd of the process.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfs_xattr_set", since = "6.17", needs = [Root, UserNamespaces])]
fn pidfd_attributes_need_the_initial_user_namespace() -> Verdict {
    let process = waiting(NONE)?;
    let set = |name: &str| fsetxattr(process.pidfd(), name, b"x", XattrFlags::empty());
    container(100_000, NONE, || {
        expect_errno!(set("trusted.nsproof"), EPERM, "root of a user namespace");
        Ok(())
    })?;
    expect_ok!(set("trusted.nsproof"), "root");
    for other in ["user.nsproof", "security.nsproof"] {
        expect_errno!(set(other), EOPNOTSUPP, "{other}");
    }
    let again = pidfd_open(process.pid(), 0)?;
    let mut value = [0_u8; 4];
    expect_eq!(expect_ok!(fgetxattr(&again, "trusted.nsproof", &mut value[..])), 1, "through another pidfd");
    expect_eq!(value[0], b'x');
    holds()
}

/// A file's handle, by a descriptor.
fn handle_of(file: std::os::fd::BorrowedFd<'_>) -> nix::Result<Vec<u8>> {
    let empty = [&128_u32.to_ne_bytes()[..], &[0; 132]].concat();
    let naming = Naming {
        directory: file.as_raw_fd(),
        path: "",
        handle: (&empty, ALIGNED),
        mount_id: ALIGNED,
        flags: libc::AT_EMPTY_PATH,
    };
    naming.ask(Entry::Own)
}

/// Opens what a handle says, on the file system of the caller's own pidfd.
fn by_handle(handle: &[u8], flags: i32) -> nix::Result<OwnedFd> {
    let own = pidfd_open(getpid(), 0)?;
    open_by_handle_placed(Entry::Own, own.as_raw_fd(), handle, ALIGNED, flags)
}
