//! Where mounts come to that are passed on, and where not: `Documentation/filesystems/sharedsubtree.rst`, with its quiz.

use std::{fs, io};

use kit::mounts::Propagation::{Private, Shared};
use kit::mounts::Tree;
use kit::prelude::*;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mounts_come_only_where_their_directory_shows,
    mount_on_the_root_of_a_peer_covers_it,
    mounts_pass_through_a_mount_that_does_not_show_them,
    peer_moved_into_itself_shows_once_more,
    shared_mount_bound_onto_itself_ends_there,
];

/// A mount is passed on to peers and slaves that show the directory it is on, and to no others.
#[claim(source = ["kernel 7.3 fs/pnode.c need_secondary", "Documentation/filesystems/sharedsubtree.rst 6) Quiz"], needs = [Root])]
fn mounts_come_only_where_their_directory_shows() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.shared("m")?.dir("m/a/in")?.dir("m/b/in")?;
    tree.bind("m/a", "peer of a")?.bind("m/a", "slave of a")?.slave("slave of a")?.bind("m/b", "peer of b")?;
    let before = tree.mounts()?;
    for (from, receivers) in [
        ("m/a/in", &["peer of a/in", "slave of a/in"] as &[&str]),
        ("m/b/in", &["peer of b/in"]),
        ("peer of a/in", &["m/a/in", "slave of a/in"]),
        ("peer of b/in", &["m/b/in"]),
    ] {
        tree.tmpfs(from)?;
        let seen = tree.mounts()?;
        for name in receivers {
            expect!(seen.find(name).is_some(), "mounted on {from}: not on {name}");
        }
        expect_eq!(seen.len(), before.len() + 1 + receivers.len(), "mounts, with one on {from}: {seen:?}");
        tree.umount(from)?;
        expect_eq!(tree.mounts()?, before, "unmounted from {from}");
    }
    holds()
}

/// A mount on the very directory that is the root of a peer is passed on to that, and covers it.
#[claim(source = "kernel 7.3 fs/pnode.c need_secondary", needs = [Root])]
fn mount_on_the_root_of_a_peer_covers_it() -> Verdict {
    for (kind, is_passed_on) in [(Shared, true), (Private, false)] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.tmpfs("m")?.shared("m")?.file("m/a/old", "")?.bind("m/a", "part")?.make("part", kind)?;
            let covered = tree.mounts()?.at("part")?.id;
            tree.tmpfs("m/a")?;
            let seen = tree.mounts()?;
            let stack: Vec<_> = seen.stack("part").into_iter().map(|mount| mount.id).collect();
            expect_eq!(stack.len(), if is_passed_on { 2 } else { 1 }, "mounts on a part that is {kind}");
            expect_eq!(stack.first(), Some(&covered), "the lowest, on a part that is {kind}");
            expect_eq!(tree.path("part/old").exists(), !is_passed_on, "whether the old file of a {kind} part shows");
            Ok(())
        })?;
    }
    holds()
}

/// A mount comes to the slave of a slave although the one between them does not show the directory it is on.
#[claim(source = "Documentation/filesystems/sharedsubtree.rst 6) Quiz", needs = [Root])]
fn mounts_pass_through_a_mount_that_does_not_show_them() -> Verdict {
    let tree = Tree::new()?;
    tree.file("from/there", "")?.tmpfs("last")?.shared("last")?.dir("last/1/2/3")?.dir("last/1/test")?;
    tree.bind("last/1", "first")?.slave("last")?.shared("last")?;
    tree.bind("last/1/2", "between")?.slave("last")?;
    let before = tree.mounts()?;
    let [first, between, last] = [before.at("first")?, before.at("between")?, before.at("last")?].map(|one| one.tags);
    expect!(first.shared.is_some() && first.shared == between.master, "first {first}, between {between}");
    expect!(between.shared.is_some() && between.shared == last.master, "between {between}, last {last}");
    tree.bind("from", "first/test")?;
    expect!(tree.path("last/1/test/there").exists(), "the file does not show at the last of the chain");
    let seen = tree.mounts()?;
    expect_eq!(seen.tags("last/1/test").and_then(|tags| tags.master), seen.at("first/test")?.tags.shared);
    expect_eq!(seen.len(), before.len() + 2, "mounts afterwards: {seen:?}");
    tree.umount("first/test")?;
    expect_eq!(tree.mounts()?, before, "unmounted again");
    holds()
}

/// A peer of a shared mount that is moved onto a directory of it shows there, and once more on the same directory of itself.
#[claim(source = "Documentation/filesystems/sharedsubtree.rst 6) Quiz", needs = [Root])]
fn peer_moved_into_itself_shows_once_more() -> Verdict {
    for (kind, points) in [(Shared, &["", "m", "m/1", "m/1/1"] as &[_]), (Private, &["", "m", "m/1"])] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.tmpfs("m")?.make("m", kind)?.dir("m/1")?.file("m/file", "")?.bind("m", "copy")?;
            expect_ok!(tree.move_to("copy", "m/1"), "with a mount that is {kind}");
            expect_eq!(tree.mounts()?.points(), points, "with a mount that is {kind}");
            for point in &points[1..] {
                expect_eq!(names_in(&tree, point)?, ["1", "file"], "what is in {point}, with one that is {kind}");
            }
            let below = format!("{}/1", points[points.len() - 1]);
            expect!(names_in(&tree, &below)?.is_empty(), "something is in {below}, with one that is {kind}");
            Ok(())
        })?;
    }
    holds()
}

/// A shared mount bound recursively onto a directory of itself shows there once; there is no further copy below that one.
#[claim(source = "Documentation/filesystems/sharedsubtree.rst 6) Quiz", needs = [Root])]
fn shared_mount_bound_onto_itself_ends_there() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.shared("m")?.dir("m/v/1")?.file("m/file", "")?;
    expect_ok!(tree.rbind("m", "m/v/1"));
    expect_eq!(tree.mounts()?.points(), ["", "m", "m/v/1"]);
    expect_eq!(names_in(&tree, "m/v/1")?, ["file", "v"]);
    expect!(names_in(&tree, "m/v/1/v/1")?.is_empty(), "there is a copy in the copy");
    holds()
}

/// The names in a directory, sorted.
fn names_in(tree: &Tree, directory: &str) -> Outcome<Vec<String>> {
    let entries = fs::read_dir(tree.path(directory)).doing(format!("read the directory {directory}"))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>().doing(format!("read the directory {directory}"))?;
    names.sort_unstable();
    Ok(names)
}
