//! Wrong claims about which namespaces are listed, and right ones beside them.

use kit::lifetime::end;
use kit::listed::{are_listed, have_gone, id_of};
use kit::prelude::*;

pub(crate) const CASES: &[Case] = cases![living_is_listed, gone_is_listed, gone_has_gone, living_has_gone];

/// A UTS namespace with a process is listed.
#[claim(source = "namespaces(7)", since = "6.19", needs = [Root, InitialNamespaces])]
fn living_is_listed() -> Verdict {
    let process = waiting(CLONE_NEWUTS)?;
    expect!(are_listed(&[id_of(&process, Kind::Uts)?])?);
    holds()
}

/// A UTS namespace that has gone is listed.
#[claim(source = "namespaces(7)", since = "6.19", needs = [Root, InitialNamespaces])]
fn gone_is_listed() -> Verdict {
    let gone = number_of_one_that_has_gone()?;
    have_gone(&[gone])?;
    expect!(are_listed(&[gone])?);
    holds()
}

/// A UTS namespace without a process has gone.
#[claim(source = "namespaces(7)", since = "6.19", needs = [Root, InitialNamespaces])]
fn gone_has_gone() -> Verdict {
    expect!(have_gone(&[number_of_one_that_has_gone()?])?);
    holds()
}

/// A UTS namespace with a process has gone.
#[claim(source = "namespaces(7)", since = "6.19", needs = [Root, InitialNamespaces], deadline = 3)]
fn living_has_gone() -> Verdict {
    let process = waiting(CLONE_NEWUTS)?;
    expect!(have_gone(&[id_of(&process, Kind::Uts)?])?);
    holds()
}

fn number_of_one_that_has_gone() -> Outcome<u64> {
    let process = waiting(CLONE_NEWUTS)?;
    let number = id_of(&process, Kind::Uts)?;
    end(process)?;
    Ok(number)
}
