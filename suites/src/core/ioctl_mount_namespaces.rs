//! What a mount namespace's file tells of it, its number and how many mounts it has: `linux/nsfs.h`.

use kit::mounts::{Mounts, tmpfs};
use kit::prelude::*;
use kit::sys::ioctl::without_argument;
use kit::sys::mnt_ns::{INFO_SIZE, Info, NS_MNT_GET_INFO, info, info_of_size};
use kit::sys::ns::get_nstype;
use kit::sys::ns_ids::{self, mnt_id};
use nix::errno::Errno;
use nix::mount::{MntFlags, umount2};
use nix::unistd::Pid;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mount_namespaces_had_no_number_to_ask_for,
    ioctl_mntns_id,
    ioctl_mntns_id_is_the_ns_id,
    ioctl_mntns_id_einval,
    ioctl_mnt_info,
    mnt_info_does_not_count_the_root_mount,
    ioctl_mnt_info_null_einval,
    ioctl_mnt_info_short_enotty,
    mnt_info_of_a_short_structure_was_einval,
    ioctl_mnt_info_larger_ok,
];

/// Before 6.11 there is no NS_GET_MNTNS_ID: the request fails with ENOTTY on a mount namespace.
#[claim(source = "include/uapi/linux/nsfs.h", until = "6.11", needs = [])]
fn mount_namespaces_had_no_number_to_ask_for() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    expect_errno!(mnt_id(&own), ENOTTY);
    expect_eq!(expect_ok!(get_nstype(&own)), CLONE_NEWNS);
    holds()
}

/// NS_GET_MNTNS_ID returns a 64-bit ID of a mount namespace: the same for all its processes, another for each
/// namespace.
#[claim(
    source = "include/uapi/linux/nsfs.h",
    since = "6.11",
    replaces = "mount_namespaces_had_no_number_to_ask_for",
    needs = [UserNamespaces],
)]
fn ioctl_mntns_id() -> Verdict {
    let (sharer, first, second) =
        (waiting(NONE)?, waiting(CLONE_NEWUSER | CLONE_NEWNS)?, waiting(CLONE_NEWUSER | CLONE_NEWNS)?);
    let number = |process: &Child<()>| Ok(expect_ok!(mnt_id(process.namespace(Kind::Mnt)?)));
    let own = expect_ok!(mnt_id(Namespace::own(Kind::Mnt)?));
    expect_ne!(own, 0);
    expect_eq!(number(&sharer)?, own, "a process in the same mount namespace");
    let (first, second) = (number(&first)?, number(&second)?);
    expect_ne!(first, own);
    expect_ne!(second, own);
    expect_ne!(first, second);
    holds()
}

/// NS_GET_MNTNS_ID returns the same ID of a mount namespace as NS_GET_ID.
#[claim(source = ["include/uapi/linux/nsfs.h", "kernel 7.3 fs/nsfs.c ns_ioctl"], since = "6.18", needs = [UserNamespaces])]
fn ioctl_mntns_id_is_the_ns_id() -> Verdict {
    let others = waiting(CLONE_NEWUSER | CLONE_NEWNS)?.namespace(Kind::Mnt)?;
    for namespace in [Namespace::own(Kind::Mnt)?, others] {
        expect_eq!(expect_ok!(mnt_id(&namespace)), expect_ok!(ns_ids::id(&namespace)));
    }
    holds()
}

/// NS_GET_MNTNS_ID fails with EINVAL on a namespace of any other kind than mount.
#[claim(source = "include/uapi/linux/nsfs.h", since = "6.11", needs = [Config("TIME_NS")])]
fn ioctl_mntns_id_einval() -> Verdict {
    for kind in Kind::ALL {
        let answer = mnt_id(Namespace::own(kind)?);
        match kind {
            Kind::Mnt => drop(expect_ok!(answer)),
            _ => expect_errno!(answer, EINVAL, "{kind}"),
        }
    }
    holds()
}

