//! What an unmount takes along below other mounts, and what stands in its way: `mount_namespaces(7)`, Unmount semantics.

use std::fs::File;

use kit::mounts::Propagation::{Private, Shared, Slave};
use kit::mounts::Tree;
use kit::prelude::*;
use nix::mount::MntFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    umount_takes_the_topmost_mount_everywhere,
    umount_spares_a_copy_with_a_mount_below,
    umount_takes_a_covered_copy_from_below_its_cover,
    umount_is_refused_where_something_is_mounted_below,
    open_file_in_a_copy_stands_in_the_way,
    lazy_umount_of_a_shared_copy_empties_the_original,
    changed_type_protects_the_original_from_a_lazy_umount,
];

/// Unmounting below a shared mount takes the mount that was put there last, on every mount that receives from that one.
#[claim(source = ["mount_namespaces(7) Unmount semantics", "umount(2)", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn umount_takes_the_topmost_mount_everywhere() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", Shared)?.bind("m", "slave")?.slave("slave")?.tmpfs("m/a")?;
    let one = tree.mounts()?;
    tree.tmpfs("m/a")?;
    let stacked = tree.mounts()?;
    for name in ["m/a", "m.peer/a", "slave/a"] {
        expect_eq!((one.stack(name).len(), stacked.stack(name).len()), (1, 2), "mounts on {name} before");
    }
    expect_ok!(tree.umount("m.peer/a"));
    expect_eq!(tree.mounts()?, one, "when one has been unmounted");
    expect_ok!(tree.umount("m/a"));
    for name in ["m/a", "m.peer/a", "slave/a"] {
        expect!(!tree.is_mounted(name)?, "when both have been unmounted: still on {name}");
    }
    holds()
}

/// An unmount that is passed on spares a copy on which something is mounted, even if files are open in it, and takes the others.
#[claim(source = ["mount_namespaces(7) Unmount semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn umount_spares_a_copy_with_a_mount_below() -> Verdict {
    for (has_mount_below, is_open) in [(false, false), (true, false), (true, true)] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("m", Shared)?.bind("m", "third")?.tmpfs("m/a")?.private("third/a")?;
            if has_mount_below {
                tree.tmpfs("third/a/below")?;
            }
            let open = is_open.then(|| File::open(tree.path("third/a"))).transpose().doing("open")?;
            expect_ok!(tree.umount("m/a"), "with a mount below: {has_mount_below}, open: {is_open}");
            let seen = tree.mounts()?;
            for name in ["m/a", "m.peer/a"] {
                expect_eq!(seen.tags(name), None, "{name}, with a mount below the third copy: {has_mount_below}");
            }
            for name in ["third/a", "third/a/below"] {
                let is_there = seen.find(name).is_some();
                expect_eq!(is_there, has_mount_below, "{name}, with a mount below it: {has_mount_below}");
            }
            drop(open);
            Ok(())
        })?;
    }
    holds()
}

/// An unmount that is passed on takes a copy that is wholly covered by another mount, which takes its place.
#[claim(
    source = "kernel 7.3 fs/pnode.c propagate_umount",
    needs = [Root],
    erratum = "mount_namespaces(7), Unmount semantics: mounts that have submounts under them are not unmounted.",
)]
fn umount_takes_a_covered_copy_from_below_its_cover() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", Shared)?.tmpfs("m/a")?.private("m.peer/a")?.tmpfs("m.peer/a")?.file("m.peer/a/cover", "")?;
    let before = tree.mounts()?;
    let [copy, cover] = before.stack("m.peer/a")[..] else {
        return Err(Failure::broken(format!("no two mounts on m.peer/a: {before:?}")));
    };
    expect_eq!(cover.parent, copy.id, "what the cover is mounted on before");
    expect_ok!(tree.umount("m/a"));
    let seen = tree.mounts()?;
    let left: Vec<_> = seen.stack("m.peer/a").into_iter().map(|mount| (mount.id, mount.parent)).collect();
    expect_eq!(left, [(cover.id, before.at("m.peer")?.id)], "ID and parent of what is left on m.peer/a");
    expect!(tree.path("m.peer/a/cover").exists(), "the cover's file");
    expect_eq!(seen.tags("m/a"), None);
    holds()
}

