//! What the files on pivot_root(2) share.

use std::path::Path;

use kit::Answer;
use kit::mounts::Tree;
use kit::prelude::*;
use nix::unistd::{chdir, chroot};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Exchanges the root mount of the caller's mount namespace.
pub(super) fn pivot(new_root: impl AsRef<Path>, put_old: impl AsRef<Path>) -> Answer {
    let (new_root, put_old) = (new_root.as_ref(), put_old.as_ref());
    nix::unistd::pivot_root(new_root, put_old).calling(format!(
        "pivot_root {} {}",
        new_root.display(),
        put_old.display()
    ))
}

/// A child in a new mount namespace, in which a [`furnish`]ed mount `new` of the tree can become the root.
pub(super) fn with_new_root<T>(body: impl FnOnce(&Tree) -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        furnish(&tree, "new")?;
        body(&tree)
    })
}

/// The same, where the caller's root directory is that of a mount on which all can be made: a private tmpfs. The tree is
/// at `/t` there.
pub(super) fn in_a_root_of_its_own<T>(body: impl FnOnce(&Tree) -> Outcome<T>) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
{
    child(CLONE_NEWNS, || {
        let outside = Tree::new()?;
        furnish(&outside, "root")?;
        outside.dir("root/t")?;
        enter(&outside, "root")?;
        let tree = Tree::at("/t")?;
        furnish(&tree, "new")?;
        body(&tree)
    })
}

/// Mounts a private tmpfs that can become the root: with a file `here`, a directory `old`, and `proc`.
pub(super) fn furnish(tree: &Tree, name: &str) -> Outcome<()> {
    tree.tmpfs(name)?.private(name)?;
    let below = |what| format!("{name}/{what}");
    tree.file(&below("here"), "")?.dir(&below("old"))?.rbind("/proc", &below("proc"))?;
    Ok(())
}

/// Makes a place of the tree the caller's root and working directory.
pub(super) fn enter(tree: &Tree, name: &str) -> Outcome<()> {
    let place = tree.path(name);
    chroot(&place).doing(format!("chroot to {}", place.display()))?;
    chdir("/").doing("change to the new root directory")
}
