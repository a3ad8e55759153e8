//! Where a process is after `execve(2)`: `namespaces(7)`, `time_namespaces(7)`.

use std::io::{Read, pipe};
use std::os::unix::process::CommandExt;

use kit::Program;
use kit::prelude::*;
use kit::prepared;
use kit::process::program_command;
use kit::{Links, NO_LINKS};

/// The cases of this file.
pub(super) const CASES: &[Case] =
    cases![exec_keeps_namespaces, exec_enters_time_for_children, exec_keeps_time_namespace_old];

/// The programs that these cases execute.
pub(super) const PROGRAMS: &[Program] = &[Program { name: "own-links", main: own_links }];

/// execve() changes neither the cgroup, IPC, mount, network, PID, user and UTS namespace of a process nor
/// pid_for_children.
///
/// For what becomes of a new time namespace see `exec_enters_time_for_children`.
#[claim(source = ["namespaces(7)", "Few notes about network namespaces in Linux"], needs = [Root, UserNamespaces])]
fn exec_keeps_namespaces() -> Verdict {
    let kinds = [Kind::Cgroup, Kind::Ipc, Kind::Mnt, Kind::Net, Kind::Pid, Kind::User, Kind::Uts];
    let outer = Links::own()?;
    let moved = executed_after(|| unshare(Kind::flags(&kinds)).doing("unshare"))?;
    expect_eq!(moved.program.changed_since(&moved.before), NO_LINKS, "the program's, executed in new namespaces");
    expect_eq!(moved.program.changed_since(&outer), kinds.map(Kind::unshared_link));
    let stayed = executed_after(|| Ok(()))?;
    expect_eq!(stayed.program.changed_since(&outer), NO_LINKS, "the program's, executed in the old namespaces");
    holds()
}

/// A program that is executed after unshare(CLONE_NEWTIME) runs in the time namespace that was made for the children.
#[claim(
    source = ["kernel/nsproxy.c exec_task_namespaces", "What's in a name(space)?"],
    since = "6.3",
    replaces = "exec_keeps_time_namespace_old",
    needs = [Root, Config("TIME_NS")],
    erratum = "time_namespaces(7), EXAMPLES: the shell that «unshare -T» executes is still in the initial time namespace.",
    quote = "ns2# readlink /proc/$$/ns/time: time:[4026531834]",
)]
fn exec_enters_time_for_children() -> Verdict {
    let moved = executed_after(|| unshare(CLONE_NEWTIME).doing("unshare the time namespace"))?;
    let for_children = moved.before.get("time_for_children")?;
    prepared(moved.before.get("time")? != for_children, "another time namespace for children")?;
    expect_eq!(moved.program.get("time")?, for_children);
    expect_eq!(moved.program.changed_since(&moved.before), ["time"]);
    let stayed = executed_after(|| Ok(()))?;
    expect_eq!(stayed.program.changed_since(&stayed.before), NO_LINKS, "without unshare");
    holds()
}

/// A program executed after unshare(CLONE_NEWTIME) runs in the old time namespace; time_for_children still leads to the
/// new one.
///
/// Since 6.3 the program runs in the new one.
#[claim(
    source = ["time_namespaces(7) EXAMPLES", "What's in a name(space)?"],
    until = "6.3",
    needs = [Root, Config("TIME_NS")],
)]
fn exec_keeps_time_namespace_old() -> Verdict {
    let outer = Links::own()?;
    let stayed = executed_after(|| unshare(CLONE_NEWTIME).doing("unshare the time namespace"))?;
    expect_eq!(stayed.program.changed_since(&stayed.before), NO_LINKS);
    expect_eq!(stayed.program.changed_since(&outer), ["time_for_children"]);
    holds()
}

/// The links of a process before and after its execution of a program.
struct Executed {
    before: Links,
    program: Links,
}

/// What a child of ours sees that does `first` and then executes `own-links`.
fn executed_after(first: impl FnOnce() -> Outcome<()>) -> Outcome<Executed> {
    let (mut output, input) = pipe()?;
    let child = spawn(NONE, move |case| {
        first()?;
        case.send(&Links::own()?)?;
        Err::<(), _>(program_command("own-links").stdout(input).exec().into())
    })?;
    let before = child.recv()?;
    let mut line = String::new();
    output.read_to_string(&mut line).doing("read what the program prints")?;
    match child.wait()? {
        Ended::Exited(0) => Ok(Executed { before, program: line.parse().doing("understand the program own-links")? }),
        ended => Err(Failure::broken(format!("the program own-links {ended}"))),
    }
}

fn own_links(_: &[String]) -> i32 {
    match Links::own() {
        Ok(links) => println!("{links}"),
        Err(_) => return 1,
    }
    0
}
