//! What a recursive bind copies, and how many mounts that makes: `mount_namespaces(7)`, MS_UNBINDABLE.

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Detached, Tags, Tree};
use kit::prelude::*;

use super::flow::{NEW, telling_new_groups};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    bind_of_unbindable_in_every_way,
    recursive_bind_leaves_unbindable_mounts_out,
    recursive_bind_copies_bind_mounts,
    recursive_bind_treats_each_mount_by_its_type,
    recursive_binds_of_a_root_double_its_mounts,
    unbindable_copies_keep_the_mounts_from_doubling,
    recursive_binds_of_a_shared_root_grow_faster_than_the_faq_says,
    unbindable_folder_keeps_a_shared_root_from_growing,
];

/// An unbindable mount, and a directory in it, can be bound and cloned by no call: mount(2) and open_tree(2) fail with EINVAL.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "mount(2) ERRORS", "open_tree(2)"], needs = [Root])]
fn bind_of_unbindable_in_every_way() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.dir("m/a")?;
    let calls: [(&str, CopyCall); 4] = [
        ("bind", |tree, from| tree.bind(from, "to").map(drop)),
        ("bind recursively", |tree, from| tree.rbind(from, "to").map(drop)),
        ("clone", |tree, from| Detached::copy_of(tree.path(from)).map(drop)),
        ("clone recursively", |tree, from| Detached::copy_of_all(tree.path(from)).map(drop)),
    ];
    for (what, call) in calls {
        for from in ["m", "m/a"] {
            tree.unbindable("m")?;
            expect_errno!(call(&tree, from), EINVAL, "{what} {from}");
            for kind in [Private, Shared] {
                tree.make("m", kind)?;
                expect_ok!(call(&tree, from), "{what} {from}, made {kind}");
                if tree.is_mounted("to")? {
                    tree.umount("to")?;
                }
            }
        }
    }
    holds()
}

/// A recursive bind or clone leaves out each unbindable mount with all that is mounted below it, and copies every other mount.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "mount(2)", "open_tree(2)", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn recursive_bind_leaves_unbindable_mounts_out() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.tmpfs("from/b")?.tmpfs("from/b/d")?.tmpfs("from/b/e")?;
    tree.tmpfs("from/c")?.tmpfs("from/c/f")?.tmpfs("from/c/f/g")?;
    tree.typed("shared", Shared)?.dir("clone")?;
    for (unbindable, expected) in [
        ("from/c", &["", "b", "b/d", "b/e"] as &[&str]),
        ("from/c/f", &["", "b", "b/d", "b/e", "c"]),
        ("from/b/e", &["", "b", "b/d", "c", "c/f", "c/f/g"]),
    ] {
        tree.unbindable(unbindable)?;
        expect_ok!(tree.rbind("from", "to"));
        expect_ok!(tree.rbind("from", "shared/to"));
        expect_ok!(expect_ok!(Detached::copy_of_all(tree.path("from"))).attach(tree.path("clone")));
        for place in ["to", "shared/to", "shared.peer/to", "clone"] {
            let copied = tree.mounts()?.within(place).points();
            expect_eq!(copied, expected, "in {place}, with {unbindable} unbindable");
        }
        for place in ["to", "shared/to", "clone"] {
            tree.detach(place)?;
        }
        tree.private(unbindable)?;
    }
    tree.rbind("from", "to")?;
    expect_eq!(tree.mounts()?.within("to").len(), 7, "mounts of a copy, with none unbindable");
    holds()
}

/// A recursive bind copies the bind mounts below its source as well.
#[claim(
    source = ["mount(2)", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"],
    needs = [Root],
    erratum = "mount_namespaces(7), SHARED SUBTREES: a recursive bind prunes any bind mounts within the subtree.",
)]
fn recursive_bind_copies_bind_mounts() -> Verdict {
    for kind in [Private, Shared] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.tmpfs("from")?.make("from", kind)?.tmpfs("from/a")?.file("from/a/there", "")?;
            tree.bind("from/a", "from/b")?.unbindable("from/a")?;
            expect_ok!(tree.rbind("from", "to"));
            expect_eq!(tree.mounts()?.within("to").points(), ["", "b"], "below one that is {kind}");
            expect!(tree.path("to/b/there").exists(), "the file of the bind mount, below one that is {kind}");
            Ok(())
        })?;
    }
    holds()
}

