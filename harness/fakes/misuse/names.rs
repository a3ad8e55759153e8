//! Wrong claims about the names of a UTS namespace, and right ones beside them.

use kit::prelude::*;
use kit::uts::{Name, Names, Onlooker};

pub(crate) const CASES: &[Case] = cases![
    change_is_seen_where_it_is_shared,
    change_is_not_seen_where_it_is_shared,
    change_is_not_seen_elsewhere,
    change_is_seen_elsewhere,
    one_name_is_the_other,
];

/// The names of before the change, and of after it.
fn names() -> (Names, Names) {
    (Names::new("before", "before.example"), Names::new("after", "after.example"))
}

/// What a process that was made with these flags sees after the names have changed.
fn seen_after_a_change(flags: CloneFlags) -> Outcome<Names> {
    let (before, after) = names();
    before.set()?;
    let onlooker = Onlooker::new(flags)?;
    after.set()?;
    let seen = onlooker.names()?;
    onlooker.end()?;
    Ok(seen)
}

/// A process in the same UTS namespace sees a change of its names.
#[claim(source = "namespaces(7)", needs = [Root])]
fn change_is_seen_where_it_is_shared() -> Verdict {
    expect_eq!(seen_after_a_change(NONE)?, names().1);
    holds()
}

/// A process in the same UTS namespace sees no change of its names.
#[claim(source = "namespaces(7)", needs = [Root])]
fn change_is_not_seen_where_it_is_shared() -> Verdict {
    expect_eq!(seen_after_a_change(NONE)?, names().0);
    holds()
}

/// A process in another UTS namespace sees no change of the case's names.
#[claim(source = "namespaces(7)", needs = [Root])]
fn change_is_not_seen_elsewhere() -> Verdict {
    expect_eq!(seen_after_a_change(CLONE_NEWUTS)?, names().0);
    holds()
}

/// A process in another UTS namespace sees a change of the case's names.
#[claim(source = "namespaces(7)", needs = [Root])]
fn change_is_seen_elsewhere() -> Verdict {
    expect_eq!(seen_after_a_change(CLONE_NEWUTS)?, names().1);
    holds()
}

/// The NIS domain name is the hostname.
#[claim(source = "namespaces(7)", needs = [Root])]
fn one_name_is_the_other() -> Verdict {
    names().0.set()?;
    Name::Domain.set("set")?;
    expect_eq!((Name::Host.get()?, Name::Domain.get()?), ("before".to_owned(), "before.example".to_owned()));
    holds()
}
