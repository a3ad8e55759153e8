//! What becomes of propagation in a less privileged mount namespace, one that another user namespace owns than that of
//! the mount namespace it was copied from: `mount_namespaces(7)`, Restrictions on mount namespaces.

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Mounts, Propagation, Tags, Tree};
use kit::prelude::*;
use kit::process::user_namespace_with;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    shared_is_a_slave_in_a_less_privileged_namespace,
    shared_and_slave_is_a_slave_of_its_own_group,
    slave_and_private_stay_what_they_are,
    unbindable_stays_unbindable_in_a_less_privileged_namespace,
    unbindable_is_private_in_a_less_privileged_namespace,
    unbindable_stays_unbindable_there_again,
    propagation_to_a_less_privileged_namespace_is_one_way,
    rbind_of_an_inherited_unbindable_mount_eperm,
    rbind_copies_an_inherited_unbindable_mount,
    rbind_of_an_inherited_unbindable_mount_eperm_again,
];

/// A shared mount is, in a less privileged copy of its mount namespace, a slave of the peer group that it was in.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn shared_is_a_slave_in_a_less_privileged_namespace() -> Verdict {
    expect_copied(Shared, slave_of_its_group)
}

/// A mount that is slave and shared is, in a less privileged copy of its mount namespace, a slave of its own peer group.
///
/// It receives from the group that it was in, and no longer from that group's master itself.
#[claim(
    source = ["mount_namespaces(7) Restrictions on mount namespaces", "fs/namespace.c clone_mnt"],
    needs = [Root, Config("USER_NS")],
)]
fn shared_and_slave_is_a_slave_of_its_own_group() -> Verdict {
    expect_copied(SharedAndSlave, slave_of_its_group)
}

/// In a less privileged copy of a mount namespace a slave has the same master as before, and a private mount stays private.
#[claim(
    source = ["mount_namespaces(7) Restrictions on mount namespaces", "fs/namespace.c clone_mnt"],
    needs = [Root, Config("USER_NS")],
)]
fn slave_and_private_stay_what_they_are() -> Verdict {
    expect_copied(Slave, |before| before)?;
    expect_copied(Private, |before| before)
}

/// An unbindable mount is unbindable in a less privileged copy of its mount namespace.
#[claim(source = "fs/namespace.c clone_mnt", until = "6.17", needs = [Root, Config("USER_NS")])]
fn unbindable_stays_unbindable_in_a_less_privileged_namespace() -> Verdict {
    expect_copied(Unbindable, |before| before)
}

/// An unbindable mount is private in a less privileged copy of its mount namespace.
///
/// So it is in any copy of these versions.
#[claim(
    source = "kernel 6.18 fs/namespace.c clone_mnt",
    since = "6.17",
    until = "7.2",
    replaces = "unbindable_stays_unbindable_in_a_less_privileged_namespace",
    needs = [Root, Config("USER_NS")],
)]
fn unbindable_is_private_in_a_less_privileged_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("a", Unbindable)?;
    expect_eq!(user_namespace(CLONE_NEWNS, || tree.propagation("a"))?, Private);
    expect_eq!(tree.propagation("a")?, Unbindable, "in the original");
    holds()
}

/// An unbindable mount is unbindable in a less privileged copy of its mount namespace, as it was before 6.17.
#[claim(
    source = "fs/namespace.c clone_mnt",
    since = "7.2",
    replaces = "unbindable_is_private_in_a_less_privileged_namespace",
    needs = [Root, Config("USER_NS")],
)]
fn unbindable_stays_unbindable_there_again() -> Verdict {
    expect_copied(Unbindable, |before| before)
}

