//! That a namespace's file has no content and no place in it: seeks, positioned reads, copies, mappings, and what else is done
//! with files.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
use kit::sys::file_mapping::try_map;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::{Whence, lseek, pipe};
use rustix::event::epoll;
use rustix::fs::{
    Dir, FallocateFlags, FlockOperation, MemfdFlags, fallocate, fcntl_lock, fdatasync, flock, fsync, ftruncate,
    memfd_create, sendfile,
};
use rustix::io::{ReadWriteFlags, pread, preadv, preadv2, pwrite, pwritev, readv, write, writev};
use rustix::pipe::{SpliceFlags, splice};
use rustix::process::fchdir;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsfs_seek_espipe,
    nsfs_positioned_reads_einval,
    nsfs_writes_ebadf,
    nsfs_copies_einval,
    nsfs_mapping_enodev,
    nsfs_syncs_einval,
    nsfs_epoll_eperm,
    nsfs_is_always_ready,
    nsfs_flock_is_the_namespaces,
    nsfs_fcntl_read_lock,
    nsfs_is_no_directory,
    nsfs_open_flags,
];

/// lseek(2) on a namespace's file fails with ESPIPE, wherever it is to go and from wherever.
#[claim(source = "fs/read_write.c vfs_llseek", needs = [Config("TIME_NS"), Config("MEMFD_CREATE")])]
fn nsfs_seek_espipe() -> Verdict {
    let plain = memfd_create("plain", MemfdFlags::CLOEXEC)?;
    expect_eq!(lseek(&plain, 5, Whence::SeekSet), Ok::<_, nix::errno::Errno>(5), "a file with a position");
    each_file(|link, file| {
        for whence in [Whence::SeekSet, Whence::SeekCur, Whence::SeekEnd, Whence::SeekData, Whence::SeekHole] {
            for offset in [0, 1, -1, i64::MAX, i64::MIN] {
                expect_errno!(lseek(file, offset, whence), ESPIPE, "{link}, {offset} by {whence:?}");
            }
        }
        Ok(())
    })
}

/// pread(2), readv(2), preadv(2) and preadv2(2) of a namespace's file fail with EINVAL, at any offset and of any length.
///
/// So they do for no bytes at all.
#[claim(source = "fs/read_write.c vfs_read", needs = [Config("TIME_NS")])]
fn nsfs_positioned_reads_einval() -> Verdict {
    let comm = File::open("/proc/self/comm")?;
    expect_eq!(expect_ok!(pread(&comm, &mut [0; 1], 0)), 1, "a file that can be read");
    each_file(|link, file| {
        for length in [0, 1, 4096] {
            let mut bytes = vec![0_u8; length];
            for offset in [0, 1, 4096, i64::MAX as u64] {
                expect_errno!(pread(file, &mut bytes[..], offset), EINVAL, "{link}: pread, {length} at {offset}");
                let mut parts = [IoSliceMut::new(&mut bytes)];
                expect_errno!(preadv(file, &mut parts, offset), EINVAL, "{link}: preadv, {length} at {offset}");
                for flags in [ReadWriteFlags::empty(), ReadWriteFlags::NOWAIT, ReadWriteFlags::HIPRI] {
                    let answer = preadv2(file, &mut parts, offset, flags);
                    expect_errno!(answer, EINVAL, "{link}: preadv2, {length} at {offset}, {flags:?}");
                }
            }
            expect_errno!(readv(file, &mut [IoSliceMut::new(&mut bytes)]), EINVAL, "{link}: readv, {length}");
        }
        Ok(())
    })
}

/// Writing to a namespace's file fails with EBADF, and so does fallocate(2); ftruncate(2) fails with EINVAL.
///
/// It cannot be opened for writing. Tried with write(2), pwrite(2), writev(2) and pwritev(2).
#[claim(source = "fs/read_write.c vfs_write", needs = [Config("TIME_NS"), Config("MEMFD_CREATE")])]
fn nsfs_writes_ebadf() -> Verdict {
    let plain = memfd_create("plain", MemfdFlags::CLOEXEC)?;
    expect_eq!(expect_ok!(write(&plain, b"x")), 1, "a file that is open for writing");
    expect_ok!(fallocate(&plain, FallocateFlags::empty(), 0, 1), "such a file");
    expect_ok!(ftruncate(&plain, 0), "such a file");
    each_file(|link, file| {
        let parts = [IoSlice::new(b"x")];
        expect_errno!(write(file, b"x"), EBADF, "{link}");
        expect_errno!(pwrite(file, b"x", 0), EBADF, "{link}");
        expect_errno!(writev(file, &parts), EBADF, "{link}");
        expect_errno!(pwritev(file, &parts, 0), EBADF, "{link}");
        expect_errno!(fallocate(file, FallocateFlags::empty(), 0, 1), EBADF, "{link}");
        expect_errno!(ftruncate(file, 0), EINVAL, "{link}");
        Ok(())
    })
}

