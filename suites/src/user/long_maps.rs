//! Maps of more than five lines, which the kernel keeps in another way, below a user namespace whose own map moves the IDs.

use std::fs::{File, OpenOptions};

use kit::prelude::*;
use kit::process::{container, container_with};
use kit::sysctl::sysctl;

use super::files::{file_of, owners_at};
use super::nesting::AT_THE_TOP;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![long_maps_translate_through_the_maps_above];

/// A map of up to 340 lines translates through the maps of the user namespaces above, and maps no ID of the outermost one.
///
/// Root's files there show the overflow IDs, and opening them fails with EACCES for root inside.
#[claim(
    source = ["user_namespaces(7) User and group ID mappings: uid_map and gid_map", "kernel/user_namespace.c map_write"],
    since = "4.15",
    needs = [Root, Config("USER_NS"), Behaviour(AT_THE_TOP)],
)]
fn long_maps_translate_through_the_maps_above() -> Verdict {
    let overflow: (u32, u32) = (sysctl("kernel/overflowuid")?, sysctl("kernel/overflowgid")?);
    for count in [5, 6, 340] {
        let name = |what: &str| format!("/tmp/{what}-{count}");
        // One that the outer namespace maps, and one whose IDs are those which the inner map names, outermost.
        let theirs = file_of(&name("theirs"), (100_002, 100_002), 0o700)?;
        let roots = file_of(&name("roots"), (0, 0), 0o700)?;
        let line = |inside| IdMap { inside, outside: count - 1 - inside, count: 1 };
        let lines: Vec<_> = (0..count).map(line).collect();
        let maps = Maps { uid: lines.clone(), gid: lines, deny_setgroups: false };
        let open = |path: &str| OpenOptions::new().write(true).open(path);
        container(100_000, NONE, || {
            let inner = container_with(&maps, NONE, |_| {
                expect_eq!(owners_at(&roots)?, overflow, "root's file, with {count} lines");
                expect_errno!(open(&roots), EACCES, "root's file, with {count} lines");
                expect_eq!(owners_at(&theirs)?, (count - 3, count - 3), "a file of theirs, with {count} lines");
                expect_ok!(open(&theirs), "a file of theirs, with {count} lines");
                File::create(name("made")).doing("create a file")?;
                expect_eq!(owners_at(name("made"))?, (0, 0), "what they made, with {count} lines");
                holds()
            })?;
            inner.join()
        })?;
        let outermost = 100_000 + count - 1;
        expect_eq!(owners_at(name("made"))?, (outermost, outermost), "what they made, seen outside");
    }
    holds()
}
