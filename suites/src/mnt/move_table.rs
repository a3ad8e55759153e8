//! What a mount becomes that is moved, by its type and that of where it goes: `mount_namespaces(7)` and
//! `Documentation/filesystems/sharedsubtree.rst`, the table of move semantics.

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Propagation, Tags, Tree, master_of, peer_of};
use kit::prelude::*;
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, move_mount};

use super::flow::{NEW, SHARED, telling_new_groups};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    move_of_shared_onto_shared,
    move_of_shared_onto_non_shared,
    move_of_private_onto_shared,
    move_of_private_onto_non_shared,
    move_of_slave_onto_shared,
    move_of_slave_onto_non_shared,
    move_of_slave_and_shared_onto_shared,
    move_of_slave_and_shared_onto_non_shared,
    move_of_unbindable_onto_non_shared,
    move_of_unbindable_onto_shared,
    move_of_a_tree_with_an_unbindable_mount,
    move_of_a_tree_onto_shared,
    move_from_below_a_shared_mount,
];

/// A shared mount moved onto a shared mount stays in its peer group, and its copies on the peers of that join it.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_shared_onto_shared() -> Verdict {
    onto_each_shared(Shared, |source| source)
}

/// A shared mount moved onto a mount that is not shared stays in its peer group, and is copied nowhere.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_shared_onto_non_shared() -> Verdict {
    onto_each_non_shared(Shared)
}

/// A private mount moved onto a shared mount becomes shared, in a new peer group with its copies on the peers of that.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_private_onto_shared() -> Verdict {
    onto_each_shared(Private, |_| Tags { shared: NEW, ..Tags::NONE })
}

/// A private mount moved onto a mount that is not shared stays private, and is copied nowhere.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_private_onto_non_shared() -> Verdict {
    onto_each_non_shared(Private)
}

/// A slave mount moved onto a shared mount keeps its master, and becomes shared, in a new peer group with its copies.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_slave_onto_shared() -> Verdict {
    onto_each_shared(Slave, |source| Tags { shared: NEW, ..source })
}

/// A slave mount moved onto a mount that is not shared keeps its master, and is copied nowhere.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_slave_onto_non_shared() -> Verdict {
    onto_each_non_shared(Slave)
}

/// A mount that is slave and shared and is moved onto a shared mount keeps its peers and its master, as its copies do.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_slave_and_shared_onto_shared() -> Verdict {
    onto_each_shared(SharedAndSlave, |source| source)
}

/// A mount that is slave and shared and is moved onto one that is not shared keeps its peers and its master.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_slave_and_shared_onto_non_shared() -> Verdict {
    onto_each_non_shared(SharedAndSlave)
}

/// An unbindable mount moved onto a mount that is not shared stays unbindable.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_unbindable_onto_non_shared() -> Verdict {
    onto_each_non_shared(Unbindable)
}

/// Moving an unbindable mount onto a shared mount fails with EINVAL.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "mount(2) ERRORS", "move_mount(2)"], needs = [Root])]
fn move_of_unbindable_onto_shared() -> Verdict {
    for_each_call(|call| {
        for destination in SHARED {
            let tree = both(Unbindable, destination)?;
            expect_errno!(call(&tree, "from", "to/x"), EINVAL, "onto a mount that is {destination}");
            tree.private("from")?;
            expect_ok!(call(&tree, "from", "to/x"), "made private, onto a mount that is {destination}");
        }
        Ok(())
    })
}

/// Moving a mount below which is an unbindable one fails with EINVAL where it goes to a shared mount, and nowhere else.
#[claim(source = ["mount(2) ERRORS", "move_mount(2)", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_a_tree_with_an_unbindable_mount() -> Verdict {
    for_each_call(|call| {
        for destination in Propagation::ALL {
            let tree = both(Private, destination)?;
            tree.tmpfs("from/a")?.tmpfs("from/a/b")?.unbindable("from/a/b")?;
            if SHARED.contains(&destination) {
                expect_errno!(call(&tree, "from", "to/x"), EINVAL, "onto a mount that is {destination}");
                tree.private("from/a/b")?;
                expect_ok!(call(&tree, "from", "to/x"), "made private, onto a mount that is {destination}");
            } else {
                expect_ok!(call(&tree, "from", "to/x"), "onto a mount that is {destination}");
                expect_eq!(tree.mounts()?.propagation("to/x/a/b"), Some(Unbindable), "on one that is {destination}");
            }
        }
        Ok(())
    })
}

/// A tree of mounts moved onto a shared mount becomes shared mount by mount, each in a group with its copy on the peers.
#[claim(source = ["kernel 7.3 fs/namespace.c attach_recursive_mnt", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn move_of_a_tree_onto_shared() -> Verdict {
    for_each_call(|call| {
        let tree = both(Private, Shared)?;
        tree.tmpfs("from/a")?.tmpfs("from/a/b")?.typed("from/s", Slave)?;
        let before = tree.mounts()?;
        expect_ok!(call(&tree, "from", "to/x"));
        let seen = tree.mounts()?;
        let mut groups = Vec::new();
        for name in ["", "/a", "/a/b", "/s"] {
            let tags = seen.tags(format!("to/x{name}"));
            let expected = Tags { shared: NEW, ..before.at(format!("from{name}"))?.tags };
            expect_eq!(telling_new_groups(tags, &before), Some(expected), "from{name}, where 0 is a new group");
            expect_eq!(seen.tags(format!("to.peer/x{name}")), tags, "the copy of from{name}");
            let group = tags.and_then(|tags| tags.shared);
            expect!(!groups.contains(&group), "from{name} has the group of another mount: {seen:?}");
            groups.push(group);
        }
        Ok(())
    })
}

