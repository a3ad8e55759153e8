//! What becomes of a mount of each type that is made shared, slave, private or unbindable: `mount_namespaces(7)`,
//! Propagation type transitions.

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Propagation, Tags, Tree, master_of, peer_of, set_attributes};
use kit::prelude::*;
use kit::sys::mount_attributes::MountAttributes;

use super::flow::{NEW, expect_flow, telling_new_groups};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    shared_made_shared,
    shared_made_slave,
    shared_made_private,
    shared_made_unbindable,
    slave_made_shared,
    slave_made_slave,
    slave_made_private,
    slave_made_unbindable,
    slave_and_shared_made_shared,
    slave_and_shared_made_slave,
    slave_and_shared_made_private,
    slave_and_shared_made_unbindable,
    private_made_shared,
    private_made_slave,
    private_made_private,
    private_made_unbindable,
    unbindable_made_shared,
    unbindable_made_slave,
    unbindable_made_private,
    unbindable_made_unbindable,
    lone_shared_made_slave,
    lone_slave_and_shared_made_slave,
    mount_setattr_makes_the_same_transitions,
];

/// A shared mount that is made shared stays in its peer group.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn shared_made_shared() -> Verdict {
    transition(Shared, Shared, |before| before)
}

/// A shared mount that is made a slave becomes a slave of the peer group it was in, if that has other members.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn shared_made_slave() -> Verdict {
    transition(Shared, Slave, |before| slave_of(before.shared))
}

/// A shared mount that is made private leaves its peer group, and is private.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn shared_made_private() -> Verdict {
    transition(Shared, Private, |_| Tags::NONE)
}

/// A shared mount that is made unbindable leaves its peer group, and is unbindable.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn shared_made_unbindable() -> Verdict {
    transition(Shared, Unbindable, |_| UNBINDABLE)
}

/// A slave mount that is made shared keeps its master, and is the first of a new peer group.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_made_shared() -> Verdict {
    transition(Slave, Shared, |before| Tags { shared: NEW, ..before })
}

/// A slave mount that is made a slave keeps its master.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_made_slave() -> Verdict {
    transition(Slave, Slave, |before| before)
}

/// A slave mount that is made private loses its master, and is private.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_made_private() -> Verdict {
    transition(Slave, Private, |_| Tags::NONE)
}

/// A slave mount that is made unbindable loses its master, and is unbindable.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_made_unbindable() -> Verdict {
    transition(Slave, Unbindable, |_| UNBINDABLE)
}

/// A mount that is slave and shared stays in its peer group and keeps its master when it is made shared.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_and_shared_made_shared() -> Verdict {
    transition(SharedAndSlave, Shared, |before| before)
}

/// A mount that is slave and shared becomes a slave of the peer group it was in when it is made a slave, if that has other members.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_and_shared_made_slave() -> Verdict {
    transition(SharedAndSlave, Slave, |before| slave_of(before.shared))
}

/// A mount that is slave and shared loses its peers and its master when it is made private.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_and_shared_made_private() -> Verdict {
    transition(SharedAndSlave, Private, |_| Tags::NONE)
}

/// A mount that is slave and shared loses its peers and its master when it is made unbindable.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_and_shared_made_unbindable() -> Verdict {
    transition(SharedAndSlave, Unbindable, |_| UNBINDABLE)
}

/// A private mount that is made shared is the first of a new peer group.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn private_made_shared() -> Verdict {
    transition(Private, Shared, |_| Tags { shared: NEW, ..Tags::NONE })
}

/// A private mount that is made a slave stays private.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn private_made_slave() -> Verdict {
    transition(Private, Slave, |_| Tags::NONE)
}

/// A private mount that is made private stays private.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn private_made_private() -> Verdict {
    transition(Private, Private, |_| Tags::NONE)
}

/// A private mount that is made unbindable is unbindable.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn private_made_unbindable() -> Verdict {
    transition(Private, Unbindable, |_| UNBINDABLE)
}

/// An unbindable mount that is made shared is the first of a new peer group, and is not unbindable any more.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn unbindable_made_shared() -> Verdict {
    transition(Unbindable, Shared, |_| Tags { shared: NEW, ..Tags::NONE })
}

