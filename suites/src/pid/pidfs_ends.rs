//! What pidfds tell of processes that have ended, in and across PID namespaces: `PIDFD_GET_INFO` with `PIDFD_INFO_EXIT`, poll(2),
//! and `/proc/PID/fdinfo`.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use kit::lifetime::make_zombie;
use kit::prelude::*;
use kit::process::{enter_by, mount_proc};
use kit::sys::raw::{exit_now, pidfd_open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::pidfd_info::{EXIT, PID, ask};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pidfd_info_of_a_zombie,
    pidfd_info_of_the_reaped_esrch,
    pidfd_info_tells_how_it_ended,
    pidfd_info_of_the_end_is_for_everyone_in_its_namespace,
    pidfd_info_of_the_end_survives_the_namespace,
    pidfd_poll_tells_of_the_end,
    pidfd_poll_hangs_up_when_reaped,
    pidfd_fdinfo_of_a_zombie,
    pidfd_fdinfo_by_levels,
    pidfd_open_of_a_zombie_and_of_the_reaped,
];

/// PIDFD_GET_INFO tells of a zombie what it tells of a living process, and nothing of its end, even if asked for.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_info", since = "6.15", needs = [])]
fn pidfd_info_of_a_zombie() -> Verdict {
    let process = waiting(NONE)?;
    let alive = expect_ok!(ask(process.pidfd(), EXIT), "alive");
    let zombie = make_zombie(process)?;
    let dead = expect_ok!(ask(zombie.pidfd(), EXIT), "a zombie");
    expect_eq!((dead.pid, dead.tgid, dead.ppid, dead.ids), (alive.pid, alive.tgid, alive.ppid, alive.ids));
    expect_eq!(dead.mask & (PID | EXIT), PID);
    let pidfd = zombie.pidfd().try_clone_to_owned()?;
    zombie.wait()?;
    expect_eq!(expect_ok!(ask(&pidfd, EXIT), "reaped").mask & EXIT, EXIT);
    holds()
}

/// PIDFD_GET_INFO on a process that has been reaped fails with ESRCH, unless it asks how the process has ended.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_info", since = "6.15", needs = [])]
fn pidfd_info_of_the_reaped_esrch() -> Verdict {
    let process = waiting(NONE)?;
    let pidfd = process.pidfd().try_clone_to_owned()?;
    expect_ok!(ask(&pidfd, 0), "alive");
    process.go()?;
    process.wait()?;
    for mask in [0, PID, !EXIT, 1 << 63] {
        expect_errno!(ask(&pidfd, mask), ESRCH, "asked for {mask:#x}");
    }
    let told = expect_ok!(ask(&pidfd, EXIT));
    expect_eq!((told.mask & (EXIT | PID), told.pid, told.tgid, told.ppid), (EXIT, 0, 0, 0), "asked for the end");
    holds()
}

/// PIDFD_GET_INFO tells how a reaped process has ended as wait(2) does: each exit status, and the signals that kill.
#[claim(source = ["kernel 7.3 fs/pidfs.c pidfs_exit", "wait(2)"], since = "6.15", needs = [])]
fn pidfd_info_tells_how_it_ended() -> Verdict {
    for status in [0, 1, 7, 255] {
        let process = spawn(NONE, |_| -> Outcome<()> { exit_now(status) })?;
        let pidfd = process.pidfd().try_clone_to_owned()?;
        expect_eq!(process.wait()?, Ended::Exited(status));
        expect_eq!(expect_ok!(ask(&pidfd, EXIT)).exit_code, (status as u32) << 8, "exit status {status}");
    }
    for signal in [libc::SIGKILL, libc::SIGTERM, libc::SIGUSR1, 64] {
        let process = kit::process::plain(NONE, Peer::wait)?;
        let pidfd = process.pidfd().try_clone_to_owned()?;
        process.kill(signal)?;
        expect_eq!(process.wait()?, Ended::Signaled(signal));
        expect_eq!(expect_ok!(ask(&pidfd, EXIT)).exit_code, signal as u32, "signal {signal}");
    }
    holds()
}

