//! Cgroups that are handed to an ordinary user: `cgroups(7)`, CGROUPS DELEGATION.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, chown};

use kit::prelude::*;
use kit::process::{as_user, waiting_as};

use super::groups::{Groups, file, in_group, member, move_to, path, seen, seen_of};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    delegatee_moves_nothing_across_the_border,
    delegatee_moves_every_process_inside,
    delegatee_of_two_groups_needs_what_is_above_both,
    new_cgroup_belongs_to_its_maker,
    moving_takes_the_openers_permissions,
    cgroup_namespace_is_no_border_without_nsdelegate,
    delegate_file_lists_what_to_hand_over,
];

/// The user to whom groups are given.
const USER: u32 = 1234;
const OTHER: u32 = 4321;

/// A user who owns a cgroup and its `cgroup.procs` can move no process into it from outside, nor out of it: EACCES.
///
/// It lacks the permission for the `cgroup.procs` of the group above both; with that it can.
#[claim(source = "cgroups(7) CGROUPS DELEGATION: Delegation containment rules", needs = [Root, Cgroup2])]
fn delegatee_moves_nothing_across_the_border() -> Verdict {
    let _groups = Groups::new(&["x", "x/d", "x/d/a", "x/other"])?;
    give("x/d")?;
    give("x/d/a")?;
    let (inside, outside) = (user_in("x/d/a")?, user_in("x/other")?);
    let by_user = |group: &str, pid: i32| as_user(USER, NONE, || Ok(move_to(group, pid).portable()));
    expect_errno!(by_user("x/d/a", outside.pid().as_raw())?, EACCES, "into it");
    expect_errno!(by_user("x/other", inside.pid().as_raw())?, EACCES, "out of it, to a group of others");
    expect_errno!(by_user("x", inside.pid().as_raw())?, EACCES, "out of it, upwards");
    let itself = in_group("x/other", NONE, || as_user(USER, NONE, || Ok(move_to("x/d/a", 0).portable())))?;
    expect_errno!(itself, EACCES, "itself, into it");
    let itself = in_group("x/d", NONE, || as_user(USER, NONE, || Ok(move_to("x/d/a", 0).portable())))?;
    expect_ok!(itself, "itself, within");
    expect_ok!(move_to("x/d/a", outside.pid()), "into it, by root");
    move_to("x/other", outside.pid()).doing("move it back")?;
    chown(file("x", "cgroup.procs"), Some(USER), None).doing("chown")?;
    expect_ok!(by_user("x/d/a", outside.pid().as_raw())?, "into it, with permission for the group above both");
    expect_eq!(seen_of(&outside)?, "/x/d/a");
    holds()
}

/// In a cgroup that it owns a user can move every process from one group to another, also those of root and of others.
#[claim(source = "cgroups(7) CGROUPS DELEGATION: Delegation containment rules", needs = [Root, Cgroup2])]
fn delegatee_moves_every_process_inside() -> Verdict {
    let _groups = Groups::new(&["x", "x/d", "x/d/a", "x/d/b"])?;
    for group in ["x/d", "x/d/a", "x/d/b"] {
        give(group)?;
    }
    for process in [waiting(NONE)?, waiting_as(USER)?, waiting_as(OTHER)?] {
        move_to("x/d/a", process.pid()).doing("move it into the group")?;
        for to in ["x/d/b", "x/d", "x/d/a"] {
            expect_ok!(as_user(USER, NONE, || Ok(move_to(to, process.pid()).portable()))?, "to {to}");
            expect_eq!(seen_of(&process)?, format!("/{to}"));
            expect_errno!(
                as_user(OTHER, NONE, || Ok(move_to("x/d", process.pid()).portable()))?,
                EACCES,
                "by another user"
            );
        }
    }
    holds()
}

/// To move a process from one of its cgroups to another beside it, a user needs write permission for the `cgroup.procs`
/// above both: EACCES.
#[claim(source = "cgroups(7) CGROUPS DELEGATION: Delegation containment rules", needs = [Root, Cgroup2])]
fn delegatee_of_two_groups_needs_what_is_above_both() -> Verdict {
    let _groups = Groups::new(&["x", "x/one", "x/two"])?;
    give("x/one")?;
    give("x/two")?;
    let process = user_in("x/one")?;
    let move_it = || as_user(USER, NONE, || Ok(move_to("x/two", process.pid()).portable()));
    expect_errno!(move_it()?, EACCES);
    // The directory is not what counts.
    chown(path("x"), Some(USER), Some(USER)).doing("chown")?;
    expect_errno!(move_it()?, EACCES, "with the directory above");
    chown(file("x", "cgroup.procs"), Some(USER), Some(USER)).doing("chown")?;
    expect_ok!(move_it()?, "with the cgroup.procs above");
    expect_eq!(seen_of(&process)?, "/x/two");
    holds()
}

