//! Which process the other side of a Unix domain socket is, across PID namespaces and after its end: SO_PEERCRED, SO_PEERPIDFD and
//! SCM_PIDFD of `unix(7)`.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};

use kit::prelude::*;
use kit::sys::peer_groups::{pass_pidfds, receive_pidfd};
use nix::errno::Errno;
use nix::sys::socket::getsockopt;
use nix::sys::socket::sockopt::{PeerCredentials, PeerPidfd};
use nix::unistd::{getpid, write};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    so_peercred_is_of_who_listened_and_connected,
    so_peercred_outlives_the_process,
    so_peerpidfd_of_the_reaped,
    so_peerpidfd_of_the_reaped_was_refused,
    scm_pidfd_from_below,
    scm_pidfd_from_outside,
    scm_pidfd_of_the_reaped,
    scm_pidfd_of_the_reaped_was_an_errno,
];

/// SO_PEERCRED tells a client the process that called listen(2), and a server the one that called connect(2).
///
/// Each in the numbers of the asking process's PID namespace, and 0 where it has none.
#[claim(source = "unix(7) SO_PEERCRED", needs = [Root, Config("UNIX")])]
fn so_peercred_is_of_who_listened_and_connected() -> Verdict {
    let address = "/mnt/socket";
    let server = UnixListener::bind(address).doing("bind a socket")?;
    let own = getpid().as_raw();
    let client = spawn(CLONE_NEWPID, |outside| {
        let mine = UnixStream::connect(address).doing("connect")?;
        expect_eq!(peer(mine.as_fd())?, 0, "the listening process, asked inside");
        outside.send_fd(&mine)?;
        outside.wait()
    })?;
    let theirs = client.peer().recv_fd()?;
    let (accepted, _) = server.accept().doing("accept")?;
    expect_eq!(peer(accepted.as_fd())?, client.pid().as_raw(), "the connecting process, asked outside");
    expect_eq!(peer(theirs.as_fd())?, own, "the listening process, asked outside");
    let elsewhere = child(NONE, || Ok((peer(accepted.as_fd())?, peer(theirs.as_fd())?)))?;
    expect_eq!(elsewhere, (client.pid().as_raw(), own), "asked by another process that has the sockets");
    kit::process::enter_by(client.pidfd(), CLONE_NEWPID, || {
        expect_eq!((peer(accepted.as_fd())?, peer(theirs.as_fd())?), (1, 0), "asked inside");
        holds()
    })
}

/// SO_PEERCRED tells the PID of the other side still when that process has ended and been reaped, in each PID namespace.
#[claim(source = "unix(7) SO_PEERCRED", needs = [Root, Config("UNIX")])]
fn so_peercred_outlives_the_process() -> Verdict {
    for flags in [NONE, CLONE_NEWPID] {
        let (process, socket) = made_by(flags)?;
        let pid = process.pid().as_raw();
        expect_eq!(peer(socket.as_fd())?, pid, "while it lives, made with {flags:?}");
        process.go()?;
        process.wait()?;
        expect_eq!(peer(socket.as_fd())?, pid, "reaped, made with {flags:?}");
        expect_eq!(child(CLONE_NEWPID, || peer(socket.as_fd()))?, 0, "asked in another namespace");
    }
    holds()
}

/// SO_PEERPIDFD returns a pidfd of the other side even when that process has ended and been reaped.
#[claim(source = "kernel 7.3 net/core/sock.c", since = "6.16", replaces = "so_peerpidfd_of_the_reaped_was_refused", needs = [Root, Config("UNIX")])]
fn so_peerpidfd_of_the_reaped() -> Verdict {
    for flags in [NONE, CLONE_NEWPID] {
        let (process, socket) = made_by(flags)?;
        process.go()?;
        process.wait()?;
        let pidfd = expect_ok!(getsockopt(&socket, PeerPidfd), "made with {flags:?}");
        expect_eq!(number(pidfd.as_fd())?, "-1", "made with {flags:?}");
    }
    holds()
}

/// SO_PEERPIDFD fails with EINVAL when the process of the other side has ended and been reaped.
#[claim(source = "net/core/sock.c", since = "6.5", until = "6.16", needs = [Root, Config("UNIX")])]
fn so_peerpidfd_of_the_reaped_was_refused() -> Verdict {
    for flags in [NONE, CLONE_NEWPID] {
        let (process, socket) = made_by(flags)?;
        expect_ok!(getsockopt(&socket, PeerPidfd), "while it lives");
        process.go()?;
        process.wait()?;
        expect_errno!(getsockopt(&socket, PeerPidfd), EINVAL, "made with {flags:?}");
    }
    holds()
}

