//! Inherited mounts cannot be taken away singly in a less privileged mount namespace: `mount_namespaces(7)`, Restrictions
//! on mount namespaces.
//!
//! The suite `user` has claims on the same for unmounting by root of a user namespace.

use std::fs;

use kit::Answer;
use kit::mounts::{Detached, Tree, bind, tmpfs, umount};
use kit::prelude::*;
use nix::mount::MntFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    an_inherited_mount_is_unmounted_by_no_flag,
    a_mount_on_an_inherited_one_comes_and_goes,
    own_mounts_are_unmounted_singly,
    an_inherited_mount_cannot_be_moved,
    open_tree_cannot_reveal_what_inherited_mounts_cover,
    a_recursive_copy_keeps_the_inner_locks,
    force_needs_the_owner_of_the_file_system,
    another_copy_does_not_unlock,
    the_user_namespace_may_come_first,
    own_mounts_are_locked_one_user_namespace_below,
];

/// Unmounting an inherited mount fails with EINVAL in a less privileged namespace whatever flag is given; what it covers stays
/// covered.
///
/// Tried for mounts on a directory and on a file.
#[claim(
    source = ["mount_namespaces(7) Restrictions on mount namespaces", "umount(2) ERRORS"],
    needs = [Root, Config("USER_NS")],
)]
fn an_inherited_mount_is_unmounted_by_no_flag() -> Verdict {
    let tree = Tree::new()?;
    tree.file("dir/secret", "secret")?.tmpfs("dir")?;
    tree.file("file", "secret")?.file("empty", "")?.bind("empty", "file")?;
    let shows_directory = || Ok(fs::exists(tree.path("dir/secret"))?);
    let shows_file = || Ok(fs::read_to_string(tree.path("file"))? == "secret");
    let shown: [&dyn Fn() -> Outcome<bool>; 2] = [&shows_directory, &shows_file];
    for (shows, name) in shown.into_iter().zip(["dir", "file"]) {
        for flags in FLAGS {
            user_namespace(CLONE_NEWNS, || {
                expect_errno!(tree.umount_by(name, flags), EINVAL);
                expect!(!shows()?, "what the {name} covers shows after umount2 with {flags:?}");
                Ok(())
            })?;
        }
        child(CLONE_NEWNS, || {
            expect_ok!(tree.umount(name), "{name}, in a copy with the same owner");
            expect!(shows()?, "what the {name} covers does not show");
            Ok(())
        })?;
    }
    holds()
}

/// A less privileged namespace can mount on top of an inherited mount and unmount that again, but not what is beneath.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn a_mount_on_an_inherited_one_comes_and_goes() -> Verdict {
    let tree = Tree::new()?;
    for (name, text) in [("a", "beneath"), ("b", "inherited"), ("c", "on top")] {
        tree.file(name, text)?;
    }
    tree.bind("b", "a")?;
    let shown = || fs::read_to_string(tree.path("a")).doing("read the file");
    user_namespace(CLONE_NEWNS, || {
        expect_ok!(tree.bind("c", "a"));
        expect_eq!(shown()?, "on top");
        expect_ok!(tree.umount("a"), "what is on top");
        expect_eq!(shown()?, "inherited");
        expect_errno!(tree.umount("a"), EINVAL, "what was inherited");
        Ok(())
    })?;
    expect_eq!(shown()?, "inherited", "outside");
    expect_ok!(tree.umount("a"), "outside");
    expect_eq!(shown()?, "beneath", "outside, unmounted");
    holds()
}

/// Mounts that were made in a less privileged namespace can be unmounted there one by one, also those within each other.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn own_mounts_are_unmounted_singly() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/b")?.dir("c")?;
    user_namespace(CLONE_NEWNS, || {
        tree.tmpfs("c")?.tmpfs("c/d")?;
        expect_errno!(tree.umount("a/b"), EINVAL, "inherited");
        for name in ["c/d", "c"] {
            expect_ok!(tree.umount(name), "{name}, mounted inside");
            expect!(!tree.is_mounted(name)?, "{name} is still mounted");
        }
        holds()
    })
}

/// Moving an inherited mount fails with EINVAL in a less privileged namespace, by MS_MOVE as by move_mount(2).
#[claim(
    source = ["mount_namespaces(7) Restrictions on mount namespaces", "fs/namespace.c do_move_mount"],
    needs = [Root, Config("USER_NS")],
)]
fn an_inherited_mount_cannot_be_moved() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("to")?.dir("b")?;
    let by_descriptor = |name: &str| Detached::opened(tree.path(name))?.attach(tree.path("to"));
    let by_name = |name: &str| tree.move_to(name, "to").map(drop);
    let ways: [&dyn Fn(&str) -> Answer; 2] = [&by_name, &by_descriptor];
    for (moved, way) in ways.into_iter().zip(["MS_MOVE", "move_mount"]) {
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(moved("a"), EINVAL, "inherited, by {way}");
            tree.tmpfs("b")?;
            expect_ok!(moved("b"), "mounted inside, by {way}");
            expect!(tree.is_mounted("to")? && !tree.is_mounted("b")?, "{:?}", tree.mounts()?);
            Ok(())
        })?;
        child(CLONE_NEWNS, || {
            expect_ok!(moved("a"), "in a copy with the same owner, by {way}");
            Ok(())
        })?;
    }
    holds()
}

