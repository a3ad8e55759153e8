//! What the cases about `unshare(1)`, `nsenter(1)`, `lsns(8)` and `ip-netns(8)` share: where a program finds itself.

use kit::Links;
use kit::prelude::*;
use kit::process::{Run, run_line};

/// The namespaces of a program that is run by a command line, to which it is added.
pub(super) fn links_by(line: &[&str]) -> Outcome<Links> {
    let files = Kind::ALL.map(|kind| format!("/proc/self/ns/{kind}"));
    let program: Vec<&str> = ["readlink"].into_iter().chain(files.iter().map(String::as_str)).collect();
    Links::told(&expect_success(&[line, &program].concat())?)
}

/// Runs a command line that the claim says succeeds, and returns what it wrote.
pub(super) fn expect_success(line: &[&str]) -> Outcome<String> {
    let run = run_line(line)?;
    expect_eq!((run.status, run.errors.as_str()), (Some(0), ""), "status and complaints of «{}»", line.join(" "));
    Ok(run.output)
}

/// Runs a command line that the claim says fails with status 1, with such words among its complaints.
pub(super) fn expect_failure(line: &[&str], words: &str) -> Outcome<()> {
    let run: Run = run_line(line)?;
    expect_eq!(run.status, Some(1), "status of «{}», which complains: {}", line.join(" "), run.errors);
    expect!(run.errors.contains(words), "«{}» complains: {}", line.join(" "), run.errors);
    Ok(())
}
