//! The numbers and relations by which mountinfo describes mounts: mount IDs, parents, roots, peer groups.

use std::fs;
use std::path::Path;

use kit::eventually;
use kit::mounts::{Mounts, Propagation, Tree, detach, unique_id};
use kit::prelude::*;
use rustix::fs::{Mode, OFlags, open, openat};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    the_root_of_a_mount_namespace_is_its_own_parent,
    a_stacked_mount_has_the_covered_one_as_its_parent,
    the_root_field_tells_what_a_bind_shows,
    no_mount_is_shared_before_someone_asks,
    a_peer_group_id_is_used_again,
    a_mount_id_is_used_again,
    a_unique_mount_id_is_never_used_again,
];

/// mountinfo shows the mount at the bottom of a mount namespace as its own parent, and any other below the one it is on.
#[claim(source = "proc_pid_mountinfo(5)", needs = [Root, Disposable])]
fn the_root_of_a_mount_namespace_is_its_own_parent() -> Verdict {
    child(CLONE_NEWNS, || {
        let own = Namespace::own(Kind::Mnt)?;
        let proc = open("/proc", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let mountinfo = || -> Outcome<Mounts> {
            let file = openat(&proc, "self/mountinfo", OFlags::RDONLY, Mode::empty()).doing("open mountinfo")?;
            Mounts::parse(std::io::read_to_string(fs::File::from(file))?.as_bytes())
        };
        let list = mountinfo()?;
        expect_ne!(list.at("/")?.parent, list.at("/")?.id, "the stage's root");
        while detach("/").is_ok() {
            // The topmost of those left becomes the root directory.
            setns(&own, CLONE_NEWNS).doing("join the own mount namespace")?;
        }
        let list = mountinfo()?;
        let bottom = list.at("/")?;
        expect_eq!(bottom.parent, bottom.id, "of {bottom}");
        for mount in list.iter().filter(|mount| mount.id != bottom.id) {
            expect_ne!(mount.parent, mount.id, "of {mount}, which is left on it");
        }
        holds()
    })
}

/// A mount that is stacked on another has that as its parent, and the lower one the mount with the mount point.
#[claim(source = ["proc_pid_mountinfo(5)", "mount(2) Parental relationship between mounts"], needs = [Root])]
fn a_stacked_mount_has_the_covered_one_as_its_parent() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a")?.tmpfs("a")?.tmpfs("a/b")?;
    let seen = tree.mounts()?;
    let mut below = seen.at("")?.id;
    expect_eq!(seen.stack("a").len(), 3);
    for mount in seen.stack("a") {
        expect_eq!(mount.parent, below, "of {mount}");
        below = mount.id;
    }
    expect_eq!(seen.at("a/b")?.parent, below, "of what is mounted in the topmost");
    holds()
}

/// The fourth field of mountinfo is the directory or file of the file system that a mount shows.
#[claim(source = "proc_pid_mountinfo(5)", needs = [Root])]
fn the_root_field_tells_what_a_bind_shows() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/d/e")?.file("a/d/file", "")?.file("file", "")?;
    tree.bind("a/d/e", "b")?.bind("a/d", "c")?.bind("c/e", "d")?.bind("a/d/file", "file")?;
    let seen = tree.mounts()?;
    for (name, root) in [("a", "/"), ("b", "/d/e"), ("c", "/d"), ("d", "/d/e"), ("file", "/d/file")] {
        expect_eq!(seen.at(name)?.root, Path::new(root), "{name}");
        expect_eq!(seen.at(name)?.device, seen.at("a")?.device, "the device of {name}");
    }
    holds()
}

/// Nothing that the kernel mounts when it boots is shared.
///
/// It is programs such as systemd that make all mounts shared; there is none in the machine.
#[claim(source = ["mount_namespaces(7) NOTES", "unshare(1)"], needs = [Root, InitialNamespaces, Disposable])]
fn no_mount_is_shared_before_someone_asks() -> Verdict {
    let initial = Mounts::own()?;
    expect!(!initial.is_empty());
    for mount in &initial {
        expect_eq!(Propagation::of(mount), Propagation::Private, "{mount}");
    }
    child(CLONE_NEWNS, || {
        Propagation::Shared.make_all("/")?;
        for mount in &Mounts::own()? {
            expect_eq!(Propagation::of(mount), Propagation::Shared, "{mount}, made shared");
        }
        holds()
    })
}

/// The number of a peer group is used again when no mount is in the group any more; groups at one time have different ones.
#[claim(source = "mount_namespaces(7) SHARED SUBTREES", needs = [Root, Disposable])]
fn a_peer_group_id_is_used_again() -> Verdict {
    let tree = Tree::new()?;
    for name in ["a", "b", "c"] {
        tree.tmpfs(name)?;
    }
    let shared = |name: &str| tree.shared(name)?.tags(name);
    let first = shared("a")?.shared;
    expect!(first.is_some_and(|group| group > 0), "{first:?}");
    tree.bind("a", "peer")?.private("a")?;
    expect_ne!(shared("b")?.shared, first, "while the group has another mount");
    tree.umount("peer")?;
    expect_eq!(shared("c")?.shared, first, "when the group has none any more");
    holds()
}

/// The mount ID of an unmounted mount is given to a later one; mounts at one time have different ones.
#[claim(source = "proc_pid_mountinfo(5)", needs = [Root, Disposable])]
fn a_mount_id_is_used_again() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?.dir("b")?;
    let mounted = |name: &str| -> Outcome<u64> {
        tree.tmpfs(name)?;
        Ok(tree.mounts()?.at(name)?.id)
    };
    let first = mounted("a")?;
    expect_ne!(mounted("b")?, first, "while both are mounted");
    tree.umount("b")?.umount("a")?;
    // An ID is free once the kernel has got around to forgetting the mount.
    let used_again = eventually(|| {
        let again = mounted("a")?;
        tree.umount("a")?;
        Ok(again == first)
    })?;
    expect!(used_again, "no later mount has the ID {first}");
    holds()
}

/// A mount's unique ID, by statx(2), is never given to another mount; it is at least 2 to the power of 31, and each is higher.
#[claim(source = ["statmount(2)", "include/uapi/linux/stat.h"], since = "6.8", needs = [Root])]
fn a_unique_mount_id_is_never_used_again() -> Verdict {
    let tree = Tree::new()?;
    let mut last = (1 << 31) - 1;
    for name in ["a", "b", "a", "b", "a"] {
        tree.tmpfs(name)?;
        let id = unique_id(tree.path(name))?;
        expect!(id.is_some_and(|id| id > last), "{id:?} after {last}");
        last = id.unwrap_or(0);
        tree.umount(name)?;
    }
    holds()
}
