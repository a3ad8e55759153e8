//! The types that mounts have in a new mount namespace, and what passes between the two: `mount_namespaces(7)`.

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Propagation, Tags, Tree};
use kit::prelude::*;

use super::flow::{NEW, Place, telling_new_groups};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    new_mount_namespace_keeps_types_and_groups,
    new_mount_namespace_keeps_unbindable,
    new_mount_namespace_makes_unbindable_private,
    new_mount_namespace_keeps_unbindable_again,
    change_of_a_type_is_one_mount_namespaces_own,
    example_of_shared_and_private,
    example_of_a_slave,
];

/// In a new mount namespace private, shared and slave mounts, and those that are both, keep their types, peers and masters.
#[claim(
    source = ["mount_namespaces(7) MS_SHARED and MS_PRIVATE example", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"],
    needs = [Root],
)]
fn new_mount_namespace_keeps_types_and_groups() -> Verdict {
    let tree = Tree::new()?;
    for kind in [Private, Shared, Slave, SharedAndSlave] {
        tree.typed(&format!("{kind}"), kind)?;
    }
    let before = tree.mounts()?;
    let by_clone = child(CLONE_NEWNS, || tree.mounts())?;
    let by_unshare = child(NONE, || {
        unshare(CLONE_NEWNS)?;
        tree.mounts()
    })?;
    for (copy, by) in [(by_clone, "clone"), (by_unshare, "unshare")] {
        expect_eq!(copy.points(), before.points(), "by {by}");
        for mount in &before {
            let there = copy.at(&mount.point)?;
            expect_eq!(there.tags, mount.tags, "{}, by {by}", mount.point.display());
            expect_ne!(there.id, mount.id, "the ID of «{}», by {by}", mount.point.display());
        }
    }
    holds()
}

/// An unbindable mount is unbindable in a new mount namespace, too.
#[claim(source = "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics", until = "6.17", needs = [Root])]
fn new_mount_namespace_keeps_unbindable() -> Verdict {
    in_each_copy_of_unbindable(Unbindable)
}

/// An unbindable mount is private in a new mount namespace, and can be bound there.
#[claim(
    source = "kernel 6.18 fs/namespace.c clone_mnt",
    since = "6.17",
    until = "7.2",
    replaces = "new_mount_namespace_keeps_unbindable",
    needs = [Root],
    erratum = "Documentation/filesystems/sharedsubtree.rst, 5) Detailed semantics: it is an unbindable mount in the new namespace too.",
)]
fn new_mount_namespace_makes_unbindable_private() -> Verdict {
    in_each_copy_of_unbindable(Private)
}

/// An unbindable mount is unbindable in a new mount namespace, as it was before 6.17.
#[claim(
    source = ["kernel 7.3 fs/namespace.c clone_mnt", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"],
    since = "7.2",
    replaces = "new_mount_namespace_makes_unbindable_private",
    needs = [Root],
)]
fn new_mount_namespace_keeps_unbindable_again() -> Verdict {
    in_each_copy_of_unbindable(Unbindable)
}

/// A change of a mount's type changes that of no copy in another mount namespace, in either direction.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root])]
fn change_of_a_type_is_one_mount_namespaces_own() -> Verdict {
    let tree = Tree::new()?;
    let kinds = [Private, Shared, Slave, SharedAndSlave].map(|kind| (format!("{kind}"), kind));
    for (name, kind) in &kinds {
        tree.typed(name, *kind)?;
    }
    let other = waiting(CLONE_NEWNS)?;
    let [here, there] = [Place::here(&tree, ""), Place::of(&other, &tree, "")];
    for wish in [Slave, Shared, Private, Unbindable] {
        for (changed, left) in [(here, there), (there, here)] {
            let before = left.mounts()?;
            changed.there(|| {
                for (name, _) in &kinds {
                    expect_ok!(tree.make(name, wish), "{name} made {wish}");
                    expect_eq!(
                        tree.tags(name)?.shared.is_some(),
                        wish == Shared,
                        "whether {name} is shared, made {wish}"
                    );
                }
                Ok(())
            })?;
            expect_eq!(left.mounts()?, before, "the mounts of one namespace, when those of the other were made {wish}");
        }
    }
    holds()
}

