//! Members of a cgroup by their PIDs: `cgroups(7)`, cgroup.procs.

use std::fs::{File, OpenOptions};
use std::io::{Write, read_to_string};

use kit::cgroup::Group;
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![cgroup_procs_shows_zero_for_outer, cgroup_procs_write_uses_writers_numbers];

/// cgroup.procs shows 0 for each member that has no PID in the reader's PID namespace.
///
/// In which PID namespace the file was opened makes no difference.
#[claim(source = "cgroups(7)", needs = [Root, Cgroup2])]
fn cgroup_procs_shows_zero_for_outer() -> Verdict {
    let group = Group::new("readers")?;
    let opened_outside = File::open("/mnt/readers/cgroup.procs").doing("open cgroup.procs")?;
    let outer = [waiting(NONE)?, waiting(NONE)?, waiting(CLONE_NEWPID)?];
    let inner = spawn(CLONE_NEWPID, |parent| {
        parent.wait()?;
        // Born into its parent's group.
        let _second = waiting(NONE)?;
        let text = read_to_string(&opened_outside).doing("read cgroup.procs")?;
        let mut through_outer = text.lines().map(str::parse).collect::<Result<Vec<i32>, _>>()?;
        through_outer.sort_unstable();
        Ok([group.members()?, through_outer])
    })?;
    let mut pids: Vec<_> = outer.iter().map(|one| one.pid().as_raw()).collect();
    pids.push(inner.pid().as_raw());
    for pid in &pids {
        group.add(&pid.to_string()).doing("add a process to the group")?;
    }
    pids.sort_unstable();
    expect_eq!(group.members()?, pids, "opened and read outside");
    inner.go()?;
    let [through_own, through_outer] = inner.join()?;
    expect_eq!(through_own, [0, 0, 0, 1, 2], "opened and read inside");
    expect_eq!(through_outer, [0, 0, 0, 1, 2], "opened outside, read inside");
    holds()
}

/// A PID written to cgroup.procs is taken in the writer's PID namespace; one that no process has there fails with
/// ESRCH.
///
/// In which PID namespace the file was opened makes no difference. 0 stands for the writer itself.
#[claim(source = "cgroups(7)", needs = [Root, Cgroup2])]
fn cgroup_procs_write_uses_writers_numbers() -> Verdict {
    let group = Group::new("writers")?;
    let path = "/mnt/writers/cgroup.procs";
    let mut opened_outside = OpenOptions::new().write(true).open(path).doing("open cgroup.procs")?;
    let bystander = waiting(NONE)?;
    let inner = spawn(CLONE_NEWPID, |parent| {
        for own in ["1", "0"] {
            expect_ok!(group.add(own), "writes {own} for itself");
            parent.go()?;
            parent.wait()?;
        }
        expect_ok!(opened_outside.write_all(b"1"), "to a file that was opened outside");
        parent.go()?;
        parent.wait()?;
        let outer_number: i32 = parent.recv()?;
        expect_errno!(group.add(&outer_number.to_string()), ESRCH, "a number that exists outside only");
        holds()
    })?;
    for way in ["1", "0", "1 to a file that was opened outside"] {
        inner.recv::<()>()?;
        expect_eq!(group.members()?, [inner.pid().as_raw()], "after the process inside has written {way}");
        group.expel(&inner.pid().to_string())?;
        expect!(group.members()?.is_empty(), "after it was moved away");
        inner.go()?;
    }
    inner.send(&bystander.pid().as_raw())?;
    inner.join()?;
    expect_ok!(group.add(&bystander.pid().to_string()), "the same number, where it exists");
    expect_eq!(group.members()?, [bystander.pid().as_raw()]);
    holds()
}
