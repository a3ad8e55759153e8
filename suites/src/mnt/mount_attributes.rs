//! What mount_setattr(2) changes, and what it leaves.

use std::fs::{self, File};

use kit::mounts::{Detached, Mounts, Propagation, RECURSIVE, Tree};
use kit::prelude::*;
use kit::sys::mount_attributes::{MountAttributes, mount_setattr};
use nix::mount::MsFlags;
use rustix::fs::{AtFlags, CWD};
use rustix::mount::MountAttrFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    each_attribute_is_set_and_cleared,
    nosymfollow_is_set_and_cleared,
    access_times_change_as_a_whole,
    attributes_are_cleared_before_they_are_set,
    propagation_is_changed_by_mount_setattr,
    one_refusal_leaves_all_mounts_unchanged,
    a_detached_mount_has_attributes_of_its_own,
    mount_setattr_follows_symbolic_links_unless_told,
    nothing_to_change_is_not_looked_for,
];

/// mount_setattr(2) sets and clears each of the attributes alone, and with AT_RECURSIVE for all mounts below too.
#[claim(source = "mount_setattr(2)", since = "5.12", needs = [Root])]
fn each_attribute_is_set_and_cleared() -> Verdict {
    for (attribute, option) in [
        (MountAttrFlags::MOUNT_ATTR_RDONLY, "ro"),
        (MountAttrFlags::MOUNT_ATTR_NOSUID, "nosuid"),
        (MountAttrFlags::MOUNT_ATTR_NODEV, "nodev"),
        (MountAttrFlags::MOUNT_ATTR_NOEXEC, "noexec"),
        (MountAttrFlags::MOUNT_ATTR_NODIRATIME, "nodiratime"),
    ] {
        is_set_and_cleared(attribute, option)?;
    }
    holds()
}

/// mount_setattr(2) sets and clears MOUNT_ATTR_NOSYMFOLLOW, alone and with AT_RECURSIVE; with it open(2) fails with ELOOP.
#[claim(source = "mount_setattr(2)", since = "5.14", needs = [Root])]
fn nosymfollow_is_set_and_cleared() -> Verdict {
    is_set_and_cleared(MountAttrFlags::MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow")?;
    let tree = Tree::new()?;
    tree.file("file", "")?;
    std::os::unix::fs::symlink("file", tree.path("link")).doing("make a symbolic link")?;
    let follow = || File::open(tree.path("link"));
    expect_ok!(follow(), "before");
    expect_ok!(change(&tree, "", MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_NOSYMFOLLOW)));
    expect_errno!(follow(), ELOOP, "with the attribute");
    holds()
}

/// mount_setattr(2) changes when access times are updated to each of the three ways from each, where attr_clr has all
/// of MOUNT_ATTR__ATIME.
#[claim(source = "mount_setattr(2)", since = "5.12", needs = [Root])]
fn access_times_change_as_a_whole() -> Verdict {
    let tree = Tree::new()?;
    let ways = [
        (MountAttrFlags::MOUNT_ATTR_RELATIME, Some("relatime")),
        (MountAttrFlags::MOUNT_ATTR_NOATIME, Some("noatime")),
        (MountAttrFlags::MOUNT_ATTR_STRICTATIME, None),
    ];
    let set = |way| change(&tree, "", MountAttributes::setting(way).and_clearing(MountAttrFlags::MOUNT_ATTR__ATIME));
    let seen = || Ok::<_, Failure>(tree.mounts()?.at("")?.options.clone());
    expect_ok!(change(&tree, "", MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_NODIRATIME)));
    for (from, _) in ways {
        for (to, option) in ways {
            expect_ok!(set(from));
            expect_ok!(set(to));
            let options = seen()?;
            for name in ["relatime", "noatime"] {
                expect_eq!(options.has(name), option == Some(name), "{name}, from {from:?} to {to:?}");
            }
            expect!(options.has("nodiratime"), "which is another attribute: {options:?}");
        }
    }
    holds()
}

/// mount_setattr(2) clears what attr_clr has before it sets what attr_set has: an attribute in both is set.
#[claim(source = "mount_setattr(2)", since = "5.12", needs = [Root])]
fn attributes_are_cleared_before_they_are_set() -> Verdict {
    let tree = Tree::new()?;
    let (one, other) = (MountAttrFlags::MOUNT_ATTR_NOSUID, MountAttrFlags::MOUNT_ATTR_NODEV);
    let seen = || Ok::<_, Failure>(["nosuid", "nodev"].map(|name| tree.mounts().is_ok_and(|all| has(&all, "", name))));
    for before in [MountAttrFlags::empty(), one, other, one | other] {
        expect_ok!(change(&tree, "", MountAttributes::setting(before)));
        expect_ok!(change(&tree, "", MountAttributes::setting(one).and_clearing(one | other)));
        expect_eq!(seen()?, [true, false], "from {before:?}");
        expect_ok!(change(&tree, "", MountAttributes::clearing(one | other)));
        expect_eq!(seen()?, [false, false], "cleared only");
    }
    holds()
}

/// mount_setattr(2) gives a mount each propagation type that has a flag, and with AT_RECURSIVE all mounts below.
#[claim(source = "mount_setattr(2)", since = "5.12", needs = [Root])]
fn propagation_is_changed_by_mount_setattr() -> Verdict {
    for wanted in Propagation::WITH_FLAG {
        for (flags, is_recursive) in [(AtFlags::empty(), false), (RECURSIVE, true)] {
            child(CLONE_NEWNS, || {
                let tree = Tree::new()?;
                // Made a slave, a mount that is alone in its peer group becomes private.
                tree.typed("a", Propagation::Shared)?.typed("a/b", Propagation::Shared)?;
                let flag: MsFlags = wanted.flags().iter().copied().collect();
                let attributes = MountAttributes::NONE.with_propagation(flag);
                expect_ok!(mount_setattr(CWD, &tree.path("a"), flags, &attributes), "{wanted}");
                let below = if is_recursive { wanted } else { Propagation::Shared };
                expect_eq!(tree.propagation("a")?, wanted, "{flags:?}");
                expect_eq!(tree.propagation("a/b")?, below, "{wanted}, below, {flags:?}");
                Ok(())
            })?;
        }
    }
    holds()
}