/// splice(2) and sendfile(2) from a namespace's file fail with EINVAL.
#[claim(source = "fs/splice.c", needs = [Config("TIME_NS"), Config("MEMFD_CREATE")])]
fn nsfs_copies_einval() -> Verdict {
    let (_reader, writer) = pipe()?;
    let ready = File::from(memfd_create("plain", MemfdFlags::CLOEXEC)?);
    expect_eq!(pwrite(&ready, b"xx", 0)?, 2);
    let to_pipe = |file: &File, offset: Option<&mut u64>| splice(file, offset, &writer, None, 1, SpliceFlags::empty());
    expect_eq!(expect_ok!(to_pipe(&ready, None)), 1, "from a file that can be read");
    expect_eq!(expect_ok!(sendfile(&writer, &ready, None, 1)), 1, "from a file that can be read");
    each_file(|link, file| {
        expect_errno!(to_pipe(file, None), EINVAL, "{link}: splice");
        expect_errno!(sendfile(&writer, file, None, 1), EINVAL, "{link}: sendfile");
        for offset in [0, 1] {
            expect_errno!(
                sendfile(&writer, file, Some(&mut offset.clone()), 1),
                EINVAL,
                "{link}: sendfile at {offset}"
            );
        }
        Ok(())
    })
}

/// mmap(2) of a namespace's file fails with ENODEV, shared and private.
#[claim(source = "mm/mmap.c", needs = [Config("TIME_NS"), Config("MEMFD_CREATE")])]
fn nsfs_mapping_enodev() -> Verdict {
    let plain = memfd_create("plain", MemfdFlags::CLOEXEC)?;
    expect_ok!(try_map(&plain), "a file in memory");
    each_file(|link, file| {
        expect_errno!(try_map(file), ENODEV, "{link}");
        Ok(())
    })
}

/// fsync(2) and fdatasync(2) of a namespace's file fail with EINVAL.
#[claim(source = "fs/sync.c vfs_fsync_range", needs = [Config("TIME_NS"), Config("MEMFD_CREATE")])]
fn nsfs_syncs_einval() -> Verdict {
    let plain = memfd_create("plain", MemfdFlags::CLOEXEC)?;
    expect_ok!(fsync(&plain).and_then(|()| fdatasync(&plain)), "a file in memory");
    each_file(|link, file| {
        expect_errno!(fsync(file), EINVAL, "{link}");
        expect_errno!(fdatasync(file), EINVAL, "{link}");
        Ok(())
    })
}

/// A namespace's file cannot be watched by epoll: EPOLL_CTL_ADD fails with EPERM.
#[claim(source = "fs/eventpoll.c do_epoll_ctl", needs = [Config("TIME_NS")])]
fn nsfs_epoll_eperm() -> Verdict {
    let group = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let add = |file: BorrowedFd<'_>| epoll::add(&group, file, epoll::EventData::new_u64(0), epoll::EventFlags::IN);
    expect_ok!(add(pipe()?.0.as_fd()), "a pipe");
    each_file(|link, file| {
        expect_errno!(add(file.as_fd()), EPERM, "{link}");
        Ok(())
    })
}

/// poll(2) tells of a namespace's file at once that it can be read and written, though it can be neither.
#[claim(source = "include/linux/poll.h DEFAULT_POLLMASK", needs = [Config("TIME_NS")])]
fn nsfs_is_always_ready() -> Verdict {
    let asked = PollFlags::POLLIN | PollFlags::POLLOUT;
    let events = |file: BorrowedFd<'_>| -> Outcome<Option<PollFlags>> {
        let mut sources = [PollFd::new(file, asked)];
        poll(&mut sources, PollTimeout::ZERO)?;
        Ok(sources[0].revents())
    };
    expect_eq!(events(pipe()?.0.as_fd())?, Some(PollFlags::empty()), "an empty pipe");
    each_file(|link, file| {
        expect_eq!(events(file.as_fd())?, Some(asked), "{link}");
        Ok(())
    })
}

