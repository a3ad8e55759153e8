//! Wrong claims about programs, and right ones beside them.

use kit::Program;
use kit::prelude::*;
use kit::process::{expect_failure, expect_success, program_command, run, run_line};

pub(crate) const CASES: &[Case] = cases![
    program_has_its_status,
    program_has_another_status,
    program_is_unknown,
    program_succeeds,
    program_that_fails_succeeds,
    program_that_complains_succeeds,
    program_fails,
    program_that_succeeds_fails,
    program_fails_in_other_words,
    preparation_fails,
];

pub(crate) const PROGRAMS: &[Program] = &[Program { name: "exit-with", main: exit_with }];

fn exit_with(arguments: &[String]) -> i32 {
    arguments.first().and_then(|status| status.parse().ok()).unwrap_or(1)
}

fn status_of(name: &str) -> Outcome<Option<i32>> {
    Ok(run(program_command(name).arg("7"))?.status)
}

/// A program of the suite exits with the status that it was given.
#[claim(source = "namespaces(7)", needs = [])]
fn program_has_its_status() -> Verdict {
    expect_eq!(status_of("exit-with")?, Some(7));
    holds()
}

/// A program of the suite exits with another status than it was given.
#[claim(source = "namespaces(7)", needs = [])]
fn program_has_another_status() -> Verdict {
    expect_eq!(status_of("exit-with")?, Some(0));
    holds()
}

/// A program that does not exist succeeds.
#[claim(source = "namespaces(7)", needs = [])]
fn program_is_unknown() -> Verdict {
    expect_eq!(status_of("nobody-wrote-it")?, Some(0));
    holds()
}

/// A program that succeeds does.
#[claim(source = "namespaces(7)", needs = [Tool("sh")])]
fn program_succeeds() -> Verdict {
    expect_eq!(expect_success(&["sh", "-c", "echo word"])?, "word\n");
    holds()
}

/// A program that fails succeeds.
#[claim(source = "namespaces(7)", needs = [Tool("sh")])]
fn program_that_fails_succeeds() -> Verdict {
    expect_success(&["sh", "-c", "exit 1"])?;
    holds()
}

/// A program that complains succeeds.
#[claim(source = "namespaces(7)", needs = [Tool("sh")])]
fn program_that_complains_succeeds() -> Verdict {
    expect_success(&["sh", "-c", "echo no >&2"])?;
    holds()
}

/// A program that complains and fails does.
#[claim(source = "namespaces(7)", needs = [Tool("sh")])]
fn program_fails() -> Verdict {
    expect_failure(&["sh", "-c", "echo no >&2; exit 1"], "no")?;
    holds()
}

/// A program that succeeds fails.
#[claim(source = "namespaces(7)", needs = [Tool("sh")])]
fn program_that_succeeds_fails() -> Verdict {
    expect_failure(&["sh", "-c", "echo no >&2"], "no")?;
    holds()
}

/// A program fails with another complaint than its own.
#[claim(source = "namespaces(7)", needs = [Tool("sh")])]
fn program_fails_in_other_words() -> Verdict {
    expect_failure(&["sh", "-c", "echo no >&2; exit 1"], "yes")?;
    holds()
}

/// A program that prepares something need not succeed.
#[claim(source = "namespaces(7)", needs = [Tool("sh")])]
fn preparation_fails() -> Verdict {
    run_line(&["sh", "-c", "exit 1"])?.succeeded()?;
    holds()
}
