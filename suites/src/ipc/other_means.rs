//! What an IPC namespace does not isolate: POSIX shared memory, FIFOs, sockets and signals. `ipc_namespaces(7)` DESCRIPTION.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use kit::mounts::tmpfs;
use kit::prelude::*;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rustix::shm;

use super::objects::{KEY, Object};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    posix_shared_memory_is_of_its_file_system,
    fifos_cross_ipc_namespaces,
    unix_sockets_cross_ipc_namespaces,
    signals_cross_ipc_namespaces,
];

/// POSIX shared memory is found and shared across IPC namespaces; it is hidden by a mount of its own on /dev/shm.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "shm_overview(7)"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn posix_shared_memory_is_of_its_file_system() -> Verdict {
    unshare(CLONE_NEWNS)?;
    fs::create_dir_all("/dev/shm").doing("make /dev/shm")?;
    tmpfs("/dev/shm")?;
    let open =
        |flags| shm::open("/memory", flags | shm::OFlags::RDWR, shm::Mode::RUSR | shm::Mode::WUSR).map(File::from);
    open(shm::OFlags::CREATE | shm::OFlags::EXCL).doing("shm_open")?.write_all(b"ours").doing("write")?;
    elsewhere(|| {
        let mut memory = expect_ok!(open(shm::OFlags::empty()));
        let mut text = String::new();
        memory.read_to_string(&mut text).doing("read")?;
        expect_eq!(text, "ours");
        memory.write_all(b", and theirs").doing("write")
    })?;
    expect_eq!(fs::read_to_string("/dev/shm/memory")?, "ours, and theirs", "written elsewhere");
    child(CLONE_NEWNS, || {
        tmpfs("/dev/shm")?;
        expect_errno!(open(shm::OFlags::empty()), ENOENT, "with another mount on /dev/shm, in the same IPC namespace");
        Ok(())
    })?;
    holds()
}

/// A FIFO that a process opens by its path connects it with processes of other IPC namespaces.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "What's in a name(space)?"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS")],
)]
fn fifos_cross_ipc_namespaces() -> Verdict {
    mkfifo("/mnt/fifo", Mode::S_IRWXU).doing("make a FIFO")?;
    let mut ours = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/mnt/fifo")?;
    elsewhere(|| {
        let theirs = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open("/mnt/fifo");
        expect_ok!(expect_ok!(theirs, "a FIFO with a reader").write_all(b"hello"));
        Ok(())
    })?;
    let mut text = String::new();
    ours.read_to_string(&mut text).doing("read the FIFO")?;
    expect_eq!(text, "hello");
    holds()
}

/// UNIX domain sockets connect processes of different IPC namespaces, by a path and by an abstract name.
#[claim(
    source = ["ipc_namespaces(7) DESCRIPTION", "What's in a name(space)?"],
    needs = [Root, Config("SYSVIPC"), Config("IPC_NS"), Config("UNIX")],
)]
fn unix_sockets_cross_ipc_namespaces() -> Verdict {
    let addresses = [SocketAddr::from_pathname("/mnt/socket")?, SocketAddr::from_abstract_name("socket")?];
    let mut sockets = Vec::new();
    for address in &addresses {
        sockets.push(UnixDatagram::bind_addr(address).doing("bind a socket")?);
    }
    elsewhere(|| {
        let socket = UnixDatagram::unbound().doing("make a socket")?;
        for (number, address) in addresses.iter().enumerate() {
            expect_ok!(socket.send_to_addr(&[number as u8], address), "{address:?}");
        }
        Ok(())
    })?;
    for (number, socket) in sockets.iter().enumerate() {
        let mut buffer = [0; 8];
        let length = socket.recv(&mut buffer).doing("receive")?;
        expect_eq!(&buffer[..length], &[number as u8], "by {:?}", addresses[number]);
    }
    holds()
}

/// A process can send signals to a process of another IPC namespace.
#[claim(source = "ipc_namespaces(7) DESCRIPTION", needs = [Root, Config("SYSVIPC"), Config("IPC_NS")])]
fn signals_cross_ipc_namespaces() -> Verdict {
    let target = waiting(NONE)?;
    elsewhere(|| {
        expect_ok!(nix::sys::signal::kill(target.pid(), nix::sys::signal::Signal::SIGKILL));
        Ok(())
    })?;
    expect_eq!(target.wait()?, Ended::Signaled(libc::SIGKILL));
    holds()
}

/// Does something in a new IPC namespace, which is one: a System V object of the caller's is not found there.
fn elsewhere(body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    Object::Queue.make(KEY)?;
    child(CLONE_NEWIPC, || {
        expect_errno!(Object::Queue.find(KEY), ENOENT, "a System V queue, in a new IPC namespace");
        body()
    })?;
    child(NONE, || Object::Queue.find(KEY).doing("find the queue").map(drop))
}
