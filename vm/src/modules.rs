//! Which modules a module needs or asks for, and in what order they are to be loaded: what modules.dep(5), modules.builtin,
//! modules.softdep and modules.alias say.
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
    soft: BTreeMap<String, Soft>,
    /// Other names that modules go by.
    aliases: BTreeMap<String, Vec<String>>,
}

/// What a module asks for and can do without (`MODULE_SOFTDEP`), by modules' names or aliases.
#[derive(Debug, Default)]
struct Soft {
    before: Vec<String>,
    after: Vec<String>,
}

/// How a module is to be had.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Availability<'a> {
    /// It is part of the kernel.
    Builtin,
    /// By loading these files in this order.
    Files(Vec<Step<'a>>),
    /// Not at all.
    Missing,
}

/// A file to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// Relative to the modules folder.
    pub(crate) file: &'a str,
    /// Whether the module that was asked for can do without.
    pub(crate) is_soft: bool,
}

impl Index {
    /// Reads `lib/modules/<release>`.
    pub(crate) fn read(folder: &Path) -> io::Result<Index> {
        let dep = fs::read_to_string(folder.join("modules.dep"))?;
        let list = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
        Ok(Index::parse(&dep, &list("modules.builtin"), &list("modules.softdep"), &list("modules.alias")))
    }

    fn parse(dep: &str, builtin: &str, softdep: &str, alias: &str) -> Index {
        let modules = dep.lines().filter_map(|line| line.split_once(':')).map(|(file, needed)| {
            let needed = needed.split_whitespace().map(str::to_owned).collect();
            (name_of(file), (file.to_owned(), needed))
        });
        let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, module) in alias.lines().filter_map(|line| line.strip_prefix("alias ")?.split_once(' ')) {
            aliases.entry(plain(name)).or_default().push(plain(module));
        }
        Index {
            modules: modules.collect(),
            builtin: builtin.lines().map(name_of).collect(),
            soft: softdep.lines().filter_map(parse_soft).collect(),
            aliases,
        }
    }

    pub(crate) fn find(&self, name: &str) -> Availability<'_> {
        let name = name_of(name);
        if self.modules.contains_key(&name) {
            let (mut steps, mut seen) = (Vec::new(), BTreeSet::new());
            self.add(&name, false, &mut steps, &mut seen);
            return Availability::Files(steps);
        }
        if self.builtin.contains(&name) { Availability::Builtin } else { Availability::Missing }
    }

    /// Adds a module's steps in the order of modprobe(8): what it asks for to be there before, what it needs, itself, and what it
    /// asks for afterwards; and so for each of those.
    fn add<'a>(&'a self, name: &str, is_soft: bool, steps: &mut Vec<Step<'a>>, seen: &mut BTreeSet<String>) {
        let Some((file, needed)) = self.modules.get(name).filter(|_| seen.insert(name.to_owned())) else {
            return;
        };
        for asked in self.soft.get(name).into_iter().flat_map(|soft| &soft.before) {
            self.add_soft(asked, steps, seen);
        }
        for file in needed.iter().rev() {
            self.add(&name_of(file), is_soft, steps, seen);
        }
        steps.push(Step { file, is_soft });
        for asked in self.soft.get(name).into_iter().flat_map(|soft| &soft.after) {
            self.add_soft(asked, steps, seen);
        }
    }

    fn add_soft<'a>(&'a self, asked: &str, steps: &mut Vec<Step<'a>>, seen: &mut BTreeSet<String>) {
        for name in self.called(asked) {
            self.add(name, true, steps, seen);
        }
    }

    /// The modules that go by a name: the one of that name, or those with that alias.
    fn called<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        match (self.modules.contains_key(name), self.aliases.get(name)) {
            (true, _) => vec![name],
            (false, aliased) => aliased.into_iter().flatten().map(String::as_str).collect(),
        }
    }

    /// The line of modules.dep for a file, with the file names changed.
    pub(crate) fn line(&self, file: &str, rename: impl Fn(&str) -> String) -> String {
        let needed = self.modules.get(&name_of(file)).map_or(&[][..], |(_, needed)| needed);
        let needed: String = needed.iter().map(|file| format!(" {}", rename(file))).collect();
        format!("{}:{needed}\n", rename(file))
    }

    /// The line of modules.softdep for a file, without aliases; empty when it asks for nothing.
    pub(crate) fn soft_line(&self, file: &str) -> String {
        let name = name_of(file);
        let Some(soft) = self.soft.get(&name) else {
            return String::new();
        };
        let words = |asked: &[String]| -> String {
            asked.iter().flat_map(|asked| self.called(asked)).map(|name| format!(" {name}")).collect()
        };
        format!("softdep {name} pre:{} post:{}\n", words(&soft.before), words(&soft.after))
    }
}

