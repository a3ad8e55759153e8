//! Mount namespaces that open_tree(2) and fsmount(2) make, and whose descriptors they return.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use kit::mounts::{Mounts, Tree, unique_id};
use kit::prelude::*;
use kit::process::without;
use kit::sys::fs_context::{FSMOUNT_NAMESPACE, OPEN_TREE_NAMESPACE};
use kit::sys::mount_request::{MountRequest, Wanted};
use kit::sys::ns::{get_nstype, get_userns};
use kit::sys::statmount::statmount;
use rustix::fs::{CWD, statfs};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, OpenTreeFlags, fsconfig_create, fsmount, fsopen, open_tree,
};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    open_tree_makes_a_mount_namespace,
    open_tree_makes_a_mount_namespace_of_any_directory,
    open_tree_refuses_a_mount_namespace,
    a_user_namespace_takes_a_whole_tree_along,
    fsmount_makes_a_mount_namespace,
    fsmount_makes_mount_namespaces_for_the_privileged,
];

/// What `statfs(2)` tells of a tmpfs: TMPFS_MAGIC of `linux/magic.h`.
const TMPFS: rustix::fs::FsWord = 0x0102_1994;

/// open_tree(2) with OPEN_TREE_NAMESPACE makes a mount namespace whose root is a copy of the mount, and leaves the caller where it
/// is.
///
/// With AT_RECURSIVE all that is mounted below is copied too. The caller's user namespace owns it.
#[claim(source = "fs/namespace.c", since = "7.0", needs = [Root])]
fn open_tree_makes_a_mount_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.file("a/outer", "")?.tmpfs("a/below")?.file("a/below/inner", "")?;
    let (before, own) = (Mounts::own()?, own_inode(Kind::Mnt)?);
    for (flags, is_whole) in [(OpenTreeFlags::empty(), false), (OpenTreeFlags::AT_RECURSIVE, true)] {
        let made = expect_ok!(namespace_of(&tree, "a", flags), "{flags:?}");
        expect_eq!(expect_ok!(get_nstype(&made)), CLONE_NEWNS, "what the descriptor refers to");
        let namespace = Namespace::from_fd(made);
        let owner = Namespace::from_fd(expect_ok!(get_userns(namespace.fd())));
        expect_eq!(owner.inode()?, own_inode(Kind::User)?, "the user namespace that owns it");
        expect_ne!(namespace.inode()?, own, "the mount namespace");
        let seen = files_inside(&namespace)?;
        expect_eq!(seen, (true, is_whole), "files of the mount and of the one below, {flags:?}");
    }
    expect_eq!((Mounts::own()?, own_inode(Kind::Mnt)?), (before, own), "the caller's");
    holds()
}

/// open_tree(2) with OPEN_TREE_NAMESPACE takes any directory; the root of each new namespace has another mount as its parent.
#[claim(source = "fs/namespace.c", since = "7.0", needs = [Root])]
fn open_tree_makes_a_mount_namespace_of_any_directory() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("plain")?;
    let plain = tree.path("plain");
    let mut kept = vec![Namespace::own(Kind::Mnt)?];
    for place in [Path::new("/"), Path::new("/proc"), Path::new("/tmp"), &plain] {
        for more in [OpenTreeFlags::empty(), OpenTreeFlags::AT_RECURSIVE] {
            let flags = more | OPEN_TREE_NAMESPACE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
            let made = expect_ok!(open_tree(CWD, place, flags), "{}, {more:?}", place.display());
            let namespace = Namespace::from_fd(made);
            let (root, parent) = child(NONE, || {
                setns(namespace.fd(), CLONE_NEWNS)?;
                let root = unique_id("/")?.ok_or_else(|| Failure::broken("statx(2) tells no unique mount ID"))?;
                let request = MountRequest::about(root).wanting(Wanted::STATMOUNT_MNT_BASIC);
                Ok((root, statmount(&request, 4096, 0).doing("statmount")?.parent))
            })?;
            expect_ne!(root, parent, "the root and its parent, of {}, {more:?}", place.display());
            for other in &kept {
                expect_ne!(namespace.inode()?, other.inode()?, "of {}, {more:?}", place.display());
            }
            kept.push(namespace);
        }
    }
    holds()
}

/// open_tree(2) with OPEN_TREE_NAMESPACE fails with ENOTDIR for a file, with EINVAL beside OPEN_TREE_CLONE and for an
/// unbindable mount, and requires CAP_SYS_ADMIN.
#[claim(source = "fs/namespace.c", since = "7.0", needs = [Root])]
fn open_tree_refuses_a_mount_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.file("file", "")?;
    let call = |name, flags| namespace_of(&tree, name, flags);
    expect_errno!(call("file", OpenTreeFlags::empty()), ENOTDIR, "a file");
    expect_errno!(call("", OpenTreeFlags::OPEN_TREE_CLONE), EINVAL, "with OPEN_TREE_CLONE");
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(call("", OpenTreeFlags::empty()), EPERM, "without CAP_SYS_ADMIN");
        Ok(())
    })?;
    expect_ok!(call("", OpenTreeFlags::empty()), "a directory, with CAP_SYS_ADMIN");
    tree.tmpfs("mount")?.unbindable("mount")?;
    expect_errno!(call("mount", OpenTreeFlags::empty()), EINVAL, "an unbindable mount");
    tree.private("mount")?;
    expect_ok!(call("mount", OpenTreeFlags::empty()), "the same mount, private");
    holds()
}

