//! Places in a stack, by move_mount(2): `MOVE_MOUNT_BENEATH`.

use std::fs;

use kit::mounts::{Detached, Propagation, Tree, peer_of};
use kit::prelude::*;
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, move_mount};

use super::pivoting::{enter, furnish};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    beneath_attaches_below_the_top_mount,
    beneath_refuses_places_that_do_not_fit,
    beneath_the_root_einval,
    beneath_the_root,
    beneath_a_locked_mount_einval,
    beneath_a_locked_mount_moves_the_lock,
];

/// MOVE_MOUNT_BENEATH mounts below the top mount of its target, here and on peers: it shows when the top one is unmounted.
#[claim(source = "move_mount(2)", since = "6.5", needs = [Root])]
fn beneath_attaches_below_the_top_mount() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("shared", Propagation::Shared)?.dir("shared/x")?.tmpfs("shared/x")?.file("shared/x/top", "")?;
    let below = marked(&tree, "below")?;
    expect_ok!(below.attach_by(tree.path("shared/x"), MoveMountFlags::MOVE_MOUNT_BENEATH));
    let places = ["shared/x".to_owned(), format!("{}/x", peer_of("shared"))];
    let shows = |place: &str, name: &str| fs::exists(tree.path(place).join(name));
    for place in &places {
        expect_eq!(tree.mounts()?.stack(place).len(), 2, "mounts at {place}");
        expect_eq!((shows(place, "top")?, shows(place, "below")?), (true, false), "files at {place}");
    }
    expect_ok!(tree.umount("shared/x"));
    for place in &places {
        expect_eq!(tree.mounts()?.stack(place).len(), 1, "mounts at {place} afterwards");
        expect_eq!((shows(place, "top")?, shows(place, "below")?), (false, true), "files at {place} afterwards");
    }
    holds()
}

/// MOVE_MOUNT_BENEATH fails with EINVAL if the target is no mount point or is above the source, or if something is mounted on the
/// source.
#[claim(source = "move_mount(2)", since = "6.5", needs = [Root])]
fn beneath_refuses_places_that_do_not_fit() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("plain")?.tmpfs("top")?.tmpfs("source")?;
    let call = |from: &str, to: &str| beneath(&tree, from, to);
    expect_errno!(call("source", "plain"), EINVAL, "a directory that is no mount point");
    tree.tmpfs("top/inner")?;
    expect_errno!(call("top/inner", "top"), EINVAL, "a mount that the source is below of");
    let covered = marked(&tree, "covered")?;
    tree.dir("stack")?.dir("elsewhere")?;
    covered.attach(tree.path("stack"))?;
    tree.tmpfs("stack")?;
    let flags = MoveMountFlags::MOVE_MOUNT_BENEATH;
    expect_errno!(covered.attach_by(tree.path("top"), flags), EINVAL, "a source that something is mounted on");
    tree.umount("stack")?;
    expect_ok!(covered.attach_by(tree.path("top"), flags), "the same source when that is gone");
    expect_ok!(call("source", "top"), "another mount");
    holds()
}

/// MOVE_MOUNT_BENEATH fails with EINVAL for the caller's root directory.
#[claim(source = "move_mount(2)", since = "6.5", until = "7.1", needs = [Root])]
fn beneath_the_root_einval() -> Verdict {
    in_a_jail(|tree| {
        expect_errno!(marked(tree, "below")?.attach_by("/", MoveMountFlags::MOVE_MOUNT_BENEATH), EINVAL, "the root");
        tree.tmpfs("other")?;
        let other = marked(tree, "below")?;
        expect_ok!(other.attach_by(tree.path("other"), MoveMountFlags::MOVE_MOUNT_BENEATH), "another mount");
        Ok(())
    })?;
    holds()
}

/// MOVE_MOUNT_BENEATH takes the caller's root directory as well.
#[claim(
    source = "fs/namespace.c do_move_mount",
    since = "7.1",
    replaces = "beneath_the_root_einval",
    needs = [Root],
    erratum = "move_mount(2), MOVE_MOUNT_BENEATH: the target must not be the root mount.",
)]
fn beneath_the_root() -> Verdict {
    in_a_jail(|tree| {
        expect_ok!(marked(tree, "below")?.attach_by("/", MoveMountFlags::MOVE_MOUNT_BENEATH));
        expect!(fs::exists("/here")?, "the root directory is as it was");
        Ok(())
    })?;
    holds()
}

/// MOVE_MOUNT_BENEATH fails with EINVAL for a locked mount.
#[claim(source = "move_mount(2)", since = "6.5", until = "7.1", needs = [Root, UserNamespaces])]
fn beneath_a_locked_mount_einval() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("inherited")?;
    user_namespace(CLONE_NEWNS, || {
        let new = || marked(&tree, "below");
        tree.tmpfs("own")?;
        let flags = MoveMountFlags::MOVE_MOUNT_BENEATH;
        expect_errno!(new()?.attach_by(tree.path("inherited"), flags), EINVAL, "an inherited mount");
        expect_ok!(new()?.attach_by(tree.path("own"), flags), "its own");
        holds()
    })
}

/// MOVE_MOUNT_BENEATH a locked mount succeeds and moves the lock: the top mount can be unmounted, and the one beneath cannot.
#[claim(
    source = "fs/namespace.c do_move_mount",
    since = "7.1",
    replaces = "beneath_a_locked_mount_einval",
    needs = [Root, UserNamespaces],
    erratum = "move_mount(2), MOVE_MOUNT_BENEATH: EINVAL if the target is a locked mount.",
)]
fn beneath_a_locked_mount_moves_the_lock() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("inherited")?;
    user_namespace(CLONE_NEWNS, || {
        expect_errno!(tree.umount("inherited"), EINVAL, "before");
        let new = marked(&tree, "below")?;
        expect_ok!(new.attach_by(tree.path("inherited"), MoveMountFlags::MOVE_MOUNT_BENEATH));
        expect_ok!(tree.umount("inherited"), "the mount that was inherited");
        expect!(fs::exists(tree.path("inherited/below"))?, "what shows then");
        expect_errno!(tree.umount("inherited"), EINVAL, "what was mounted beneath it");
        holds()
    })
}

fn beneath(tree: &Tree, from: &str, to: &str) -> rustix::io::Result<()> {
    move_mount(CWD, tree.path(from), CWD, tree.path(to), MoveMountFlags::MOVE_MOUNT_BENEATH)
}

/// A detached tmpfs with one file.
fn marked(tree: &Tree, name: &str) -> Outcome<Detached> {
    let place = format!("made.{name}");
    tree.tmpfs(&place)?.file(&format!("{place}/{name}"), "")?;
    let copy = Detached::copy_of(tree.path(&place))?;
    tree.umount(&place)?;
    Ok(copy)
}

/// A child in a new mount namespace whose root directory is a mount of its own, and a tree there.
fn in_a_jail(body: impl FnOnce(&Tree) -> Outcome<()>) -> Outcome<()> {
    child(CLONE_NEWNS, || {
        let outside = Tree::new()?;
        furnish(&outside, "jail")?;
        outside.dir("jail/t")?;
        enter(&outside, "jail")?;
        body(&Tree::at("/t")?)
    })
}
