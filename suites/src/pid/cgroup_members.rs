//! Members of a cgroup by their PIDs: `cgroups(7)`, cgroup.procs.

use kit::cgroup::Group;
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![cgroup_procs_shows_zero_for_outer, cgroup_procs_write_uses_writers_numbers];

/// Read inside a PID namespace, cgroup.procs shows 0 for each member that the namespace does not contain.
#[claim(source = "cgroups(7)", needs = [Root, Cgroup2])]
fn cgroup_procs_shows_zero_for_outer() -> Verdict {
    let group = Group::new("readers")?;
    let outer = waiting(NONE)?;
    let inner = spawn(CLONE_NEWPID, |parent| {
        parent.wait()?;
        group.members()
    })?;
    for member in [outer.pid(), inner.pid()] {
        group.add(&member.to_string()).doing("add a process to the group")?;
    }
    expect_eq!(group.members()?, [outer.pid().as_raw(), inner.pid().as_raw()], "read outside");
    inner.go()?;
    expect_eq!(inner.join()?, [0, 1], "read inside");
    holds()
}

/// A PID written to cgroup.procs is taken in the writer's PID namespace, and refused with ESRCH if it has none there.
#[claim(source = "cgroups(7)", needs = [Root, Cgroup2])]
fn cgroup_procs_write_uses_writers_numbers() -> Verdict {
    let group = Group::new("writers")?;
    let bystander = waiting(NONE)?;
    let inner = spawn(CLONE_NEWPID, |parent| {
        for own in ["1", "0"] {
            expect_ok!(group.add(own), "writes {own} for itself");
            parent.go()?;
            parent.wait()?;
        }
        let outer_number: i32 = parent.recv()?;
        expect_errno!(group.add(&outer_number.to_string()), ESRCH, "a number that exists outside only");
        holds()
    })?;
    for own in ["1", "0"] {
        inner.recv::<()>()?;
        expect_eq!(group.members()?, [inner.pid().as_raw()], "after {own} was written inside");
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
