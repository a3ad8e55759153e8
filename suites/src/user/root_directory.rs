//! The root directory and user namespaces: what a chroot forbids, and what it does not. `unshare(2)`, `setns(2)`.

use std::fs;
use std::os::unix::fs::MetadataExt;

use kit::prelude::*;
use kit::process::try_clone3;
use nix::unistd::{chroot, fchdir};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![creation_in_chroot_eperm, setns_allowed_in_chroot, userns_does_not_change_root_directory];

const NEW_USER: CloneArgs<'_> = CloneArgs::new(CLONE_NEWUSER);

/// Creating a user namespace fails with EPERM in a process that has another root directory than its mount namespace, even for
/// root.
#[claim(source = ["unshare(2) ERRORS", "clone(2) ERRORS"], needs = [Root, UserNamespaces])]
fn creation_in_chroot_eperm() -> Verdict {
    let locked_in = || {
        let outside = fs::File::open("/").doing("open /")?;
        chroot("/tmp").doing("chroot")?;
        expect_errno!(unshare(CLONE_NEWUSER), EPERM, "in a chroot");
        expect_errno!(try_clone3(&NEW_USER), EPERM, "in a chroot");
        expect_ok!(unshare(CLONE_NEWUTS), "another kind, in a chroot");
        fchdir(&outside).doing("fchdir")?;
        chroot(".").doing("chroot to where it was")?;
        expect_ok!(try_clone3(&NEW_USER), "back in the old root");
        expect_ok!(unshare(CLONE_NEWUSER), "back in the old root");
        Ok(())
    };
    child(NONE, locked_in)?;
    user_namespace(NONE, locked_in)?;
    unprivileged(NONE, || user_namespace(NONE, locked_in))?;
    holds()
}

/// A process in a chroot, which cannot create a user namespace, can join one with setns().
#[claim(
    source = ["setns(2) Details for specific namespace types", "kernel/user_namespace.c userns_install"],
    needs = [Root, UserNamespaces],
)]
fn setns_allowed_in_chroot() -> Verdict {
    let target = waiting(CLONE_NEWUSER)?;
    let namespace = target.namespace(Kind::User)?;
    // The working directory stays outside, and so /proc is in reach.
    let own_from_outside = || inode_at("proc/thread-self/ns/user");
    chroot("/tmp").doing("chroot")?;
    expect_ne!(own_from_outside()?, namespace.inode()?, "before");
    expect_errno!(unshare(CLONE_NEWUSER), EPERM, "in a chroot");
    expect_ok!(setns(&namespace, CLONE_NEWUSER));
    expect_eq!(own_from_outside()?, namespace.inode()?);
    holds()
}

/// A new user namespace keeps its creator's root directory; what comes with it is only the capability to change it.
#[claim(
    source = "user_namespaces(7) DESCRIPTION",
    needs = [UserNamespaces],
    erratum = "user_namespaces(7), DESCRIPTION: user namespaces isolate the root directory.",
    quote = "isolate security-related identifiers and attributes, in particular, user IDs and group IDs, the \
             root directory",
)]
fn userns_does_not_change_root_directory() -> Verdict {
    unprivileged(NONE, || {
        let outside = root_directory()?;
        expect_errno!(chroot("/usr"), EPERM, "outside");
        let (inside, moved) = child(CLONE_NEWUSER, || {
            let inside = root_directory()?;
            expect_ok!(chroot("/usr"), "inside");
            Ok((inside, root_directory()?))
        })?;
        expect_eq!(inside, outside, "in a new user namespace");
        expect_ne!(moved, outside, "after chroot");
        expect_eq!(root_directory()?, outside, "outside, after a chroot inside");
        holds()
    })
}

/// The device and inode number of the caller's root directory.
fn root_directory() -> Outcome<(u64, u64)> {
    let root = fs::metadata("/").doing("stat /")?;
    Ok((root.dev(), root.ino()))
}