/// flock(2) locks the one file that a namespace has: an exclusive lock holds for all who open it, in whatever way, and for no other
/// namespace.
#[claim(source = "fs/nsfs.c", needs = [UserNamespaces, Config("FILE_LOCKING")])]
fn nsfs_flock_is_the_namespaces() -> Verdict {
    let exclusive = FlockOperation::NonBlockingLockExclusive;
    user_namespace(CLONE_NEWUTS, || {
        // A child that is made later would have the first file, too, and so its lock.
        let others = waiting(CLONE_NEWUTS)?;
        let first = File::open(own(Link::Uts))?;
        expect_ok!(flock(&first, exclusive));
        for path in [own(Link::Uts), "/proc/self/ns/uts".into(), format!("/proc/self/fd/{}", first.as_raw_fd())] {
            expect_errno!(flock(File::open(&path)?, exclusive), EWOULDBLOCK, "by {path}");
        }
        expect_ok!(flock(others.namespace(Kind::Uts)?, exclusive), "another UTS namespace's");
        expect_ok!(flock(File::open(own(Link::User))?, exclusive), "the user namespace's");
        drop(first);
        expect_ok!(flock(File::open(own(Link::Uts))?, exclusive), "when the first is closed");
        holds()
    })
}

/// A record lock for reading can be set on a namespace's file; one for writing fails with EBADF.
#[claim(source = "fcntl(2) Advisory record locking", needs = [Config("TIME_NS"), Config("FILE_LOCKING")])]
fn nsfs_fcntl_read_lock() -> Verdict {
    each_file(|link, file| {
        expect_ok!(fcntl_lock(file, FlockOperation::NonBlockingLockShared), "{link}");
        expect_errno!(fcntl_lock(file, FlockOperation::NonBlockingLockExclusive), EBADF, "{link}");
        expect_ok!(fcntl_lock(file, FlockOperation::NonBlockingUnlock), "{link}");
        Ok(())
    })
}

/// A namespace's file is no directory: fchdir(2), getdents64(2) and paths that begin at it fail with ENOTDIR.
#[claim(source = "path_resolution(7)", needs = [Config("TIME_NS")])]
fn nsfs_is_no_directory() -> Verdict {
    let directory = File::open("/proc/self/ns")?;
    expect_ok!(rustix::fs::openat(&directory, ".", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()));
    each_file(|link, file| {
        expect_errno!(fchdir(file), ENOTDIR, "{link}");
        let below = rustix::fs::openat(file, ".", rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty());
        expect_errno!(below.map(drop), ENOTDIR, "{link}");
        let first = Dir::new(file.try_clone()?).and_then(|mut all| all.next().transpose());
        expect_errno!(first.map(drop), ENOTDIR, "{link}");
        Ok(())
    })
}

/// open(2) of a namespace's link fails with ENOTDIR with O_DIRECTORY, ELOOP with O_NOFOLLOW and EEXIST with O_CREAT and O_EXCL.
///
/// With O_NOFOLLOW and O_PATH it opens the link itself, which is no namespace.
#[claim(source = "open(2) ERRORS", needs = [Config("TIME_NS")])]
fn nsfs_open_flags() -> Verdict {
    for link in Link::ALL {
        let opened = |flags| open(own(link).as_str(), flags | OFlag::O_CLOEXEC, Mode::empty());
        expect_errno!(opened(OFlag::O_DIRECTORY), ENOTDIR, "{link}");
        expect_errno!(opened(OFlag::O_NOFOLLOW), ELOOP, "{link}");
        expect_errno!(opened(OFlag::O_CREAT | OFlag::O_EXCL), EEXIST, "{link}");
        expect_ok!(opened(OFlag::O_CREAT), "{link}, without O_EXCL");
        expect_ok!(opened(OFlag::O_NONBLOCK), "{link}");
        let itself = expect_ok!(opened(OFlag::O_NOFOLLOW | OFlag::O_PATH), "{link}");
        expect_ne!(rustix::fs::fstat(&itself)?.st_ino, inode_at(own(link))?, "the link {link}");
    }
    holds()
}

/// For the file behind each of the caller's ten links.
fn each_file(look: impl Fn(Link, &File) -> Outcome<()>) -> Verdict {
    for link in Link::ALL {
        look(link, &File::open(own(link)).doing(format!("open {link}"))?)?;
    }
    holds()
}