/// Moving a mount fails with EINVAL where the mount that it is mounted on is shared; below one that is not, it succeeds.
#[claim(source = ["mount_namespaces(7) Move (MS_MOVE) semantics", "mount(2) ERRORS", "move_mount(2)"], needs = [Root])]
fn move_from_below_a_shared_mount() -> Verdict {
    for_each_call(|call| {
        for parent in Propagation::ALL {
            let tree = Tree::new()?;
            tree.typed("parent", parent)?.tmpfs("parent/a")?.private("parent/a")?.tmpfs("to")?.dir("to/x")?;
            if SHARED.contains(&parent) {
                expect_errno!(call(&tree, "parent/a", "to/x"), EINVAL, "from below a mount that is {parent}");
                tree.private("parent")?;
                expect_ok!(call(&tree, "parent/a", "to/x"), "from below a mount that was {parent} and is private");
            } else {
                expect_ok!(call(&tree, "parent/a", "to/x"), "from below a mount that is {parent}");
            }
        }
        Ok(())
    })
}

/// A call that moves a mount of a tree.
type Move = fn(&Tree, &str, &str) -> Result<(), Refusal>;

fn by_mount(tree: &Tree, from: &str, to: &str) -> Result<(), Refusal> {
    tree.move_to(from, to).map(drop)
}

fn by_move_mount(tree: &Tree, from: &str, to: &str) -> Result<(), Refusal> {
    move_mount(CWD, tree.path(from), CWD, tree.path(to), MoveMountFlags::empty())
        .calling(format!("move_mount {from} to {to}"))
}

/// Judges both calls that move mounts, each in a mount namespace of its own.
fn for_each_call(judge: impl Fn(Move) -> Outcome<()>) -> Verdict {
    child(CLONE_NEWNS, || judge(by_mount)).doing("by mount(2)")?;
    child(CLONE_NEWNS, || judge(by_move_mount)).doing("by move_mount(2)")?;
    holds()
}

/// Moves a mount of type `source` onto each kind of shared mount: it has the tags that `expected` makes of those before, its
/// copy on the destination's peer has the same, and the destination's master gets none.
fn onto_each_shared(source: Propagation, expected: impl Fn(Tags) -> Tags) -> Verdict {
    for_each_call(|call| {
        for destination in SHARED {
            let tree = both(source, destination)?;
            let before = tree.mounts()?;
            expect_ok!(call(&tree, "from", "to/x"), "{source} onto {destination}");
            let seen = tree.mounts()?;
            let (old, new) = (before.at("from")?, seen.find("to/x"));
            let tags = telling_new_groups(new.map(|mount| mount.tags), &before);
            expect_eq!(tags, Some(expected(old.tags)), "{source} onto {destination}, where 0 is a new group");
            expect_eq!(new.map(|mount| mount.id), Some(old.id), "the mount's ID, {source} onto {destination}");
            expect_eq!(
                seen.tags(peer_of("to") + "/x"),
                new.map(|mount| mount.tags),
                "the copy on the peer, {source} onto {destination}"
            );
            expect_eq!(seen.tags(master_of("to") + "/x"), None, "on the master, {source} onto {destination}");
            expect_eq!(seen.tags("from"), None, "in the old place, {source} onto {destination}");
            expect_eq!(seen.len(), before.len() + 1, "mounts afterwards, {source} onto {destination}");
        }
        Ok(())
    })
}

/// Moves a mount of type `source` onto each kind of mount that is not shared: all stays as it was but the place.
fn onto_each_non_shared(source: Propagation) -> Verdict {
    for_each_call(|call| {
        for destination in Propagation::NON_SHARED {
            let tree = both(source, destination)?;
            let before = tree.mounts()?;
            expect_ok!(call(&tree, "from", "to/x"), "{source} onto {destination}");
            let seen = tree.mounts()?;
            let [old, new] =
                [before.find("from"), seen.find("to/x")].map(|mount| mount.map(|mount| (mount.id, mount.tags)));
            expect_eq!(new, old, "ID and tags, {source} onto {destination}");
            expect_eq!(seen.tags("from"), None, "in the old place, {source} onto {destination}");
            expect_eq!(seen.len(), before.len(), "mounts afterwards, {source} onto {destination}");
        }
        Ok(())
    })
}

/// A tree with a mount «from» of one type and a mount «to» of another, which has a directory «x».
fn both(source: Propagation, destination: Propagation) -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.typed("from", source)?.typed("to", destination)?.dir("to/x")?;
    Ok(tree)
}
