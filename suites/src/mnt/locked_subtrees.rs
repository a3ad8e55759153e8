//! What arrives in a less privileged mount namespace by propagation, once that is there: `mount_namespaces(7)`,
//! Restrictions on mount namespaces.

use kit::mounts::Propagation::{Private, Shared};
use kit::mounts::{Mounts, Tags, Tree};
use kit::prelude::*;
use kit::process::user_namespace_with;
use nix::mount::MntFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mounts_that_arrive_together_are_locked_together,
    mounts_that_arrived_together_can_go_together,
    a_mount_that_arrives_alone_is_not_locked,
    unmounting_outside_takes_locked_copies_along,
];

/// Of mounts that arrive together in a less privileged namespace, an inner one cannot be unmounted alone: umount2() fails with
/// EINVAL, with MNT_DETACH as well.
#[claim(
    source = ["mount_namespaces(7) Restrictions on mount namespaces", "umount(2) ERRORS"],
    needs = [Root, Config("USER_NS")],
)]
fn mounts_that_arrive_together_are_locked_together() -> Verdict {
    let tree = shared_with_a_pair_beside()?;
    let less = less_privileged(|| {
        for flags in [MntFlags::empty(), MntFlags::MNT_DETACH] {
            expect_errno!(tree.umount_by("s/both/inner", flags), EINVAL);
        }
        tree.mounts()
    })?;
    let equal = beside(|| {
        expect_ok!(tree.umount("s/other/inner"), "in a copy with the same owner");
        tree.mounts()
    })?;
    tree.rbind("pair", "s/both")?.rbind("pair", "s/other")?;
    less.go()?;
    let inside = less.join()?;
    expect!(inside.find("s/both/inner").is_some(), "of {inside:?}");
    equal.go()?;
    equal.join()?;
    expect_ok!(tree.umount("s/both/inner"), "outside, where they were mounted");
    holds()
}

/// Mounts that arrived together in a less privileged namespace can be unmounted together with MNT_DETACH, and stay outside.
///
/// Without MNT_DETACH the call fails with EBUSY. A mount that was inherited stays locked.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn mounts_that_arrived_together_can_go_together() -> Verdict {
    let tree = shared_with_a_pair_beside()?;
    let less = less_privileged(|| {
        expect_errno!(tree.umount("s/both"), EBUSY, "what arrived, without MNT_DETACH");
        expect_ok!(tree.detach("s/both"), "what arrived");
        expect_errno!(tree.detach("pair"), EINVAL, "what was inherited");
        tree.mounts()
    })?;
    tree.rbind("pair", "s/both")?;
    less.go()?;
    let (inside, outside) = (less.join()?, tree.mounts()?);
    for name in ["s/both", "s/both/inner"] {
        expect_eq!(inside.tags(name), None, "{name} inside");
        expect!(outside.find(name).is_some(), "{name} has gone outside");
    }
    holds()
}

/// A mount that arrives alone in a less privileged namespace is a slave there, can be unmounted, and then stays outside.
#[claim(
    source = ["fs/namespace.c lock_mnt_tree", "mount_namespaces(7) Restrictions on mount namespaces"],
    needs = [Root, Config("USER_NS")],
)]
fn a_mount_that_arrives_alone_is_not_locked() -> Verdict {
    let tree = shared_with_a_pair_beside()?;
    tree.tmpfs("s/early")?.dir("s/late")?;
    let less = less_privileged(|| {
        let before = tree.mounts()?;
        expect_errno!(tree.umount("s/early"), EINVAL, "inherited");
        expect_ok!(tree.umount("s/late"), "arrived");
        expect!(!tree.is_mounted("s/late")?, "it is still there");
        Ok(before)
    })?;
    tree.tmpfs("s/late")?;
    less.go()?;
    let inside = less.join()?;
    let outside = tree.mounts()?;
    let group = outside.at("s/late")?.tags.shared;
    expect!(group.is_some(), "outside: {outside:?}");
    expect_eq!(inside.tags("s/late"), Some(Tags { master: group, ..Tags::NONE }));
    holds()
}

/// Unmounting on a shared mount takes the locked copy in a less privileged namespace along; on a private one the copy stays.
#[claim(
    source = ["fs/pnode.c propagate_mount_unlock", "kernel 6.12 fs/pnode.c propagate_mount_unlock"],
    needs = [Root, Config("USER_NS")],
)]
fn unmounting_outside_takes_locked_copies_along() -> Verdict {
    for (kind, goes) in [(Shared, true), (Private, false)] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("a", kind)?.tmpfs("a/inner")?;
            let less = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNS, |outside| {
                expect_errno!(tree.umount("a/inner"), EINVAL, "inside, {kind}");
                outside.go()?;
                outside.wait()?;
                tree.is_mounted("a/inner")
            })?;
            less.recv::<()>()?;
            expect_ok!(tree.umount("a/inner"), "outside, {kind}");
            less.go()?;
            expect_eq!(less.join()?, !goes, "whether it is still mounted inside, {kind}");
            Ok(())
        })?;
    }
    holds()
}

/// A tree with a shared mount «s», and a mount «pair» with another in it.
fn shared_with_a_pair_beside() -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.typed("s", Shared)?.dir("s/both")?.dir("s/other")?.tmpfs("pair")?.tmpfs("pair/inner")?;
    Ok(tree)
}

/// Runs `body` in a less privileged mount namespace, once it is told to go on.
fn less_privileged(body: impl FnOnce() -> Outcome<Mounts>) -> Outcome<Child<Mounts>> {
    user_namespace_with(&Maps::own_as_root(), CLONE_NEWNS, once_told(body))
}

/// Runs `body` in a copy of the mount namespace with the same owner, once it is told to go on.
fn beside(body: impl FnOnce() -> Outcome<Mounts>) -> Outcome<Child<Mounts>> {
    spawn(CLONE_NEWNS, once_told(body))
}

fn once_told<T>(body: impl FnOnce() -> Outcome<T>) -> impl FnOnce(&Peer) -> Outcome<T> {
    |outside| {
        outside.wait()?;
        body()
    }
}