/// What is mounted on a shared mount appears in a less privileged copy of its mount namespace; what is mounted there does
/// not appear outside.
#[claim(source = "mount_namespaces(7) Restrictions on mount namespaces", needs = [Root, Config("USER_NS")])]
fn propagation_to_a_less_privileged_namespace_is_one_way() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("s", Shared)?;
    for name in ["one in", "one out", "other in", "other out"] {
        tree.dir(&format!("s/{name}"))?;
    }
    let member = |point: &'static str| {
        let tree = &tree;
        move |outside: &Peer| {
            tree.tmpfs(point)?;
            outside.go()?;
            outside.wait()?;
            tree.mounts()
        }
    };
    // What is seen outside and inside, with a mount of either.
    let with_both = |point: &str, inside: Child<Mounts>| -> Outcome<(Mounts, Mounts)> {
        inside.recv::<()>()?;
        tree.tmpfs(point)?;
        inside.go()?;
        Ok((tree.mounts()?, inside.join()?))
    };

    let less = user_namespace_with(&Maps::own_as_root(), CLONE_NEWNS, member("s/one in"))?;
    let (outside, inside) = with_both("s/one out", less)?;
    let group = outside.at("s/one out")?.tags.shared;
    expect_eq!(inside.tags("s/one out"), Some(Tags { master: group, ..Tags::NONE }), "mounted outside, seen inside");
    expect!(inside.tags("s/one in").is_some(), "mounted inside, seen inside");
    expect_eq!(outside.tags("s/one in"), None, "mounted inside, seen outside");

    let equal = spawn(CLONE_NEWNS, member("s/other in"))?;
    let (outside, inside) = with_both("s/other out", equal)?;
    for point in ["s/other in", "s/other out"] {
        expect!(outside.tags(point).is_some(), "{point} outside, with the same owner");
        expect_eq!(inside.tags(point), outside.tags(point), "{point}, with the same owner");
    }
    holds()
}

/// Recursively binding a mount with an inherited unbindable mount below fails with EPERM in a less privileged namespace.
///
/// Elsewhere the unbindable mount is left out. That would reveal what it covers.
#[claim(source = "fs/namespace.c copy_tree", until = "6.17", needs = [Root, Config("USER_NS")])]
fn rbind_of_an_inherited_unbindable_mount_eperm() -> Verdict {
    expect_no_rbind_with_unbindable()
}

/// Recursively binding a mount copies an inherited unbindable mount below it, too, in a less privileged namespace.
///
/// There it is no longer unbindable.
#[claim(
    source = "kernel 6.18 fs/namespace.c clone_mnt",
    since = "6.17",
    until = "7.2",
    replaces = "rbind_of_an_inherited_unbindable_mount_eperm",
    needs = [Root, Config("USER_NS")],
)]
fn rbind_copies_an_inherited_unbindable_mount() -> Verdict {
    let tree = with_inner(Unbindable)?;
    user_namespace(CLONE_NEWNS, || {
        expect_ok!(tree.rbind("a", "to"));
        expect!(tree.is_mounted("to/inner")?, "the unbindable mount is left out");
        Ok(())
    })?;
    expect_ok!(tree.rbind("a", "to"), "outside");
    expect!(!tree.is_mounted("to/inner")?, "the unbindable mount is copied outside");
    holds()
}

/// Recursively binding a mount with an inherited unbindable mount below fails with EPERM there again, as before 6.17.
#[claim(
    source = "fs/namespace.c copy_tree",
    since = "7.2",
    replaces = "rbind_copies_an_inherited_unbindable_mount",
    needs = [Root, Config("USER_NS")],
)]
fn rbind_of_an_inherited_unbindable_mount_eperm_again() -> Verdict {
    expect_no_rbind_with_unbindable()
}

fn slave_of_its_group(before: Tags) -> Tags {
    Tags { master: before.shared, ..Tags::NONE }
}

/// The claim says that a mount of this type has, in a less privileged copy of its mount namespace, the tags that `expected`
/// makes of those it had. In a copy with the same owner it keeps them.
fn expect_copied(kind: Propagation, expected: impl Fn(Tags) -> Tags) -> Verdict {
    child(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        tree.typed("a", kind)?;
        let before = tree.tags("a")?;
        expect_eq!(user_namespace(CLONE_NEWNS, || tree.tags("a"))?, expected(before), "{kind}");
        expect_eq!(child(CLONE_NEWNS, || tree.tags("a"))?, before, "{kind}, in a copy with the same owner");
        expect_eq!(tree.tags("a")?, before, "{kind}, in the original");
        holds()
    })
}

fn expect_no_rbind_with_unbindable() -> Verdict {
    let tree = with_inner(Unbindable)?;
    user_namespace(CLONE_NEWNS, || {
        expect_errno!(tree.rbind("a", "to"), EPERM, "unbindable, inherited");
        tree.tmpfs("b")?.tmpfs("b/inner")?.unbindable("b/inner")?;
        expect_ok!(tree.rbind("b", "to"), "unbindable, mounted inside");
        expect!(!tree.is_mounted("to/inner")?, "an unbindable mount is copied");
        Ok(())
    })?;
    tree.private("a/inner")?;
    user_namespace(CLONE_NEWNS, || {
        expect_ok!(tree.rbind("a", "to"), "private, inherited");
        holds()
    })
}

/// A tree with a mount «a», in which there is a mount of this type.
fn with_inner(kind: Propagation) -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("to")?.typed("a/inner", kind)?;
    Ok(tree)
}