/// Everyone in a process's PID namespace and above may ask a pidfd how it has ended; in others the call fails with EREMOTE.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_info", since = "6.18", needs = [Root])]
fn pidfd_info_of_the_end_is_for_everyone_in_its_namespace() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let outer = waiting(NONE)?;
    let (ours, theirs) = (outer.pidfd().try_clone_to_owned()?, reaped_inside(init.pidfd())?);
    outer.go()?;
    outer.wait()?;
    expect_eq!(expect_ok!(ask(&theirs, EXIT), "of one inside, asked outside").exit_code, 5 << 8);
    unprivileged(NONE, || {
        expect_eq!(expect_ok!(ask(&theirs, EXIT), "of one inside, asked by an ordinary user").exit_code, 5 << 8);
        Ok(())
    })?;
    enter_by(init.pidfd(), CLONE_NEWPID, || {
        expect_eq!(expect_ok!(ask(&theirs, EXIT), "of one inside, asked inside").exit_code, 5 << 8);
        expect_errno!(ask(&ours, EXIT), EREMOTE, "of one outside, asked inside");
        Ok(())
    })?;
    child(CLONE_NEWPID, || {
        expect_errno!(ask(&theirs, EXIT), EREMOTE, "in a namespace beside");
        holds()
    })
}

/// PIDFD_GET_INFO tells how a process and the init of a PID namespace have ended when the namespace has no process any more.
#[claim(source = "kernel 7.3 fs/pidfs.c pidfd_info", since = "6.15", needs = [Root])]
fn pidfd_info_of_the_end_survives_the_namespace() -> Verdict {
    let init = waiting(CLONE_NEWPID)?;
    let member = reaped_inside(init.pidfd())?;
    let own = init.pidfd().try_clone_to_owned()?;
    init.kill(libc::SIGKILL)?;
    init.wait()?;
    expect_eq!(expect_ok!(ask(&own, EXIT), "init").exit_code, libc::SIGKILL as u32, "init");
    expect_eq!(expect_ok!(ask(&member, EXIT), "the member").exit_code, 5 << 8, "the member");
    holds()
}

/// poll(2) on a pidfd tells POLLIN as soon as the process is a zombie, in its PID namespace, above it and beside it.
#[claim(source = "pidfd_open(2)", needs = [Root])]
fn pidfd_poll_tells_of_the_end() -> Verdict {
    let process = waiting(CLONE_NEWPID)?;
    let pidfd = process.pidfd().try_clone_to_owned()?;
    let everywhere = || [NONE, CLONE_NEWPID].map(|flags| child(flags, || events(pidfd.as_fd())));
    for seen in everywhere() {
        expect_eq!(seen?, NOTHING, "alive");
    }
    let _zombie = make_zombie(process)?;
    for seen in everywhere() {
        expect_eq!(seen?, POLLIN, "a zombie");
    }
    holds()
}

/// poll(2) on a pidfd tells POLLHUP beside POLLIN when the process has been reaped.
#[claim(source = "fs/pidfs.c pidfd_poll", since = "6.9", needs = [])]
fn pidfd_poll_hangs_up_when_reaped() -> Verdict {
    let zombie = make_zombie(waiting(NONE)?)?;
    let pidfd = zombie.pidfd().try_clone_to_owned()?;
    expect_eq!(events(pidfd.as_fd())?, POLLIN, "a zombie");
    zombie.wait()?;
    expect_eq!(events(pidfd.as_fd())?, POLLIN | PollFlags::POLLHUP.bits(), "reaped");
    holds()
}

