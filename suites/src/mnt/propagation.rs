//! What passes from mount to mount, by their types: `mount_namespaces(7)`, SHARED SUBTREES.

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Propagation, Tags, Tree};
use kit::prelude::*;

use super::flow::{NEW, Place, expect_flow, expect_passed_on, telling_new_groups};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    shared_mounts_pass_on_to_their_peers,
    any_peer_unmounts_for_all,
    private_mounts_pass_on_nothing,
    unbindable_mounts_pass_on_nothing,
    slaves_receive_and_send_nothing_back,
    slaves_of_one_master_pass_on_nothing,
    what_a_slave_receives_is_a_slave,
    slaves_unmount_what_they_received_for_themselves,
    slave_and_shared_passes_on_to_peers_and_slaves,
    mounts_of_one_file_system_have_types_of_their_own,
    type_covers_what_is_mounted_on_the_mount_itself,
    unmounts_follow_the_type_of_the_parent,
];

/// What is mounted and unmounted below a shared mount is so below its peers, in its own and in other mount namespaces.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "mount(2)", "Documentation/filesystems/sharedsubtree.rst 2) Features"], needs = [Root])]
fn shared_mounts_pass_on_to_their_peers() -> Verdict {
    among_copies(Shared, true)?;
    among_copies(SharedAndSlave, true)?;
    // Without its type, and nothing else changed.
    among_copies(Private, false)?;
    holds()
}

/// What is mounted below one member of a peer group can be unmounted below any other, and is gone everywhere.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "umount(2)"], needs = [Root])]
fn any_peer_unmounts_for_all() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", Shared)?.bind("m", "copy")?;
    let other = waiting(CLONE_NEWNS)?;
    let places = ["m", "copy"].map(|name| [Place::here(&tree, name), Place::of(&other, &tree, name)]).concat();
    for mounter in &places {
        for unmounter in &places {
            mounter.mount("x")?;
            for place in &places {
                expect!(place.has("x")?, "mounted below {mounter}: not below {place}");
            }
            unmounter.umount("x").doing(format!("below {unmounter}"))?;
            for place in &places {
                expect!(!place.has("x")?, "mounted below {mounter}, unmounted below {unmounter}: still below {place}");
            }
        }
    }
    holds()
}

/// What is mounted below a private mount shows below no copy of it, in its own mount namespace or in another.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "mount(2)"], needs = [Root])]
fn private_mounts_pass_on_nothing() -> Verdict {
    among_copies(Private, false)?;
    // With another type, and nothing else changed.
    among_copies(Shared, true)?;
    holds()
}

/// What is mounted below an unbindable mount does not show below its copy in another mount namespace.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root])]
fn unbindable_mounts_pass_on_nothing() -> Verdict {
    among_copies(Unbindable, false)?;
    among_copies(Shared, true)?;
    holds()
}

/// A slave mount receives what is mounted and unmounted below its master's peers in any mount namespace, and sends nothing back.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "mount(2)", "Documentation/filesystems/sharedsubtree.rst 2) Features"], needs = [Root])]
fn slaves_receive_and_send_nothing_back() -> Verdict {
    for (kind, sends) in [(Slave, false), (Shared, true)] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.tmpfs("master")?.shared("master")?.bind("master", "m")?;
            let other = waiting(CLONE_NEWNS)?;
            tree.make("m", kind)?;
            let master = Place::here(&tree, "master");
            let m = Place::here(&tree, "m");
            let far_master = Place::of(&other, &tree, "master");
            expect_passed_on(master, &[(m, true), (far_master, true)])?;
            expect_passed_on(far_master, &[(m, true), (master, true)])?;
            expect_passed_on(m, &[(master, sends), (far_master, sends)])?;
            Ok(())
        })
        .doing(format!("with a mount that is {kind}"))?;
    }
    holds()
}

/// Slaves of one master, bound from each other or copied into a new mount namespace, pass nothing on to each other.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slaves_of_one_master_pass_on_nothing() -> Verdict {
    among_copies(Slave, false)?;
    among_copies(SharedAndSlave, true)?;
    holds()
}

/// What is passed on to a slave mount is a slave of what was mounted; what is mounted on a slave directly is private.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "mount_namespaces(7) MS_SLAVE example"], needs = [Root])]
fn what_a_slave_receives_is_a_slave() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("s", Slave)?.typed("both", SharedAndSlave)?;
    let before = tree.mounts()?;
    tree.tmpfs("s.master/a")?.tmpfs("s/b")?.tmpfs("both.master/a")?;
    let seen = tree.mounts()?;
    let master = seen.at("s.master/a")?.tags;
    expect_eq!(telling_new_groups(master, &before), Some(Tags { shared: NEW, ..Tags::NONE }), "where 0 is a new group");
    expect_eq!(seen.tags("s/a"), Some(Tags { master: master.shared, ..Tags::NONE }), "received by a slave");
    expect_eq!(seen.tags("s/b"), Some(Tags::NONE), "mounted on a slave");
    let received = seen.tags("both/a");
    let expected = Tags { shared: NEW, master: seen.at("both.master/a")?.tags.shared, ..Tags::NONE };
    expect_eq!(telling_new_groups(received, &before), Some(expected), "received by one that is slave and shared");
    expect_eq!(seen.tags("both.peer/a"), received, "received by the peer of that");
    expect_flow(&tree, &["s.master/a", "s/a"])?;
    expect_flow(&tree, &["both.master/a", "both/a", "both.peer/a"])?;
    holds()
}

