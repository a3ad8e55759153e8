//! Wrong claims about the members of a cgroup, and right ones beside them.

use kit::cgroup::Group;
use kit::prelude::*;

pub(crate) const CASES: &[Case] = cases![added_is_a_member, expelled_is_a_member, added_is_no_member];

/// A process that is added to a cgroup is a member of it.
#[claim(source = "namespaces(7)", needs = [Root, Cgroup2])]
fn added_is_a_member() -> Verdict {
    let group = Group::new("misuse")?;
    let process = waiting(NONE)?;
    group.add(&process.pid().to_string())?;
    expect_eq!(group.members()?, [process.pid().as_raw()]);
    holds()
}

/// A process that is expelled from a cgroup is a member of it.
#[claim(source = "namespaces(7)", needs = [Root, Cgroup2])]
fn expelled_is_a_member() -> Verdict {
    let group = Group::new("misuse")?;
    let process = waiting(NONE)?;
    group.add(&process.pid().to_string())?;
    group.expel(&process.pid().to_string())?;
    expect_eq!(group.members()?, [process.pid().as_raw()]);
    holds()
}

/// A process that is added to a cgroup is no member of it.
#[claim(source = "namespaces(7)", needs = [Root, Cgroup2])]
fn added_is_no_member() -> Verdict {
    let group = Group::new("misuse")?;
    let process = waiting(NONE)?;
    group.add(&process.pid().to_string())?;
    expect!(group.members()?.is_empty());
    holds()
}
