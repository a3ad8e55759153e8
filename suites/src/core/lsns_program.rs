//! What `lsns(8)` shows of namespaces.

use std::fs;

use kit::Behaviour;
use kit::mounts::bind;
use kit::prelude::*;
use kit::prepared;
use kit::process::{expect_failure, expect_success, run_line};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    cli_lsns_columns,
    cli_lsns_lowest_pid,
    cli_lsns_types,
    cli_lsns_task,
    cli_lsns_cannot_see_persistent,
    lsns_lists_persistent_namespaces_without_a_process,
];

/// Newer versions of lsns(8) look for mounted namespace files as well as for processes.
const SEES_ONLY_PROCESSES: &Behaviour =
    &Behaviour { what: "comes with an lsns(8) without the option --persistent", probe: || !has_persistent() };
const SEES_MOUNTS: &Behaviour =
    &Behaviour { what: "comes with an lsns(8) that has the option --persistent", probe: has_persistent };

/// lsns prints the columns NS, TYPE, NPROCS, PID, USER and COMMAND, with the inode number as NS.
#[claim(
    source = ["Linux_name_space", "namespaces-fun", "lsns(8)"],
    needs = [Root, Tool("lsns")],
)]
fn cli_lsns_columns() -> Verdict {
    let member = waiting(CLONE_NEWUTS)?;
    let (number, pid) = (inode_of(member.pid(), Kind::Uts)?.to_string(), member.pid().to_string());
    let output = expect_success(&["lsns"])?;
    let mut lines = output.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    expect_eq!(lines.next().unwrap_or_default(), ["NS", "TYPE", "NPROCS", "PID", "USER", "COMMAND"]);
    let row = lines.find(|row| row.first() == Some(&number.as_str())).unwrap_or_default();
    expect_eq!(row.get(..4), Some(&[number.as_str(), "uts", "1", pid.as_str()][..]), "the row of a namespace");
    holds()
}

/// lsns shows for each namespace how many processes are in it and the lowest of their PIDs, whichever process was first
/// in it.
#[claim(source = ["lsns(8)", "Linux_name_space"], needs = [Root, Tool("lsns")])]
fn cli_lsns_lowest_pid() -> Verdict {
    let placeholder = waiting(NONE)?;
    let free = [placeholder.pid().as_raw()];
    let first = waiting(CLONE_NEWUTS)?;
    drop(placeholder);
    let namespace = first.namespace(Kind::Uts)?;
    let lower = Spawn::new(NONE).set_tid(&free).start(|case| {
        setns(&namespace, CLONE_NEWUTS).doing("join the UTS namespace")?;
        case.go()?;
        case.wait()
    })?;
    lower.recv::<()>()?;
    prepared(lower.pid() < first.pid(), "a second process with a lower PID")?;
    let number = namespace.inode()?.to_string();
    let shown = || -> Outcome<Vec<String>> {
        let mut rows = rows(&["--output", "NS,TYPE,NPROCS,PID"])?.into_iter();
        Ok(rows.find(|row| row.first() == Some(&number)).unwrap_or_default())
    };
    expect_eq!(shown()?, [number.as_str(), "uts", "2", &lower.pid().to_string()], "with two processes");
    drop(lower);
    expect_eq!(shown()?, [number.as_str(), "uts", "1", &first.pid().to_string()], "with the first one alone");
    holds()
}

/// «lsns --type» lists the namespaces of one of the eight kinds, and fails for any other name.
#[claim(
    source = ["lsns(8)", "namespaces-fun"],
    needs = [Root, Tool("lsns"), Config("TIME_NS")],
)]
fn cli_lsns_types() -> Verdict {
    for kind in Kind::ALL {
        let rows = rows(&["--type", kind.name(), "--output", "TYPE,NS"])?;
        let other: Vec<_> = rows.iter().filter(|row| row.first().map(String::as_str) != Some(kind.name())).collect();
        expect_eq!(other, Vec::<&Vec<String>>::new(), "rows of another kind than {kind}");
        let own = own_inode(kind)?.to_string();
        expect!(rows.iter().any(|row| row.get(1) == Some(&own)), "the own {kind} namespace among {rows:?}");
    }
    expect_failure(&["lsns", "--type", "foo"], "unknown namespace type: foo")?;
    holds()
}

/// «lsns --task» lists the eight namespaces of the process, and no other.
#[claim(source = "lsns(8)", needs = [Root, Tool("lsns"), Config("TIME_NS")])]
fn cli_lsns_task() -> Verdict {
    let process = waiting(CLONE_NEWUTS | CLONE_NEWNET)?;
    let mut listed = rows(&["--task", &process.pid().to_string(), "--output", "TYPE,NS"])?;
    listed.sort();
    let of = |kind: Kind| Ok(vec![kind.name().to_owned(), inode_of(process.pid(), kind)?.to_string()]);
    expect_eq!(listed, Kind::ALL.into_iter().map(of).collect::<Outcome<Vec<_>>>()?);
    holds()
}

/// An lsns without the option --persistent does not list a namespace that is mounted on a file and has no process.
#[claim(
    source = ["lsns(8) DESCRIPTION", "Linux Namespaces"],
    needs = [Root, Tool("lsns"), Behaviour(SEES_ONLY_PROCESSES)],
)]
fn cli_lsns_cannot_see_persistent() -> Verdict {
    let (with_a_process, without) = with_and_without_a_process()?;
    expect_eq!(with_a_process.as_deref(), Some("1"), "processes listed while there is one");
    expect_eq!(without, None, "processes listed when it has ended");
    holds()
}

/// An lsns with the option --persistent also lists a namespace that is mounted on a file and has no process.
#[claim(
    source = ["lsns(8) DESCRIPTION", "Linux Namespaces"],
    needs = [Root, Tool("lsns"), Behaviour(SEES_MOUNTS)],
    erratum = "lsns(8), DESCRIPTION: lsns cannot show persistent namespaces, which have no process.",
)]
fn lsns_lists_persistent_namespaces_without_a_process() -> Verdict {
    let (with_a_process, without) = with_and_without_a_process()?;
    expect_eq!(with_a_process.as_deref(), Some("1"), "processes listed while there is one");
    expect_eq!(without.as_deref(), Some("0"), "processes listed when it has ended");
    holds()
}

/// How many processes lsns lists for a UTS namespace mounted on a file, if it lists that: before and after the end of its
/// only one.
fn with_and_without_a_process() -> Outcome<(Option<String>, Option<String>)> {
    let member = waiting(CLONE_NEWUTS)?;
    let (file, number) = ("/tmp/namespace", inode_of(member.pid(), Kind::Uts)?);
    fs::write(file, "").doing(format!("create {file}"))?;
    let link = format!("/proc/{}/ns/uts", member.pid());
    bind(link, file)?;
    let listed = || -> Outcome<Option<String>> {
        let mut rows = rows(&["--type", "uts", "--output", "NS,NPROCS"])?.into_iter();
        Ok(rows.find(|row| row.first() == Some(&number.to_string())).and_then(|row| row.get(1).cloned()))
    };
    let before = listed()?;
    drop(member);
    Ok((before, listed()?))
}

/// What lsns prints, in words.
fn rows(options: &[&str]) -> Outcome<Vec<Vec<String>>> {
    let output = expect_success(&[&["lsns", "--noheadings", "--raw"], options].concat())?;
    Ok(output.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect())
}

fn has_persistent() -> bool {
    run_line(&["lsns", "--help"]).is_ok_and(|help| help.output.contains("--persistent"))
}
