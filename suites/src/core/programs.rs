//! What the cases about `unshare(1)`, `nsenter(1)`, `lsns(8)` and `ip-netns(8)` share: where a program finds itself.

use kit::Links;
use kit::prelude::*;
use kit::process::expect_success;

/// The namespaces of a program that is run by a command line, to which it is added.
pub(super) fn links_by(line: &[&str]) -> Outcome<Links> {
    let files = Kind::ALL.map(|kind| format!("/proc/self/ns/{kind}"));
    let program: Vec<&str> = ["readlink"].into_iter().chain(files.iter().map(String::as_str)).collect();
    Links::told(&expect_success(&[line, &program].concat())?)
}