/// Reads a line of modules.softdep, `softdep ext4 pre: crc32c post: other`.
fn parse_soft(line: &str) -> Option<(String, Soft)> {
    let (name, rest) = line.strip_prefix("softdep ")?.split_once(' ')?;
    let (mut soft, mut is_before) = (Soft::default(), true);
    for word in rest.split_whitespace() {
        match word {
            "pre:" => is_before = true,
            "post:" => is_before = false,
            asked if is_before => soft.before.push(plain(asked)),
            asked => soft.after.push(plain(asked)),
        }
    }
    Some((plain(name), soft))
}

/// A module's name by its file.
fn name_of(file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or(file).trim();
    plain(base.split('.').next().unwrap_or(base))
}

/// A name as it is compared: the kernel takes `-` and `_` for the same.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const DEP: &str = "\
net/llc.ko.xz:
net/stp.ko.xz: net/llc.ko.xz
net/bridge.ko.xz: net/stp.ko.xz net/llc.ko.xz
fs/nls-utf8.ko:
fs/ext4.ko: fs/jbd2.ko
fs/jbd2.ko:
arch/crc32c-intel.ko:
crypto/crc32c_generic.ko: crypto/hash.ko
crypto/hash.ko:
net/one.ko:
net/other.ko:
";
    const SOFTDEP: &str = "\
# Soft dependencies extracted from modules themselves.
softdep ext4 pre: crypto-crc32c
softdep jbd2 pre: crypto-crc32c nonesuch
softdep one pre: other post: bridge
softdep other pre: one
";
    const ALIAS: &str = "\
alias crypto-crc32c crc32c_intel
alias crypto-crc32c crc32c_generic
alias fs-ext4 ext4
";

    #[rstest]
    #[case::needed("bridge", "llc stp bridge")]
    #[case::by_either_spelling("nls_utf8", "nls-utf8")]
    #[case::by_the_other("nls-utf8", "nls-utf8")]
    #[case::asked_for_by_an_alias("ext4", "(crc32c-intel) (hash) (crc32c_generic) jbd2 ext4")]
    #[case::asked_for_in_a_circle_and_afterwards("one", "(other) one (llc) (stp) (bridge)")]
    fn modules_come_with_what_they_need_and_ask_for(#[case] name: &str, #[case] order: &str) {
        let index = Index::parse(DEP, "", SOFTDEP, ALIAS);
        let Availability::Files(steps) = index.find(name) else { panic!("{name} is there") };
        let shown = |step: &Step<'_>| {
            let base = step.file.rsplit('/').next().and_then(|base| base.split('.').next()).unwrap_or_default();
            if step.is_soft { format!("({base})") } else { base.to_owned() }
        };
        assert_eq!(steps.iter().map(shown).collect::<Vec<_>>().join(" "), order);
    }

    #[rstest]
    #[case("veth", Availability::Builtin)]
    #[case("dummy", Availability::Missing)]
    fn what_has_no_file_is_built_in_or_missing(#[case] name: &str, #[case] found: Availability<'_>) {
        assert_eq!(Index::parse(DEP, "kernel/drivers/net/veth.ko\n", SOFTDEP, ALIAS).find(name), found);
    }

    #[test]
    fn soft_dependencies_are_written_without_aliases() {
        let index = Index::parse(DEP, "", SOFTDEP, ALIAS);
        assert_eq!(index.soft_line("fs/ext4.ko"), "softdep ext4 pre: crc32c_intel crc32c_generic post:\n");
        assert_eq!(index.soft_line("net/bridge.ko.xz"), "");
        let again = Index::parse(DEP, "", &index.soft_line("fs/ext4.ko"), "");
        assert_eq!(again.find("ext4"), Index::parse(DEP, "", "softdep ext4 pre: crypto-crc32c", ALIAS).find("ext4"));
    }
}