/// A new cgroup and its files belong to the user who has made it, not to the owner of the one around it.
#[claim(
    source = "cgroups(7) CGROUPS DELEGATION: DELEGATING A HIERARCHY TO A LESS PRIVILEGED USER",
    needs = [Root, Cgroup2],
    erratum = "cgroups(7), CGROUPS DELEGATION: any new cgroups created in the hierarchy will also be owned by the delegatee.",
)]
fn new_cgroup_belongs_to_its_maker() -> Verdict {
    let _groups = Groups::new(&["x", "x/d"])?;
    give("x/d")?;
    let _made = Groups::in_mounted(&["x/d/roots"])?;
    as_user(USER, NONE, || fs::create_dir(path("x/d/users")).doing("make a cgroup"))?;
    for (group, owner) in [("x/d/users", USER), ("x/d/roots", 0)] {
        let files = [path(group), file(group, "cgroup.procs"), file(group, "cgroup.subtree_control")];
        for path in &files {
            let found = fs::metadata(path).doing(format!("stat {path}"))?;
            expect_eq!((found.uid(), found.gid()), (owner, owner), "{path}");
        }
    }
    fs::remove_dir(path("x/d/users")).doing("remove the cgroup")?;
    holds()
}

/// Whether a process may be moved is asked with the permissions of the process that opened `cgroup.procs`, not of the one
/// that writes.
#[claim(source = "kernel/cgroup/cgroup.c __cgroup_procs_write", needs = [Root, Cgroup2])]
fn moving_takes_the_openers_permissions() -> Verdict {
    let _groups = Groups::new(&["x", "x/d", "x/d/a", "x/other"])?;
    give("x/d")?;
    give("x/d/a")?;
    let process = member("x/other", NONE)?;
    let pid = process.pid().to_string();
    let open = || OpenOptions::new().write(true).open(file("x/d/a", "cgroup.procs"));
    let opener = spawn(NONE, |case| as_user(USER, NONE, || case.send_fd(open().doing("open, as the user")?)))?;
    let mut by_user = fs::File::from(opener.peer().recv_fd()?);
    opener.join()?;
    expect_errno!(by_user.write(pid.as_bytes()), EACCES, "opened by the user, written by root");
    expect_eq!(seen_of(&process)?, "/x/other");
    let mut by_root = open().doing("open, as root")?;
    let answer = as_user(USER, NONE, || Ok(by_root.write(pid.as_bytes()).portable()))?;
    expect_ok!(answer, "opened by root, written by the user");
    expect_eq!(seen_of(&process)?, "/x/d/a");
    holds()
}

/// Without nsdelegate a cgroup namespace is no border: root inside moves itself out of the root and others in.
#[claim(source = "cgroup_namespaces(7) DESCRIPTION", needs = [Root, Cgroup2])]
fn cgroup_namespace_is_no_border_without_nsdelegate() -> Verdict {
    let _groups = Groups::new(&["x", "x/a", "x/b"])?;
    let outsider = member("x/b", NONE)?;
    in_group("x/a", CLONE_NEWCGROUP, || {
        for (group, expected) in [("x/b", "/../b"), ("x", "/.."), ("", "/../.."), ("x/a", "/")] {
            expect_ok!(move_to(group, 0), "itself, to «{group}»");
            expect_eq!(seen("self")?, expected, "in «{group}»");
        }
        for group in ["x/a", "x", "x/b"] {
            expect_ok!(move_to(group, outsider.proc_pid()?), "a process from outside, to {group}");
        }
        holds()
    })
}

/// `/sys/kernel/cgroup/delegate` lists the files to hand over, cgroup.procs, cgroup.threads and cgroup.subtree_control
/// among them.
///
/// Files that set limits are not listed; and `features` beside it lists nsdelegate.
#[claim(source = "sys_kernel_cgroup(5)", needs = [Config("CGROUPS")])]
fn delegate_file_lists_what_to_hand_over() -> Verdict {
    let lines = |name: &str| -> Outcome<Vec<String>> {
        let path = format!("/sys/kernel/cgroup/{name}");
        Ok(fs::read_to_string(&path).doing(format!("read {path}"))?.lines().map(str::to_owned).collect())
    };
    let (files, features) = (lines("delegate")?, lines("features")?);
    for name in ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"] {
        expect!(files.iter().any(|file| file == name), "{name} is not in {files:?}");
    }
    for name in ["pids.max", "memory.max", "cpu.max", "cgroup.type", "cgroup.freeze", "cgroup.max.depth"] {
        expect!(!files.iter().any(|file| file == name), "{name} is in {files:?}");
    }
    expect!(features.iter().any(|feature| feature == "nsdelegate"), "features: {features:?}");
    holds()
}

/// Gives a group to [`USER`], with what `cgroups(7)` says is to be given.
fn give(group: &str) -> Outcome<()> {
    let files = ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control"].map(|name| file(group, name));
    for path in files.iter().chain([&path(group)]) {
        chown(path, Some(USER), Some(USER)).doing(format!("chown {path}"))?;
    }
    Ok(())
}

/// A process of [`USER`] in a group.
fn user_in(group: &str) -> Outcome<Child<()>> {
    let process = waiting_as(USER)?;
    move_to(group, process.pid()).doing(format!("move a process to {group}"))?;
    Ok(process)
}
