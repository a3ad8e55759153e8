//! When a mount cannot be made an ID-mapped one: `mount_setattr(2)`, ERRORS and NOTES.

use std::fs::File;
use std::os::fd::AsRawFd;

use kit::mounts::{Detached, RECURSIVE, Tree};
use kit::prelude::*;
use kit::process::container;
use kit::sys::mount_attributes::{MountAttributes, mount_setattr, open_tree_attr};
use nix::mount::MsFlags;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, fstat, openat, statat};
use rustix::mount::{MountAttrFlags, OpenTreeFlags};

use super::idmapping::{FIRST, mapping};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    idmapping_needs_a_mount_that_was_never_attached,
    open_tree_attr_maps_copies_alone,
    idmapping_is_set_once,
    idmapping_needs_a_user_namespace,
    idmapping_needs_a_user_namespace_with_maps,
    idmapping_by_the_initial_user_namespace_is_refused,
    idmapping_needs_power_over_the_user_namespace,
    idmapping_needs_a_file_system_that_allows_it,
    idmapping_of_a_tree_is_of_all_or_none,
    idmapping_waits_for_no_writers,
    file_systems_of_user_namespaces_are_idmapped,
    idmapping_by_the_file_systems_own_user_namespace_is_refused,
    idmapping_needs_power_over_the_file_system,
];

/// MOUNT_ATTR_IDMAP fails with EINVAL for a mount that is attached, or was once.
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_needs_a_mount_that_was_never_attached() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.dir("to")?;
    let namespace = mapping()?;
    let copy = Detached::copy_of(tree.path("from"))?;
    copy.attach(tree.path("to"))?;
    expect_errno!(copy.map_ids(&namespace), EINVAL, "attached");
    tree.detach("to")?;
    expect_errno!(copy.map_ids(&namespace), EINVAL, "attached and taken away");
    expect_ok!(Detached::copy_of(tree.path("from"))?.map_ids(&namespace), "never attached");
    let copy = Detached::copy_of(tree.path("from"))?;
    child(CLONE_NEWNS, || {
        expect_ok!(copy.map_ids(&namespace), "never attached, in another mount namespace");
        Ok(())
    })?;
    holds()
}

/// open_tree_attr(2) with OPEN_TREE_CLONE makes an ID-mapped copy; for an attached mount MOUNT_ATTR_IDMAP fails with EINVAL.
#[claim(source = "open_tree_attr(2)", since = "6.15", needs = [Root, UserNamespaces])]
fn open_tree_attr_maps_copies_alone() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?;
    let (namespace, place) = (mapping()?, tree.path("from"));
    let attributes = MountAttributes::mapping_by(namespace.fd()).to_bytes();
    let call = |flags| open_tree_attr(CWD, &place, flags | OpenTreeFlags::OPEN_TREE_CLOEXEC, &attributes);
    expect_errno!(call(OpenTreeFlags::empty()), EINVAL, "the mount itself");
    let copy = expect_ok!(call(OpenTreeFlags::OPEN_TREE_CLONE), "a copy");
    expect_eq!(fstat(&copy)?.st_uid, FIRST, "the owner, through the copy");
    expect_eq!(statat(CWD, &place, AtFlags::empty())?.st_uid, 0, "the owner, through the mount itself");
    holds()
}

/// MOUNT_ATTR_IDMAP fails with EPERM for a mount that is ID-mapped already, and with EINVAL in attr_clr.
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_is_set_once() -> Verdict {
    let copy = copy_of_tmpfs()?;
    let (first, second) = (mapping()?, Maps::range(2 * FIRST, 1000).namespace()?);
    let clear = MountAttributes::clearing(MountAttrFlags::MOUNT_ATTR_IDMAP);
    expect_errno!(copy.change(&clear), EINVAL, "cleared before");
    expect_ok!(copy.map_ids(&first));
    expect_errno!(copy.map_ids(&first), EPERM, "by the same user namespace again");
    expect_errno!(copy.map_ids(&second), EPERM, "by another one");
    expect_errno!(copy.change(&clear), EINVAL, "cleared afterwards");
    expect_eq!(fstat(&copy)?.st_uid, FIRST, "root's directory, by the first map");
    expect_ok!(copy_of_tmpfs()?.map_ids(&second), "by that one, another mount");
    holds()
}

