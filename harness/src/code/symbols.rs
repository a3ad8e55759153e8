//! What has a name in a kernel's code, as its own `/proc/kallsyms` says (proc_kallsyms(5)).

use std::collections::BTreeMap;
use std::ops::Range;

/// The page tables that the kernel itself lives by (`arch/x86/kernel/head_64.S`).
const PAGE_TABLES: &str = "init_top_pgt";

/// No list of symbols is longer, in bytes: 7.3's have 5 MB, its modules' among them.
pub(crate) const LONGEST: usize = 32 << 20;

/// No function is longer: what is farther from the next symbol ends somewhere before.
const LONGEST_FUNCTION: u64 = 64 * 1024;

/// What stands before functions for other ends than to be called: room for patches, and hashes of types.
const ASIDE: [&str; 2] = ["__pfx_", "__cfi_"];

/// Between these two lies what the kernel needs only to boot, and gives back: something else stands there since then.
const BOOT: [&str; 2] = ["_sinittext", "_einittext"];

/// All names of functions in a kernel and its modules.
#[derive(Debug, Clone, Default)]
pub(crate) struct Symbols {
    /// Sorted by address; what has several names stands there several times.
    functions: Vec<(u64, String)>,
    /// Places in it by name, in the order of addresses.
    named: BTreeMap<String, Vec<usize>>,
    page_tables: Option<u64>,
}

/// Leaves of a kernel's list what [`Symbols::read`] needs of it: functions, and the page tables.
pub(crate) fn digest(kallsyms: &str) -> String {
    let mut text = String::new();
    for line in kallsyms.lines() {
        let mut words = line.split_whitespace();
        let (Some(address), Some(kind), Some(name)) = (words.next(), words.next(), words.next()) else { continue };
        let is_function = matches!(kind, "t" | "T" | "w" | "W") && !ASIDE.iter().any(|aside| name.starts_with(aside));
        if is_function || name == PAGE_TABLES {
            text.push_str(&format!("{address} {name}\n"));
        }
    }
    text
}

impl Symbols {
    /// Reads what [`digest`] left. Lines that are none are passed over: a guest wrote them.
    pub(crate) fn read(text: &str) -> Self {
        let mut symbols = Self::default();
        for line in text.lines() {
            let Some((address, name)) = line.split_once(' ') else { continue };
            let Ok(address @ 1..) = u64::from_str_radix(address, 16) else { continue };
            match name {
                PAGE_TABLES => symbols.page_tables = Some(address),
                name => symbols.functions.push((address, name.to_owned())),
            }
        }
        let [start, end] = BOOT.map(|bound| symbols.functions.iter().find(|(_, name)| name == bound).map(|one| one.0));
        if let (Some(start), Some(end)) = (start, end) {
            symbols.functions.retain(|(address, _)| !(start..end).contains(address));
        }
        symbols.functions.sort();
        for (at, (_, name)) in symbols.functions.iter().enumerate() {
            symbols.named.entry(name.clone()).or_default().push(at);
        }
        symbols
    }

    /// Whether there are any: a kernel can be built without, or hide them.
    pub(crate) fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Where the kernel's own page tables are.
    pub(crate) fn page_tables(&self) -> Option<u64> {
        self.page_tables
    }

    /// Every name, each once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }

    /// Where functions of this name are; static functions of several files can share one.
    pub(crate) fn ranges(&self, name: &str) -> Vec<Range<u64>> {
        self.named.get(name).into_iter().flatten().map(|at| self.range(*at)).collect()
    }

    /// The name of what begins at an address.
    pub(crate) fn name_at(&self, address: u64) -> Option<&str> {
        let at = self.functions.partition_point(|(known, _)| *known < address);
        self.functions.get(at).filter(|(known, _)| *known == address).map(|(_, name)| name.as_str())
    }

    /// From a function's first byte to the next one's.
    fn range(&self, at: usize) -> Range<u64> {
        let start = self.functions[at].0;
        let next = self.functions[at..].iter().map(|(address, _)| *address).find(|address| *address > start);
        let longest = start.saturating_add(LONGEST_FUNCTION);
        start..next.unwrap_or(longest).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KALLSYMS: &str = "\
        0000000000000000 A fixed_percpu_data\n\
        ffffffff82c22000 D init_top_pgt\n\
        ffffffff811e41d0 T __pfx_copy_pid_ns\n\
        ffffffff811e41e0 T copy_pid_ns\n\
        ffffffff811e4300 t get_ns\n\
        ffffffff811e4300 t another_name_of_it\n\
        ffffffffc0201000 t get_ns\t[veth]\n\
        ffffffff82000000 r a_constant\n";

    #[test]
    fn what_was_given_back_after_the_boot_has_no_functions() {
        let boot =
            "ffffffff83300000 T _sinittext\nffffffff83300000 t pid_namespaces_init\nffffffff83400000 T _einittext\n";
        let symbols = Symbols::read(&digest(&format!("{KALLSYMS}\n{boot}")));
        assert!(symbols.ranges("pid_namespaces_init").is_empty() && symbols.ranges("copy_pid_ns").len() == 1);
    }

    #[test]
    fn functions_reach_to_the_next_ones() {
        let symbols = Symbols::read(&digest(KALLSYMS));
        assert_eq!(symbols.ranges("copy_pid_ns"), vec![0xffff_ffff_811e_41e0..0xffff_ffff_811e_4300; 1]);
        let both = symbols.ranges("get_ns");
        assert_eq!(
            both.iter().map(|range| range.start).collect::<Vec<_>>(),
            [0xffff_ffff_811e_4300, 0xffff_ffff_c020_1000]
        );
        assert_eq!(symbols.page_tables(), Some(0xffff_ffff_82c2_2000));
        assert_eq!(symbols.name_at(0xffff_ffff_811e_41e0), Some("copy_pid_ns"));
        assert_eq!(symbols.name_at(0xffff_ffff_811e_41e1), None);
        assert!(symbols.ranges("a_constant").is_empty() && symbols.ranges("__pfx_copy_pid_ns").is_empty());
    }

    #[test]
    fn what_is_no_line_is_passed_over() {
        assert!(Symbols::read("\u{1b}[2J\nffff\nzz copy_pid_ns\n0 hidden\n").is_empty());
    }
}
