//! Limits of cgroups and the groups below: `cgroups(7)`.

use std::path::Path;

use kit::eventually;
use kit::prelude::*;

use super::groups::{Groups, file, get, in_group, member, set};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    memory_limit_is_there_when_the_group_above_hands_it_down,
    pids_limit_counts_the_groups_below,
    frozen_cgroup_freezes_the_groups_below,
];

/// A cgroup has `memory.max` only while `cgroup.subtree_control` of the group above has «memory»; those below it do not have
/// it by that.
#[claim(
    source = ["cgroups(7) CGROUPS VERSION 2: Cgroups v2 subtree control", "Linux Namespaces"],
    needs = [Root, Cgroup2, Config("MEMCG")],
    erratum = "«Linux Namespaces»: a new directory in /sys/fs/cgroup has memory.max, into which the limit is written.",
)]
fn memory_limit_is_there_when_the_group_above_hands_it_down() -> Verdict {
    const LIMIT: &str = "67108864";
    let _groups = Groups::new(&["box", "box/kid"])?;
    let was = get("", "cgroup.subtree_control")?;
    let handed_down = |group: &str| Path::new(&file(group, "memory.max")).exists();
    let _ = set("", "cgroup.subtree_control", "-memory");
    expect_errno!(set("box", "memory.max", LIMIT), ENOENT, "before");
    expect_ok!(set("", "cgroup.subtree_control", "+memory"));
    expect_ok!(set("box", "memory.max", LIMIT), "when it is handed down");
    expect_eq!(get("box", "memory.max")?, LIMIT);
    expect_eq!((handed_down("box"), handed_down("box/kid")), (true, false), "the group, and the one below it");
    expect_ok!(set("box", "cgroup.subtree_control", "+memory"));
    expect_eq!(handed_down("box/kid"), true, "when the group hands it down, too");
    set("box", "cgroup.subtree_control", "-memory").doing("take it back")?;
    expect_ok!(set("", "cgroup.subtree_control", "-memory"));
    expect_eq!(handed_down("box"), false, "when it is not handed down any more");
    if was.split_whitespace().any(|controller| controller == "memory") {
        set("", "cgroup.subtree_control", "+memory").doing("hand it down again")?;
    }
    holds()
}

/// pids.max of a cgroup counts the processes of the groups below it: fork() fails with EAGAIN in one of them.
#[claim(
    source = ["Documentation/admin-guide/cgroup-v2.rst PID", "What's in a name(space)?"],
    needs = [Root, Cgroup2, Config("CGROUP_PIDS")],
)]
fn pids_limit_counts_the_groups_below() -> Verdict {
    let _groups = Groups::new(&["box", "box/kid", "box/other"])?;
    set("", "cgroup.subtree_control", "+pids").doing("hand the controller down")?;
    let _there = member("box/other", NONE)?;
    set("box", "pids.max", 3).doing("set the limit")?;
    // A process in the group, and two children of it.
    let three = || {
        in_group("box/kid", NONE, || {
            let first = Spawn::new(NONE).try_start(Peer::wait)?;
            let second = Spawn::new(NONE).try_start(Peer::wait)?;
            Ok([first.as_ref().map(drop).map_err(|errno| *errno).portable(), second.map(drop).portable()])
        })
    };
    let [first, second] = three()?;
    expect_ok!(first, "the third process below the limit");
    expect_errno!(second, EAGAIN, "the fourth process");
    set("box", "pids.max", "max").doing("lift the limit")?;
    let [first, second] = three()?;
    expect_ok!(first, "the third process, without the limit");
    expect_ok!(second, "the fourth process, without the limit");
    set("", "cgroup.subtree_control", "-pids").doing("take the controller back")?;
    holds()
}

/// Freezing a cgroup freezes the groups below it, and not those beside it; thawing it lets them go on.
#[claim(
    source = ["Documentation/admin-guide/cgroup-v2.rst Core Interface Files", "What's in a name(space)?"],
    needs = [Root, Cgroup2],
)]
fn frozen_cgroup_freezes_the_groups_below() -> Verdict {
    let _groups = Groups::new(&["box", "box/kid", "beside"])?;
    let (inside, beside) = (member("box/kid", NONE)?, member("beside", NONE)?);
    let is_frozen = |group: &str| Ok(get(group, "cgroup.events")?.lines().any(|line| line == "frozen 1"));
    expect_eq!((is_frozen("box/kid")?, is_frozen("beside")?), (false, false), "before");
    set("box", "cgroup.freeze", 1).doing("freeze the group")?;
    expect!(eventually(|| is_frozen("box/kid"))?, "the group below is not frozen");
    expect_eq!(
        (is_frozen("beside")?, get("box/kid", "cgroup.freeze")?.as_str()),
        (false, "0"),
        "beside, and by itself"
    );
    set("box", "cgroup.freeze", 0).doing("thaw the group")?;
    expect!(eventually(|| is_frozen("box/kid").map(|frozen| !frozen))?, "the group below is still frozen");
    for process in [inside, beside] {
        process.go()?;
        process.join()?;
    }
    holds()
}