/// The fdinfo of a zombie's pidfd shows its PIDs as while it lived: -1 comes when it has been reaped.
#[claim(source = "pidfd_open(2)", needs = [Root])]
fn pidfd_fdinfo_of_a_zombie() -> Verdict {
    for flags in [NONE, CLONE_NEWPID] {
        let process = waiting(flags)?;
        let pidfd = process.pidfd().try_clone_to_owned()?;
        let alive = numbers(pidfd.as_fd())?;
        let zombie = make_zombie(process)?;
        expect_eq!(numbers(pidfd.as_fd())?, alive, "a zombie made with {flags:?}");
        zombie.wait()?;
        expect_eq!(numbers(pidfd.as_fd())?, ["-1", "-1"], "reaped");
    }
    holds()
}

/// A pidfd's fdinfo shows one PID for each PID namespace from that of the procfs down to the process's own.
#[claim(source = "fs/pidfs.c pidfd_show_fdinfo", needs = [Root])]
fn pidfd_fdinfo_by_levels() -> Verdict {
    let middle = spawn(CLONE_NEWPID | CLONE_NEWNS, |outside| {
        mount_proc()?;
        let lowest = waiting(CLONE_NEWPID)?;
        let number = lowest.pid().as_raw().to_string();
        expect_eq!(numbers(lowest.pidfd())?, [&number, &number, "1"], "in the middle");
        outside.send_fd(lowest.pidfd())?;
        outside.send(&number)?;
        outside.wait()
    })?;
    let lowest = middle.peer().recv_fd()?;
    let number: String = middle.recv()?;
    let own = middle.pid().to_string();
    expect_eq!(numbers(middle.pidfd())?, [&own, &own, "1"], "of the one in the middle");
    let seen = numbers(lowest.as_fd())?;
    expect_eq!(seen.len(), 4, "outside: {seen:?}");
    expect_eq!((&seen[0], &seen[2], seen[3].as_str()), (&seen[1], &number, "1"), "outside: {seen:?}");
    expect_ne!(seen[0], number, "outside: {seen:?}");
    holds()
}

/// pidfd_open(2) opens a zombie; when it has been reaped the call fails with ESRCH.
#[claim(source = "pidfd_open(2) ERRORS", needs = [])]
fn pidfd_open_of_a_zombie_and_of_the_reaped() -> Verdict {
    let zombie = make_zombie(waiting(NONE)?)?;
    let pid = zombie.pid();
    expect_ok!(pidfd_open(pid, 0), "a zombie");
    zombie.wait()?;
    expect_errno!(pidfd_open(pid, 0), ESRCH, "reaped");
    holds()
}

/// The pidfd of a process that has exited with 5 inside, and has been reaped there.
fn reaped_inside(init: BorrowedFd<'_>) -> Outcome<OwnedFd> {
    let (ours, theirs) = Peer::pair()?;
    enter_by(init, CLONE_NEWPID, || {
        let process = spawn(NONE, |_| -> Outcome<()> { exit_now(5) })?;
        theirs.send_fd(process.pidfd())?;
        expect_eq!(process.wait()?, Ended::Exited(5));
        Ok(())
    })?;
    ours.recv_fd()
}

/// The number in the line Pid of a pidfd's fdinfo, and those in the line NSpid.
fn numbers(pidfd: BorrowedFd<'_>) -> Outcome<Vec<String>> {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
    let text = fs::read_to_string(&path).doing(format!("read {path}"))?;
    let lines =
        ["Pid:", "NSpid:"].map(|name| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default());
    Ok(lines.iter().flat_map(|line| line.split_whitespace()).map(str::to_owned).collect())
}

const NOTHING: i16 = 0;
const POLLIN: i16 = PollFlags::POLLIN.bits();

/// What poll(2) tells at once.
fn events(pidfd: BorrowedFd<'_>) -> Outcome<i16> {
    let mut sources = [PollFd::new(pidfd, PollFlags::POLLIN)];
    poll(&mut sources, PollTimeout::ZERO).doing("poll")?;
    Ok(sources[0].revents().unwrap_or(PollFlags::empty()).bits())
}
