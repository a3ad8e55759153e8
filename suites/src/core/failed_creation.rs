//! What a refused unshare() or clone() leaves behind: nothing. `unshare(2)`, ERRORS; `clone(2)`, RETURN VALUE.

use kit::limits::set_limit;
use kit::prelude::*;
use kit::process::try_clone3;
use kit::sys::vfork::vfork;
use kit::{Links, NO_LINKS};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use super::creating_rights::OTHERS;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![failed_unshare_changes_nothing, failed_unshare_keeps_root_and_cwd, failed_clone_creates_no_child];

/// If one of several namespaces cannot be made, unshare() fails and leaves the caller in its old namespaces of every
/// kind.
#[claim(
    source = ["unshare(2) ERRORS", "Documentation/userspace-api/unshare.rst 6) High Level Design"],
    needs = [UserNamespaces, Config("TIME_NS")],
)]
fn failed_unshare_changes_nothing() -> Verdict {
    for kind in Kind::ALL {
        without_room_for(kind, || {
            let before = Links::own()?;
            for flags in [Kind::flags(&OTHERS) | kind.flag(), Kind::flags(&Kind::ALL)] {
                let caller = spawn(NONE, |case| {
                    expect_errno!(unshare(flags), ENOSPC, "where there is no room for a {kind} namespace");
                    case.go()?;
                    case.wait()
                })?;
                caller.recv::<()>()?;
                // Looked at from outside: the caller's own way to /proc is another case.
                expect_eq!(
                    Links::of(caller.pid())?.changed_since(&before),
                    NO_LINKS,
                    "after the refusal of a {kind} namespace"
                );
            }
            let possible: Vec<_> = Kind::ALL.into_iter().filter(|other| *other != kind).collect();
            expect_ok!(unshare(Kind::flags(&possible)), "without a {kind} namespace");
            let links: Vec<_> = possible.iter().map(|kind| kind.unshared_link()).collect();
            expect_eq!(Links::own()?.changed_since(&before), links, "without a {kind} namespace");
            Ok(())
        })?;
    }
    holds()
}

/// If unshare() fails after it has made a mount namespace, the caller's root and working directory are not in that one.
///
/// 6.16.12, 6.17.13 and 6.18.15 leave them there, with the namespace gone: then no user namespace can be made any more,
/// as in a chroot. Late updates of 6.18 (6.18.44 is one) do not.
#[claim(source = ["unshare(2) ERRORS", "kernel/fork.c unshare_fs"], needs = [UserNamespaces, Config("TIME_NS")])]
fn failed_unshare_keeps_root_and_cwd() -> Verdict {
    let mounts = || Ok::<_, Failure>([mount_of("/")?, mount_of(".")?]);
    for kind in OTHERS.into_iter().filter(|kind| *kind != Kind::Mnt) {
        without_room_for(kind, || {
            let before = mounts()?;
            let moved = child(NONE, || {
                unshare(CLONE_NEWNS)?;
                mounts()
            })?;
            if moved[0] == before[0] || moved[1] == before[1] {
                return Err(Failure::broken(format!(
                    "nothing tells the mounts of a copy: {before:?}, {moved:?} there"
                )));
            }
            expect_errno!(unshare(CLONE_NEWNS | kind.flag()), ENOSPC, "where there is no room for a {kind} namespace");
            expect_eq!(
                mounts()?,
                before,
                "mounts of / and ., by statx(), after unshare(CLONE_NEWNS | …) had no room for a {kind} namespace"
            );
            expect_ok!(unshare(CLONE_NEWUSER), "after the refusal of a {kind} namespace");
            Ok(())
        })?;
    }
    holds()
}

/// If clone() or clone3() fails with ENOSPC, EINVAL or EPERM, there is no child to wait for.
#[claim(source = "clone(2) RETURN VALUE", needs = [UserNamespaces])]
fn failed_clone_creates_no_child() -> Verdict {
    without_room_for(Kind::Net, || {
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUTS | CLONE_NEWNET)), ENOSPC);
        expect_errno!(any_child(), ECHILD, "after ENOSPC");
        expect_errno!(vfork(CLONE_NEWUTS | CLONE_NEWNET, || ()), ENOSPC);
        expect_errno!(any_child(), ECHILD, "after ENOSPC by clone(2)");
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWNS | CLONE_FS)), EINVAL);
        expect_errno!(any_child(), ECHILD, "after EINVAL");
        expect_errno!(vfork(CLONE_NEWNS | CLONE_FS, || ()), EINVAL);
        expect_errno!(any_child(), ECHILD, "after EINVAL by clone(2)");
        let made = expect_ok!(Spawn::new(CLONE_NEWUTS).try_start(Peer::wait)?, "with room and privilege");
        expect_eq!(any_child(), Ok(WaitStatus::StillAlive), "after success");
        drop(made);
        expect_errno!(any_child(), ECHILD, "after its end");
        Ok(())
    })?;
    unprivileged(NONE, || {
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_NEWUTS)), EPERM);
        expect_errno!(any_child(), ECHILD, "after EPERM");
        expect_errno!(vfork(CLONE_NEWUTS, || ()), EPERM);
        expect_errno!(any_child(), ECHILD, "after EPERM by clone(2)");
        holds()
    })
}

/// Runs `body` as root of a fresh user namespace in which no namespace of this kind may be made.
fn without_room_for(kind: Kind, body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    user_namespace(NONE, || {
        set_limit(kind, 0).doing(format!("allow no {kind} namespace"))?;
        body()
    })
}

/// Whether the caller has a child, of whatever kind.
fn any_child() -> nix::Result<WaitStatus> {
    waitpid(None, Some(WaitPidFlag::WNOHANG | WaitPidFlag::__WALL))
}

/// The number of the mount on which a directory of the caller is.
fn mount_of(path: &str) -> Outcome<u64> {
    let seen = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).doing(format!("statx {path}"))?;
    Ok(seen.stx_mnt_id)
}
