//! Whom file capabilities give their capabilities: `capabilities(7)`, Namespaced file capabilities.

use kit::file_capability::FileCapability;
use kit::prelude::*;
use kit::process::{NOBODY, as_user, become_user, container, container_user, container_with, user_namespace_with};
use rustix::fs::removexattr;
use rustix::thread::CapabilitySet;

use super::executed::{copy_of_ourselves, executed, program_at};
use super::files::give;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    fscaps_v3_effective_only_in_ns_and_descendants,
    fscaps_v2_effective_in_child_namespaces,
    fscaps_v3_explicit_write,
];

const PROGRAM: &str = "/tmp/program";

/// What the file has: the kernel gives it no further meaning here.
const ONE: CapabilitySet = CapabilitySet::NET_RAW;

/// File capabilities written in a user namespace work in it and those below, not in the initial one or an unrelated one.
#[claim(
    source = "capabilities(7) Namespaced file capabilities",
    since = "4.14",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_v3_effective_only_in_ns_and_descendants() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    give(PROGRAM, (100_000, 100_000), 0o755)?;
    container(100_000, NONE, || FileCapability::permitted(ONE).write(PROGRAM).doing("write it inside"))?;
    expect_works_for_root_100000()?;
    let above = container_with(&Maps::range(100_000, 2000), NONE, |_| {
        for (first, whose) in [(0, "the same root"), (1000, "another root")] {
            expect_eq!(container_user(first, 7, NONE, works)?, true, "in a user namespace below with {whose}");
        }
        holds()
    })?;
    above.join()
}

/// File capabilities that root of the initial user namespace has written (version 2) work in all others, too.
#[claim(
    source = "capabilities(7) Namespaced file capabilities",
    needs = [Root, UserNamespaces, Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_v2_effective_in_child_namespaces() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    FileCapability::permitted(ONE).write(PROGRAM).doing("write it")?;
    for expected in [true, false] {
        if !expected {
            removexattr(PROGRAM, "security.capability").doing("remove it")?;
        }
        let same_user = unprivileged(NONE, || user_namespace_with(&Maps::own_as(1000), NONE, |_| works())?.join())?;
        expect_eq!(same_user, expected, "in an ordinary user's namespace; with the attribute: {expected}");
        let other = container_user(100_000, 7, NONE, works)?;
        expect_eq!(other, expected, "in a container; with the attribute: {expected}");
        let outside = as_user(NOBODY, NONE, works)?;
        expect_eq!(outside, expected, "outside; with the attribute: {expected}");
    }
    holds()
}

/// Root outside can write file capabilities for another user namespace's root (version 3): they work there alone.
#[claim(
    source = "capabilities(7) File capability extended attribute versioning",
    since = "4.14",
    needs = [Root, Config("USER_NS"), Config("TMPFS_XATTR"), Behaviour(AT_THE_TOP)],
)]
fn fscaps_v3_explicit_write() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    let written = FileCapability::permitted(ONE).of_root(100_000);
    expect_ok!(written.write(PROGRAM));
    expect_eq!(expect_ok!(FileCapability::read(PROGRAM)), written);
    expect_works_for_root_100000()?;
    expect_ok!(written.of_root(200_000).write(PROGRAM));
    expect_eq!(container_user(200_000, 7, NONE, works)?, true, "written for the root who is 200000");
    holds()
}

/// The program's capabilities work where root is user 100000 outside, for all users, and not elsewhere.
fn expect_works_for_root_100000() -> Outcome<()> {
    expect_eq!(container_user(100_000, 7, NONE, works)?, true, "where root is that user");
    expect_eq!(container_user(200_000, 7, NONE, works)?, false, "where root is user 200000");
    expect_eq!(container_user(99_500, 7, NONE, works)?, false, "where that user is user 500");
    expect_eq!(as_user(NOBODY, NONE, works)?, false, "outside");
    expect_eq!(as_user(100_000, NONE, works)?, false, "outside, by that user");
    child(NONE, || {
        become_user(100_007)?;
        unshare(CLONE_NEWUSER).doing("unshare a user namespace")?;
        expect_eq!(works()?, false, "where nobody is mapped");
        Ok(())
    })
}

/// Whether the program has the capability, permitted and effective. It has never another one.
fn works() -> Outcome<bool> {
    let (_, sets) = executed(&mut program_at(PROGRAM))?;
    expect_eq!(sets.effective, sets.permitted);
    expect!(ONE.contains(sets.effective), "it has {:?}", sets.effective);
    Ok(!sets.effective.is_empty())
}