/// A recursive bind makes of each mount what a bind of that alone would make of it, by its own type and the destination's.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn recursive_bind_treats_each_mount_by_its_type() -> Verdict {
    for (destination, shares) in [(Private, false), (Slave, false), (Shared, true), (SharedAndSlave, true)] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.tmpfs("from")?.typed("to", destination)?.dir("to/x")?;
            let kinds = [("private", Private), ("shared", Shared), ("slave", Slave), ("both", SharedAndSlave)];
            for (name, kind) in kinds {
                tree.typed(&format!("from/{name}"), kind)?;
            }
            let before = tree.mounts()?;
            expect_ok!(tree.rbind("from", "to/x"));
            let seen = tree.mounts()?;
            for (name, _) in [("", Private)].into_iter().chain(kinds) {
                let source = before.at(format!("from/{name}"))?.tags;
                let new = if shares { NEW } else { None };
                let expected = Tags { shared: source.shared.or(new), ..source };
                let tags = telling_new_groups(seen.tags(format!("to/x/{name}")), &before);
                expect_eq!(tags, Some(expected), "«{name}» onto one that is {destination}, where 0 is a new group");
            }
            Ok(())
        })?;
    }
    holds()
}

/// Each recursive bind of a root below itself doubles the number of its mounts.
#[claim(source = "mount_namespaces(7) MS_UNBINDABLE example", needs = [Root])]
fn recursive_binds_of_a_root_double_its_mounts() -> Verdict {
    expect_eq!(sizes(None)?, [6, 12, 24]);
    holds()
}

/// If each recursive bind of a root below itself is made unbindable, the next copies only what was there before them all.
#[claim(source = ["mount_namespaces(7) MS_UNBINDABLE example", "mount_namespaces(7) SHARED SUBTREES"], needs = [Root])]
fn unbindable_copies_keep_the_mounts_from_doubling() -> Verdict {
    let only_the_copy: Change = |tree, name| Ok(tree.make(name, Unbindable).map(drop)?);
    let all_of_it: Change = |tree, name| Ok(tree.make_all(name, Unbindable).map(drop)?);
    expect_eq!(sizes(Some(only_the_copy))?, [6, 9, 12], "made unbindable itself");
    expect_eq!(sizes(Some(all_of_it))?, [6, 9, 12], "made unbindable with all below it");
    holds()
}

/// Three recursive binds of a lone shared mount onto directories of itself make 2, 6 and 42 mounts of it.
#[claim(
    source = "Documentation/filesystems/sharedsubtree.rst 7) FAQ",
    needs = [Root],
    erratum = "Documentation/filesystems/sharedsubtree.rst, 7) FAQ: at step i there are i times as many as before, 24 in the end.",
)]
fn recursive_binds_of_a_shared_root_grow_faster_than_the_faq_says() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.shared("m")?.dir("m/tmp")?;
    expect_eq!(sizes_of_shared(&tree)?, [2, 6, 42]);
    holds()
}

/// With the directory of the copies bound onto itself and unbindable, each recursive bind of a shared root adds one mount.
#[claim(source = "Documentation/filesystems/sharedsubtree.rst 7) FAQ", needs = [Root])]
fn unbindable_folder_keeps_a_shared_root_from_growing() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.dir("m/tmp")?.bind("m/tmp", "m/tmp")?;
    tree.make_all("m", Shared)?.unbindable("m/tmp")?;
    expect_eq!(sizes_of_shared(&tree)?, [3, 4, 5]);
    holds()
}

/// A call that copies a mount, and may have mounted the copy on `to`.
type CopyCall = fn(&Tree, &str) -> Result<(), Refusal>;

/// What is done to a mount.
type Change = fn(&Tree, &str) -> Outcome<()>;

/// How many mounts there are below a private root of three after each of three recursive binds of it below itself, each copy
/// changed before the next.
fn sizes(change: Option<Change>) -> Outcome<[usize; 3]> {
    child(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        tree.tmpfs("root")?.tmpfs("root/x")?.tmpfs("root/y")?;
        let mut sizes = [0; 3];
        for (size, user) in sizes.iter_mut().zip(["cecilia", "henry", "otto"]) {
            let home = format!("root/home/{user}");
            tree.rbind("root", &home)?;
            if let Some(change) = change {
                change(&tree, &home)?;
            }
            *size = tree.mounts()?.within("root").len();
        }
        Ok(sizes)
    })
}

/// How many mounts there are of `m` after each of three recursive binds onto directories in `m/tmp`.
fn sizes_of_shared(tree: &Tree) -> Outcome<[usize; 3]> {
    let mut sizes = [0; 3];
    for (size, name) in sizes.iter_mut().zip(["m/tmp/m1", "m/tmp/m2", "m/tmp/m3"]) {
        tree.rbind("m", name)?;
        *size = tree.mounts()?.within("m").len();
    }
    Ok(sizes)
}
