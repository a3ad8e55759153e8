//! Which modules a module needs, and in what order they are to be loaded: what modules.dep(5) and modules.builtin say.
//!
//! Read on both sides: by the host to choose what goes into the initramfs, by the guest to load it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

/// The index of a modules folder.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// A module's name, its file, and the files of those it needs, the one to be loaded first at the end.
    modules: BTreeMap<String, (String, Vec<String>)>,
    builtin: BTreeSet<String>,
}

/// How a module is to be had.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Availability<'a> {
    /// It is part of the kernel.
    Builtin,
    /// By loading these files, relative to the modules folder, in this order.
    Files(Vec<&'a str>),
    /// Not at all.
    Missing,
}

impl Index {
    /// Reads `lib/modules/<release>`.
    pub(crate) fn read(folder: &Path) -> io::Result<Index> {
        let dep = fs::read_to_string(folder.join("modules.dep"))?;
        let builtin = fs::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
        Ok(Index::parse(&dep, &builtin))
    }

    pub(crate) fn parse(dep: &str, builtin: &str) -> Index {
        let modules = dep.lines().filter_map(|line| line.split_once(':')).map(|(file, needed)| {
            let needed = needed.split_whitespace().map(str::to_owned).collect();
            (name_of(file), (file.to_owned(), needed))
        });
        Index { modules: modules.collect(), builtin: builtin.lines().map(name_of).collect() }
    }

    pub(crate) fn find(&self, name: &str) -> Availability<'_> {
        let name = name_of(name);
        match self.modules.get(&name) {
            Some((file, needed)) => {
                Availability::Files(needed.iter().rev().chain([file]).map(String::as_str).collect())
            }
            None if self.builtin.contains(&name) => Availability::Builtin,
            None => Availability::Missing,
        }
    }

    /// The line of modules.dep for a file, with the file names changed.
    pub(crate) fn line(&self, file: &str, rename: impl Fn(&str) -> String) -> String {
        let needed = self.modules.get(&name_of(file)).map_or(&[][..], |(_, needed)| needed);
        let needed: String = needed.iter().map(|file| format!(" {}", rename(file))).collect();
        format!("{}:{needed}\n", rename(file))
    }
}

/// A module's name by its file: the kernel takes `-` and `_` for the same.
fn name_of(file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or(file).trim();
    base.split('.').next().unwrap_or(base).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const DEP: &str = "\
kernel/net/llc/llc.ko.xz:
kernel/net/802/stp.ko.xz: kernel/net/llc/llc.ko.xz
kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz kernel/net/llc/llc.ko.xz
kernel/fs/nls/nls-utf8.ko:
";

    #[rstest]
    #[case("bridge", Availability::Files(vec!["kernel/net/llc/llc.ko.xz", "kernel/net/802/stp.ko.xz", "kernel/net/bridge/bridge.ko.xz"]))]
    #[case("nls_utf8", Availability::Files(vec!["kernel/fs/nls/nls-utf8.ko"]))]
    #[case("nls-utf8", Availability::Files(vec!["kernel/fs/nls/nls-utf8.ko"]))]
    #[case("veth", Availability::Builtin)]
    #[case("dummy", Availability::Missing)]
    fn modules_come_with_what_they_need(#[case] name: &str, #[case] found: Availability<'_>) {
        assert_eq!(Index::parse(DEP, "kernel/drivers/net/veth.ko\n").find(name), found);
    }
}
