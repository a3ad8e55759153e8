//! statmount(2) and listmount(2) about other mount namespaces than the caller's.

use std::os::fd::AsFd;

use kit::mounts::Tree;
use kit::prelude::*;
use kit::process::with_only;
use kit::sys::listmount::listmount;
use kit::sys::mount_request::{MountRequest, Wanted};
use kit::sys::ns_ids::mnt_id;
use kit::sys::statmount::statmount;
use nix::errno::Errno;
use rustix::thread::CapabilitySet;

use super::mount_requests::{MANY, ROOM, basic, changed, id_of};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    a_mount_namespace_is_asked_about_by_its_number,
    a_mount_namespace_is_asked_about_by_a_descriptor,
    a_foreign_mount_namespace_is_closed_without_cap_sys_admin,
];

/// With the ID of a mount namespace, statmount(2) tells of a mount there, also to a process in a sibling of it.
#[claim(
    source = "statmount(2)",
    since = "6.11",
    needs = [Root],
    erratum = "statmount(2), DESCRIPTION: the mount namespace must be a child of the caller's.",
)]
fn a_mount_namespace_is_asked_about_by_its_number() -> Verdict {
    let tree = Tree::new()?;
    let other = elsewhere(&tree)?;
    let namespace = mnt_id(other.namespace(Kind::Mnt)?.fd()).doing("the ID of a mount namespace")?;
    let mount = other.recv::<u64>()?;
    let wanted = Wanted::STATMOUNT_MNT_BASIC | Wanted::STATMOUNT_MNT_NS_ID;
    let ask = || {
        let there = basic(mount).in_namespace(namespace);
        expect_errno!(statmount(&basic(mount), ROOM, 0), ENOENT, "without the namespace's ID");
        let told = expect_ok!(statmount(&there.wanting(wanted), ROOM, 0), "with it");
        expect_eq!((told.id, told.namespace), (mount, namespace));
        expect_errno!(statmount(&there.in_namespace(u64::MAX - 1), ROOM, 0), ENOENT, "a namespace that there is not");
        Ok(())
    };
    ask().doing("in the mount namespace that it was copied from")?;
    child(CLONE_NEWNS, ask).doing("in another copy of that")?;
    holds()
}

/// A descriptor names the mount namespace that statmount(2) is asked about; it fails with EINVAL for any other file.
#[claim(source = "statmount(2)", since = "6.18", needs = [Root])]
fn a_mount_namespace_is_asked_about_by_a_descriptor() -> Verdict {
    let tree = Tree::new()?;
    let other = elsewhere(&tree)?;
    let mount = other.recv::<u64>()?;
    let (namespace, uts) = (other.namespace(Kind::Mnt)?, other.namespace(Kind::Uts)?);
    let file = std::fs::File::open("/proc/self/status")?;
    let by = |fd| basic(mount).behind(fd);
    let number = mnt_id(namespace.fd()).doing("the ID of a mount namespace")?;
    expect_errno!(statmount(&basic(mount), ROOM, 0), ENOENT, "without the descriptor");
    expect_eq!(expect_ok!(statmount(&by(namespace.fd()), ROOM, 0)).id, mount);
    expect_errno!(statmount(&by(uts.fd()), ROOM, 0), EINVAL, "another kind of namespace");
    expect_errno!(statmount(&by(file.as_fd()), ROOM, 0), EINVAL, "another file");
    let both = by(namespace.fd()).in_namespace(number);
    expect_errno!(statmount(&both, ROOM, 0), EINVAL, "with the namespace's ID, too");
    let closed = changed(by(namespace.fd()), |request| request.fd = 9999);
    expect_errno!(statmount(&closed, ROOM, 0), EBADF, "a number that is not open");
    holds()
}

/// statmount(2) and listmount(2) about another mount namespace fail without CAP_SYS_ADMIN in its owner; the own one can be named.
///
/// listmount(2) fails with ENOENT, as if there were no such namespace, and statmount(2) with EPERM or with ENOENT: that was
/// changed in stable kernels, too.
#[claim(
    source = ["fs/namespace.c grab_requested_mnt_ns", "statmount(2)"],
    since = "6.11",
    needs = [Root, UserNamespaces],
)]
fn a_foreign_mount_namespace_is_closed_without_cap_sys_admin() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("own")?;
    let other = elsewhere(&tree)?;
    let mount = other.recv::<u64>()?;
    let number = |process: &Namespace| mnt_id(process.fd()).doing("the ID of a mount namespace");
    let there = basic(mount).in_namespace(number(&other.namespace(Kind::Mnt)?)?);
    let here = basic(id_of(&tree, "own")?).in_namespace(number(&Namespace::own(Kind::Mnt)?)?);
    let tell = |request: &MountRequest<'_>| statmount(request, ROOM, 0).map(|told| told.id);
    let expect_closed = |whose: &str| {
        let told = tell(&there);
        expect!(matches!(told, Err(Errno::EPERM | Errno::ENOENT)), "statmount(2), {whose}: {told:?}");
        expect_errno!(listmount(&there.param(0), MANY, 0), ENOENT, "{whose}");
        expect_eq!(expect_ok!(tell(&here), "its own, {whose}"), here.mount);
        expect_ok!(listmount(&here.param(0), MANY, 0), "its own, {whose}");
        Ok(())
    };
    unprivileged(NONE, || expect_closed("an ordinary user"))?;
    user_namespace(NONE, || expect_closed("root of a user namespace below"))?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_eq!(expect_ok!(tell(&there), "with CAP_SYS_ADMIN alone"), mount);
        expect_ok!(listmount(&there.param(0), MANY, 0), "with CAP_SYS_ADMIN alone");
        Ok(())
    })?;
    holds()
}

/// A process in a mount namespace of its own, with a mount `theirs` that no other has. It tells the mount's ID.
fn elsewhere(tree: &Tree) -> Outcome<Child<()>> {
    spawn(CLONE_NEWNS, |case| {
        tree.tmpfs("theirs")?;
        case.send(&id_of(tree, "theirs")?)?;
        case.wait()
    })
}