/// Unmounting a mount below which another is fails with EBUSY and unmounts no copy; with MNT_DETACH it takes all of them.
#[claim(source = ["umount(2) ERRORS", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn umount_is_refused_where_something_is_mounted_below() -> Verdict {
    for (removed_first, flags) in [(false, MntFlags::MNT_DETACH), (true, MntFlags::empty())] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("m", Shared)?.tmpfs("m/a")?.private("m/a")?.tmpfs("m/a/below")?;
            let before = tree.mounts()?;
            expect_errno!(tree.umount("m/a"), EBUSY);
            expect_eq!(tree.mounts()?, before, "after the refusal");
            if removed_first {
                tree.umount("m/a/below")?;
            }
            expect_ok!(tree.umount_by("m/a", flags), "with {flags:?}, the other unmounted first: {removed_first}");
            let seen = tree.mounts()?;
            for name in ["m/a", "m/a/below", "m.peer/a"] {
                expect_eq!(seen.tags(name), None, "{name}, with {flags:?}");
            }
            Ok(())
        })?;
    }
    holds()
}

/// An open file in a copy that a peer, a slave or another mount namespace has makes umount(2) fail with EBUSY until it is closed.
#[claim(source = "kernel 7.3 fs/pnode.c propagate_mount_busy", needs = [Root])]
fn open_file_in_a_copy_stands_in_the_way() -> Verdict {
    for place in ["m.peer", "slave", "other"] {
        for (closes, flags) in [(true, MntFlags::empty()), (false, MntFlags::MNT_DETACH)] {
            child(CLONE_NEWNS, || {
                let tree = Tree::new()?;
                tree.typed("m", Shared)?.bind("m", "slave")?.slave("slave")?;
                let other = waiting(CLONE_NEWNS)?;
                tree.tmpfs("m/a")?;
                let path = match place {
                    "other" => format!("/proc/{}/root{}", other.pid(), tree.path("m/a").display()).into(),
                    name => tree.path(name).join("a"),
                };
                let open = File::open(&path).doing(format!("open {}", path.display()))?;
                let before = tree.mounts()?;
                expect_errno!(tree.umount("m/a"), EBUSY, "with a file open below {place}");
                expect_eq!(tree.mounts()?, before, "after the refusal");
                if closes {
                    drop(open);
                }
                expect_ok!(tree.umount_by("m/a", flags), "the file below {place} closed: {closes}, with {flags:?}");
                for name in ["m/a", "m.peer/a", "slave/a"] {
                    expect!(!tree.is_mounted(name)?, "{name} is still mounted");
                }
                expect_eq!(tree.mounts_of(other.pid())?.tags("m/a"), None, "in the other namespace");
                Ok(())
            })?;
        }
    }
    holds()
}

/// A lazy unmount of a recursive bind of a shared tree onto a directory of itself unmounts what is mounted in the original too.
#[claim(source = "umount(2)", needs = [Root])]
fn lazy_umount_of_a_shared_copy_empties_the_original() -> Verdict {
    let tree = bound_onto_itself()?;
    expect_ok!(tree.detach("m/x"));
    expect_eq!(tree.mounts()?.points(), ["", "m"]);
    holds()
}

/// Made private or slave with all below it, a recursive bind of a shared tree can be unmounted lazily, and the original stays.
#[claim(source = "umount(2)", needs = [Root])]
fn changed_type_protects_the_original_from_a_lazy_umount() -> Verdict {
    for kind in [Private, Slave] {
        child(CLONE_NEWNS, || {
            let tree = bound_onto_itself()?;
            tree.make_all("m/x", kind)?;
            expect_ok!(tree.detach("m/x"));
            expect_eq!(tree.mounts()?.points(), ["", "m", "m/a", "m/b"], "made {kind}");
            Ok(())
        })?;
    }
    // With the type left as it was, and nothing else changed.
    let tree = bound_onto_itself()?;
    tree.detach("m/x")?;
    expect!(!tree.is_mounted("m/a")?, "when it stays shared: {:?}", tree.mounts()?);
    holds()
}

/// A shared tree `m` with mounts `a` and `b`, all of which show at `m/x` again.
fn bound_onto_itself() -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.shared("m")?.tmpfs("m/a")?.tmpfs("m/b")?.rbind("m", "m/x")?;
    let points = tree.mounts()?.points();
    match points == ["", "m", "m/a", "m/b", "m/x", "m/x/a", "m/x/b"] {
        true => Ok(tree),
        false => Err(Failure::broken(format!("a shared tree bound onto itself: {points:?}"))),
    }
}
