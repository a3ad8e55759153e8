//! Namespaces in a list: `lsns(8)` at the prompt.

use std::collections::BTreeMap;

use kit::Links;
use kit::prelude::*;
use kit::process::{Shell, listed_pids, prompt};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![lsns_lists_what_proc_tells, lsns_lists_a_new_network, lsns_lists_a_new_pid_namespace_with_its_command];

/// lsns lists exactly the namespaces that the links in /proc/PID/ns lead to, each with its kind.
///
/// Newer versions also list namespaces without a process: these rows are left out here.
#[claim(
    source = ["lsns(8)", "namespaces-fun", "Linux_name_space"],
    needs = [Root, Tool("lsns"), Tool("unshare"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn lsns_lists_what_proc_tells() -> Verdict {
    let _processes = [
        Shell::default().prompt_cat("unshare --net --uts")?,
        Shell::default().prompt_cat("unshare --ipc --pid --fork")?,
        Shell::default().prompt_cat("unshare --mount --cgroup --net")?,
    ];
    let shown = prompt("lsns -n -r -o NS,TYPE,NPROCS")?;
    let mut rows = BTreeMap::new();
    for line in shown.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        if words.get(2).is_some_and(|count| *count != "0") {
            rows.insert(words[0].parse::<Inode>()?, words[1].to_owned());
        }
    }
    let mut told = BTreeMap::new();
    for pid in listed_pids()? {
        let links = Links::of(pid)?;
        told.extend(Kind::ALL.into_iter().filter_map(|kind| Some((links.find(kind.name())?, kind.to_string()))));
    }
    expect_eq!(rows, told, "inode numbers and kinds");
    holds()
}

/// «lsns -t net» lists network namespaces alone, a new one with one process, that process's number and its command.
#[claim(
    source = ["lsns(8)", "Linux Namespaces", "namespaces-fun"],
    needs = [Root, Tool("lsns"), Tool("unshare"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn lsns_lists_a_new_network() -> Verdict {
    let before = prompt("lsns -t net -n -o NS,TYPE,NPROCS,PID,COMMAND")?;
    let process = Shell::default().prompt_cat("unshare --net --uts")?;
    let (pid, inode) = (process.tool(), inode_of(process.tool(), Kind::Net)?);
    let shown = prompt("lsns -t net -n -o NS,TYPE,NPROCS,PID,COMMAND")?;
    let rows = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let row = format!("{inode} net 1 {pid} cat");
    expect_eq!(rows(&shown).iter().filter(|shown| **shown == row).count(), 1, "«{row}» among {shown}");
    expect_eq!(rows(&shown).len(), rows(&before).len() + 1, "rows before and after: {before}{shown}");
    let other = rows(&shown).into_iter().find(|row| row.split(' ').nth(1) != Some("net"));
    expect_eq!(other, None, "a row of another kind");
    holds()
}

/// «lsns -t pid -o NS,PID,COMMAND» lists a new PID namespace with the number that its process has outside.
#[claim(
    source = ["lsns(8)", "Linux_name_space"],
    needs = [Root, Tool("lsns"), Tool("unshare"), Tool("cat"), Tool("sh")],
    deadline = 60,
)]
fn lsns_lists_a_new_pid_namespace_with_its_command() -> Verdict {
    let process = Shell::default().prompt_cat("unshare --pid --fork --mount-proc")?;
    let (pid, inode) = (process.init()?, inode_of(process.init()?, Kind::Pid)?);
    let shown = prompt("lsns -t pid -o NS,PID,COMMAND")?;
    let mut rows = shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    expect_eq!(rows.next().unwrap_or_default(), ["NS", "PID", "COMMAND"]);
    let number = inode.to_string();
    let mut found = rows.filter(|row| row.first().is_some_and(|first| first.ends_with(&number)));
    let row = found.next().unwrap_or_default();
    expect_eq!(row.get(1..), Some(&[pid.to_string().as_str(), "cat"][..]), "its row in {shown}");
    expect_eq!(found.next(), None, "another row of it in {shown}");
    holds()
}