/// In a less privileged namespace open_tree(OPEN_TREE_CLONE) of a directory with inherited mounts in it fails with EINVAL
/// unless it is recursive.
#[claim(source = ["open_tree(2) ERRORS", "fs/namespace.c has_locked_children"], needs = [Root, Config("USER_NS")])]
fn open_tree_cannot_reveal_what_inherited_mounts_cover() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.file("a/inner/secret", "")?.tmpfs("a/inner")?.dir("a/plain")?;
    user_namespace(CLONE_NEWNS, || {
        expect_errno!(Detached::copy_of(tree.path("a")), EINVAL);
        expect_ok!(Detached::copy_of(tree.path("a/inner")), "of the mount inside");
        expect_ok!(Detached::copy_of(tree.path("a/plain")), "of a directory with nothing mounted in it");
        let all = expect_ok!(Detached::copy_of_all(tree.path("a")), "recursively");
        tmpfs("/home")?;
        all.attach("/home")?;
        expect!(fs::exists("/home/plain")? && !fs::exists("/home/inner/secret")?, "of a file that is covered");
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        expect_ok!(Detached::copy_of(tree.path("a")), "in a copy with the same owner");
        holds()
    })
}

/// In a recursive bind of inherited mounts those inside are locked, too; the copy as a whole can be unmounted lazily.
#[claim(source = "fs/namespace.c copy_tree", needs = [Root, Config("USER_NS")])]
fn a_recursive_copy_keeps_the_inner_locks() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/inner")?.dir("to")?;
    user_namespace(CLONE_NEWNS, || {
        tree.rbind("a", "to")?.tmpfs("b")?.tmpfs("b/inner")?.rbind("b", "other")?;
        for flags in FLAGS {
            expect_errno!(tree.umount_by("to/inner", flags), EINVAL, "in a copy of what was inherited");
        }
        expect_ok!(tree.umount("other/inner"), "in a copy of what was mounted inside");
        expect_errno!(tree.umount("to"), EBUSY, "the copy, at once");
        expect_ok!(tree.detach("to"), "the copy, lazily");
        expect!(!tree.is_mounted("to")? && !tree.is_mounted("to/inner")?, "{:?}", tree.mounts()?);
        holds()
    })
}

/// umount2() with MNT_FORCE needs CAP_SYS_ADMIN over the user namespace that mounted the file system, else it fails with EPERM.
///
/// Without the flag, a bind mount of the same file system can be unmounted by its maker.
#[claim(source = ["fs/namespace.c can_umount", "umount(2) ERRORS"], needs = [Root, Config("USER_NS")])]
fn force_needs_the_owner_of_the_file_system() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("to")?.dir("own")?;
    user_namespace(CLONE_NEWNS, || {
        tree.bind("a", "to")?.tmpfs("own")?;
        expect_errno!(tree.umount_by("to", MntFlags::MNT_FORCE), EPERM, "of a file system mounted outside");
        expect_ok!(tree.umount("to"), "of a file system mounted outside, without MNT_FORCE");
        expect_ok!(tree.umount_by("own", MntFlags::MNT_FORCE), "of a file system mounted inside");
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        tree.bind("a", "to")?;
        expect_ok!(tree.umount_by("to", MntFlags::MNT_FORCE), "in a copy with the same owner");
        holds()
    })
}

/// A further unshare(CLONE_NEWNS) in the same user namespace neither unlocks inherited mounts nor locks those made there.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn another_copy_does_not_unlock() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("b")?;
    user_namespace(CLONE_NEWNS, || {
        tree.tmpfs("b")?;
        for copy in 1..=2 {
            unshare(CLONE_NEWNS).doing("unshare")?;
            expect_errno!(tree.umount("a"), EINVAL, "inherited, in copy {copy}");
        }
        expect_ok!(tree.umount("b"), "mounted inside before");
        holds()
    })
}

/// Inherited mounts are locked as well if the mount namespace is unshared only after the user namespace.
///
/// Before, unmounting fails with EPERM.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn the_user_namespace_may_come_first() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?;
    user_namespace(NONE, || {
        expect_errno!(tree.umount("a"), EPERM, "in the mount namespace outside");
        unshare(CLONE_NEWNS).doing("unshare")?;
        expect_errno!(tree.umount("a"), EINVAL, "in a mount namespace inside");
        tree.tmpfs("a")?;
        expect_ok!(tree.umount("a"), "what was mounted inside");
        Ok(())
    })?;
    child(NONE, || {
        unshare(CLONE_NEWNS).doing("unshare")?;
        expect_ok!(tree.umount("a"), "without a user namespace");
        holds()
    })
}

/// A mount made in a user namespace is locked in a mount namespace of a user namespace below, and not for its maker.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn own_mounts_are_locked_one_user_namespace_below() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    user_namespace(CLONE_NEWNS, || {
        bind("/dev/null", "/dev/zero").doing("cover a device")?;
        tree.tmpfs("a")?;
        for point in [tree.path("a"), "/dev/zero".into()] {
            user_namespace(CLONE_NEWNS, || {
                expect_errno!(umount(&point), EINVAL, "{}, one below", point.display());
                Ok(())
            })?;
            expect_ok!(umount(&point), "{}, by its maker", point.display());
        }
        holds()
    })
}

/// Every flag of `umount2(2)`, and none.
const FLAGS: [MntFlags; 5] =
    [MntFlags::empty(), MntFlags::MNT_FORCE, MntFlags::MNT_DETACH, MntFlags::MNT_EXPIRE, MntFlags::UMOUNT_NOFOLLOW];
