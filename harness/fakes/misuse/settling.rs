//! Wrong claims about what comes in time, and right ones beside them.

use std::cell::Cell;

use kit::prelude::*;
use kit::{eventually, settle};

pub(crate) const CASES: &[Case] =
    cases![comes_after_some_looks, never_comes, last_answer_is_told, first_answer_is_told, question_fails,];

/// What comes at the fifth look comes.
#[claim(source = "namespaces(7)", needs = [])]
fn comes_after_some_looks() -> Verdict {
    let looks = Cell::new(0);
    expect!(eventually(|| Ok(looks.replace(looks.get() + 1) == 4))?);
    holds()
}

/// What never comes comes.
#[claim(source = "namespaces(7)", needs = [], deadline = 3)]
fn never_comes() -> Verdict {
    expect!(eventually(|| Ok(false))?);
    holds()
}

/// The answer is the one that settled the question.
#[claim(source = "namespaces(7)", needs = [])]
fn last_answer_is_told() -> Verdict {
    expect_eq!(counted_up_to_five()?, 5);
    holds()
}

/// The answer is the one before the question was settled.
#[claim(source = "namespaces(7)", needs = [])]
fn first_answer_is_told() -> Verdict {
    expect_eq!(counted_up_to_five()?, 1);
    holds()
}

fn counted_up_to_five() -> Outcome<u32> {
    let count = Cell::new(0);
    settle(
        |seen| *seen == 5,
        || {
            count.set(count.get() + 1);
            Ok(count.get())
        },
    )
}

/// A question that cannot be asked has an answer.
#[claim(source = "namespaces(7)", needs = [])]
fn question_fails() -> Verdict {
    settle(|_: &()| true, || Err(Failure::broken("there is nothing to ask")))?;
    holds()
}
