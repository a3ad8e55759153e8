//! The processes that files remember: owners and holders of locks, `fcntl(2)`.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use kit::prelude::*;
use kit::sys::owner::{owner, owner_ex, set_owner};
use nix::fcntl::{FcntlArg, fcntl};
use nix::unistd::getpid;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![f_getown_translated, f_setown_of_invisible_esrch, fcntl_getlk_pid_zero_for_outer_holder];

/// F_GETOWN and F_GETOWN_EX return the owner's PID in the caller's PID namespace, and 0 if it has none there.
#[claim(source = "fcntl(2) F_GETOWN", needs = [Root])]
fn f_getown_translated() -> Verdict {
    let (socket, _other) = UnixStream::pair()?;
    let read = || Ok::<_, Failure>([owner(&socket)?, owner_ex(&socket)?.pid]);
    let inner = spawn(CLONE_NEWPID, |parent| {
        set_owner(&socket, getpid()).doing("F_SETOWN inside")?;
        parent.send(&read()?)?;
        parent.wait()?;
        read()
    })?;
    expect_eq!(inner.recv::<[i32; 2]>()?, [1; 2], "set and read inside");
    expect_eq!(read()?, [inner.pid().as_raw(); 2], "set inside, read outside");

    set_owner(&socket, getpid()).doing("F_SETOWN outside")?;
    expect_eq!(read()?, [getpid().as_raw(); 2], "set and read outside");
    inner.go()?;
    expect_eq!(inner.join()?, [0; 2], "set outside, read inside");
    holds()
}

/// F_SETOWN with a PID that does not exist in the caller's PID namespace fails with ESRCH.
#[claim(source = "fcntl(2) F_SETOWN", needs = [Root])]
fn f_setown_of_invisible_esrch() -> Verdict {
    let (socket, _other) = UnixStream::pair()?;
    let inner = spawn(CLONE_NEWPID, |parent| {
        let outer_number = nix::unistd::Pid::from_raw(parent.recv()?);
        expect_errno!(set_owner(&socket, outer_number), ESRCH, "a number that exists outside only");
        expect_ok!(set_owner(&socket, getpid()));
        holds()
    })?;
    expect_ok!(set_owner(&socket, inner.pid()), "the same number, where it exists");
    inner.send(&inner.pid().as_raw())?;
    inner.join()
}

/// F_GETLK returns the PID of a lock's holder in the caller's PID namespace, and 0 if it has none there.
#[claim(
    source = ["fcntl(2) F_GETLK", "fs/locks.c locks_translate_pid"],
    needs = [Root, Config("FILE_LOCKING")],
)]
fn fcntl_getlk_pid_zero_for_outer_holder() -> Verdict {
    let file: OwnedFd = File::create("/tmp/locked")?.into();
    for flags in [CLONE_NEWPID, NONE] {
        let holder = spawn(flags, |parent| {
            lock(&file, libc::F_WRLCK)?;
            parent.go()?;
            parent.wait()
        })?;
        holder.recv::<()>()?;
        expect_eq!(blocker(&file)?, (libc::F_WRLCK, holder.pid().as_raw()), "held by a child made with {flags:?}");
    }
    lock(&file, libc::F_WRLCK)?;
    let write_locked = libc::F_WRLCK;
    expect_eq!(child(NONE, || blocker(&file))?, (write_locked, getpid().as_raw()), "asked in the same namespace");
    expect_eq!(child(CLONE_NEWPID, || blocker(&file))?, (write_locked, 0), "asked in a nested namespace");
    holds()
}

/// Takes a lock of this kind on the whole file.
fn lock(file: &OwnedFd, kind: i32) -> Outcome<()> {
    fcntl(file, FcntlArg::F_SETLK(&whole_file(kind))).doing("F_SETLK")?;
    Ok(())
}

/// The kind of the lock that forbids a write lock, and the PID of its holder.
fn blocker(file: &OwnedFd) -> Outcome<(i32, i32)> {
    let mut wanted = whole_file(libc::F_WRLCK);
    fcntl(file, FcntlArg::F_GETLK(&mut wanted)).doing("F_GETLK")?;
    Ok((i32::from(wanted.l_type), wanted.l_pid))
}

fn whole_file(kind: i32) -> libc::flock {
    libc::flock { l_type: kind as i16, l_whence: libc::SEEK_SET as i16, l_start: 0, l_len: 0, l_pid: 0 }
}
