//! An autofs mount in copies of the mount namespace in which it was made: the daemon mounts in its own, on demand.

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd};

use kit::Answer;
use kit::mounts::{Propagation, Tree};
use kit::prelude::*;
use kit::sys::ioctl::{Direction, at_address, request};
use nix::fcntl::OFlag;
use nix::mount::MsFlags;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, pipe2, read, setpgid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    an_automount_arrives_in_a_slave_copy,
    an_automount_in_a_private_copy_eloop,
    an_automount_in_a_private_copy_eperm,
];

/// A look-up by an autofs mount in a slave copy of the daemon's mount namespace succeeds, and the daemon is asked once.
// The tokens of requests are counted for the whole kernel, and must be small here.
#[claim(source = ["mount_namespaces(7)", "moby#33304"], needs = [Root, Disposable, Module("autofs4")])]
fn an_automount_arrives_in_a_slave_copy() -> Verdict {
    for copy in [Propagation::Slave, Propagation::Shared] {
        let (answer, asked) = child(CLONE_NEWNS, || looked_up(copy))?;
        expect_ok!(answer, "{copy}");
        expect_eq!(asked, 1, "requests to the daemon, {copy}");
    }
    holds()
}

/// A look-up by an autofs mount in a private copy of the daemon's mount namespace fails with ELOOP.
///
/// The daemon is asked again and again, since what it mounts does not arrive.
#[claim(
    source = ["moby#33304", "singularity#347", "kernel 6.12 fs/autofs/root.c autofs_d_automount"],
    until = "6.19",
    needs = [Root, Disposable, Module("autofs4")],
)]
fn an_automount_in_a_private_copy_eloop() -> Verdict {
    let (answer, asked) = looked_up(Propagation::Private)?;
    expect_errno!(answer, ELOOP);
    expect!(asked > 1, "it was asked {asked} times");
    holds()
}

/// A look-up by an autofs mount in a private copy of the daemon's mount namespace fails with EPERM; the daemon is not asked.
#[claim(
    source = "fs/autofs/root.c autofs_d_automount",
    since = "6.19",
    replaces = "an_automount_in_a_private_copy_eloop",
    needs = [Root, Disposable, Module("autofs4")],
)]
fn an_automount_in_a_private_copy_eperm() -> Verdict {
    let (answer, asked) = looked_up(Propagation::Private)?;
    expect_errno!(answer, EPERM);
    expect_eq!(asked, 0, "requests to the daemon");
    holds()
}

/// Mounts autofs and is its daemon, while a process looks a name up in it, in a copy of the mount namespace whose mounts have
/// this propagation type. Tells what the process was answered, and how often the daemon was asked.
fn looked_up(copy: Propagation) -> Outcome<(Answer, usize)> {
    let tree = Tree::new()?;
    tree.shared("")?;
    let (requests, kernels) = pipe2(OFlag::O_CLOEXEC)?;
    let options = format!("fd={},minproto=5,maxproto=5,indirect", kernels.as_raw_fd());
    tree.mount("autofs", "auto", MsFlags::empty(), Some(&options))?;
    let root = File::open(tree.path("auto"))?;
    let user = spawn(CLONE_NEWNS, |daemon| {
        // Processes of the daemon's group are shown what is there.
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).doing("setpgid")?;
        copy.make_all("/")?;
        daemon.send(&fs::metadata(tree.path("auto/x")).map(drop).portable())
    })?;
    let mut asked = 0;
    loop {
        let mut sources = [&requests.as_fd(), &user.peer().as_fd()].map(|fd| PollFd::new(*fd, PollFlags::POLLIN));
        poll(&mut sources, PollTimeout::NONE).doing("poll")?;
        if sources[0].any() != Some(true) {
            return Ok((user.recv()?, asked));
        }
        asked += 1;
        let token = next_token(&requests)?;
        if !tree.is_mounted("auto/x")? {
            tree.tmpfs("auto/x")?;
        }
        at_address(&root, AUTOFS_IOC_READY, token).doing("tell that it is mounted")?;
    }
}

/// `linux/auto_fs.h`.
const AUTOFS_IOC_READY: u64 = request(Direction::Nothing, 0x93, 0x60, 0);

/// Reads a request of the kernel's: `struct autofs_v5_packet`.
fn next_token(requests: impl AsFd) -> Outcome<u16> {
    let mut packet = [0; 512];
    let length = read(requests, &mut packet).doing("read a request")?;
    match packet[..length].get(8..12).and_then(|token| token.try_into().ok()).map(u32::from_ne_bytes) {
        Some(token) => Ok(u16::try_from(token)?),
        None => Err(Failure::broken(format!("a request of {length} bytes"))),
    }
}
