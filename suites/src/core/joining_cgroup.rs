//! Joining a cgroup namespace: `setns(2)`, `cgroup_namespaces(7)`.

use std::fs;

use kit::cgroup::Group;
use kit::prelude::*;
use nix::unistd::Pid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![setns_cgroup_keeps_membership];

/// Joining a cgroup namespace does not move the caller to another cgroup: only the path that it sees of its own
/// changes.
#[claim(source = "setns(2) Details for specific namespace types", needs = [Root, Cgroup2])]
fn setns_cgroup_keeps_membership() -> Verdict {
    let group = Group::new("members")?;
    let member = spawn(NONE, |outside| {
        group.add("0").doing("enter the group")?;
        unshare(CLONE_NEWCGROUP)?;
        outside.go()?;
        outside.wait()
    })?;
    member.recv::<()>()?;
    let namespace = member.namespace(Kind::Cgroup)?;
    let joiner = spawn(NONE, |outside| {
        expect_ok!(setns(&namespace, CLONE_NEWCGROUP));
        outside.send(&cgroup_at("/proc/self/cgroup")?)?;
        outside.wait()
    })?;
    let from_outside = |pid: Pid| cgroup_at(&format!("/proc/{pid}/cgroup"));
    let ours = cgroup_at("/proc/self/cgroup")?;
    expect_eq!(joiner.recv::<String>()?, "/..", "the joiner's cgroup, seen from the joined namespace");
    expect_eq!(from_outside(joiner.pid())?, ours, "the joiner's cgroup, seen from outside");
    expect_eq!(group.members()?, [member.pid().as_raw()], "the group's members after joining");
    group.add(&joiner.pid().to_string()).doing("move the joiner")?;
    expect_eq!(from_outside(joiner.pid())?, from_outside(member.pid())?, "after a move to the group");
    expect_ne!(from_outside(joiner.pid())?, ours, "after a move to the group");
    holds()
}

/// The path in a `/proc/PID/cgroup` of the hierarchy of version 2.
fn cgroup_at(file: &str) -> Outcome<String> {
    let text = fs::read_to_string(file).doing(format!("read {file}"))?;
    let path = text.lines().find_map(|line| line.strip_prefix("0::")).map(str::to_owned);
    path.ok_or_else(|| Failure::broken(format!("{file} names no cgroup of version 2: {text}")))
}
