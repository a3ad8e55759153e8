//! A cgroup with a limit, which is no namespace: `cgroups(7)` at the prompt.

use std::fs;

use kit::mounts::mount_kind;
use kit::prelude::*;
use kit::process::{Shell, prompt};
use nix::mount::MsFlags;

use super::reading::differing;

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![memory_limit_holds_for_a_process_in_the_cgroup, process_in_a_cgroup_keeps_its_namespaces];

/// A process that moves to a cgroup with «echo $$ > cgroup.procs» is killed for more memory than memory.max, and not for less.
#[claim(
    source = ["cgroups(7) CGROUPS VERSION 2", "Documentation/admin-guide/cgroup-v2.rst Memory", "namespaces-fun"],
    needs = [Root, Cgroup2, Tool("mkdir"), Tool("rmdir"), Tool("dd"), Tool("sh"), Config("MEMCG")],
    deadline = 90,
)]
fn memory_limit_holds_for_a_process_in_the_cgroup() -> Verdict {
    mount_kind("cgroup2", "/mnt", MsFlags::empty(), None)?;
    let shell = Shell::with("CGROUP", "/mnt");
    shell.prompt(
        "echo +memory > $CGROUP/cgroup.subtree_control; mkdir $CGROUP/box; echo 16777216 > $CGROUP/box/memory.max",
    )?;
    let less = shell
        .try_prompt("sh -c 'echo $$ > $CGROUP/box/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=4M count=1'")?;
    expect_eq!(less.status, Some(0), "with 4 MB: {}", less.errors);
    let killed = || -> Outcome<u64> {
        let events = fs::read_to_string("/mnt/box/memory.events").doing("read memory.events")?;
        let count = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
        Ok(count.unwrap_or_default().parse()?)
    };
    expect_eq!(killed()?, 0, "processes killed before");
    let more = shell
        .try_prompt("sh -c 'echo $$ > $CGROUP/box/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=48M count=1'")?;
    expect!(matches!(more.status, None | Some(137)), "with 48 MB: {more:?}");
    expect_eq!(killed()?, 1, "processes killed after that");
    let outside = shell.try_prompt("sh -c 'exec dd if=/dev/zero of=/dev/null bs=48M count=1'")?;
    expect_eq!(outside.status, Some(0), "with 48 MB outside of the cgroup: {}", outside.errors);
    shell.prompt("rmdir $CGROUP/box")?;
    holds()
}

/// A process that moves to another cgroup stays in all of its namespaces, the cgroup namespace among them.
#[claim(
    source = ["cgroup_namespaces(7) DESCRIPTION", "namespaces-fun"],
    needs = [Root, Cgroup2, Tool("mkdir"), Tool("rmdir"), Tool("readlink"), Tool("cat"), Tool("unshare"), Tool("sh")],
    deadline = 60,
)]
fn process_in_a_cgroup_keeps_its_namespaces() -> Verdict {
    mount_kind("cgroup2", "/mnt", MsFlags::empty(), None)?;
    let shell = Shell::with("CGROUP", "/mnt");
    shell.prompt("mkdir $CGROUP/box")?;
    let own = prompt("readlink /proc/self/ns/*; cat /proc/self/cgroup")?;
    let moved =
        shell.prompt("sh -c 'echo $$ > $CGROUP/box/cgroup.procs; readlink /proc/self/ns/*; cat /proc/self/cgroup'")?;
    expect_eq!(differing(&own, &moved), Vec::<&str>::new(), "links that differ");
    let cgroup = |text: &str| text.lines().last().unwrap_or_default().to_owned();
    expect!(cgroup(&moved).ends_with("/box") && !cgroup(&own).ends_with("/box"), "cgroups: {own}{moved}");
    let unshared = prompt("unshare --cgroup readlink /proc/self/ns/*")?;
    expect_eq!(differing(&own, &unshared), ["cgroup"], "with a cgroup namespace of its own");
    kit::settle(Result::is_ok, || Ok(fs::remove_dir("/mnt/box")))?.doing("remove the cgroup")?;
    holds()
}