/// NS_MNT_GET_INFO returns a mount namespace's ID and the number of its mounts, which mount(2) and umount(2) change by
/// one.
#[claim(
    source = ["include/uapi/linux/nsfs.h", "kernel 7.3 fs/nsfs.c copy_ns_info_to_user"],
    since = "6.12",
    needs = [UserNamespaces],
)]
fn ioctl_mnt_info() -> Verdict {
    user_namespace(CLONE_NEWNS, || {
        let own = Namespace::own(Kind::Mnt)?;
        let before = expect_ok!(info(&own));
        expect_eq!(before.id, mnt_id(&own)?, "the number that NS_GET_MNTNS_ID tells");
        expect_eq!(expect_ok!(info(&own)), before, "asked once more");
        tmpfs("/mnt")?;
        expect_eq!(expect_ok!(info(&own)), Info { mounts: before.mounts + 1, ..before }, "after a mount");
        umount2("/mnt", MntFlags::empty()).doing("unmount /mnt")?;
        expect_eq!(expect_ok!(info(&own)), before, "after it was unmounted");
        holds()
    })
}

/// The number of mounts that NS_MNT_GET_INFO returns leaves out the lowest one, the root of the mount namespace.
#[claim(
    source = "kernel 7.3 fs/nsfs.c copy_ns_info_to_user",
    since = "6.12",
    needs = [Root, InitialNamespaces],
)]
fn mnt_info_does_not_count_the_root_mount() -> Verdict {
    let initial = Namespace::at("/proc/1/ns/mnt")?;
    let mounts = Mounts::of(Pid::from_raw(1))?;
    // A mount whose parent is not shown, or is itself, is the lowest that init sees: from 7.0 on another lies below it.
    let stack = mounts.stack("/");
    let lowest = stack.first().ok_or_else(|| Failure::broken(format!("there is no root directory: {mounts:?}")))?;
    let hidden = u32::from(lowest.parent != lowest.id);
    expect_eq!(expect_ok!(info(&initial)).mounts + 1, mounts.len() as u32 + hidden, "of {mounts:?}");
    holds()
}

/// NS_MNT_GET_INFO with a null pointer for the structure fails with EINVAL, not with EFAULT.
#[claim(source = "kernel 7.3 fs/nsfs.c ns_ioctl", since = "6.12", needs = [])]
fn ioctl_mnt_info_null_einval() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    expect_errno!(without_argument(&own, NS_MNT_GET_INFO), EINVAL);
    expect_ok!(info(&own), "with a structure");
    holds()
}

/// NS_MNT_GET_INFO fails with ENOTTY if the structure is shorter than the first published one.
///
/// Before 6.17 it fails with EINVAL.
#[claim(
    source = "kernel 7.3 fs/nsfs.c extensible_ioctl_valid",
    since = "6.17",
    replaces = "mnt_info_of_a_short_structure_was_einval",
    needs = [],
)]
fn ioctl_mnt_info_short_enotty() -> Verdict {
    short_structure_is(Errno::ENOTTY)
}

/// Before 6.17, NS_MNT_GET_INFO fails with EINVAL if the structure is shorter than the first published one.
#[claim(source = "kernel 6.12 fs/nsfs.c ns_ioctl", since = "6.12", until = "6.17", needs = [])]
fn mnt_info_of_a_short_structure_was_einval() -> Verdict {
    short_structure_is(Errno::EINVAL)
}

/// NS_MNT_GET_INFO accepts a longer structure than the kernel's, fills the part that the kernel knows, and returns its
/// size.
#[claim(source = "kernel 7.3 fs/nsfs.c copy_ns_info_to_user", since = "6.12", needs = [])]
fn ioctl_mnt_info_larger_ok() -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    let known = expect_ok!(info(&own));
    expect_eq!(known.size, u32::from(INFO_SIZE));
    for size in [INFO_SIZE + 1, 32, 256] {
        expect_eq!(expect_ok!(info_of_size(&own, size), "{size} bytes"), known, "{size} bytes");
    }
    holds()
}

fn short_structure_is(errno: Errno) -> Verdict {
    let own = Namespace::own(Kind::Mnt)?;
    for size in 0..INFO_SIZE {
        expect_eq!(info_of_size(&own, size), Err(errno), "{size} bytes");
    }
    expect_ok!(info_of_size(&own, INFO_SIZE), "{INFO_SIZE} bytes");
    holds()
}