/// MOUNT_ATTR_IDMAP fails with EINVAL if userns_fd is no user namespace or exceeds INT_MAX, and with EBADF if it is not open.
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_needs_a_user_namespace() -> Verdict {
    let copy = copy_of_tmpfs()?;
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::User && kit::joining::present().contains(kind)) {
        expect_errno!(copy.map_ids(&Namespace::own(kind)?), EINVAL, "a namespace of kind {kind}");
    }
    expect_errno!(copy.map_ids(File::open("/proc/self/status")?), EINVAL, "another file");
    let by_number =
        |number: u64| copy.change(&MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_IDMAP).with_userns_fd(number));
    let namespace = mapping()?;
    let number = namespace.fd().as_raw_fd() as u64;
    for above in [1 << 31, 1 << 32 | number, u64::MAX] {
        expect_errno!(by_number(above), EINVAL, "{above:#x}");
    }
    let closed = mapping()?.fd().as_raw_fd() as u64;
    expect_errno!(by_number(closed), EBADF, "a number that is not open");
    expect_ok!(by_number(number), "a user namespace");
    holds()
}

/// MOUNT_ATTR_IDMAP fails with EINVAL if the user namespace has no maps.
#[claim(source = "fs/mnt_idmapping.c", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_needs_a_user_namespace_with_maps() -> Verdict {
    let copy = copy_of_tmpfs()?;
    let bare = waiting(CLONE_NEWUSER)?;
    let namespace = bare.namespace(Kind::User)?;
    expect_errno!(copy.map_ids(&namespace), EINVAL, "without maps");
    Maps::range(10_000, 1000).write(&bare.pid().to_string())?;
    expect_ok!(copy.map_ids(&namespace), "the same user namespace with maps");
    holds()
}

/// MOUNT_ATTR_IDMAP fails with EPERM for the initial user namespace.
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, InitialNamespaces, UserNamespaces])]
fn idmapping_by_the_initial_user_namespace_is_refused() -> Verdict {
    let copy = copy_of_tmpfs()?;
    expect_errno!(copy.map_ids(&Namespace::own(Kind::User)?), EPERM, "the initial user namespace");
    expect_ok!(copy.map_ids(&mapping()?), "another one");
    holds()
}

/// MOUNT_ATTR_IDMAP requires CAP_SYS_ADMIN in the user namespace of userns_fd.
#[claim(source = "fs/namespace.c build_mount_idmapped", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_needs_power_over_the_user_namespace() -> Verdict {
    let sibling = mapping()?;
    container(100_000, CLONE_NEWNS, || {
        let copy = copy_of_tmpfs()?;
        expect_errno!(copy.map_ids(&sibling), EPERM, "a user namespace beside the caller's");
        expect_ok!(copy.map_ids(&inner().namespace()?), "one that is the caller's child");
        Ok(())
    })?;
    expect_ok!(copy_of_tmpfs()?.map_ids(&sibling), "one that is the caller's child, outside");
    holds()
}

/// MOUNT_ATTR_IDMAP fails with EINVAL for file systems that do not support it, such as proc and ramfs.
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_needs_a_file_system_that_allows_it() -> Verdict {
    let namespace = mapping()?;
    for (kind, is_supported) in [("proc", false), ("ramfs", false), ("tmpfs", true)] {
        let mount = Detached::new(kind, &[], MountAttrFlags::empty())?;
        if is_supported {
            expect_ok!(mount.map_ids(&namespace), "{kind}");
        } else {
            expect_errno!(mount.map_ids(&namespace), EINVAL, "{kind}");
        }
    }
    holds()
}

