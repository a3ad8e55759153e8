//! The call that changes the type of a mount: which flags it takes, of which mounts, by whom. `mount(2)`, Changing the
//! propagation type of an existing mount.

use std::collections::BTreeSet;

use kit::mounts::Propagation::{Private, Shared, Slave, Unbindable};
use kit::mounts::{Propagation, Tree};
use kit::prelude::*;
use kit::process::{with_only, without};
use nix::mount::{MsFlags, mount};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    recursive_change_covers_all_below,
    two_types_at_once_are_refused,
    type_is_changed_with_no_other_flag,
    bind_ignores_a_type_that_is_named,
    source_type_and_data_are_ignored,
    only_a_mount_point_has_a_type_to_change,
    changing_a_type_needs_sys_admin,
];

/// A change of type with MS_REC covers the mount and all that are mounted below it; without, it covers that mount alone.
#[claim(source = ["mount(2)", "mount_namespaces(7) NOTES"], needs = [Root])]
fn recursive_change_covers_all_below() -> Verdict {
    for (kind, other) in [(Shared, Private), (Private, Shared), (Unbindable, Private)] {
        child(CLONE_NEWNS, || {
            let tree = small_tree()?;
            tree.make_all("m", other)?;
            expect_ok!(tree.make("m", kind));
            expect_eq!(types(&tree)?, [kind, other, other, other], "{other} made {kind}");
            expect_ok!(tree.make_all("m", kind));
            expect_eq!(types(&tree)?, [kind; 4], "{other} made {kind} with all below");
            let groups = tree.mounts()?.into_iter().filter_map(|mount| mount.tags.shared);
            let groups: BTreeSet<_> = groups.collect();
            expect_eq!(groups.len(), if kind == Shared { 4 } else { 0 }, "peer groups, {other} made {kind}");
            Ok(())
        })?;
    }
    holds()
}

/// mount(2) fails with EINVAL, and changes nothing, if more than one of the four propagation types is named.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn two_types_at_once_are_refused() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", Shared)?;
    let before = tree.mounts()?;
    for number in 1..1 << TYPES.len() {
        let named = TYPES.iter().enumerate().filter(|(index, _)| number & (1 << index) != 0);
        let flags: MsFlags = named.map(|(_, flag)| *flag).collect();
        if flags.iter().count() > 1 {
            expect_errno!(change(&tree, "m", flags), EINVAL, "{flags:?}");
            expect_eq!(tree.mounts()?, before, "after {flags:?}");
        }
    }
    for flag in TYPES {
        expect_ok!(change(&tree, "m", flag), "{flag:?} alone");
    }
    holds()
}

/// mount(2) that names a propagation type fails with EINVAL if it has other flags than MS_REC and MS_SILENT.
///
/// MS_BIND and MS_REMOUNT make another operation of it, which ignores the type.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn type_is_changed_with_no_other_flag() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?;
    for kind in TYPES {
        for allowed in [MsFlags::empty(), MsFlags::MS_REC, MsFlags::MS_SILENT, MsFlags::MS_REC | MsFlags::MS_SILENT] {
            expect_ok!(change(&tree, "m", kind | allowed), "{kind:?} with {allowed:?}");
        }
        let before = tree.mounts()?;
        for refused in [
            MsFlags::MS_MOVE,
            MsFlags::MS_SYNCHRONOUS,
            MsFlags::MS_DIRSYNC,
            MsFlags::MS_RDONLY,
            MsFlags::MS_NOSUID,
            MsFlags::MS_NODEV,
            MsFlags::MS_NOEXEC,
            MsFlags::MS_NOATIME,
            MsFlags::MS_NODIRATIME,
            MsFlags::MS_RELATIME,
            MsFlags::MS_STRICTATIME,
        ] {
            expect_errno!(change(&tree, "m", kind | refused), EINVAL, "{kind:?} with {refused:?}");
            expect_eq!(tree.mounts()?, before, "after {kind:?} with {refused:?}");
        }
    }
    holds()
}