/// With SO_PASSPIDFD a message from a PID namespace below comes with a pidfd of the process that sent it.
#[claim(source = "unix(7)", since = "6.5", needs = [Root, Config("UNIX")])]
fn scm_pidfd_from_below() -> Verdict {
    let (ours, theirs) = UnixStream::pair()?;
    pass_pidfds(&ours).doing("SO_PASSPIDFD")?;
    for flags in [NONE, CLONE_NEWPID] {
        let sender = spawn(flags, |outside| {
            write(&theirs, b"x").doing("send")?;
            outside.wait()
        })?;
        let pidfd = received(ours.as_fd())?;
        expect_eq!(number(pidfd.as_fd())?, sender.pid().to_string(), "of a sender made with {flags:?}");
    }
    write(&theirs, b"x").doing("send")?;
    expect_eq!(number(received(ours.as_fd())?.as_fd())?, getpid().to_string(), "of the caller itself");
    holds()
}

/// A pidfd that comes with a message from outside the receiver's PID namespace refers to a process that has no number there.
#[claim(source = "unix(7)", since = "6.5", needs = [Root, Config("UNIX")])]
fn scm_pidfd_from_outside() -> Verdict {
    let (ours, theirs) = UnixStream::pair()?;
    pass_pidfds(&ours).doing("SO_PASSPIDFD")?;
    write(&theirs, b"x").doing("send")?;
    child(CLONE_NEWPID | CLONE_NEWNS, || {
        kit::process::mount_proc()?;
        let pidfd = received(ours.as_fd())?;
        expect_eq!(number(pidfd.as_fd())?, "0", "in the procfs inside");
        expect_errno!(kit::sys::raw::pidfd_send_signal(&pidfd, 0), EINVAL, "it cannot be signalled");
        let (near, far) = UnixStream::pair()?;
        pass_pidfds(&near).doing("SO_PASSPIDFD")?;
        write(&far, b"x").doing("send")?;
        let own = received(near.as_fd())?;
        expect_eq!(number(own.as_fd())?, getpid().to_string(), "of a sender inside");
        expect_ok!(kit::sys::raw::pidfd_send_signal(&own, 0), "a sender inside");
        holds()
    })
}

/// A message whose sender has ended and been reaped comes with a pidfd of it all the same.
#[claim(
    source = "kernel 7.3 net/core/scm.c",
    since = "6.17",
    replaces = "scm_pidfd_of_the_reaped_was_an_errno",
    needs = [Root, Config("UNIX")],
)]
fn scm_pidfd_of_the_reaped() -> Verdict {
    for pidfd in of_reaped_senders()? {
        expect_eq!(number(expect_ok!(pidfd).as_fd())?, "-1");
    }
    holds()
}

/// A message whose sender has ended and been reaped comes with a negative number in the place of a pidfd: EINVAL or ESRCH.
#[claim(source = "net/core/scm.c", since = "6.5", until = "6.17", needs = [Root, Config("UNIX")])]
fn scm_pidfd_of_the_reaped_was_an_errno() -> Verdict {
    for pidfd in of_reaped_senders()? {
        let errno = pidfd.err();
        expect!(errno == Some(Errno::EINVAL) || errno == Some(Errno::ESRCH), "instead of a pidfd: {errno:?}");
    }
    holds()
}

/// What comes with the messages of two senders that have been reaped, the second in a PID namespace of its own; after one that lives.
fn of_reaped_senders() -> Outcome<[nix::Result<OwnedFd>; 2]> {
    let (ours, theirs) = UnixStream::pair()?;
    pass_pidfds(&ours).doing("SO_PASSPIDFD")?;
    write(&theirs, b"x").doing("send")?;
    expect_eq!(number(received(ours.as_fd())?.as_fd())?, getpid().to_string(), "of a sender that lives");
    let of = |flags| -> Outcome<nix::Result<OwnedFd>> {
        child(flags, || write(&theirs, b"x").map(drop).doing("send"))?;
        let came = receive_pidfd(&ours).doing("receive")?;
        came.ok_or_else(|| Failure::broken("a message came without a pidfd"))
    };
    Ok([of(NONE)?, of(CLONE_NEWPID)?])
}

/// A process that has made two connected sockets, and one of them.
fn made_by(flags: CloneFlags) -> Outcome<(Child<()>, OwnedFd)> {
    let process = spawn(flags, |outside| {
        let (one, _other) = UnixStream::pair()?;
        outside.send_fd(&one)?;
        outside.wait()
    })?;
    let socket = process.peer().recv_fd()?;
    Ok((process, socket))
}

fn peer(socket: BorrowedFd<'_>) -> Outcome<i32> {
    Ok(getsockopt(&socket, PeerCredentials).doing("SO_PEERCRED")?.pid())
}

/// The pidfd that comes with the next message.
fn received(socket: BorrowedFd<'_>) -> Outcome<OwnedFd> {
    match expect_ok!(receive_pidfd(socket)) {
        Some(pidfd) => Ok(expect_ok!(pidfd)),
        None => Err(Failure::broken("a message came without a pidfd")),
    }
}

/// The PID in a pidfd's fdinfo, in the procfs at `/proc`.
fn number(pidfd: BorrowedFd<'_>) -> Outcome<String> {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
    let text = fs::read_to_string(&path).doing(format!("read {path}"))?;
    let found = text.lines().find_map(|line| line.strip_prefix("Pid:"));
    found.map(|pid| pid.trim().to_owned()).ok_or_else(|| Failure::broken(format!("{path} has no PID: {text}")))
}
