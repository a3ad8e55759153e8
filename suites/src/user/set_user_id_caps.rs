//! Which set-user-ID programs give capabilities in a user namespace: `capabilities(7)`, Per-user-namespace
//! "set-user-ID-root" programs.

use kit::prelude::*;
use kit::process::{NOBODY, Sets, as_user, become_user, container_user, container_with, owned_by};
use serde::{Deserialize, Serialize};

use super::executed::{copy_of_ourselves, executed, program_at};
use super::files::give;
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![suid_to_ns_root_gives_caps, suid_of_creator_uid_gives_no_caps, suid_root_of_ancestor_gives_no_caps];

const PROGRAM: &str = "/tmp/program";

/// A set-user-ID program of the user that is root of a user namespace runs as root with all capabilities inside, and with
/// none outside.
#[claim(
    source = [
        "user_namespaces(7) Set-user-ID and set-group-ID programs",
        "capabilities(7) Per-user-namespace \"set-user-ID-root\" programs",
    ],
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn suid_to_ns_root_gives_caps() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    give(PROGRAM, (100_000, 100_000), 0o4755)?;
    expect_eq!(container_user(100_000, 7, NONE, run)?, (0, Power::All), "inside");
    expect_eq!(as_user(NOBODY, NONE, run)?, (100_000, Power::None), "outside");
    give(PROGRAM, (100_001, 100_000), 0o4755)?;
    expect_eq!(container_user(100_000, 7, NONE, run)?, (1, Power::None), "another user's, inside");
    holds()
}

/// A set-user-ID program of the user that created a user namespace gives no capability there, unless that user is root in it.
#[claim(
    source = "capabilities(7) Per-user-namespace \"set-user-ID-root\" programs",
    needs = [Root, UserNamespaces, Behaviour(AT_THE_TOP)],
    erratum = "capabilities(7), Per-user-namespace «set-user-ID-root» programs: executing a set-user-ID program of the user \
               that created the user namespace gives capabilities there.",
    quote = "A set-user-ID program whose UID matches the UID that created a user namespace will confer capabilities",
)]
fn suid_of_creator_uid_gives_no_caps() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    let line = |inside, outside, count| IdMap { inside, outside, count };
    // Besides the creator itself, a range of users, one of which executes the program.
    let run_where = |creator_is: u32, others_from: u32| -> Outcome<(u32, Power)> {
        let lines = vec![line(creator_is, NOBODY, 1), line(others_from, 100_000, 10)];
        let maps = Maps { uid: lines.clone(), gid: lines, deny_setgroups: false };
        let inside = owned_by(NOBODY, Some(&maps), NONE, |_| {
            become_user(others_from + 7)?;
            run()
        })?;
        inside.join()
    };
    give(PROGRAM, (NOBODY, NOBODY), 0o4755)?;
    expect_eq!(run_where(70, 0)?, (70, Power::None), "the creator's");
    expect_eq!(run_where(0, 1)?, (0, Power::All), "the creator's, where the creator is root");
    give(PROGRAM, (100_000, 100_000), 0o4755)?;
    expect_eq!(run_where(70, 0)?, (0, Power::All), "root's, where root is not the creator");
    holds()
}

/// A set-user-ID program of a user namespace's root gives no capability in a namespace below that has another root.
#[claim(
    source = "capabilities(7) Per-user-namespace \"set-user-ID-root\" programs",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
    erratum = "capabilities(7), Per-user-namespace «set-user-ID-root» programs: executing a set-user-ID program of a user \
               namespace's root gives capabilities in that namespace's descendants, too.",
    quote = "when executed by any process inside that namespace or any descendant user namespace",
)]
fn suid_root_of_ancestor_gives_no_caps() -> Verdict {
    copy_of_ourselves(PROGRAM, 0o755)?;
    give(PROGRAM, (100_000, 100_000), 0o4755)?;
    let in_descendant = |lines: Vec<IdMap>| {
        let ancestor = container_with(&Maps::range(100_000, 2000), NONE, |_| {
            let maps = Maps { uid: lines.clone(), gid: lines, deny_setgroups: false };
            let inside = container_with(&maps, NONE, |_| {
                become_user(7)?;
                run()
            })?;
            inside.join()
        })?;
        ancestor.join()
    };
    let line = |inside, outside, count| IdMap { inside, outside, count };
    expect_eq!(
        in_descendant(vec![line(0, 1000, 10), line(500, 0, 1)])?,
        (500, Power::None),
        "the ancestor's root, which is 500"
    );
    expect_eq!(container_user(100_000, 7, NONE, run)?, (0, Power::All), "in the ancestor");
    let same_root = in_descendant(vec![line(0, 0, 10)])?;
    expect_eq!(same_root, (0, Power::All), "in a descendant whose root is the same");
    holds()
}

/// The effective user ID and the capabilities with which the program runs.
fn run() -> Outcome<(u32, Power)> {
    let (user, sets) = executed(&mut program_at(PROGRAM))?;
    let all = Sets::full()?;
    let power = match (sets.permitted, sets.effective) {
        _ if sets.are_void() => Power::None,
        permitted_and_effective if permitted_and_effective == (all.permitted, all.effective) => Power::All,
        some => Power::Some(format!("{some:?}")),
    };
    Ok((user, power))
}

/// Which capabilities the program has, permitted and effective.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Power {
    All,
    Some(String),
    None,
}
