//! What statmount(2) and listmount(2) may be asked, and by whom.

use std::os::fd::AsFd;

use kit::mounts::{Tree, unique_id};
use kit::prelude::*;
use kit::process::as_user;
use kit::sys::listmount::listmount;
use kit::sys::mount_request::{MountRequest, REQUEST_SIZE_0, Wanted};
use kit::sys::statmount::{STATMOUNT_BY_FD, statmount};
use nix::unistd::{chdir, chroot};
use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::mount::{OpenTreeFlags, open_tree};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    statmount_and_listmount_need_no_capability,
    mounts_outside_the_root_need_cap_sys_admin,
    statmount_refuses_requests_that_are_none,
    listmount_refuses_requests_that_are_none,
    listmount_goes_on_after_a_mount,
    a_mount_is_asked_about_by_a_descriptor,
    statmount_tells_what_it_can_tell,
    the_root_mount_has_another_parent,
];

/// Room for what a mount of these cases has to tell.
pub(super) const ROOM: usize = 4096;

/// How many IDs are asked for where all are wanted.
pub(super) const MANY: usize = 1000;

/// statmount(2) and listmount(2) of mounts below the caller's root directory succeed without any capability.
#[claim(
    source = "fs/namespace.c do_statmount",
    since = "6.8",
    needs = [Root],
    erratum = "statmount(2), DESCRIPTION: the CAP_SYS_ADMIN capability is required.",
)]
fn statmount_and_listmount_need_no_capability() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/b")?;
    let (a, b) = (id_of(&tree, "a")?, id_of(&tree, "a/b")?);
    let ask = || {
        expect_eq!(expect_ok!(statmount(&basic(a), ROOM, 0)).id, a);
        expect_eq!(expect_ok!(listmount(&MountRequest::about(a), MANY, 0)), [b]);
        Ok(())
    };
    ask().doing("as root")?;
    unprivileged(NONE, ask)?;
    holds()
}

/// statmount(2) and listmount(2) of a mount outside the caller's root directory fail with EPERM without CAP_SYS_ADMIN.
#[claim(source = "fs/namespace.c do_statmount", since = "6.8", needs = [Root])]
fn mounts_outside_the_root_need_cap_sys_admin() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("jail")?.tmpfs("outside")?.tmpfs("jail/inside")?;
    let (inside, outside) = (id_of(&tree, "jail/inside")?, id_of(&tree, "outside")?);
    child(NONE, || {
        chroot(&tree.path("jail")).doing("chroot")?;
        chdir("/").doing("chdir")?;
        expect_ok!(statmount(&basic(outside), ROOM, 0), "outside, with the capability");
        expect_ok!(listmount(&MountRequest::about(outside), MANY, 0), "below it, with the capability");
        as_user(1, NONE, || {
            expect_errno!(statmount(&basic(outside), ROOM, 0), EPERM, "outside");
            expect_errno!(listmount(&MountRequest::about(outside), MANY, 0), EPERM, "below it");
            expect_ok!(statmount(&basic(inside), ROOM, 0), "inside");
            expect_ok!(listmount(&MountRequest::about(inside), MANY, 0), "below that");
            Ok(())
        })
    })?;
    holds()
}

