//! What a bind mount becomes, by the types of what is bound and of where it is mounted: `mount_namespaces(7)` and
//! `Documentation/filesystems/sharedsubtree.rst`, the table of bind semantics.

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Mounts, Propagation, Tags, Tree, master_of, peer_of};
use kit::prelude::*;

use super::flow::SHARED;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    bind_of_shared_onto_shared,
    bind_of_shared_onto_non_shared,
    bind_of_private_onto_shared,
    bind_of_private_onto_non_shared,
    bind_of_slave_onto_shared,
    bind_of_slave_onto_non_shared,
    bind_of_slave_and_shared_onto_shared,
    bind_of_slave_and_shared_onto_non_shared,
    bind_of_unbindable_onto_shared,
    bind_of_unbindable_onto_non_shared,
];

/// A shared mount bound onto a shared mount joins the source's peer group, and so do its copies on the destination's peers.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn bind_of_shared_onto_shared() -> Verdict {
    onto_each_shared(Shared, |source, _, seen| {
        expect_eq!(seen.tags("to/x"), Some(source));
        Ok(())
    })
}

/// A shared mount bound onto a mount that is not shared joins the source's peer group, and is copied nowhere else.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn bind_of_shared_onto_non_shared() -> Verdict {
    onto_each_non_shared(Shared, |source| source)
}

/// A private mount bound onto a shared mount becomes shared, in a new peer group with its copies on the destination's peers.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn bind_of_private_onto_shared() -> Verdict {
    onto_each_shared(Private, |_, before, seen| {
        expect_eq!(seen.propagation("to/x"), Some(Shared));
        let group = seen.at("to/x")?.tags.shared;
        expect!(before.iter().all(|mount| mount.tags.shared != group), "{group:?} was there before: {before:?}");
        Ok(())
    })
}

/// A private mount bound onto a mount that is not shared is private, and is copied nowhere else.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn bind_of_private_onto_non_shared() -> Verdict {
    onto_each_non_shared(Private, |_| Tags::NONE)
}

/// A slave mount bound onto a shared mount is a slave of the source's master, and shared in a new group with its copies.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn bind_of_slave_onto_shared() -> Verdict {
    onto_each_shared(Slave, |source, before, seen| {
        expect_eq!(seen.propagation("to/x"), Some(SharedAndSlave));
        let Tags { shared, master, .. } = seen.at("to/x")?.tags;
        expect_eq!(master, source.master);
        expect!(before.iter().all(|mount| mount.tags.shared != shared), "{shared:?} was there before: {before:?}");
        Ok(())
    })
}

/// A slave mount bound onto a mount that is not shared is a slave of the source's master, and is copied nowhere else.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn bind_of_slave_onto_non_shared() -> Verdict {
    onto_each_non_shared(Slave, |source| source)
}

/// A mount that is slave and shared and is bound onto a shared mount joins the source's peers below its master, as its copies do.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn bind_of_slave_and_shared_onto_shared() -> Verdict {
    onto_each_shared(SharedAndSlave, |source, _, seen| {
        expect_eq!(seen.tags("to/x"), Some(source));
        Ok(())
    })
}

/// A mount that is slave and shared and is bound onto one that is not shared joins the source's peers below its master.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn bind_of_slave_and_shared_onto_non_shared() -> Verdict {
    onto_each_non_shared(SharedAndSlave, |source| source)
}

/// Binding an unbindable mount onto a shared mount fails with EINVAL.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "mount(2) ERRORS"], needs = [Root])]
fn bind_of_unbindable_onto_shared() -> Verdict {
    expect_unbindable(&SHARED)
}

/// Binding an unbindable mount onto a mount that is not shared fails with EINVAL.
#[claim(source = ["mount_namespaces(7) Bind (MS_BIND) semantics", "mount(2) ERRORS"], needs = [Root])]
fn bind_of_unbindable_onto_non_shared() -> Verdict {
    expect_unbindable(&Propagation::NON_SHARED)
}

/// Binds a mount of type `source` onto each destination that is shared. `judge` is told the source's tags and all mounts
/// before and after; that the destination's peer has the same, and its master nothing, is expected here.
fn onto_each_shared(source: Propagation, judge: impl Fn(Tags, &Mounts, &Mounts) -> Outcome<()>) -> Verdict {
    for destination in SHARED {
        let (from, to) = (format!("{source}"), format!("a destination that is {destination}"));
        child(CLONE_NEWNS, || {
            let tree = both(source, destination)?;
            let before = tree.mounts()?;
            expect_ok!(tree.bind("from", "to/x"), "{from} onto {to}");
            let seen = tree.mounts()?;
            judge(before.at("from")?.tags, &before, &seen).doing(&to)?;
            expect_eq!(seen.tags(peer_of("to") + "/x"), seen.tags("to/x"), "the copy on the peer of {to}");
            expect_eq!(seen.tags(master_of("to") + "/x"), None, "on the master of {to}");
            expect_eq!(seen.len(), before.len() + 2, "mounts afterwards, by {to}");
            Ok(())
        })?;
    }
    holds()
}

/// Binds a mount of type `source` onto each destination that is not shared: the one new mount has the tags that `expected`
/// makes of the source's.
fn onto_each_non_shared(source: Propagation, expected: impl Fn(Tags) -> Tags) -> Verdict {
    for destination in Propagation::NON_SHARED {
        let to = format!("a destination that is {destination}");
        child(CLONE_NEWNS, || {
            let tree = both(source, destination)?;
            let before = tree.mounts()?;
            expect_ok!(tree.bind("from", "to/x"), "{source} onto {to}");
            let seen = tree.mounts()?;
            expect_eq!(seen.tags("to/x"), Some(expected(before.at("from")?.tags)), "{to}");
            expect_eq!(seen.len(), before.len() + 1, "mounts afterwards, by {to}");
            Ok(())
        })?;
    }
    holds()
}

fn expect_unbindable(destinations: &[Propagation]) -> Verdict {
    for destination in destinations {
        child(CLONE_NEWNS, || {
            let tree = both(Unbindable, *destination)?;
            expect_errno!(tree.bind("from", "to/x"), EINVAL, "a destination that is {destination}");
            tree.private("from")?;
            expect_ok!(tree.bind("from", "to/x"), "made private, a destination that is {destination}");
            Ok(())
        })?;
    }
    holds()
}

/// A tree with a mount «from» of one type and a mount «to» of another.
fn both(source: Propagation, destination: Propagation) -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.typed("from", source)?.typed("to", destination)?;
    Ok(tree)
}
