//! An automount point that is looked up from another mount namespace than its daemon's: what the daemon mounts has to come there.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use kit::mounts::Propagation::{Private, Slave};
use kit::mounts::{Propagation, Tree};
use kit::prelude::*;
use kit::sys::ioctl::{Direction, at_address, request};
use nix::fcntl::OFlag;
use nix::mount::MsFlags;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, getpid, pipe2, read, setpgid};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![autofs_is_asked_in_vain_from_a_private_copy, autofs_is_not_asked_from_a_private_copy];

/// Looking up an automount point in a private copy of its daemon's mounts asks the daemon again and again, and fails with ELOOP.
#[claim(source = ["moby#33304", "singularity#347"], until = "6.19", needs = [Root, Module("autofs4")])]
fn autofs_is_asked_in_vain_from_a_private_copy() -> Verdict {
    expect_found_where_it_comes()?;
    let (answer, asked) = look_up(CLONE_NEWNS, Private)?;
    expect_errno!(answer, ELOOP);
    expect!(asked > 1, "the daemon was asked {asked} times");
    holds()
}

/// Looking up an automount point in a private copy of its daemon's mounts fails with EPERM, and the daemon is not asked.
#[claim(
    source = ["moby#33304", "singularity#347", "kernel 7.3 fs/autofs/root.c autofs_d_automount"],
    since = "6.19",
    needs = [Root, Module("autofs4")],
)]
fn autofs_is_not_asked_from_a_private_copy() -> Verdict {
    expect_found_where_it_comes()?;
    let (answer, asked) = look_up(CLONE_NEWNS, Private)?;
    expect_errno!(answer, EPERM);
    expect_eq!(asked, 0, "how often the daemon was asked");
    holds()
}

/// What the daemon mounts is found in its own mount namespace, and in a copy that is a slave of that; it is asked once.
fn expect_found_where_it_comes() -> Outcome<()> {
    for (flags, kind) in [(NONE, Private), (CLONE_NEWNS, Slave)] {
        let (answer, asked) = look_up(flags, kind)?;
        expect_ok!(answer, "with mounts made {kind}, in a process made with «{flags}»");
        expect_eq!(asked, 1, "how often the daemon was asked, with mounts made {kind}");
    }
    Ok(())
}

/// A process that is made with `flags`, and makes its mounts of this type, opens a file below an automount point, whose daemon
/// mounts it. What came of that, and how often the daemon was asked.
fn look_up(flags: CloneFlags, kind: Propagation) -> Outcome<(Result<(), Refusal>, usize)> {
    child(CLONE_NEWNS, || {
        lead_a_group()?;
        let tree = Tree::new()?;
        tree.tmpfs("m")?.shared("m")?;
        let (requests, kernels_end) = pipe2(OFlag::O_CLOEXEC).doing("make a pipe")?;
        let options = format!("fd={},pgrp={},minproto=5,maxproto=5,indirect", kernels_end.as_raw_fd(), getpid());
        tree.mount("autofs", "m/auto", MsFlags::empty(), Some(&options))?;
        drop(kernels_end);
        let root = File::open(tree.path("m/auto")).doing("open the automount point")?;
        let walker = spawn(flags, |_| {
            // The daemon's own group is never made to wait.
            lead_a_group()?;
            kind.make_all(tree.path("m"))?;
            Ok(File::open(tree.path("m/auto/x/there")).map(drop).calling("open a file below an automount point"))
        })?;
        let mut asked = 0;
        while is_asked(&requests, &walker)? {
            let token = next_token(&requests)?;
            if !tree.is_mounted("m/auto/x")? {
                tree.tmpfs("m/auto/x")?.file("m/auto/x/there", "")?;
            }
            at_address(&root, AUTOFS_IOC_READY, token).doing("AUTOFS_IOC_READY")?;
            asked += 1;
        }
        Ok((walker.join()?, asked))
    })
}

fn lead_a_group() -> Outcome<()> {
    let own = Pid::from_raw(0);
    setpgid(own, own).doing("lead a process group")
}

/// Waits until the kernel asks for a mount, or the walker has ended.
fn is_asked<T>(requests: &OwnedFd, walker: &Child<T>) -> Outcome<bool> {
    let mut sources =
        [PollFd::new(requests.as_fd(), PollFlags::POLLIN), PollFd::new(walker.pidfd(), PollFlags::POLLIN)];
    poll(&mut sources, PollTimeout::NONE).doing("poll")?;
    Ok(sources[0].any() == Some(true))
}

/// `linux/auto_fs.h`: what was asked for is mounted. The argument is the token of the request.
const AUTOFS_IOC_READY: u64 = request(Direction::Nothing, 0x93, 0x60, 0);

/// Reads a request, `struct autofs_v5_packet` of `linux/auto_fs.h`, and returns its token, which is counted from 1.
fn next_token(requests: &OwnedFd) -> Outcome<u16> {
    let mut packet = [0; 512];
    let length = read(requests, &mut packet).doing("read a request of the kernel")?;
    let token = packet[..length].get(8..12).and_then(|bytes| bytes.try_into().ok()).map(u32::from_ne_bytes);
    token.and_then(|token| token.try_into().ok()).ok_or_else(|| Failure::broken(format!("a request of {length} bytes")))
}
