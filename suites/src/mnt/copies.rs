//! A new mount namespace begins with a copy of the mounts of the one that it is made from: `mount_namespaces(7)`.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use kit::Links;
use kit::mounts::{Mount, Mounts, Propagation, Tree, tmpfs, umount};
use kit::prelude::*;
use nix::mount::MsFlags;
use nix::unistd::{chdir, chroot, getcwd, getppid};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_copies_the_mount_list,
    clone_copies_the_mount_list,
    copied_mounts_have_ids_of_their_own,
    mounts_of_a_forked_child_are_its_parents,
    private_mounts_are_changed_in_one_namespace,
    the_root_and_working_directory_move_to_the_copies,
    a_chroot_survives_unsharing_mounts,
    mounts_leave_their_peer_group_with_their_namespace,
];

/// After unshare(CLONE_NEWNS) the caller has the same mounts as before, with the same options, in the same order of nesting.
#[claim(source = ["mount_namespaces(7) DESCRIPTION", "unshare(2)", "Linux Namespaces"], needs = [Root])]
fn unshare_copies_the_mount_list() -> Verdict {
    let tree = varied()?;
    let before = facts(&Mounts::own()?);
    child(NONE, || {
        let inode = own_inode(Kind::Mnt)?;
        unshare(CLONE_NEWNS)?;
        expect_ne!(own_inode(Kind::Mnt)?, inode);
        expect_eq!(facts(&Mounts::own()?), before);
        tree.tmpfs("more")?;
        expect_ne!(facts(&Mounts::own()?), before, "after another mount");
        Ok(())
    })?;
    expect_eq!(facts(&Mounts::own()?), before, "outside");
    holds()
}

/// A child that is made with CLONE_NEWNS has the mounts that its parent has at that time, with the same options.
#[claim(source = ["mount_namespaces(7) DESCRIPTION", "clone(2)", "Linux Namespaces"], needs = [Root])]
fn clone_copies_the_mount_list() -> Verdict {
    let tree = varied()?;
    for more in ["one", "two"] {
        tree.tmpfs(more)?;
        let before = facts(&Mounts::own()?);
        let inside = spawn(CLONE_NEWNS, |outside| {
            outside.wait()?;
            expect_ne!(own_inode(Kind::Mnt)?, inode_of(getppid(), Kind::Mnt)?);
            expect_eq!(facts(&Mounts::own()?), before, "with {more}");
            Ok(())
        })?;
        // What is done after the child was made does not count.
        tree.tmpfs("late")?;
        inside.go()?;
        inside.join()?;
        tree.umount("late")?;
    }
    holds()
}

/// No mount of a copied list has the mount ID of a mount in the list that it was copied from.
#[claim(source = ["mount_namespaces(7) MS_SHARED and MS_PRIVATE example", "proc_pid_mountinfo(5)"], needs = [Root])]
fn copied_mounts_have_ids_of_their_own() -> Verdict {
    varied()?;
    let ids = || Ok::<HashSet<u64>, Failure>(Mounts::own()?.iter().map(|mount| mount.id).collect());
    let before = ids()?;
    // This process keeps the old mounts, so that their IDs are not free.
    let copied = child(CLONE_NEWNS, ids)?;
    expect_eq!(copied.len(), before.len());
    expect!(copied.is_disjoint(&before), "{copied:?} and {before:?}");
    expect_eq!(child(NONE, ids)?, before, "of a child without a mount namespace of its own");
    holds()
}

/// A mount that a child makes which was forked without CLONE_NEWNS is its parent's, too.
#[claim(source = ["mount(2) Mount namespaces", "clone(2)"], needs = [Root])]
fn mounts_of_a_forked_child_are_its_parents() -> Verdict {
    let tree = Tree::new()?;
    for (flags, place, is_seen) in [(NONE, "a", true), (CLONE_NEWNS, "b", false)] {
        tree.dir(place)?;
        let links = child(flags, || {
            tree.tmpfs(place)?;
            expect!(tree.is_mounted(place)?, "the child does not see its mount");
            Links::own()
        })?;
        expect_eq!(tree.is_mounted(place)?, is_seen, "with the flags «{flags}»");
        expect_eq!(links.get("mnt")? == own_inode(Kind::Mnt)?, is_seen, "whether the namespace is the same one");
    }
    holds()
}