/// statmount(2) fails with EINVAL for an ID below the first, a short request and unknown flags, and with E2BIG or EOVERFLOW by sizes.
///
/// E2BIG is for a request longer than a page, EOVERFLOW for too little room for the strings.
#[claim(source = "statmount(2)", since = "6.8", needs = [Root])]
fn statmount_refuses_requests_that_are_none() -> Verdict {
    let tree = Tree::new()?;
    let request = basic(id_of(&tree, "")?);
    for id in [0, 1, 1 << 31] {
        expect_errno!(statmount(&changed(request, |request| request.mount = id), ROOM, 0), EINVAL, "mount {id}");
    }
    for size in 0..REQUEST_SIZE_0 {
        expect_errno!(
            statmount(&changed(request, |request| request.size = size), ROOM, 0),
            EINVAL,
            "a request of {size} bytes"
        );
    }
    let page = u32::try_from(rustix::param::page_size()).unwrap_or(u32::MAX);
    expect_errno!(statmount(&changed(request, |request| request.size = page + 1), ROOM, 0), E2BIG, "more than a page");
    expect_ok!(
        statmount(&changed(request, |request| request.size = page), ROOM, 0),
        "a page of zeros behind what is known"
    );
    for bit in (1..u32::BITS).map(|number| 1 << number) {
        expect_errno!(statmount(&request, ROOM, bit), EINVAL, "flag {bit:#x}");
    }
    let named = request.wanting(Wanted::STATMOUNT_MNT_POINT);
    let needed = size_of::<[u8; 512]>() + tree.path("").as_os_str().len() + 1;
    expect_errno!(statmount(&named, 512, 0), EOVERFLOW, "no room for a string");
    expect_ok!(statmount(&named, needed + 8, 0), "room for it");
    expect_ok!(statmount(&request, 64, 0), "little room, and no string wanted");
    holds()
}

/// listmount(2) fails with EINVAL for unknown flags and an ID or a parameter that no mount has, with EOVERFLOW for too much room.
#[claim(source = "listmount(2) ERRORS", since = "6.8", needs = [Root])]
fn listmount_refuses_requests_that_are_none() -> Verdict {
    let tree = Tree::new()?;
    let request = MountRequest::about(id_of(&tree, "")?);
    for id in [0, 1, 1 << 31] {
        expect_errno!(listmount(&changed(request, |request| request.mount = id), 1, 0), EINVAL, "mount {id}");
    }
    for after in [1, 1 << 31] {
        expect_errno!(listmount(&request.param(after), 1, 0), EINVAL, "after mount {after}");
    }
    for bit in (1..u32::BITS).map(|number| 1 << number) {
        expect_errno!(listmount(&request, 1, bit), EINVAL, "flag {bit:#x}");
    }
    expect_errno!(listmount(&MountRequest::about(u64::MAX - 1), 1, 0), ENOENT, "a mount that there is not");
    expect_errno!(listmount(&request, 1_000_001, 0), EOVERFLOW, "room for more than a million");
    expect_ok!(listmount(&request, 1_000_000, 0), "room for a million");
    expect_eq!(expect_ok!(listmount(&request, 0, 0)), [0_u64; 0], "no room");
    holds()
}

/// listmount(2) with the last ID of an answer as its parameter gives those that follow, and none after the last.
#[claim(source = "listmount(2)", since = "6.8", needs = [Root])]
fn listmount_goes_on_after_a_mount() -> Verdict {
    let tree = Tree::new()?;
    for name in ["a", "b", "c", "d", "e"] {
        tree.tmpfs(name)?;
    }
    let request = MountRequest::about(id_of(&tree, "")?);
    let all = expect_ok!(listmount(&request, MANY, 0));
    expect_eq!(all.len(), 5);
    for room in 1..=all.len() {
        let mut got = Vec::new();
        loop {
            let next = expect_ok!(listmount(&request.param(got.last().copied().unwrap_or(0)), room, 0));
            if next.is_empty() {
                break;
            }
            got.extend(next);
            expect!(got.len() <= all.len(), "by {room}: {got:?} of {all:?}");
        }
        expect_eq!(got, all, "by {room}");
    }
    holds()
}

