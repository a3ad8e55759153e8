//! The root of a less privileged mount namespace, and how it is exchanged: `mount_namespaces(7)`, `pivot_root(2)`.

use std::path::Path;

use kit::Answer;
use kit::mounts::{Tree, detach, umount};
use kit::prelude::*;
use nix::unistd::{chdir, pivot_root};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    the_inherited_root_cannot_be_unmounted,
    pivot_root_frees_the_inherited_root,
    pivot_root_to_an_inherited_mount_einval,
];

/// Unmounting the inherited root mount lazily fails with EINVAL in a less privileged namespace.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn the_inherited_root_cannot_be_unmounted() -> Verdict {
    user_namespace(CLONE_NEWNS, || {
        expect_errno!(detach("/"), EINVAL);
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        expect_ok!(detach("/"), "in a copy with the same owner");
        holds()
    })
}

/// Once pivot_root() has put a mount of a less privileged namespace's own in its place, the inherited root can be unmounted
/// lazily.
#[claim(
    source = ["fs/namespace.c path_pivot_root", "mount_namespaces(7) Restrictions on mount namespaces"],
    needs = [Root, Config("USER_NS")],
)]
fn pivot_root_frees_the_inherited_root() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("new")?;
    user_namespace(CLONE_NEWNS, || {
        tree.tmpfs("new")?.dir("new/old")?;
        expect_errno!(detach("/"), EINVAL, "before");
        expect_ok!(pivoted(&tree.path("new")));
        chdir("/").doing("chdir")?;
        expect_errno!(umount("/old"), EBUSY, "not lazily");
        expect_ok!(detach("/old"));
        expect!(Path::new("/old").exists() && !Path::new("/old/mnt").exists(), "the old root is still there");
        holds()
    })
}

/// pivot_root() to an inherited mount fails with EINVAL in a less privileged namespace; to a recursive bind of it onto itself
/// it succeeds.
#[claim(source = ["fs/namespace.c path_pivot_root", "pivot_root(2)"], needs = [Root, Config("USER_NS")])]
fn pivot_root_to_an_inherited_mount_einval() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("new")?.dir("new/old")?;
    user_namespace(CLONE_NEWNS, || {
        expect_errno!(pivoted(&tree.path("new")), EINVAL);
        tree.rbind("new", "new")?;
        expect_ok!(pivoted(&tree.path("new")), "bound onto itself");
        expect!(Path::new("/old/mnt").exists(), "the old root is not where it was put");
        Ok(())
    })?;
    child(CLONE_NEWNS, || {
        expect_ok!(pivoted(&tree.path("new")), "in a copy with the same owner");
        holds()
    })
}

/// Makes a mount the root, and puts the old one on the directory «old» in it.
fn pivoted(new: &Path) -> Answer {
    pivot_root(new, &new.join("old")).calling("pivot_root")
}
