//! How a mount is put into the peer group of another: `move_mount(2)` with `MOVE_MOUNT_SET_GROUP`, since 5.15.

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Propagation, Tags, Tree, master_of, peer_of};
use kit::prelude::*;
use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, move_mount};

use super::flow::expect_flow;
use super::rights::needs_cap_sys_admin;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    set_group_shares_a_private_mount,
    set_group_refuses_mounts_that_do_not_fit,
    set_group_needs_cap_sys_admin,
    set_group_needs_a_group_to_give,
    set_group_is_refused_for_a_mount_that_has_one,
    set_group_makes_an_unbindable_mount_shared,
    set_group_leaves_an_unbindable_mount_alone,
    set_group_takes_mount_points_only,
];

/// move_mount(2) with MOVE_MOUNT_SET_GROUP gives a private mount the peer group and the master of another mount.
#[claim(source = "move_mount(2)", since = "5.15", needs = [Root])]
fn set_group_shares_a_private_mount() -> Verdict {
    for propagation in [Shared, Slave, SharedAndSlave] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("from", propagation)?.dir("from/late")?.bind("from", "to")?.private("to")?;
            expect_ok!(set_group(&tree, "from", "to"), "{propagation}");
            expect_eq!(tree.tags("to")?, tree.tags("from")?, "{propagation}");
            expect_eq!(tree.propagation("to")?, propagation);
            let origin = if propagation == Shared { peer_of("from") } else { master_of("from") };
            tree.tmpfs(&format!("{origin}/late"))?;
            expect!(tree.is_mounted("to/late")?, "what {propagation} gets: {:?}", tree.mounts()?);
            Ok(())
        })?;
    }
    holds()
}

/// MOVE_MOUNT_SET_GROUP fails with EINVAL if the two mounts are of different file systems, or the source shows less.
#[claim(source = "fs/namespace.c do_set_group", since = "5.15", needs = [Root])]
fn set_group_refuses_mounts_that_do_not_fit() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("from", Shared)?.dir("from/part")?.bind("from", "to")?.private("to")?;
    tree.typed("other", Private)?;
    expect_errno!(set_group(&tree, "from", "other"), EINVAL, "to a mount of another file system");
    tree.bind("from/part", "part")?;
    expect_errno!(set_group(&tree, "part", "to"), EINVAL, "from one that shows less");
    tree.private("part")?;
    expect_ok!(set_group(&tree, "from", "part"), "to one that shows less");
    expect_ok!(set_group(&tree, "from", "to"), "to one that shows as much");
    holds()
}

/// MOVE_MOUNT_SET_GROUP requires CAP_SYS_ADMIN in the user namespace that owns the caller's mount namespace.
#[claim(source = "fs/namespace.c do_set_group", since = "5.15", needs = [Root, UserNamespaces])]
fn set_group_needs_cap_sys_admin() -> Verdict {
    let tree = two(Shared, Private)?;
    needs_cap_sys_admin(|| set_group(&tree, "from", "to"))?;
    expect_eq!(tree.tags("to")?, tree.tags("from")?);
    holds()
}

/// MOVE_MOUNT_SET_GROUP fails with EINVAL where the mount that is to give its group is private or unbindable.
#[claim(source = "kernel 7.3 fs/namespace.c do_set_group", since = "5.15", needs = [Root])]
fn set_group_needs_a_group_to_give() -> Verdict {
    for kind in [Private, Unbindable] {
        child(CLONE_NEWNS, || {
            let tree = two(kind, Private)?;
            expect_errno!(set_group(&tree, "from", "to"), EINVAL, "from one that is {kind}");
            expect_eq!(tree.tags("to")?, Tags::NONE, "after the refusal");
            tree.shared("from")?;
            expect_ok!(set_group(&tree, "from", "to"), "made shared");
            Ok(())
        })?;
    }
    holds()
}

/// MOVE_MOUNT_SET_GROUP fails with EINVAL for a mount that is shared or a slave already.
#[claim(source = "kernel 7.3 fs/namespace.c do_set_group", since = "5.15", needs = [Root])]
fn set_group_is_refused_for_a_mount_that_has_one() -> Verdict {
    refused_until_private(&[Shared, Slave, SharedAndSlave])
}

/// MOVE_MOUNT_SET_GROUP puts an unbindable mount into a peer group, too, and it is unbindable no more.
#[claim(source = "kernel 6.12 fs/namespace.c do_set_group", since = "5.15", until = "7.2", needs = [Root])]
fn set_group_makes_an_unbindable_mount_shared() -> Verdict {
    let tree = two(Shared, Unbindable)?;
    expect_ok!(set_group(&tree, "from", "to"));
    expect_eq!(tree.tags("to")?, tree.tags("from")?);
    expect_flow(&tree, &["from", "to"])?;
    holds()
}

/// MOVE_MOUNT_SET_GROUP fails with EINVAL for an unbindable mount.
#[claim(
    source = "kernel 7.3 fs/namespace.c do_set_group",
    since = "7.2",
    replaces = "set_group_makes_an_unbindable_mount_shared",
    needs = [Root],
)]
fn set_group_leaves_an_unbindable_mount_alone() -> Verdict {
    refused_until_private(&[Unbindable])
}

/// MOVE_MOUNT_SET_GROUP fails with EINVAL if one of the two places is no mount point.
#[claim(source = "kernel 7.3 fs/namespace.c do_set_group", since = "5.15", needs = [Root])]
fn set_group_takes_mount_points_only() -> Verdict {
    let tree = two(Shared, Private)?;
    tree.dir("fs/part")?;
    expect_errno!(set_group(&tree, "from/part", "to"), EINVAL, "from a directory");
    expect_errno!(set_group(&tree, "from", "to/part"), EINVAL, "to a directory");
    expect_ok!(set_group(&tree, "from", "to"), "from mount to mount");
    holds()
}

/// The claim says that mounts of these types are given no group, and are when they are made private.
fn refused_until_private(kinds: &[Propagation]) -> Verdict {
    for source in [Shared, Slave, SharedAndSlave] {
        for kind in kinds {
            child(CLONE_NEWNS, || {
                let tree = two(source, *kind)?;
                let before = tree.mounts()?;
                expect_errno!(
                    set_group(&tree, "from", "to"),
                    EINVAL,
                    "from one that is {source} to one that is {kind}"
                );
                expect_eq!(tree.mounts()?, before, "after the refusal");
                tree.private("to")?;
                expect_ok!(set_group(&tree, "from", "to"), "from one that is {source} to one that is private");
                Ok(())
            })?;
        }
    }
    holds()
}

fn set_group(tree: &Tree, from: &str, to: &str) -> Result<(), Refusal> {
    move_mount(CWD, tree.path(from), CWD, tree.path(to), MoveMountFlags::MOVE_MOUNT_SET_GROUP)
        .calling(format!("give the group of {from} to {to}"))
}

/// Mounts «from» and «to» of one file system, «fs», and of these types, which have nothing to do with each other.
fn two(from: Propagation, to: Propagation) -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.tmpfs("fs")?;
    for (name, kind) in [("from", from), ("to", to)] {
        let master = format!("{name}.master");
        tree.bind("fs", &master)?.shared(&master)?.bind(&master, name)?;
        if kind == Shared {
            tree.private(name)?;
        }
        tree.make(name, kind)?;
        let seen = tree.propagation(name)?;
        if seen != kind {
            return Err(Failure::broken(format!("{name} is to be {kind}, and is {seen}")));
        }
    }
    Ok(tree)
}
