//! In which order cases are asked about an alteration, so that who notices is asked early.

use std::collections::BTreeMap;

/// Which suites are about a file of the kernel's tree: a part of the path, and the suite; the first that fits counts.
const SUITES: [(&str, &str); 24] = [
    ("pid", "pid"),
    ("user_namespace", "user"),
    ("ucount", "user"),
    ("utsname", "uts"),
    ("ipc/", "ipc"),
    ("time", "time"),
    ("cgroup/", "cgroup"),
    ("net", "net"),
    ("kernel/fork", "pid"),
    ("kernel/exit", "pid"),
    ("kernel/signal", "pid"),
    ("kernel/reboot", "pid"),
    ("kernel/groups", "user"),
    ("kernel/cred", "user"),
    ("commoncap", "user"),
    ("fs/proc/", "core"),
    ("fs/nsfs", "core"),
    ("fs/namespace", "mnt"),
    ("fs/pnode", "mnt"),
    ("fs/overlayfs", "mnt"),
    ("fs/", "mnt"),
    ("nsproxy", "core"),
    ("nscommon", "core"),
    ("nstree", "core"),
];

/// The suite that a file is about.
pub(super) fn suite(file: &str) -> Option<&'static str> {
    SUITES.iter().find(|(part, _)| file.contains(part)).map(|(_, suite)| *suite)
}

/// What says of two cases of different sorts which is asked first: the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked {
    /// Whether it is of another suite than the one that the function's file is about.
    pub(super) is_foreign: bool,
    /// How much it executes in all.
    pub(super) executes: u64,
}

/// Puts cases that execute an alteration in the order in which they are asked.
///
/// Those of the same sort, which execute the very same of its file, are alike for it: of each sort one is asked before a second of
/// any. Rare sorts come first: what only few cases have the kernel do, such as to free what was made, is where something shows
/// that all of them go past. By nothing that a clock says: a proof that is done again is the same.
pub(super) fn sort(reaching: &mut [usize], sorts: &[usize], asked: impl Fn(usize) -> Asked) {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    reaching.iter().for_each(|at| *sizes.entry(sorts[*at]).or_default() += 1);
    let rank = |at: usize| (sizes.get(&sorts[at]).copied(), asked(at), at);
    reaching.sort_by_cached_key(|at| (sorts[*at], rank(*at)));
    let mut turns = Vec::with_capacity(reaching.len());
    let mut turn = 0;
    for (place, at) in reaching.iter().enumerate() {
        let is_alike = place > 0 && sorts[reaching[place - 1]] == sorts[*at];
        turn = if is_alike { turn + 1 } else { 0 };
        turns.push((turn, rank(*at), *at));
    }
    turns.sort_unstable();
    for (place, (_, _, at)) in reaching.iter_mut().zip(turns) {
        *place = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_sort_one_is_asked_before_a_second_of_any() {
        let executes = [9, 5, 7, 1, 2, 3];
        let mut reaching = [0, 1, 2, 3, 4];
        sort(&mut reaching, &[1, 1, 1, 2, 2, 3], |at| Asked { is_foreign: at == 3, executes: executes[at] });
        // The rarer sort comes first, and its second, a foreign one, after the first of the other.
        assert_eq!(reaching, [4, 1, 3, 2, 0]);
    }

    #[test]
    fn files_belong_to_suites() {
        let suites = ["kernel/pid.c", "kernel/nsproxy.c", "fs/proc/namespaces.c", "net/core/net_namespace.c"];
        assert_eq!(suites.map(suite), [Some("pid"), Some("core"), Some("core"), Some("net")]);
        assert_eq!(suite("mm/slub.c"), None);
    }
}
