//! Moving mounts: `mount(2)`, Moving a mount.

use std::fs;

use kit::mounts::{Tree, move_to};
use kit::prelude::*;
use nix::mount::{MsFlags, mount};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    a_move_keeps_the_mounts_themselves,
    a_move_ignores_other_flags,
    only_a_mount_point_is_moved,
    a_mount_is_not_moved_into_itself,
    the_root_is_not_moved,
];

/// Moving a mount takes along all that is mounted in it, and all keep their mount IDs.
#[claim(source = "mount(2) Moving a mount", needs = [Root])]
fn a_move_keeps_the_mounts_themselves() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/x")?.tmpfs("a/x/y")?.tmpfs("a/z")?.file("a/x/text", "")?.dir("to")?;
    let ids = |name: &str| -> Outcome<Vec<_>> {
        let seen = tree.mounts()?.within(name);
        Ok(seen.iter().map(|mount| (mount.point.clone(), mount.id)).collect())
    };
    let before = ids("a")?;
    for (from, to) in [("a", "to"), ("to", "a"), ("a", "deep/er")] {
        expect_ok!(tree.move_to(from, to), "{from} to {to}");
        expect_eq!(ids(to)?, before, "{from} to {to}");
        expect_eq!(ids(from)?, [], "left at {from}");
        expect!(fs::exists(tree.path(to).join("x/text"))?, "a file in it is not at {to}");
    }
    holds()
}

/// MS_MOVE ignores other flags, the type and the data.
#[claim(source = "mount(2) Moving a mount", needs = [Root])]
fn a_move_ignores_other_flags() -> Verdict {
    let tree = Tree::new()?;
    tree.mount("tmpfs", "a", MsFlags::MS_NOSUID, None)?.dir("b")?;
    let flags = MsFlags::MS_MOVE | MsFlags::MS_RDONLY | MsFlags::MS_NOEXEC | MsFlags::MS_NOATIME;
    let moved = mount(Some(&tree.path("a")), &tree.path("b"), Some("nosuchfs"), flags, Some("junk=1"));
    expect_ok!(moved);
    expect_eq!(tree.mounts()?.at("b")?.options, "rw,nosuid,relatime");
    expect!(!tree.is_mounted("a")?, "it is still at the old place");
    holds()
}

/// MS_MOVE fails with EINVAL for a directory that is no mount point, and with ENOENT for one that does not exist.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn only_a_mount_point_is_moved() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/dir")?.dir("to")?.file("file", "")?;
    expect_errno!(tree.move_to("a/dir", "to"), EINVAL, "a directory of a mount");
    expect_errno!(tree.move_to("missing", "to"), ENOENT, "nothing");
    expect_errno!(tree.move_to("file/x", "to"), ENOTDIR, "below a file");
    expect_errno!(move_to(tree.path("a"), tree.path("missing")), ENOENT, "to nowhere");
    expect_ok!(tree.move_to("a", "to"), "the mount");
    holds()
}

/// MS_MOVE of a mount to itself or to a directory in it fails with ELOOP, also if that is on a mount inside.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn a_mount_is_not_moved_into_itself() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/dir")?.tmpfs("a/inner")?.dir("a/inner/dir")?.tmpfs("b")?.dir("b/dir")?;
    let before = tree.mounts()?;
    for to in ["a", "a/dir", "a/inner", "a/inner/dir"] {
        expect_errno!(tree.move_to("a", to), ELOOP, "to {to}");
        expect_eq!(tree.mounts()?, before, "after moving to {to} was refused");
    }
    expect_ok!(tree.move_to("a/inner", "a/dir"), "the inner one within the outer one");
    expect_ok!(tree.move_to("a", "b/dir"), "to a directory of another mount");
    holds()
}

/// MS_MOVE of the root directory's mount fails with ELOOP, since every place to move it to lies in it.
///
/// The root of the stage lies on another one. Only where it does not is it EINVAL.
#[claim(
    source = ["mount(2) ERRORS", "fs/namespace.c do_move_mount"],
    needs = [Root],
    erratum = "mount(2), ERRORS: EINVAL, if a move operation was attempted, and source was '/'.",
)]
fn the_root_is_not_moved() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("to")?;
    expect_errno!(move_to("/", tree.path("to")), ELOOP);
    expect_ok!(tree.move_to("a", "to"), "another mount");
    holds()
}
