//! What the cases about `unshare(1)`, `nsenter(1)`, `lsns(8)` and `ip-netns(8)` share: where a program finds itself.

use std::fmt::Display;

use kit::prelude::*;
use kit::process::expect_success;

/// The namespaces of a process, in the order of [`Kind::ALL`], as the links in `/proc` name them.
pub(super) type Links = Vec<String>;

/// Those of a process, named as in `/proc`.
pub(super) fn links_of(process: impl Display) -> Outcome<Links> {
    Kind::ALL.into_iter().map(|kind| link_text(format!("/proc/{process}/ns/{kind}"))).collect()
}

/// Those of a program that is run by a command line, to which it is added.
pub(super) fn links_by(line: &[&str]) -> Outcome<Links> {
    let files = Kind::ALL.map(|kind| format!("/proc/self/ns/{kind}"));
    let program: Vec<&str> = ["readlink"].into_iter().chain(files.iter().map(String::as_str)).collect();
    Ok(expect_success(&[line, &program].concat())?.lines().map(str::to_owned).collect())
}

/// One of them.
pub(super) fn link(links: &Links, kind: Kind) -> &str {
    let place = Kind::ALL.iter().position(|one| *one == kind);
    place.and_then(|place| links.get(place)).map_or("", String::as_str)
}

/// The kinds that differ.
pub(super) fn differing(one: &Links, other: &Links) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| link(one, *kind) != link(other, *kind)).collect()
}
