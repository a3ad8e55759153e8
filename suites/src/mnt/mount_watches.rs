//! Watching a mount namespace by `fanotify(7)` with `FAN_MARK_MNTNS`, since 6.15: from elsewhere, by what right, and for what.

use kit::mounts::Tree;
use kit::prelude::*;
use nix::fcntl::AT_FDCWD;
use nix::sys::fanotify::{Fanotify, InitFlags, MarkFlags, MaskFlags};

use super::mount_events::{ATTACH, DETACH, MARK_MNTNS, NOTHING, REPORT_MNT, Watch, group, id_at};
use super::rights::needs_cap_sys_admin;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    events_tell_of_mounts_that_arrive_by_propagation,
    watching_a_mount_namespace_needs_cap_sys_admin,
    mount_namespaces_are_watched_for_mounts_only,
    nothing_else_is_watched_for_mounts,
];

/// Of a mount that arrives in a watched mount namespace by propagation, fanotify(7) tells the ID that the copy there has.
#[claim(source = ["fanotify_mark(2)", "fs/namespace.c notify_mnt_list"], since = "6.15", needs = [Root, Config("FANOTIFY")])]
fn events_tell_of_mounts_that_arrive_by_propagation() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("shared")?.shared("shared")?.dir("shared/late")?.dir("late")?;
    let peer = spawn(CLONE_NEWNS, |case| {
        case.wait()?;
        case.send(&id_at(&tree, "shared/late")?)?;
        case.wait()
    })?;
    let watch = Watch::of(&peer.namespace(Kind::Mnt)?).doing("watch the mount namespace")?;
    tree.tmpfs("late")?;
    expect_eq!(watch.told()?, NOTHING, "mounted where it does not propagate");
    tree.tmpfs("shared/late")?;
    peer.go()?;
    let (here, there) = (id_at(&tree, "shared/late")?, peer.recv::<u64>()?);
    expect_ne!(here, there);
    expect_eq!(watch.told()?, [(there, ATTACH)], "mounted here");
    tree.umount("shared/late")?;
    expect_eq!(watch.told()?, [(there, DETACH)], "unmounted here");
    holds()
}

/// FAN_MARK_MNTNS requires CAP_SYS_ADMIN in the user namespace that owns the mount namespace: EPERM.
#[claim(
    source = ["fanotify_mark(2)", "fs/notify/fanotify/fanotify_user.c do_fanotify_mark"],
    since = "6.15",
    needs = [Root, UserNamespaces, Config("FANOTIFY")],
)]
fn watching_a_mount_namespace_needs_cap_sys_admin() -> Verdict {
    let outer = Namespace::own(Kind::Mnt)?;
    let watch = |namespace: &Namespace| group(REPORT_MNT)?.mark(MARK_MNTNS | ADD, ATTACH, namespace.fd(), HERE);
    needs_cap_sys_admin(|| watch(&outer))?;
    user_namespace(CLONE_NEWNS, || {
        expect_ok!(watch(&Namespace::own(Kind::Mnt)?), "root of a user namespace, its own");
        expect_errno!(watch(&outer), EPERM, "the one that its own was copied from");
        Ok(())
    })?;
    holds()
}

/// FAN_MARK_MNTNS goes with FAN_REPORT_MNT and FAN_MNT_ATTACH or FAN_MNT_DETACH, and these go with no other mark: EINVAL.
#[claim(source = "fanotify_mark(2)", since = "6.15", needs = [Root, Config("FANOTIFY")])]
fn mount_namespaces_are_watched_for_mounts_only() -> Verdict {
    let namespace = Namespace::own(Kind::Mnt)?;
    let (with, without) = (group(REPORT_MNT)?, group(InitFlags::empty())?);
    let mark = |group: &Fanotify, event| group.mark(MARK_MNTNS | ADD, event, namespace.fd(), HERE);
    for event in [ATTACH, DETACH, ATTACH | DETACH] {
        expect_ok!(mark(&with, event), "{event:?}");
        expect_errno!(mark(&without, event), EINVAL, "{event:?}, without FAN_REPORT_MNT");
        for (how, what) in [(MarkFlags::empty(), "inode"), (MarkFlags::FAN_MARK_MOUNT, "mount")] {
            let answer = with.mark(how | ADD, event, AT_FDCWD, Some("/"));
            expect_errno!(answer, EINVAL, "{event:?}, marking an {what}");
        }
    }
    expect_errno!(mark(&with, MaskFlags::FAN_OPEN), EINVAL, "another event");
    holds()
}

/// FAN_MARK_MNTNS on something that is no mount namespace fails with EINVAL.
///
/// Linux 6.16 follows a null pointer there: the caller is killed.
#[claim(source = "fanotify_mark(2)", since = "6.17", needs = [Root, Config("FANOTIFY")])]
fn nothing_else_is_watched_for_mounts() -> Verdict {
    let group = group(REPORT_MNT)?;
    for path in ["/", "/proc/self/status", "/proc/self/ns/uts"] {
        expect_errno!(group.mark(MARK_MNTNS | ADD, ATTACH, AT_FDCWD, Some(path)), EINVAL, "{path}");
    }
    expect_ok!(group.mark(MARK_MNTNS | ADD, ATTACH, AT_FDCWD, Some("/proc/self/ns/mnt")));
    holds()
}

const ADD: MarkFlags = MarkFlags::FAN_MARK_ADD;

/// For marks on what a descriptor stands for.
const HERE: Option<&str> = None;
