//! Wrong claims about how deep namespaces are nested, and right ones beside them.

use kit::prelude::*;
use kit::process::{nest, pid_levels};

pub(crate) const CASES: &[Case] = cases![
    nests_as_deep_as_it_says,
    nests_deeper_than_there_is,
    nests_less_deep_than_it_says,
    one_pid_level_more,
    no_pid_level_more,
];

/// Three user namespaces are made one in the other.
#[claim(source = "namespaces(7)", needs = [Root])]
fn nests_as_deep_as_it_says() -> Verdict {
    expect_eq!(depth_of_nest(3)?, 3);
    holds()
}

/// As many user namespaces are made one in the other as one likes.
#[claim(source = "namespaces(7)", needs = [Root])]
fn nests_deeper_than_there_is() -> Verdict {
    expect_eq!(child(NONE, || nest(40))?, 40);
    holds()
}

/// Of three user namespaces, one in the other, the innermost has two above it.
#[claim(source = "namespaces(7)", needs = [Root])]
fn nests_less_deep_than_it_says() -> Verdict {
    expect_eq!(depth_of_nest(3)?, 2);
    holds()
}

/// How many user namespaces there are between a process that has nested as many and its parent.
fn depth_of_nest(levels: usize) -> Outcome<usize> {
    let nested = spawn(NONE, |parent| {
        let made = nest(levels)?;
        expect_eq!(made, levels);
        parent.go()?;
        parent.wait()
    })?;
    nested.recv::<()>()?;
    let mut depth = 0;
    let mut namespace = nested.namespace(Kind::User)?;
    while namespace.inode()? != own_inode(Kind::User)? {
        namespace = namespace.parent().doing("NS_GET_PARENT")?;
        depth += 1;
    }
    Ok(depth)
}

/// There is one PID namespace more above a process in a new one.
#[claim(source = "namespaces(7)", needs = [Root])]
fn one_pid_level_more() -> Verdict {
    expect_eq!(child(CLONE_NEWPID, pid_levels)?, pid_levels()? + 1);
    holds()
}

/// There are as many PID namespaces above a process in a new one as above its parent.
#[claim(source = "namespaces(7)", needs = [Root])]
fn no_pid_level_more() -> Verdict {
    expect_eq!(child(CLONE_NEWPID, pid_levels)?, pid_levels()?);
    holds()
}
