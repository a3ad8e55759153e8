//! Wrong claims about what a thread has joined, and right ones beside them.

use kit::Links;
use kit::joining::Elsewhere;
use kit::prelude::*;

pub(crate) const CASES: &[Case] = cases![
    joins_what_it_names,
    joins_nothing,
    joins_one_more,
    joins_one_less,
    joins_another_namespace,
    joining_is_refused,
    stays_where_it_was,
    stays_although_it_left,
    two_kinds_differ,
    one_kind_differs,
];

/// A process that joins a UTS and an IPC namespace is in these, and otherwise where it was.
#[claim(source = "namespaces(7)", needs = [Root])]
fn joins_what_it_names() -> Verdict {
    joined(&[Kind::Uts, Kind::Ipc], &[Kind::Uts, Kind::Ipc])
}

/// A process that joins no namespace is in another UTS namespace.
#[claim(source = "namespaces(7)", needs = [Root])]
fn joins_nothing() -> Verdict {
    joined(&[], &[Kind::Uts])
}

/// A process that joins a UTS and an IPC namespace is in another UTS namespace alone.
#[claim(source = "namespaces(7)", needs = [Root])]
fn joins_one_more() -> Verdict {
    joined(&[Kind::Uts, Kind::Ipc], &[Kind::Uts])
}

/// A process that joins a UTS namespace is in another IPC namespace, too.
#[claim(source = "namespaces(7)", needs = [Root])]
fn joins_one_less() -> Verdict {
    joined(&[Kind::Uts], &[Kind::Uts, Kind::Ipc])
}

/// Joins some namespaces, and expects some to be joined.
fn joined(kinds: &[Kind], expected: &[Kind]) -> Verdict {
    let there = Elsewhere::new()?;
    let namespaces = kinds.iter().map(|kind| there.namespace(*kind)).collect::<Outcome<Vec<_>>>()?;
    there.expect_joined(expected, || namespaces.iter().try_for_each(|namespace| setns(namespace, NONE)))?;
    holds()
}

/// A process that joins one UTS namespace is in another.
#[claim(source = "namespaces(7)", needs = [Root])]
fn joins_another_namespace() -> Verdict {
    let (there, another) = (Elsewhere::new()?, waiting(CLONE_NEWUTS)?);
    let namespace = another.namespace(Kind::Uts)?;
    there.expect_joined(&[Kind::Uts], || setns(&namespace, CLONE_NEWUTS))?;
    holds()
}

/// A UTS namespace can be joined as an IPC namespace.
#[claim(source = "namespaces(7)", needs = [Root])]
fn joining_is_refused() -> Verdict {
    let there = Elsewhere::new()?;
    let namespace = there.namespace(Kind::Uts)?;
    there.expect_joined(&[Kind::Uts], || setns(&namespace, CLONE_NEWIPC))?;
    holds()
}

/// A thread that does nothing stays where it was.
#[claim(source = "namespaces(7)", needs = [Root])]
fn stays_where_it_was() -> Verdict {
    Links::own()?.expect_unmoved()?;
    holds()
}

/// A thread that unshares its UTS namespace stays where it was.
#[claim(source = "namespaces(7)", needs = [Root])]
fn stays_although_it_left() -> Verdict {
    let before = Links::own()?;
    unshare(CLONE_NEWUTS)?;
    before.expect_unmoved()?;
    holds()
}

/// A process in a new IPC and UTS namespace has two namespaces that its parent does not have.
#[claim(source = "namespaces(7)", needs = [Root])]
fn two_kinds_differ() -> Verdict {
    expect_eq!(differing(CLONE_NEWIPC | CLONE_NEWUTS)?, [Kind::Ipc, Kind::Uts]);
    holds()
}

/// A process in a new IPC and UTS namespace has one namespace that its parent does not have.
#[claim(source = "namespaces(7)", needs = [Root])]
fn one_kind_differs() -> Verdict {
    expect_eq!(differing(CLONE_NEWIPC | CLONE_NEWUTS)?, [Kind::Uts]);
    holds()
}

fn differing(flags: CloneFlags) -> Outcome<Vec<Kind>> {
    Ok(Links::of(waiting(flags)?.proc_pid()?)?.differing(&Links::own()?))
}
