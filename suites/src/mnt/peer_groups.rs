//! Who is in a peer group, who receives from it, and what mountinfo tells of that: `mount_namespaces(7)`, SHARED SUBTREES.

use std::fs;
use std::path::Path;

use kit::mounts::Propagation::{Private, Shared, SharedAndSlave, Slave, Unbindable};
use kit::mounts::{Mounts, Propagation, Tags, Tree};
use kit::prelude::*;
use nix::unistd::chroot;

use super::flow::{NEW, Place, expect_flow, telling_new_groups};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    binds_and_copied_namespaces_join_the_group,
    new_mount_on_shared_founds_a_group,
    new_mount_on_non_shared_is_private,
    unmounted_mounts_leave_the_group,
    slaves_follow_the_group_that_is_left,
    slaves_of_a_group_that_ends_become_private,
    slaves_of_a_group_that_ends_get_its_master,
    mountinfo_tells_the_type,
    mountinfo_tells_the_nearest_master_in_sight,
    mountinfo_tells_only_the_master_where_it_is_in_sight_or_none_is,
];

/// A bind mount of a shared mount and its copy in a new mount namespace are in its peer group; another shared mount is not.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], needs = [Root])]
fn binds_and_copied_namespaces_join_the_group() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.shared("m")?.bind("m", "copy")?.dir("m/inside")?.bind("m/inside", "part")?;
    tree.tmpfs("stranger")?.shared("stranger")?;
    let other = waiting(CLONE_NEWNS)?;
    let group = tree.tags("m")?;
    expect!(group.shared.is_some(), "{group:?}");
    for name in ["m", "copy", "part"] {
        expect_eq!(Place::here(&tree, name).tags()?, Some(group), "{name} here");
        expect_eq!(Place::of(&other, &tree, name).tags()?, Some(group), "{name} in the other namespace");
    }
    let strangers = tree.tags("stranger")?;
    expect_eq!(Place::of(&other, &tree, "stranger").tags()?, Some(strangers));
    expect_ne!(strangers.shared, group.shared, "another shared mount's");
    holds()
}

/// A new mount on a shared mount is shared, in a new peer group that it forms with its replicas on the peers of that.
#[claim(
    source = ["mount_namespaces(7) SHARED SUBTREES", "mount_namespaces(7) Mount semantics", "mount_namespaces(7) NOTES", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"],
    needs = [Root],
)]
fn new_mount_on_shared_founds_a_group() -> Verdict {
    for (kind, has_peer) in [(Shared, true), (SharedAndSlave, true), (Shared, false), (SharedAndSlave, false)] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("m", kind)?;
            if !has_peer {
                tree.umount("m.peer")?;
            }
            let other = waiting(CLONE_NEWNS)?;
            let before = tree.mounts()?;
            tree.tmpfs("m/a")?;
            let seen = tree.mounts()?;
            let tags = seen.at("m/a")?.tags;
            let expected = Tags { shared: NEW, ..Tags::NONE };
            expect_eq!(
                telling_new_groups(tags, &before),
                Some(expected),
                "on one that is {kind}, where 0 is a new group"
            );
            expect_eq!(Place::of(&other, &tree, "m/a").tags()?, Some(tags), "in the other namespace, {kind}");
            if has_peer {
                expect_eq!(seen.tags("m.peer/a"), Some(tags), "on the peer, {kind}");
                expect_flow(&tree, &["m/a", "m.peer/a"])?;
            }
            expect_eq!(seen.tags("m.master/a"), None, "on the master, {kind}");
            Ok(())
        })?;
    }
    holds()
}

/// A new mount on a mount that is private, slave or unbindable is private, and shows below no other.
#[claim(
    source = ["mount_namespaces(7) Mount semantics", "mount_namespaces(7) NOTES", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"],
    needs = [Root],
)]
fn new_mount_on_non_shared_is_private() -> Verdict {
    let tree = Tree::new()?;
    for kind in Propagation::NON_SHARED {
        let name = format!("{kind}");
        tree.typed(&name, kind)?;
        let before = tree.mounts()?;
        tree.tmpfs(&format!("{name}/a"))?;
        let seen = tree.mounts()?;
        expect_eq!(seen.tags(format!("{name}/a")), Some(Tags::NONE), "on one that is {kind}");
        expect_eq!(seen.len(), before.len() + 1, "mounts afterwards, {kind}");
    }
    holds()
}

