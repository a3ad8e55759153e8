//! What the kernel tells of single mounts: `statmount(2)`, `listmount(2)`.

use kit::mounts::{Propagation, Tree};
use kit::prelude::*;
use kit::sys::listmount::{LISTMOUNT_REVERSE, listmount};
use kit::sys::mount_request::{MountRequest, Wanted};
use kit::sys::statmount::{MountStatus, statmount};
use nix::mount::MsFlags;
use nix::unistd::chroot;

use super::mount_requests::{ROOM, id_of};
use super::peer_groups::chain;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    statmount_tells_what_mountinfo_tells,
    statmount_tells_the_nearest_master_in_sight,
    listmount_lists_all_below,
];

/// statmount(2) tells of a mount of each type the IDs, paths, file system and propagation that mountinfo shows.
#[claim(source = "statmount(2)", since = "6.8", needs = [Root])]
fn statmount_tells_what_mountinfo_tells() -> Verdict {
    let wanted = Wanted::STATMOUNT_SB_BASIC
        | Wanted::STATMOUNT_MNT_BASIC
        | Wanted::STATMOUNT_MNT_ROOT
        | Wanted::STATMOUNT_MNT_POINT
        | Wanted::STATMOUNT_FS_TYPE;
    let tree = Tree::new()?;
    for wish in Propagation::ALL {
        let name = format!("{wish}");
        tree.typed(&name, wish)?;
        let place = tree.path(&name);
        let id = id_of(&tree, &name)?;
        let told: MountStatus = expect_ok!(statmount(&MountRequest::about(id).wanting(wanted), ROOM, 0), "{wish}");
        let mounts = tree.mounts()?;
        let mount = mounts.at(&name)?;
        expect!(told.told.contains(wanted), "{wish}: only {:?}", told.told);
        expect_eq!((told.id, told.parent), (id, id_of(&tree, "")?), "{wish}: unique IDs");
        expect_eq!((told.old_id.into(), told.old_parent.into()), (mount.id, mount.parent), "{wish}: IDs");
        expect_eq!((told.device, &*told.kind), (mount.device, &*mount.kind), "{wish}: device and type");
        expect_eq!((&*told.root, &*told.point), ("/", &*place.to_string_lossy()), "{wish}: root and mount point");
        let groups = (mount.tags.shared.unwrap_or(0), mount.tags.master.unwrap_or(0));
        expect_eq!((told.peer_group, told.master), groups, "{wish}: peer group and master");
        let propagation: MsFlags = wish.flags().iter().copied().collect();
        expect_eq!(told.propagation, propagation, "{wish}: propagation");
    }
    expect_errno!(statmount(&MountRequest::about(u64::MAX - 1).wanting(wanted), ROOM, 0), ENOENT, "no such mount");
    holds()
}

/// statmount(2) tells of a slave the nearest group up its chain of masters that the caller's root shows, or 0.
///
/// That can be the master itself, which mountinfo does not repeat. Of other mounts it tells 0, too.
#[claim(source = "statmount(2)", since = "6.8", needs = [Root])]
fn statmount_tells_the_nearest_master_in_sight() -> Verdict {
    let wanted = Wanted::STATMOUNT_MNT_BASIC | Wanted::STATMOUNT_PROPAGATE_FROM;
    let tree = chain()?;
    let group = |name: &str| Ok::<_, Failure>(tree.tags(name)?.shared.unwrap_or(0));
    let told = |root: &str, name: &str| {
        let id = id_of(&tree, &format!("{root}/{name}"))?;
        child(NONE, || {
            chroot(&tree.path(root)).doing("chroot")?;
            let told = expect_ok!(statmount(&MountRequest::about(id).wanting(wanted), ROOM, 0), "{name}");
            expect!(told.told.contains(wanted), "{name}: only {:?}", told.told);
            Ok((told.master, told.propagate_from))
        })
    };
    for (root, nearest) in [
        ("sees all", group("third")?),
        ("sees first and second", group("second")?),
        ("sees first", group("first")?),
        ("sees none", 0),
    ] {
        expect_eq!(told(root, "leaf")?, (group("third")?, nearest), "by a process that {root}");
    }
    expect_eq!(told("sees first", "first")?, (0, 0), "of a mount that is no slave");
    holds()
}

/// listmount(2) lists all mounts below one, not only its children and not the mount itself, and backwards when asked to.
#[claim(source = "listmount(2)", since = "6.11", needs = [Root])]
fn listmount_lists_all_below() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/b")?.tmpfs("a/b/c")?.tmpfs("d")?;
    let below = |name, flags| -> Outcome<_> { Ok(listmount(&MountRequest::about(id_of(&tree, name)?), 16, flags)) };
    let (b, c) = (id_of(&tree, "a/b")?, id_of(&tree, "a/b/c")?);
    expect_eq!(expect_ok!(below("a", 0)?), [b, c]);
    expect_eq!(expect_ok!(below("a", LISTMOUNT_REVERSE)?), [c, b], "backwards");
    expect_eq!(expect_ok!(below("d", 0)?), [0_u64; 0], "below one without any");
    expect_eq!(expect_ok!(below("", 0)?), [id_of(&tree, "a")?, b, c, id_of(&tree, "d")?], "below the tree");
    holds()
}