/// A bind mount that is made with a propagation type beside MS_BIND is as it would be without: the type is ignored.
#[claim(source = ["mount(2)", "kernel 7.3 fs/namespace.c path_mount"], needs = [Root])]
fn bind_ignores_a_type_that_is_named() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("shared", Shared)?.typed("private", Private)?.dir("to")?;
    for (from, becomes) in [("shared", Shared), ("private", Private)] {
        for kind in TYPES {
            let before = tree.mounts()?;
            let bound = mount(Some(&tree.path(from)), &tree.path("to"), NOTHING, MsFlags::MS_BIND | kind, NOTHING);
            expect_ok!(bound, "bind one that is {from}, with {kind:?}");
            expect_eq!(tree.propagation("to")?, becomes, "bound with {kind:?}");
            expect_eq!(tree.tags(from)?, before.at(from)?.tags, "of what was bound with {kind:?}");
            tree.umount("to")?;
        }
    }
    holds()
}

/// A change of type ignores the source, the file system's type and the data, whatever they are.
#[claim(source = "mount(2)", needs = [Root])]
fn source_type_and_data_are_ignored() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?;
    let call = |flags| mount(Some("/nowhere"), &tree.path("m"), Some("nosuchfs"), flags, Some("no=option"));
    for kind in [Shared, Private, Unbindable] {
        for flag in kind.flags() {
            expect_ok!(call(*flag), "to make it {kind}");
        }
        expect_eq!(tree.propagation("m")?, kind);
    }
    expect_errno!(call(MsFlags::empty()), ENODEV, "the same arguments for a new mount");
    holds()
}

/// Changing the type of a directory or file that is no mount point fails with EINVAL.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn only_a_mount_point_has_a_type_to_change() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?.dir("m/directory")?.file("m/file", "")?;
    for kind in TYPES {
        for (name, is_refused) in [("m/directory", true), ("m/file", true), ("m", false)] {
            if is_refused {
                expect_errno!(change(&tree, name, kind), EINVAL, "{kind:?} of {name}");
            } else {
                expect_ok!(change(&tree, name, kind), "{kind:?} of {name}");
            }
        }
    }
    holds()
}

/// Changing the type of a mount requires CAP_SYS_ADMIN; without it the call fails with EPERM, and with nothing else it succeeds.
#[claim(source = ["mount(2) ERRORS", "capabilities(7)"], needs = [Root])]
fn changing_a_type_needs_sys_admin() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("m")?;
    for kind in TYPES {
        without(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(change(&tree, "m", kind), EPERM, "{kind:?} with all other capabilities");
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_ok!(change(&tree, "m", kind), "{kind:?} with no other capability");
            Ok(())
        })?;
    }
    holds()
}

/// The four flags that name a type.
const TYPES: [MsFlags; 4] = [MsFlags::MS_SHARED, MsFlags::MS_PRIVATE, MsFlags::MS_SLAVE, MsFlags::MS_UNBINDABLE];

const NOTHING: Option<&str> = None;

/// Mounts on mounts.
const NAMES: [&str; 4] = ["m", "m/a", "m/a/b", "m/c"];

fn small_tree() -> Outcome<Tree> {
    let tree = Tree::new()?;
    for name in NAMES {
        tree.tmpfs(name)?;
    }
    Ok(tree)
}

fn types(tree: &Tree) -> Outcome<[Propagation; 4]> {
    let seen = tree.mounts()?;
    let mut types = [Slave; 4];
    for (kind, name) in types.iter_mut().zip(NAMES) {
        *kind = Propagation::of(seen.at(name)?);
    }
    Ok(types)
}

/// mount(2) at a place of the tree with these flags and nothing else.
fn change(tree: &Tree, name: &str, flags: MsFlags) -> nix::Result<()> {
    mount(NOTHING, &tree.path(name), NOTHING, flags, NOTHING)
}