/// With STATMOUNT_BY_FD statmount(2) tells of the mount that a descriptor is on, also when it has been unmounted lazily.
#[claim(source = "statmount(2)", since = "7.0", needs = [Root])]
fn a_mount_is_asked_about_by_a_descriptor() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?;
    let id = id_of(&tree, "a")?;
    let wanted = Wanted::STATMOUNT_MNT_BASIC | Wanted::STATMOUNT_MNT_POINT | Wanted::STATMOUNT_MNT_NS_ID;
    let file = open(tree.path("a"), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).doing("open a mount")?;
    let request = MountRequest::about(0).behind(file.as_fd()).wanting(wanted);
    let told = expect_ok!(statmount(&request, ROOM, STATMOUNT_BY_FD));
    expect_eq!((told.id, told.point.as_str()), (id, &*tree.path("a").to_string_lossy()));
    expect_errno!(
        statmount(&changed(request, |request| request.mount = id), ROOM, STATMOUNT_BY_FD),
        EINVAL,
        "with an ID, too"
    );
    expect_errno!(
        statmount(&changed(request, |request| request.fd = 9999), ROOM, STATMOUNT_BY_FD),
        EBADF,
        "no descriptor"
    );
    tree.detach("a")?;
    let told = expect_ok!(statmount(&request, ROOM, STATMOUNT_BY_FD), "unmounted lazily");
    expect_eq!(told.id, id, "unmounted lazily");
    let gone = Wanted::STATMOUNT_MNT_POINT | Wanted::STATMOUNT_MNT_NS_ID;
    expect!(!told.told.intersects(gone), "told of one that is mounted nowhere: {:?}", told.told);
    let copy = open_tree(CWD, tree.path(""), OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC);
    let copy = copy.doing("copy a mount")?;
    let detached = MountRequest::about(0).behind(copy.as_fd()).wanting(wanted);
    expect_errno!(statmount(&detached, ROOM, STATMOUNT_BY_FD), ENOENT, "one that was never attached");
    holds()
}

/// statmount(2) tells by STATMOUNT_SUPPORTED_MASK all that it can tell, and ignores what else it is asked for.
#[claim(source = "statmount(2)", since = "6.15", needs = [Root])]
fn statmount_tells_what_it_can_tell() -> Verdict {
    let tree = Tree::new()?;
    let request = MountRequest::about(id_of(&tree, "")?);
    let told = expect_ok!(statmount(&request.wanting(Wanted::all()), ROOM, 0));
    let first = Wanted::from_bits_retain(0x7fff);
    expect!(told.supported.contains(first), "{:?}", told.supported);
    expect!(told.supported.contains(told.told), "told is more than it can tell: {:?}", told.told);
    let named = Wanted::STATMOUNT_MNT_BASIC | Wanted::STATMOUNT_SUPPORTED_MASK;
    expect!(told.told.contains(named), "{:?}", told.told);
    let other = expect_ok!(statmount(&request.wanting(Wanted::STATMOUNT_MNT_BASIC), ROOM, 0));
    expect_eq!(other.told, Wanted::STATMOUNT_MNT_BASIC, "when nothing else is asked for");
    holds()
}

/// statmount(2) tells of the caller's root mount that its parent is another one, on which it is mounted.
#[claim(
    source = "fs/namespace.c",
    since = "6.8",
    needs = [Root],
    erratum = "statmount(2), smbuf.mnt_parent_id: a root mount is its own parent.",
)]
fn the_root_mount_has_another_parent() -> Verdict {
    let tree = Tree::new()?;
    let root = unique_id("/")?.ok_or_else(|| Failure::broken("statx(2) tells no unique mount ID"))?;
    let told = expect_ok!(statmount(&basic(root), ROOM, 0));
    expect_eq!(told.id, root);
    expect_ne!(told.parent, root, "the root mount's parent");
    let below = expect_ok!(statmount(&basic(id_of(&tree, "")?), ROOM, 0));
    expect_ne!(below.parent, below.id, "another mount's parent");
    holds()
}

/// The same request with a field changed.
pub(super) fn changed<'fd>(
    mut request: MountRequest<'fd>,
    change: impl FnOnce(&mut MountRequest<'fd>),
) -> MountRequest<'fd> {
    change(&mut request);
    request
}

pub(super) fn basic(mount: u64) -> MountRequest<'static> {
    MountRequest::about(mount).wanting(Wanted::STATMOUNT_MNT_BASIC)
}

pub(super) fn id_of(tree: &Tree, name: &str) -> Outcome<u64> {
    unique_id(tree.path(name))?.ok_or_else(|| Failure::broken("statx(2) tells no unique mount ID"))
}
