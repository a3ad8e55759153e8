//! Trees of detached mounts, whose parts can be copied and which can take in others since 6.15. `open_tree(2)`,
//! `move_mount(2)`.

use std::os::fd::{AsFd, OwnedFd};

use kit::mounts::{Detached, Tree};
use kit::prelude::*;
use rustix::fs::{Mode, OFlags, openat};
use rustix::mount::{MountAttrFlags, MoveMountFlags, OpenTreeFlags, move_mount, open_tree};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    what_was_attached_in_a_detached_tree_stays_there,
    an_attached_mount_is_not_moved_into_a_detached_tree,
    only_the_root_of_a_detached_tree_is_attached,
    a_detached_tree_is_attached_once,
    parts_of_a_detached_tree_are_copied_with_what_is_below,
];

/// A mount that was attached in a detached tree cannot be attached again (EINVAL), and stays there without its descriptor.
#[claim(source = ["move_mount(2)", "fs/namespace.c do_move_mount"], since = "6.15", needs = [Root])]
fn what_was_attached_in_a_detached_tree_stays_there() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.dir("from/below")?.dir("from/beside")?.dir("to")?.dir("elsewhere")?;
    let (outer, inner) = (Detached::copy_of(tree.path("from"))?, new()?);
    expect_ok!(attached(&inner, &outer, "below"));
    expect_errno!(attached(&inner, &outer, "beside"), EINVAL, "once more in the tree");
    expect_errno!(inner.attach(tree.path("elsewhere")), EINVAL, "outside");
    expect_ok!(new()?.attach(tree.path("elsewhere")), "another one, outside");
    drop(inner);
    expect_ok!(outer.attach(tree.path("to")));
    let seen = tree.mounts()?;
    expect!(seen.find("to/below").is_some() && seen.find("to/beside").is_none(), "{seen:?}");
    holds()
}

/// Moving a mount that is attached in a mount namespace into a detached tree fails with EINVAL.
#[claim(source = ["move_mount(2)", "fs/namespace.c do_move_mount"], since = "6.15", needs = [Root])]
fn an_attached_mount_is_not_moved_into_a_detached_tree() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.dir("from/below")?.dir("to")?;
    let (outer, mount) = (Detached::copy_of(tree.path("from"))?, new()?);
    mount.attach(tree.path("to"))?;
    expect_errno!(attached(&mount, &outer, "below"), EINVAL);
    expect!(tree.is_mounted("to")?, "afterwards: {:?}", tree.mounts()?);
    expect_ok!(attached(&new()?, &outer, "below"), "one that is attached nowhere");
    holds()
}

/// Of a detached tree, only the root can be attached: move_mount(2) of a mount below it fails with EINVAL.
#[claim(source = ["move_mount(2)", "fs/namespace.c do_move_mount"], since = "6.15", needs = [Root])]
fn only_the_root_of_a_detached_tree_is_attached() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.tmpfs("from/below")?.dir("to")?;
    let whole = Detached::copy_of_all(tree.path("from"))?;
    let part = Detached::from_fd(opened(&whole, "below", OpenTreeFlags::empty()).doing("open a mount in the tree")?);
    expect_errno!(part.attach(tree.path("to")), EINVAL, "the mount below");
    let copy = Detached::from_fd(opened(&whole, "below", OpenTreeFlags::OPEN_TREE_CLONE).doing("copy it")?);
    expect_ok!(copy.attach(tree.path("to")), "a copy of it");
    tree.detach("to")?;
    expect_ok!(whole.attach(tree.path("to")), "the root");
    expect!(tree.is_mounted("to/below")?, "what is below it: {:?}", tree.mounts()?);
    holds()
}

/// A detached tree is attached once: by a second descriptor of its root it is moved on, and not mounted twice.
#[claim(source = ["move_mount(2)", "fs/namespace.c do_move_mount"], since = "6.15", needs = [Root])]
fn a_detached_tree_is_attached_once() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.tmpfs("from/below")?.dir("to")?.dir("elsewhere")?;
    let first = Detached::copy_of_all(tree.path("from"))?;
    let second = opened(&first, "", OpenTreeFlags::AT_EMPTY_PATH).doing("open the tree once more")?;
    let second = Detached::from_fd(second);
    expect_ok!(second.attach(tree.path("to")));
    expect_errno!(first.attach(tree.path("to")), ELOOP, "the same place, which is in the tree now");
    expect_ok!(first.attach(tree.path("elsewhere")), "another place");
    let seen = tree.mounts()?;
    expect!(seen.find("to").is_none() && seen.find("elsewhere/below").is_some(), "{seen:?}");
    holds()
}

/// With AT_RECURSIVE open_tree(2) copies a part of a detached tree with all that is mounted below, and the part can be attached.
#[claim(source = "open_tree(2)", since = "6.15", needs = [Root])]
fn parts_of_a_detached_tree_are_copied_with_what_is_below() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.tmpfs("from/a")?.tmpfs("from/a/b")?.file("from/a/b/here", "")?.dir("part")?.dir("whole")?;
    let whole = Detached::copy_of_all(tree.path("from"))?;
    let clone = OpenTreeFlags::OPEN_TREE_CLONE;
    for (flags, is_whole) in [(clone, false), (clone | OpenTreeFlags::AT_RECURSIVE, true)] {
        let part = expect_ok!(opened(&whole, "a", flags), "{flags:?}");
        let seen = openat(&part, "b/here", OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        expect_eq!(seen.is_ok(), is_whole, "whether what is below shows, {flags:?}");
        expect_ok!(Detached::from_fd(part).attach(tree.path("part")), "{flags:?}");
        expect_eq!(tree.is_mounted("part/b")?, is_whole, "{flags:?}");
        tree.detach("part")?;
    }
    expect_ok!(whole.attach(tree.path("whole")));
    expect!(tree.is_mounted("whole/a/b")?, "{:?}", tree.mounts()?);
    holds()
}

fn new() -> Outcome<Detached> {
    Ok(Detached::new("tmpfs", &[], MountAttrFlags::empty())?)
}

/// Attaches a mount to a directory of another one.
fn attached(mount: &Detached, other: &Detached, name: &str) -> rustix::io::Result<()> {
    move_mount(mount, "", other, name, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

fn opened(mount: impl AsFd, name: &str, flags: OpenTreeFlags) -> rustix::io::Result<OwnedFd> {
    open_tree(mount, name, flags | OpenTreeFlags::OPEN_TREE_CLOEXEC)
}