/// mount_setattr(2) with AT_RECURSIVE fails with EBUSY and changes no mount if a file is open for writing on one of them.
#[claim(source = "fs/namespace.c mount_setattr_prepare", since = "5.12", needs = [Root])]
fn one_refusal_leaves_all_mounts_unchanged() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/b")?.tmpfs("a/b/c")?;
    let before = tree.mounts()?;
    let read_only = || {
        let attributes = MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_RDONLY);
        mount_setattr(CWD, &tree.path("a"), RECURSIVE, &attributes)
    };
    for place in ["a", "a/b", "a/b/c"] {
        let open = File::create(tree.path(place).join("file")).doing("open a file for writing")?;
        expect_errno!(read_only(), EBUSY, "a file open for writing on {place}");
        expect_eq!(tree.mounts()?, before, "mounts after the refusal by {place}");
        for other in ["a", "a/b", "a/b/c"] {
            expect_ok!(fs::write(tree.path(other).join("other"), ""), "to write on {other} after it");
        }
        drop(open);
    }
    expect_ok!(read_only(), "with no file open for writing");
    let seen = tree.mounts()?;
    expect!(["a", "a/b", "a/b/c"].iter().all(|name| has(&seen, name, "ro")), "{seen:?}");
    holds()
}

/// mount_setattr(2) changes a mount that is attached nowhere, and not the one that it was copied from.
#[claim(source = ["mount_setattr(2)", "open_tree(2)"], since = "5.12", needs = [Root])]
fn a_detached_mount_has_attributes_of_its_own() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.dir("to")?;
    let copy = Detached::copy_of(tree.path("from"))?;
    expect_ok!(copy.change(&MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_RDONLY)));
    expect_ok!(fs::write(tree.path("from/file"), ""), "to write through the mount that it was copied from");
    copy.attach(tree.path("to"))?;
    expect_errno!(fs::write(tree.path("to/file"), ""), EROFS, "to write through it");
    let seen = tree.mounts()?;
    expect_eq!((has(&seen, "from", "ro"), has(&seen, "to", "ro")), (false, true));
    holds()
}

/// mount_setattr(2) follows a symbolic link to a mount point; with AT_SYMLINK_NOFOLLOW it fails with EINVAL.
#[claim(source = "mount_setattr(2)", since = "5.12", needs = [Root])]
fn mount_setattr_follows_symbolic_links_unless_told() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?;
    std::os::unix::fs::symlink("a", tree.path("link")).doing("make a symbolic link")?;
    let call = |flags| {
        let attributes = MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_NODEV);
        mount_setattr(CWD, &tree.path("link"), flags, &attributes)
    };
    let seen = || Ok::<_, Failure>(has(&tree.mounts()?, "a", "nodev"));
    expect_errno!(call(AtFlags::SYMLINK_NOFOLLOW), EINVAL);
    expect!(!seen()?, "after the refusal");
    expect_ok!(call(AtFlags::empty()));
    expect!(seen()?, "where the link leads");
    holds()
}

/// mount_setattr(2) that is asked to change nothing succeeds whatever its path is: no mount point, or nothing at all.
#[claim(
    source = "fs/namespace.c",
    since = "5.12",
    needs = [Root],
    erratum = "mount_setattr(2), ERRORS: EINVAL if the path is no mount point, ENOENT if it does not exist.",
)]
fn nothing_to_change_is_not_looked_for() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("plain")?;
    let some = MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_NODEV);
    expect_ok!(change(&tree, "plain", MountAttributes::NONE), "no mount point");
    expect_errno!(change(&tree, "plain", some), EINVAL, "an attribute of no mount point");
    expect_ok!(change(&tree, "missing", MountAttributes::NONE), "nothing there");
    expect_errno!(change(&tree, "missing", some), ENOENT, "an attribute of nothing");
    holds()
}

/// The claim says that an attribute, which mountinfo shows as this option, is set and cleared alone.
fn is_set_and_cleared(attribute: MountAttrFlags, option: &str) -> Verdict {
    child(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        tree.tmpfs("a")?.tmpfs("a/b")?;
        let before = tree.mounts()?;
        let change = |flags, attributes| mount_setattr(CWD, &tree.path("a"), flags, &attributes);
        for (flags, covers_all) in [(AtFlags::empty(), false), (RECURSIVE, true)] {
            expect_ok!(change(flags, MountAttributes::setting(attribute)), "to set {option}");
            let seen = tree.mounts()?;
            for (name, is_covered) in [("a", true), ("a/b", covers_all), ("", false)] {
                expect_eq!(has(&seen, name, option), is_covered, "{option} at «{name}»");
            }
            expect_ok!(change(flags, MountAttributes::clearing(attribute)), "to clear {option}");
            expect_eq!(tree.mounts()?, before, "after {option} was cleared");
        }
        holds()
    })
}

fn change(tree: &Tree, name: &str, attributes: MountAttributes<'_>) -> nix::Result<()> {
    mount_setattr(CWD, &tree.path(name), AtFlags::empty(), &attributes)
}

fn has(seen: &Mounts, name: &str, option: &str) -> bool {
    seen.find(name).is_some_and(|mount| mount.options.has(option))
}