/// What is mounted, bound or unmounted on private mounts in one mount namespace changes nothing in another, in either direction.
#[claim(source = ["mount_namespaces(7) DESCRIPTION", "mount(2) Mount namespaces", "Linux Namespaces"], needs = [Root])]
fn private_mounts_are_changed_in_one_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("old")?.tmpfs("older")?;
    for name in ["in", "in bound", "out", "out bound"] {
        tree.dir(name)?;
    }
    let there = spawn(CLONE_NEWNS, |outside| {
        tree.tmpfs("in")?.bind("older", "in bound")?.umount("old")?;
        outside.go()?;
        outside.wait()?;
        tree.mounts()
    })?;
    there.recv::<()>()?;
    expect_eq!(tree.mounts()?.points(), ["", "old", "older"], "outside, after changes inside");
    tree.tmpfs("out")?.bind("old", "out bound")?.umount("older")?;
    there.go()?;
    expect_eq!(there.join()?.points(), ["", "in", "in bound", "older"], "inside, after changes outside");
    expect_eq!(tree.mounts()?.points(), ["", "old", "out", "out bound"], "outside, after changes outside");
    holds()
}

/// After unshare(CLONE_NEWNS) the caller's root and working directory are on the copies of their mounts.
///
/// So what the caller mounts by a relative path is mounted in the new namespace.
#[claim(source = ["fs/namespace.c copy_mnt_ns", "unshare(2)"], needs = [Root])]
fn the_root_and_working_directory_move_to_the_copies() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/dir")?;
    child(NONE, || {
        chdir(&tree.path("a"))?;
        unshare(CLONE_NEWNS)?;
        expect_ok!(tmpfs("dir"), "by a path from the working directory");
        expect_ok!(umount(tree.path("a/dir")), "by a path from the root directory");
        tmpfs(tree.path("a/dir"))?;
        fs::write("dir/text", "inside").doing("write by the working directory")?;
        expect_eq!(fs::read_to_string(tree.path("a/dir/text"))?, "inside");
        Ok(())
    })?;
    expect_eq!(tree.mounts()?.points(), ["", "a"], "outside");
    holds()
}

/// unshare(CLONE_NEWNS) in a chroot keeps the root and the working directory there.
#[claim(source = ["fs/namespace.c copy_mnt_ns", "unshare(2)"], needs = [Root])]
fn a_chroot_survives_unsharing_mounts() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.file("a/jail/dir/text", "")?;
    for root in ["a", "a/jail"] {
        child(NONE, || {
            chroot(&tree.path(root)).doing("chroot")?;
            let directory = if root == "a" { "/jail/dir" } else { "/dir" };
            chdir(directory)?;
            unshare(CLONE_NEWNS)?;
            expect_eq!(getcwd()?, PathBuf::from(directory), "in {root}");
            expect!(fs::exists("text")? && !fs::exists("/mnt")?, "of what is in {root}");
            Ok(())
        })?;
    }
    holds()
}

/// When a mount namespace ends, its mounts leave their peer groups: one that is alone then becomes private when made a slave.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root])]
fn mounts_leave_their_peer_group_with_their_namespace() -> Verdict {
    let tree = Tree::new()?;
    for (name, ends) in [("a", false), ("b", true)] {
        tree.tmpfs(name)?.shared(name)?;
        let there = waiting(CLONE_NEWNS)?;
        if ends {
            there.go()?;
            there.wait()?;
            expect_ok!(tree.slave(name), "alone");
            expect_eq!(tree.propagation(name)?, Propagation::Private, "alone");
        } else {
            expect_ok!(tree.slave(name), "with a peer in another namespace");
            expect_eq!(tree.propagation(name)?, Propagation::Slave, "with a peer in another namespace");
        }
    }
    holds()
}

/// A tree with mounts that differ in all that is copied.
fn varied() -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.mount("tmpfs", "a", MsFlags::MS_NOSUID | MsFlags::MS_NOATIME, Some("size=1m"))?;
    tree.tmpfs("a/b")?.dir("a/b/c")?.bind("a/b/c", "d")?.bind_remount("d", MsFlags::MS_RDONLY)?.tmpfs("a")?;
    Ok(tree)
}

/// What a copy of a mount list has in common with the original.
fn facts(mounts: &Mounts) -> Vec<String> {
    let fact = |mount: &Mount| {
        let parent = mounts.with_id(mount.parent).map_or_else(PathBuf::new, |parent| parent.point.clone());
        Mount { id: 0, parent: 0, ..mount.clone() }.to_string() + &format!(" on {}", parent.display())
    };
    let mut facts: Vec<String> = mounts.iter().map(fact).collect();
    facts.sort_unstable();
    facts
}