/// Of mounts made in a new mount namespace below a shared and a private mount, the first shows in the old one, as a peer.
#[claim(source = "mount_namespaces(7) MS_SHARED and MS_PRIVATE example", needs = [Root])]
fn example_of_shared_and_private() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("S")?.shared("S")?.tmpfs("P")?;
    let other = waiting(CLONE_NEWNS)?;
    let before = tree.mounts()?;
    Place::of(&other, &tree, "S").mount("a")?;
    Place::of(&other, &tree, "P").mount("b")?;
    let (here, there) = (tree.mounts()?, tree.mounts_of(other.pid())?);
    let shared = there.tags("S/a");
    let expected = Some(Tags { shared: NEW, ..Tags::NONE });
    expect_eq!(telling_new_groups(shared, &before), expected, "S/a there, where 0 is a new group");
    expect_eq!(here.tags("S/a"), shared, "S/a here");
    expect_eq!((here.tags("P/b"), there.tags("P/b")), (None, Some(Tags::NONE)), "P/b here and there");
    holds()
}

/// Of mounts made below a mount that is a slave in a new mount namespace, it receives the old one's, as slaves, and keeps its own.
#[claim(source = "mount_namespaces(7) MS_SLAVE example", needs = [Root])]
fn example_of_a_slave() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("X")?.shared("X")?.tmpfs("Y")?.shared("Y")?;
    let group = tree.tags("Y")?.shared;
    let other = waiting(CLONE_NEWNS)?;
    let y = Place::of(&other, &tree, "Y");
    y.there(|| Ok(tree.slave("Y").map(drop)?))?;
    expect_eq!(y.tags()?, Some(Tags { master: group, ..Tags::NONE }), "Y in the new namespace");
    Place::of(&other, &tree, "X").mount("a")?;
    y.mount("b")?;
    tree.tmpfs("Y/c")?;
    let (here, there) = (tree.mounts()?, tree.mounts_of(other.pid())?);
    expect_eq!(here.propagation("X/a"), Some(Shared), "X/a in the old one");
    expect_eq!(there.tags("X/a"), here.tags("X/a"), "X/a in the new one");
    expect_eq!((here.tags("Y/b"), there.tags("Y/b")), (None, Some(Tags::NONE)), "Y/b in the old and the new one");
    let c = here.at("Y/c")?.tags;
    expect_eq!(Propagation::told_by(c), Shared, "Y/c in the old one");
    expect_eq!(there.tags("Y/c"), Some(Tags { master: c.shared, ..Tags::NONE }), "Y/c in the new one");
    holds()
}

/// In mount namespaces that clone(2) and unshare(2) make, an unbindable mount is of type `expected`, and can be bound
/// accordingly; where it was copied from it stays what it was.
fn in_each_copy_of_unbindable(expected: Propagation) -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.unbindable("m")?.dir("to")?;
    let in_a_copy = || {
        expect_eq!(tree.propagation("m")?, expected);
        if expected == Unbindable {
            expect_errno!(tree.bind("m", "to"), EINVAL);
            tree.private("m")?;
        }
        expect_ok!(tree.bind("m", "to"), "when it is private");
        Ok(())
    };
    child(CLONE_NEWNS, in_a_copy).doing("by clone")?;
    child(NONE, || {
        unshare(CLONE_NEWNS)?;
        in_a_copy()
    })
    .doing("by unshare")?;
    expect_eq!(tree.propagation("m")?, Unbindable, "where it was copied from");
    expect_errno!(tree.bind("m", "to"), EINVAL, "where it was copied from");
    holds()
}
