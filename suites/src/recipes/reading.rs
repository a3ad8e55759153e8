//! What tools print, read for the cases of several files.

use kit::Links;
use kit::namespace::Link;
use kit::prelude::*;

/// The numbers among the lines or words, in order: processes, where a directory of procfs was listed.
pub(super) fn numbers(text: &str) -> Vec<i32> {
    let mut numbers: Vec<_> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// The texts of all links in a directory `ns`, as `readlink /proc/self/ns/*` printed them, each with its name before it: the shell
/// sorts names, and a process has the same ones everywhere.
pub(super) fn link_texts(printed: &str) -> Vec<(&'static str, String)> {
    let names = Link::ALL.map(Link::name).into_iter();
    let present = names.filter(|name| std::fs::symlink_metadata(format!("/proc/self/ns/{name}")).is_ok());
    present.zip(printed.lines().map(str::to_owned)).collect()
}

/// The names of the links whose texts differ between what was printed here and there.
pub(super) fn differing(here: &str, there: &str) -> Vec<&'static str> {
    let pairs = link_texts(here).into_iter().zip(link_texts(there));
    pairs.filter(|(one, other)| one != other).map(|((name, _), _)| name).collect()
}

/// The kinds of namespaces that a process has of its own, seen from outside; those of children aside.
pub(super) fn own_kinds(process: impl std::fmt::Display) -> Outcome<Vec<Kind>> {
    Ok(Links::of(process)?.differing(&Links::own()?))
}

/// The index with which `ip -o link` begins the line of a device.
pub(super) fn index_of(line: &str) -> Outcome<u32> {
    let number = line.split_once(':').map(|(number, _)| number.trim().parse());
    Ok(number.ok_or_else(|| Failure::broken(format!("«{line}» is no line of ip -o link")))??)
}
