//! Wrong claims about mounts, and right ones beside them.

use kit::mounts::{Mounts, Propagation, Tree, expect_mountable, expect_refused};
use kit::prelude::*;

pub(crate) const CASES: &[Case] = cases![
    mountable_with_its_namespace,
    mountable_without_its_namespace,
    needs_a_namespace_that_it_does_not,
    refused_below_the_top,
    refused_although_it_is_not,
    refused_though_unknown,
    mount_is_there,
    mount_is_not_there,
    mount_is_elsewhere,
    mount_is_seen_by_all,
    each_type_is_told,
    type_is_another,
    place_cannot_be_made,
];

/// An ordinary user's root mounts proc with a PID namespace of its own, and without none.
#[claim(source = "user_namespaces(7)", needs = [Root, UserNamespaces])]
fn mountable_with_its_namespace() -> Verdict {
    expect_mountable("proc", None, CLONE_NEWPID)
}

/// An ordinary user's root mounts proc without a PID namespace of its own.
#[claim(source = "user_namespaces(7)", needs = [Root, UserNamespaces])]
fn mountable_without_its_namespace() -> Verdict {
    expect_mountable("proc", None, NONE)
}

/// An ordinary user's root mounts no tmpfs without a network namespace of its own.
#[claim(source = "user_namespaces(7)", needs = [Root, UserNamespaces])]
fn needs_a_namespace_that_it_does_not() -> Verdict {
    expect_mountable("tmpfs", None, CLONE_NEWNET)
}

/// No root of a user namespace mounts devtmpfs.
#[claim(source = "user_namespaces(7)", needs = [Root, UserNamespaces, Config("DEVTMPFS")])]
fn refused_below_the_top() -> Verdict {
    expect_refused("devtmpfs", None)
}

/// No root of a user namespace mounts a tmpfs.
#[claim(source = "user_namespaces(7)", needs = [Root, UserNamespaces])]
fn refused_although_it_is_not() -> Verdict {
    expect_refused("tmpfs", None)
}

/// Mounting what there is not fails with EPERM.
#[claim(source = "user_namespaces(7)", needs = [Root, UserNamespaces])]
fn refused_though_unknown() -> Verdict {
    expect_refused("nothingfs", None)
}

/// A mount that was made is there, and one that was undone is not.
#[claim(source = "mount_namespaces(7)", needs = [Root])]
fn mount_is_there() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.bind("a", "b")?;
    expect_eq!(tree.mounts()?.points(), ["", "a", "b"]);
    expect!(tree.is_mounted("b")?);
    tree.umount("b")?;
    expect!(!tree.is_mounted("b")?);
    holds()
}

/// A mount that was made is not there.
#[claim(source = "mount_namespaces(7)", needs = [Root])]
fn mount_is_not_there() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?;
    expect!(!tree.is_mounted("a")?);
    holds()
}

/// A mount that was made is somewhere else.
#[claim(source = "mount_namespaces(7)", needs = [Root])]
fn mount_is_elsewhere() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("b")?;
    expect!(tree.is_mounted("b")?);
    holds()
}

/// A process in another mount namespace sees what is mounted here.
#[claim(source = "mount_namespaces(7)", needs = [Root])]
fn mount_is_seen_by_all() -> Verdict {
    let other = waiting(CLONE_NEWNS)?;
    let tree = Tree::new()?;
    expect!(Mounts::of(other.proc_pid()?)?.find(tree.path("")).is_some());
    holds()
}

/// A mount that is made of a propagation type is of it.
#[claim(source = "mount_namespaces(7)", needs = [Root])]
fn each_type_is_told() -> Verdict {
    let tree = Tree::new()?;
    for (name, wanted) in [
        ("shared", Propagation::Shared),
        ("slave", Propagation::Slave),
        ("both", Propagation::SharedAndSlave),
        ("private", Propagation::Private),
        ("unbindable", Propagation::Unbindable),
    ] {
        expect_eq!(tree.typed(name, wanted)?.propagation(name)?, wanted);
    }
    holds()
}

/// A shared mount is private.
#[claim(source = "mount_namespaces(7)", needs = [Root])]
fn type_is_another() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.shared("a")?;
    expect_eq!(tree.propagation("a")?, Propagation::Private);
    holds()
}

/// Mounting below a file fails with ENOTDIR.
#[claim(source = "mount_namespaces(7)", needs = [Root])]
fn place_cannot_be_made() -> Verdict {
    let tree = Tree::new()?;
    tree.file("file", "")?;
    expect_errno!(tree.tmpfs("file/below"), ENOTDIR);
    holds()
}