/// A process privileged in its user namespace, but not over its mount namespace, makes a mount namespace by open_tree(2) of a whole
/// tree alone.
///
/// Without AT_RECURSIVE a directory that something is mounted below fails with EINVAL: what that covers would show.
#[claim(source = "fs/namespace.c", since = "7.2", needs = [Root, UserNamespaces])]
fn a_user_namespace_takes_a_whole_tree_along() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/below")?.file("a/below/hidden", "")?.tmpfs("a/below")?.tmpfs("bare")?;
    let is_hidden = |made: OwnedFd| {
        child(NONE, || {
            setns(&made, CLONE_NEWNS).doing("join the mount namespace")?;
            Ok(!fs::exists("/below/hidden")?)
        })
    };
    let call = |name, flags| namespace_of(&tree, name, flags);
    user_namespace(NONE, || {
        expect_errno!(call("a", OpenTreeFlags::empty()), EINVAL, "something is mounted below");
        let made = expect_ok!(call("a", OpenTreeFlags::AT_RECURSIVE), "with that");
        expect!(is_hidden(made)?, "what is mounted below covers what it covered");
        expect_ok!(call("bare", OpenTreeFlags::empty()), "nothing is mounted below");
        Ok(())
    })?;
    let made = expect_ok!(call("a", OpenTreeFlags::empty()), "privileged over the mount namespace");
    expect!(!is_hidden(made)?, "nothing is mounted below any more");
    holds()
}

/// fsmount(2) with FSMOUNT_NAMESPACE makes a mount namespace whose root is the new file system; without it, a mount.
#[claim(source = "fs/namespace.c", since = "7.1", needs = [Root])]
fn fsmount_makes_a_mount_namespace() -> Verdict {
    let call = |flags| -> Outcome<_> {
        let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).doing("fsopen tmpfs")?;
        fsconfig_create(&context).doing("create the file system")?;
        Ok(fsmount(&context, flags | FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()))
    };
    let before = Mounts::own()?;
    let made = expect_ok!(call(FSMOUNT_NAMESPACE)?);
    expect_eq!(expect_ok!(get_nstype(&made)), CLONE_NEWNS);
    let mount = expect_ok!(call(FsMountFlags::empty())?, "without the flag");
    expect_errno!(get_nstype(&mount), EBADF, "of a mount, which is open like O_PATH");
    let namespace = Namespace::from_fd(made);
    let listed = child(NONE, || {
        setns(namespace.fd(), CLONE_NEWNS)?;
        let entries = fs::read_dir("/").doing("list the root directory")?;
        Ok((entries.count(), statfs("/").doing("statfs")?.f_type))
    })?;
    expect_eq!(listed, (0, TMPFS), "files of a new file system, and its type");
    expect_eq!(Mounts::own()?, before, "the caller's mounts");
    holds()
}

/// FSMOUNT_NAMESPACE requires CAP_SYS_ADMIN, also for a file system that was made with it; root of a user namespace has it.
#[claim(source = "fs/namespace.c", since = "7.1", needs = [Root, UserNamespaces])]
fn fsmount_makes_mount_namespaces_for_the_privileged() -> Verdict {
    let context = || -> Outcome<_> {
        let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).doing("fsopen tmpfs")?;
        fsconfig_create(&context).doing("create the file system")?;
        Ok(context)
    };
    let call = |context: &OwnedFd| {
        fsmount(context, FSMOUNT_NAMESPACE | FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())
    };
    let made = context()?;
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(call(&made), EPERM, "without it");
        Ok(())
    })?;
    expect_ok!(call(&made), "with it");
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            let namespace = Namespace::from_fd(expect_ok!(call(&context()?), "root of a user namespace"));
            let owner = Namespace::from_fd(expect_ok!(get_userns(namespace.fd())));
            expect_eq!(owner.inode()?, own_inode(Kind::User)?, "the user namespace that owns it");
            expect_ok!(setns(namespace.fd(), CLONE_NEWNS));
            expect_eq!(fs::read_dir("/")?.count(), 0, "files of a new file system");
            holds()
        })
    })
}

/// Asks for a mount namespace with a copy of the mount there.
fn namespace_of(tree: &Tree, name: &str, flags: OpenTreeFlags) -> rustix::io::Result<OwnedFd> {
    open_tree(CWD, tree.path(name), flags | OPEN_TREE_NAMESPACE | OpenTreeFlags::OPEN_TREE_CLOEXEC)
}

/// Whether a process that joins it sees the files `outer` and `below/inner`.
fn files_inside(namespace: &Namespace) -> Outcome<(bool, bool)> {
    child(NONE, || {
        setns(namespace.fd(), CLONE_NEWNS)?;
        Ok((fs::exists("/outer")?, fs::exists("/below/inner")?))
    })
}
