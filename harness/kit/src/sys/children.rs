//! What a process wants to hear of the ends of its children.

use nix::errno::Errno;

/// Sets SIGCHLD to be ignored: children that end from now on leave no zombie (`wait(2)`, NOTES).
pub fn let_children_vanish() -> nix::Result<()> {
    // SAFETY: SIG_IGN is no function, so no handler of ours can ever run.
    let before = unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    if before == libc::SIG_ERR { Err(Errno::last()) } else { Ok(()) }
}