/// An unbindable mount that is made a slave stays unbindable.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn unbindable_made_slave() -> Verdict {
    transition(Unbindable, Slave, |_| UNBINDABLE)
}

/// An unbindable mount that is made private is private.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn unbindable_made_private() -> Verdict {
    transition(Unbindable, Private, |_| Tags::NONE)
}

/// An unbindable mount that is made unbindable stays unbindable.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn unbindable_made_unbindable() -> Verdict {
    transition(Unbindable, Unbindable, |_| UNBINDABLE)
}

/// A shared mount that is made a slave becomes private if it is the only one of its peer group.
#[claim(source = ["mount_namespaces(7) Propagation type transitions", "mount(2)", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn lone_shared_made_slave() -> Verdict {
    let tree = Tree::new()?;
    for (has_peer, expected) in [(false, Private), (true, Slave), (false, Private)] {
        tree.tmpfs("m")?.shared("m")?;
        if has_peer {
            tree.bind("m", "peer")?;
        }
        expect_ok!(tree.slave("m"));
        expect_eq!(tree.propagation("m")?, expected, "with a peer: {has_peer}");
        tree.umount("m")?;
    }
    holds()
}

/// A mount that is slave and shared keeps its master when it is made a slave, if it is the only one of its peer group.
#[claim(source = ["kernel 7.3 fs/pnode.c change_mnt_propagation", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn lone_slave_and_shared_made_slave() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", SharedAndSlave)?.umount(&peer_of("m"))?;
    let before = tree.tags("m")?;
    expect_ok!(tree.slave("m"));
    expect_eq!(tree.tags("m")?, slave_of(before.master));
    expect_flow(&tree, &["m", &master_of("m")])?;
    holds()
}

/// mount_setattr(2) with a propagation type makes of a mount of each type what mount(2) makes of it; with 0 it changes none.
#[claim(source = "mount_setattr(2)", since = "5.12", needs = [Root])]
fn mount_setattr_makes_the_same_transitions() -> Verdict {
    for from in Propagation::ALL {
        for wish in Propagation::WITH_FLAG {
            child(CLONE_NEWNS, || {
                let tree = Tree::new()?;
                tree.typed("by mount", from)?.typed("by mount_setattr", from)?;
                let ask = |flag| MountAttributes::NONE.with_propagation(flag);
                let place = tree.path("by mount_setattr");
                let before = tree.mounts()?;
                expect_ok!(set_attributes(&place, &MountAttributes::NONE), "{from}, with propagation 0");
                expect_eq!(tree.mounts()?, before, "{from}, after propagation 0");
                for flag in wish.flags() {
                    expect_ok!(set_attributes(&place, &ask(*flag)), "{from} made {wish}");
                }
                tree.make("by mount", wish)?;
                let becomes = tree.propagation("by mount")?;
                expect_eq!(tree.propagation("by mount_setattr")?, becomes, "{from} made {wish}");
                Ok(())
            })?;
        }
    }
    holds()
}

/// What an unbindable mount has.
const UNBINDABLE: Tags = Tags { unbindable: true, ..Tags::NONE };

/// What a slave of this group has.
fn slave_of(group: Option<u64>) -> Tags {
    Tags { master: group, ..Tags::NONE }
}

/// A mount of one type is asked to be of another: it has the tags that `expected` makes of those before, every other mount
/// is what it was, and mounts are passed on accordingly.
fn transition(from: Propagation, wish: Propagation, expected: impl Fn(Tags) -> Tags) -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", from)?;
    let before = tree.mounts()?;
    expect_ok!(tree.make("m", wish), "{from} made {wish}");
    let seen = tree.mounts()?;
    let tags = telling_new_groups(seen.tags("m"), &before);
    expect_eq!(tags, Some(expected(before.at("m")?.tags)), "where 0 is the number of a new group");
    let others = |all: kit::mounts::Mounts| all.into_iter().filter(|one| one.point != *"m").collect::<Vec<_>>();
    expect_eq!(others(seen.clone()), others(before), "all mounts but that");
    let (peer, master) = (peer_of("m"), master_of("m"));
    let there: Vec<_> = ["m", &peer, &master].into_iter().filter(|name| seen.find(name).is_some()).collect();
    expect_flow(&tree, &there)?;
    holds()
}
