//! Which IDs set-user-ID and set-group-ID programs give in a user namespace: `user_namespaces(7)`, Set-user-ID and
//! set-group-ID programs.

use kit::mounts::tmpfs;
use kit::prelude::*;
use kit::process::{NOBODY, as_user, become_user, container, container_user, container_with};

use super::executed::{copy_of_ourselves, program_at, status_after};
use super::files::give;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    suid_honoured_when_mapped,
    suid_ignored_when_unmapped,
    sgid_ignored_when_uid_unmapped,
    suid_on_child_mounted_fs_ignored_outside,
];

const PROGRAM: &str = "/tmp/program";

/// A set-user-ID program whose user and group are mapped runs with the user ID to which its user is mapped.
#[claim(
    source = "user_namespaces(7) Set-user-ID and set-group-ID programs",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn suid_honoured_when_mapped() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    let inside = |first| container_user(first, 7, NONE, identity);
    give(PROGRAM, (100_005, 100_005), 0o4755)?;
    expect_eq!(inside(100_000)?, (5, 7), "where its user is 5");
    expect_eq!(inside(99_995)?, (10, 7), "where its user is 10");
    expect_eq!(inside(200_000)?, (7, 7), "where its user is not mapped");
    give(PROGRAM, (100_005, 100_005), 0o755)?;
    expect_eq!(inside(100_000)?, (7, 7), "where its user is 5, without the set-user-ID bit");
    holds()
}

/// The set-user-ID bit of a program whose user or group is not mapped is ignored: execve() succeeds and keeps the caller's
/// user ID.
#[claim(
    source = "user_namespaces(7) Set-user-ID and set-group-ID programs",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn suid_ignored_when_unmapped() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    for (owners, outside, inside) in [
        ((0, 0), (0, NOBODY), (7, 7)),
        ((100_005, 0), (100_005, NOBODY), (7, 7)),
        ((0, 100_005), (0, NOBODY), (7, 7)),
        ((100_005, 100_005), (100_005, NOBODY), (5, 7)),
    ] {
        give(PROGRAM, owners, 0o4755)?;
        expect_eq!(as_user(NOBODY, NONE, identity)?, outside, "of {owners:?}, outside");
        expect_eq!(container_user(100_000, 7, NONE, identity)?, inside, "of {owners:?}, inside");
    }
    holds()
}

/// The set-group-ID bit of a program has effect in a user namespace only if both the file's user and its group are mapped
/// there.
#[claim(
    source = "user_namespaces(7) Set-user-ID and set-group-ID programs",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn sgid_ignored_when_uid_unmapped() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    for (owners, outside, inside) in [
        ((100_005, 100_005), (NOBODY, 100_005), (7, 5)),
        ((0, 100_005), (NOBODY, 100_005), (7, 7)),
        ((100_005, 0), (NOBODY, 0), (7, 7)),
        ((0, 0), (NOBODY, 0), (7, 7)),
    ] {
        give(PROGRAM, owners, 0o2755)?;
        expect_eq!(as_user(NOBODY, NONE, identity)?, outside, "of {owners:?}, outside");
        expect_eq!(container_user(100_000, 7, NONE, identity)?, inside, "of {owners:?}, inside");
    }
    holds()
}

/// The set-user-ID bit of a program on a file system that a user namespace mounted is ignored for processes of the user
/// namespace above.
#[claim(
    source = ["fs/namespace.c mnt_may_suid", "mount(2) MS_NOSUID"],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn suid_on_child_mounted_fs_ignored_outside() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    give(PROGRAM, (100_000, 100_000), 0o4755)?;
    let own = "/mnt/program";
    let inside = container_with(&Maps::range(100_000, 10), CLONE_NEWNS, |outside| {
        tmpfs("/mnt")?;
        copy_of_ourselves(own, 0o4755)?;
        let seen = child(NONE, || {
            become_user(7)?;
            identity_by(own)
        })?;
        expect_eq!(seen, (0, 7), "by a user of the namespace");
        outside.go()?;
        outside.wait()
    })?;
    inside.recv::<()>()?;
    let mounts = inside.namespace(Kind::Mnt)?;
    child(NONE, || {
        setns(&mounts, CLONE_NEWNS).doing("join the mount namespace")?;
        become_user(NOBODY)?;
        expect_eq!(identity_by(PROGRAM)?, (100_000, NOBODY), "from a file system mounted outside, in the same place");
        expect_eq!(identity_by(own)?, (NOBODY, NOBODY), "from the namespace's own, by a user from outside");
        Ok(())
    })?;
    // In a user namespace below, what is mounted here is still honoured.
    container(100_000, NONE, || {
        container(0, CLONE_NEWNS, || {
            become_user(7)?;
            expect_eq!(identity()?, (0, 7), "from a file system mounted outside, in a user namespace below");
            Ok(())
        })
    })?;
    holds()
}

/// The effective user and group ID that the program has.
fn identity() -> Outcome<(u32, u32)> {
    identity_by(PROGRAM)
}

fn identity_by(path: &str) -> Outcome<(u32, u32)> {
    let status = status_after(&mut program_at(path))?;
    Ok((status.euid, status.egid))
}
