//! How many machines this one has memory for.
//!
//! A guest that touches all it is given takes that from the host, page by page: no more machines run at once than there is
//! free memory for if every one of them did.

use std::fs;
use std::path::Path;

use procfs::{Current, Meminfo};
use vm::machine::GUEST_MEMORY;

use crate::terminal;

/// What an initramfs takes with nsproof, all modules and all programs that claims need, twice while it is unpacked, in MiB; 100 to
/// 200 were seen.
const INITRAMFS: u64 = 200;

/// What QEMU takes beside the guest's memory, in MiB; 20 to 60 were seen.
const QEMU: u64 = 64;

/// Templates, and machines that stand by: one of each for either start of a case.
const ASIDE: u64 = 4;

/// As many threads as were asked for, or as memory allows machines; says so when that is less.
pub(crate) fn bound(threads: usize) -> usize {
    let Some(free) = free() else { return threads };
    let bounded = threads.min(machines(free));
    if bounded < threads {
        terminal::note(format_args!(
            "{bounded} of {threads} cases at once: {free} MiB of memory are free, and a machine may take {}",
            each()
        ));
    }
    bounded
}

/// How many cases can have a machine, with so many MiB free: one at least.
fn machines(free: u64) -> usize {
    usize::try_from((free / each()).saturating_sub(ASIDE)).unwrap_or(usize::MAX).max(1)
}

fn each() -> u64 {
    u64::from(GUEST_MEMORY) + INITRAMFS + QEMU
}

/// MiB that this machine can give, or the cgroup that this process is in, whichever is less.
fn free() -> Option<u64> {
    let machine = Meminfo::current().ok()?.mem_available?;
    Some(machine.min(own_cgroup().unwrap_or(u64::MAX)) >> 20)
}

/// Bytes that are left below the limit of the cgroup (v2), where there is one.
fn own_cgroup() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let folder = Path::new("/sys/fs/cgroup").join(path);
    let number = |name| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    Some(number("memory.max")?.saturating_sub(number("memory.current")?))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none(0, 1)]
    #[case::one_and_those_aside(5 * 520, 1)]
    #[case::two(6 * 520, 2)]
    #[case::much(24 * 1024, 43)]
    fn a_machine_is_counted_whole(#[case] free: u64, #[case] expected: usize) {
        assert_eq!(machines(free), expected);
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(free().is_some_and(|free| free > 0));
    }
}