/// A mount that is unmounted leaves its peer group: the last one that is left becomes private when it is made a slave.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root])]
fn unmounted_mounts_leave_the_group() -> Verdict {
    for (has_left, expected) in [(false, Slave), (true, Private)] {
        for lazily in [false, true] {
            child(CLONE_NEWNS, || {
                let tree = Tree::new()?;
                tree.typed("m", Shared)?;
                match (has_left, lazily) {
                    (true, true) => drop(tree.detach("m.peer")?),
                    (true, false) => drop(tree.umount("m.peer")?),
                    (false, _) => {}
                }
                expect_ok!(tree.slave("m"));
                expect_eq!(tree.propagation("m")?, expected, "the peer unmounted: {has_left}, lazily: {lazily}");
                Ok(())
            })?;
        }
    }
    holds()
}

/// A slave whose master is unmounted, or made private or unbindable, goes on receiving from the other members of its master's peer group.
#[claim(source = ["kernel 7.3 fs/pnode.c change_mnt_propagation", "Documentation/filesystems/sharedsubtree.rst 8) Implementation"], needs = [Root])]
fn slaves_follow_the_group_that_is_left() -> Verdict {
    for end in ENDS {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("m", Shared)?.bind("m", "slave")?.slave("slave")?;
            let before = tree.tags("slave")?;
            end(&tree, "m")?;
            expect_eq!(tree.tags("slave")?, before, "when the peer is left");
            expect_flow(&tree, &["slave", "m.peer"])?;
            Ok(())
        })?;
    }
    holds()
}

/// When the last mount of a peer group is unmounted, or made private or unbindable, its slaves become private.
#[claim(source = ["kernel 7.3 fs/pnode.c change_mnt_propagation", "Documentation/filesystems/sharedsubtree.rst 8) Implementation"], needs = [Root])]
fn slaves_of_a_group_that_ends_become_private() -> Verdict {
    for end in ENDS {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("s", Slave)?.bind("s", "t")?.typed("both", SharedAndSlave)?;
            let both = tree.tags("both")?;
            end(&tree, "s.master")?;
            end(&tree, "both.master")?;
            let seen = tree.mounts()?;
            for name in ["s", "t"] {
                expect_eq!(seen.tags(name), Some(Tags::NONE), "{name}");
            }
            expect_eq!(seen.tags("both"), Some(Tags { master: None, ..both }), "one that was slave and shared");
            expect_eq!(seen.tags("both.peer"), Some(Tags { master: None, ..both }), "the peer of that");
            Ok(())
        })?;
    }
    holds()
}

/// When the last mount of a peer group that has a master is unmounted, or made private or unbindable, its slaves receive from that.
#[claim(source = "kernel 7.3 fs/pnode.c change_mnt_propagation", needs = [Root])]
fn slaves_of_a_group_that_ends_get_its_master() -> Verdict {
    for end in ENDS {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.typed("middle", Slave)?.shared("middle")?.bind("middle", "leaf")?.slave("leaf")?;
            let (above, middle) = (tree.tags("middle.master")?, tree.tags("middle")?);
            expect_eq!(tree.tags("leaf")?, Tags { master: middle.shared, ..Tags::NONE }, "before");
            end(&tree, "middle")?;
            expect_eq!(tree.tags("leaf")?, Tags { master: above.shared, ..Tags::NONE }, "afterwards");
            expect_flow(&tree, &["middle.master", "leaf"])?;
            Ok(())
        })?;
    }
    holds()
}

/// mountinfo has «shared:N» for a shared mount, «master:N» for a slave, in this order for both; «unbindable»; nothing for private.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "proc_pid_mountinfo(5)"], needs = [Root])]
fn mountinfo_tells_the_type() -> Verdict {
    let tree = Tree::new()?;
    for kind in Propagation::ALL {
        let name = format!("{kind}");
        tree.typed(&name, kind)?;
        let seen = tree.mounts()?;
        let tags = seen.at(&name)?.tags;
        let groups = (tags.shared.unwrap_or(0), tags.master.unwrap_or(0));
        let expected = match kind {
            Private => String::new(),
            Shared => format!("shared:{} ", groups.0),
            Slave => format!("master:{} ", groups.1),
            SharedAndSlave => format!("shared:{} master:{} ", groups.0, groups.1),
            Unbindable => "unbindable ".to_owned(),
        };
        expect_eq!(optional_fields("/proc/thread-self/mountinfo", seen.at(&name)?.id)?, expected, "one that is {kind}");
        for (of, others) in [(groups.0, format!("{name}.peer")), (groups.1, format!("{name}.master"))] {
            if of != 0 {
                expect_eq!(seen.at(&others)?.tags.shared, Some(of), "{others}, by the number of its group");
            }
        }
    }
    holds()
}

