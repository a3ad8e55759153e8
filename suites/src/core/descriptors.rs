//! Open files of every sort that a program can have, but for namespaces' files and pidfds.

use std::fs::File;
use std::os::fd::OwnedFd;

use kit::prelude::*;
use nix::fcntl::{OFlag, open};
use nix::sys::signal::SigSet;
use nix::sys::signalfd::SignalFd;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use nix::sys::stat::Mode;
use nix::unistd::pipe;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::{MemfdFlags, inotify, memfd_create};
use rustix::pty::{OpenptFlags, openpt};
use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};

/// A file, and what it is.
pub(super) type Described = (&'static str, OwnedFd);

/// Files that take no `ioctl(2)` operation but their own, and answer ENOTTY to others. Needs Unix domain sockets, and the
/// usual special files: CONFIG_UNIX, CONFIG_SIGNALFD, CONFIG_TIMERFD, CONFIG_EVENTFD, CONFIG_INOTIFY_USER, CONFIG_MEMFD_CREATE.
pub(super) fn other_files() -> Outcome<Vec<Described>> {
    let (reader, writer) = pipe()?;
    let unix = |kind| socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC, None);
    let route = Some(SockProtocol::NetlinkRoute);
    let mut all: Vec<Described> = vec![
        ("a pipe's reading end", reader),
        ("a pipe's writing end", writer),
        ("a stream socket", unix(SockType::Stream)?),
        ("a datagram socket", unix(SockType::Datagram)?),
        ("a netlink socket", socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, route)?),
        ("an eventfd", eventfd(0, EventfdFlags::CLOEXEC)?),
        ("a timerfd", timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?),
        ("a memfd", memfd_create("nsproof", MemfdFlags::CLOEXEC)?),
        ("an inotify group", inotify::init(inotify::CreateFlags::CLOEXEC)?),
        ("a signalfd", SignalFd::new(&SigSet::empty())?.into()),
    ];
    for (what, path) in [
        ("a directory", "/"),
        ("a file of procfs", "/proc/self/status"),
        ("a process's directory", "/proc/self"),
        ("the directory of the links", "/proc/self/ns"),
        ("a sysctl", "/proc/sys/kernel/ostype"),
        ("the null device", "/dev/null"),
    ] {
        all.push((what, File::open(path).doing(format!("open {path}"))?.into()));
    }
    Ok(all)
}

/// The same and what answers otherwise to an operation that it does not know: an epoll group, a terminal (CONFIG_UNIX98_PTYS).
pub(super) fn all_other_files() -> Outcome<Vec<Described>> {
    let mut all = other_files()?;
    all.push(("an epoll group", rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC)?));
    all.push(("a terminal", openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?));
    all.push(("a path alone", open("/", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?));
    Ok(all)
}

/// Numbers that name no open file: one that was never opened, and those that stand for something in other calls, such as
/// AT_FDCWD, PIDFD_SELF_THREAD, PIDFD_SELF_THREAD_GROUP, FD_PIDFS_ROOT and FD_NSFS_ROOT.
pub(super) const NO_FILES: [i32; 9] = [-1, i32::MAX, i32::MIN, -100, -10000, -10001, -10002, -10003, -10004];