/// Unmounting below a slave mount what it received leaves it mounted below the master.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root])]
fn slaves_unmount_what_they_received_for_themselves() -> Verdict {
    for (unmounter, left) in [("s", true), ("s.master", false)] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("s", Slave)?.tmpfs("s.master/a")?;
            let before = tree.mounts()?;
            expect_ok!(tree.umount(&format!("{unmounter}/a")));
            let seen = tree.mounts()?;
            expect_eq!(seen.tags("s/a"), None, "below the slave, unmounted below {unmounter}");
            let expected = if left { before.tags("s.master/a") } else { None };
            expect_eq!(seen.tags("s.master/a"), expected, "below the master, unmounted below {unmounter}");
            Ok(())
        })?;
    }
    holds()
}

/// A mount that is slave and shared passes on what it receives and what is mounted below it to its peers and their slaves only.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "mount(2)", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn slave_and_shared_passes_on_to_peers_and_slaves() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", SharedAndSlave)?.bind("m.peer", "leaf")?.slave("leaf")?;
    let [m, peer, master, leaf] = ["m", "m.peer", "m.master", "leaf"].map(|name| Place::here(&tree, name));
    expect_passed_on(master, &[(m, true), (peer, true), (leaf, true)])?;
    expect_passed_on(m, &[(master, false), (peer, true), (leaf, true)])?;
    expect_passed_on(peer, &[(master, false), (m, true), (leaf, true)])?;
    expect_passed_on(leaf, &[(master, false), (m, false), (peer, false)])?;
    holds()
}

/// Mounts of one file system can be of all types at once.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root])]
fn mounts_of_one_file_system_have_types_of_their_own() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("slave", Slave)?.bind("slave", "both")?.shared("both")?;
    tree.bind("slave.master", "private")?.private("private")?;
    tree.bind("slave.master", "unbindable")?.unbindable("unbindable")?;
    let seen = tree.mounts()?;
    let of_all = ["private", "slave.master", "slave", "both", "unbindable"];
    let types = of_all.map(|name| seen.propagation(name));
    expect_eq!(types, [Private, Shared, Slave, SharedAndSlave, Unbindable].map(Some));
    let device = seen.at("slave")?.device;
    for name in of_all {
        expect_eq!(seen.at(name)?.device, device, "the file system of {name}");
    }
    expect_flow(&tree, &of_all)?;
    holds()
}

/// A mount's type decides about what is mounted on it, not about what is mounted on mounts below, which have types of their own.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root])]
fn type_covers_what_is_mounted_on_the_mount_itself() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", Shared)?.tmpfs("m/a")?;
    let [m, peer, below, below_peer] = ["m", "m.peer", "m/a", "m.peer/a"].map(|name| Place::here(&tree, name));
    expect_passed_on(below, &[(below_peer, true)])?;
    tree.private("m/a")?;
    expect_passed_on(below, &[(below_peer, false)]).doing("below a private mount on a shared one")?;
    expect_passed_on(m, &[(peer, true)])?;
    tree.typed("p", Private)?.tmpfs("p/a")?.shared("p/a")?.bind("p/a", "copy")?;
    expect_passed_on(Place::here(&tree, "p/a"), &[(Place::here(&tree, "copy"), true)])
        .doing("below a shared mount on a private one")?;
    holds()
}

/// Whether a mount is unmounted elsewhere too depends on the type of the mount that it is mounted on, not on its own.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root])]
fn unmounts_follow_the_type_of_the_parent() -> Verdict {
    for own in [Private, Shared] {
        for (parent, is_passed_on) in [(Shared, true), (Private, false)] {
            child(CLONE_NEWNS, || {
                let tree = Tree::new()?;
                tree.typed("m", Shared)?.tmpfs("m/a")?;
                if own == Private {
                    tree.private("m/a")?.private("m.peer/a")?;
                }
                tree.make("m", parent)?;
                expect_ok!(tree.umount("m/a"));
                let gone = !tree.is_mounted("m.peer/a")?;
                expect_eq!(gone, is_passed_on, "{own} on a mount that is {parent}: unmounted below the peer");
                Ok(())
            })?;
        }
    }
    holds()
}

/// Between a mount of this type and its copies by a bind mount and by a new mount namespace, what is mounted and unmounted is
/// passed on or not, from each to each.
fn among_copies(kind: Propagation, is_passed_on: bool) -> Outcome<()> {
    child(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        tree.typed("m", kind)?;
        let mut names = vec!["m"];
        if kind != Unbindable {
            tree.bind("m", "copy")?;
            names.push("copy");
        }
        let other = waiting(CLONE_NEWNS)?;
        let both = |name| [Place::here(&tree, name), Place::of(&other, &tree, name)];
        let places: Vec<_> = names.into_iter().flat_map(both).collect();
        for (index, sender) in places.iter().enumerate() {
            let others = places.iter().enumerate().filter(|(other, _)| *other != index);
            let others: Vec<_> = others.map(|(_, place)| (*place, is_passed_on)).collect();
            expect_passed_on(*sender, &others).doing(format!("with mounts that are {kind}"))?;
        }
        Ok(())
    })
}