/// For a slave whose master is out of a process's sight, mountinfo has «propagate_from:N» with the nearest master of that in sight.
#[claim(source = ["mount_namespaces(7) The /proc/pid/mountinfo propagate_from tag", "proc_pid_mountinfo(5)"], needs = [Root])]
fn mountinfo_tells_the_nearest_master_in_sight() -> Verdict {
    let tree = chain()?;
    for (root, nearest) in [("sees first and second", "second"), ("sees first", "first")] {
        let tags = Tags { propagate_from: tree.tags(nearest)?.shared, ..tree.tags("leaf")? };
        expect_eq!(leaf_from(&tree, root)?, (tags, format!("{tags} ")), "by a process that {root}");
    }
    // Not by who reads: by whose file it is.
    expect_eq!(tree.tags("leaf")?.propagate_from, None, "by a process that sees all");
    holds()
}

/// mountinfo has no «propagate_from» for a slave whose master is in a process's sight, nor if none of the masters above it is.
#[claim(source = ["mount_namespaces(7) SHARED SUBTREES", "proc_pid_mountinfo(5)"], needs = [Root])]
fn mountinfo_tells_only_the_master_where_it_is_in_sight_or_none_is() -> Verdict {
    let tree = chain()?;
    let tags = tree.tags("leaf")?;
    expect_eq!(tags, Tags { master: tree.tags("third")?.shared, ..Tags::NONE });
    for root in ["sees all", "sees none"] {
        expect_eq!(leaf_from(&tree, root)?, (tags, format!("{tags} ")), "by a process that {root}");
    }
    // With one thing changed there is one.
    expect_ne!(leaf_from(&tree, "sees first")?.0.propagate_from, None);
    holds()
}

/// A chain of masters, `first`, `second`, `third`, to a `leaf`, and root directories from which a part of it is in sight.
pub(super) fn chain() -> Outcome<Tree> {
    let tree = Tree::new()?;
    tree.tmpfs("first")?.shared("first")?;
    for (master, slave) in [("first", "second"), ("second", "third"), ("third", "leaf")] {
        tree.bind(master, slave)?.slave(slave)?;
        if slave != "leaf" {
            tree.shared(slave)?;
        }
    }
    for (root, masters) in [
        ("sees all", &["first", "second", "third"] as &[_]),
        ("sees first and second", &["first", "second"]),
        ("sees first", &["first"]),
        ("sees none", &[]),
    ] {
        tree.tmpfs(root)?;
        for name in masters.iter().chain(&["leaf"]) {
            tree.bind(name, &format!("{root}/{name}"))?;
        }
    }
    Ok(tree)
}

/// What a process with this root directory has in mountinfo of the leaf: the tags, and as they are printed.
fn leaf_from(tree: &Tree, root: &str) -> Outcome<(Tags, String)> {
    let process = spawn(NONE, |case| {
        chroot(&tree.path(root)).doing("chroot")?;
        case.go()?;
        case.wait()
    })?;
    process.recv::<()>()?;
    let leaf = Mounts::of(process.pid())?.at("/leaf")?.clone();
    Ok((leaf.tags, optional_fields(format!("/proc/{}/mountinfo", process.pid()), leaf.id)?))
}

/// What a mountinfo file has between a mount's options and the hyphen, where every field has a blank behind it.
fn optional_fields(path: impl AsRef<Path>, id: u64) -> Outcome<String> {
    let text = fs::read_to_string(&path).doing("read mountinfo")?;
    let line = text.lines().find(|line| line.starts_with(&format!("{id} ")));
    let line = line.ok_or_else(|| Failure::broken(format!("no mount {id} in {text}")))?;
    let rest: Vec<_> = line.splitn(7, ' ').collect();
    let fields = rest.get(6).and_then(|rest| Some(&rest[..rest.find("- ")?]));
    fields.map(str::to_owned).ok_or_else(|| Failure::broken(format!("no optional fields in «{line}»")))
}

/// What ends the membership of a mount in its peer group.
const ENDS: [fn(&Tree, &str) -> Outcome<()>; 4] = [
    |tree, name| Ok(tree.umount(name).map(drop)?),
    |tree, name| Ok(tree.detach(name).map(drop)?),
    |tree, name| Ok(tree.private(name).map(drop)?),
    |tree, name| Ok(tree.unbindable(name).map(drop)?),
];