/// MOUNT_ATTR_IDMAP with AT_RECURSIVE maps all mounts of a tree, or fails with EINVAL and maps none if one cannot be mapped.
#[claim(source = "mount_setattr(2) NOTES", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_of_a_tree_is_of_all_or_none() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.tmpfs("from/below")?.dir("from/below/file")?;
    let namespace = mapping()?;
    let map = |copy: &Detached| {
        let attributes = MountAttributes::mapping_by(namespace.fd());
        mount_setattr(copy, "", AtFlags::EMPTY_PATH | RECURSIVE, &attributes)
    };
    let owners = |copy: &Detached| -> Outcome<_> {
        let below = statat(copy, "below/file", AtFlags::empty()).doing("stat a file below")?;
        Ok((fstat(copy).doing("stat the root")?.st_uid, below.st_uid))
    };
    let copy = Detached::copy_of_all(tree.path("from"))?;
    expect_ok!(map(&copy), "two that can be mapped");
    expect_eq!(owners(&copy)?, (FIRST, FIRST));
    tree.mount("proc", "from/proc", MsFlags::empty(), None)?;
    let copy = Detached::copy_of_all(tree.path("from"))?;
    expect_errno!(map(&copy), EINVAL, "with a procfs below");
    expect_eq!(owners(&copy)?, (0, 0), "after the refusal");
    holds()
}

/// MOUNT_ATTR_IDMAP fails with EBUSY while a file of the mount is open for writing.
#[claim(source = "mount_setattr(2) ERRORS", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_waits_for_no_writers() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.file("from/file", "")?;
    let copy = Detached::copy_of(tree.path("from"))?;
    let namespace = mapping()?;
    let open = |flags| openat(&copy, "file", flags | OFlags::CLOEXEC, Mode::empty()).doing("open a file of the mount");
    let writer = open(OFlags::WRONLY)?;
    expect_errno!(copy.map_ids(&namespace), EBUSY, "open for writing");
    drop(writer);
    let _elsewhere = File::create(tree.path("from/file"))?;
    let _reader = open(OFlags::RDONLY)?;
    expect_ok!(copy.map_ids(&namespace), "open for reading, and for writing through another mount");
    holds()
}

/// Root of a user namespace can make ID-mapped mounts of a file system that it has mounted there.
#[claim(
    source = "fs/namespace.c can_idmap_mount",
    since = "6.3",
    needs = [Root, UserNamespaces],
    erratum = "mount_setattr(2), ERRORS: EINVAL if the file system was mounted in a mount namespace of a noninitial user namespace.",
)]
fn file_systems_of_user_namespaces_are_idmapped() -> Verdict {
    container(100_000, CLONE_NEWNS, || {
        expect_ok!(copy_of_tmpfs()?.map_ids(&inner().namespace()?));
        holds()
    })
}

/// MOUNT_ATTR_IDMAP fails with EINVAL for the user namespace in which the file system was mounted.
#[claim(source = "fs/namespace.c can_idmap_mount", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_by_the_file_systems_own_user_namespace_is_refused() -> Verdict {
    container(100_000, CLONE_NEWNS, || {
        let copy = copy_of_tmpfs()?;
        expect_errno!(copy.map_ids(&Namespace::own(Kind::User)?), EINVAL, "the caller's, which mounted it");
        expect_ok!(copy.map_ids(&inner().namespace()?), "a child of it");
        holds()
    })
}

/// MOUNT_ATTR_IDMAP requires CAP_SYS_ADMIN in the user namespace in which the file system was mounted.
#[claim(source = "mount_setattr(2) NOTES", since = "6.3", needs = [Root, UserNamespaces])]
fn idmapping_needs_power_over_the_file_system() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("outer")?;
    container(100_000, CLONE_NEWNS, || {
        let namespace = inner().namespace()?;
        let copy = Detached::copy_of(tree.path("outer"))?;
        expect_errno!(copy.map_ids(&namespace), EPERM, "a file system of the parent's");
        expect_ok!(copy_of_tmpfs()?.map_ids(&namespace), "one of its own");
        holds()
    })
}

/// A detached copy of a new tmpfs.
fn copy_of_tmpfs() -> Outcome<Detached> {
    let tree = Tree::new()?;
    tree.tmpfs("from")?;
    Ok(Detached::copy_of(tree.path("from"))?)
}

/// Maps for a user namespace in a container's, of IDs that are mapped there.
fn inner() -> Maps {
    Maps::range(100, 100)
}
