//! Cases that have nothing wrong with them.

use kit::prelude::*;

pub(crate) const CASES: &[Case] =
    cases![holds_at_once, holds_always, holds_as_well, is_about_another_kernel, needs_what_nobody_has];

/// Nothing is done.
#[claim(source = "namespaces(7)")]
fn holds_at_once() -> Verdict {
    holds()
}

/// Nothing is wrong.
#[claim(source = "namespaces(7)")]
fn holds_always() -> Verdict {
    println!("a word that nobody asked for");
    holds()
}

/// Nothing is wrong here either, with a child of its own.
#[claim(source = "namespaces(7)")]
fn holds_as_well() -> Verdict {
    expect_eq!(child(NONE, || Ok(6 * 7))?, 42);
    holds()
}

/// The claim is about kernels that are not there yet.
#[claim(source = "namespaces(7)", since = "99.0")]
fn is_about_another_kernel() -> Verdict {
    Err(Failure::broken("this body must never run"))
}

/// The case needs a program that does not exist.
#[claim(source = "namespaces(7)", needs = [Tool("a-program-that-nobody-has")])]
fn needs_what_nobody_has() -> Verdict {
    Err(Failure::broken("this body must never run"))
}
