//! Wrong claims about the links in `/proc/PID/ns`, and right ones beside them.

use kit::namespace::directory::{expect_closed, expect_open};
use kit::prelude::*;
use kit::{Links, NO_LINKS};

pub(crate) const CASES: &[Case] = cases![
    both_that_changed_are_named,
    one_that_changed_is_not_named,
    none_that_changed_is_named,
    of_another_process,
    of_another_process_as_if_ours,
    own_links_are_open,
    own_links_are_closed,
    links_of_others_are_closed,
    links_of_others_are_open,
];

/// A process in a new IPC and UTS namespace has two links that lead elsewhere.
#[claim(source = "namespaces(7)", needs = [Root])]
fn both_that_changed_are_named() -> Verdict {
    expect_eq!(changed_by(CLONE_NEWIPC | CLONE_NEWUTS)?, ["ipc", "uts"]);
    holds()
}

/// A process in a new IPC and UTS namespace has one link that leads elsewhere.
#[claim(source = "namespaces(7)", needs = [Root])]
fn one_that_changed_is_not_named() -> Verdict {
    expect_eq!(changed_by(CLONE_NEWIPC | CLONE_NEWUTS)?, ["uts"]);
    holds()
}

/// A process in a new UTS namespace has the links of its parent.
#[claim(source = "namespaces(7)", needs = [Root])]
fn none_that_changed_is_named() -> Verdict {
    expect_eq!(changed_by(CLONE_NEWUTS)?, NO_LINKS);
    holds()
}

fn changed_by(flags: CloneFlags) -> Outcome<Vec<String>> {
    let before = Links::own()?;
    child(flags, || Ok(Links::own()?.changed_since(&before).into_iter().map(str::to_owned).collect()))
}

/// Of another process one sees its links.
#[claim(source = "namespaces(7)", needs = [Root])]
fn of_another_process() -> Verdict {
    let other = waiting(CLONE_NEWUTS)?;
    expect_eq!(Links::of(other.proc_pid()?)?.changed_since(&Links::own()?), ["uts"]);
    holds()
}

/// Of another process one sees one's own links.
#[claim(source = "namespaces(7)", needs = [Root])]
fn of_another_process_as_if_ours() -> Verdict {
    let other = waiting(CLONE_NEWUTS)?;
    expect_eq!(Links::of(other.proc_pid()?)?, Links::own()?);
    holds()
}

/// A process can open its own links.
#[claim(source = "namespaces(7)", needs = [Root])]
fn own_links_are_open() -> Verdict {
    expect_open("thread-self", "the caller")?;
    holds()
}

/// A process cannot open its own links.
#[claim(source = "namespaces(7)", needs = [Root])]
fn own_links_are_closed() -> Verdict {
    expect_closed("thread-self", "the caller")?;
    holds()
}

/// An ordinary user cannot open the links of a process of root.
#[claim(source = "namespaces(7)", needs = [Root])]
fn links_of_others_are_closed() -> Verdict {
    let other = waiting(NONE)?;
    let number = other.proc_pid()?;
    unprivileged(NONE, || expect_closed(number, "root's process"))?;
    holds()
}

/// An ordinary user can open the links of a process of root.
#[claim(source = "namespaces(7)", needs = [Root])]
fn links_of_others_are_open() -> Verdict {
    let other = waiting(NONE)?;
    let number = other.proc_pid()?;
    unprivileged(NONE, || expect_open(number, "root's process"))?;
    holds()
}
