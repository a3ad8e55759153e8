//! Changes of mounts that are told to those who watch a mount namespace: `fanotify(7)` with `FAN_MARK_MNTNS`, since 6.15.

use std::os::fd::AsFd;

use kit::mounts::Tree;
use kit::prelude::*;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};
use nix::unistd::read;

use super::mount_requests::id_of;
use super::rights::needs_cap_sys_admin;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    events_tell_of_mounts_in_the_watched_namespace,
    events_tell_of_mounts_that_arrive_by_propagation,
    watching_a_mount_namespace_needs_cap_sys_admin,
    mount_namespaces_are_watched_for_mounts_only,
    nothing_else_is_watched_for_mounts,
];

/// `linux/fanotify.h`; nix does not have these.
const REPORT_MNT: InitFlags = InitFlags::from_bits_retain(0x4000);
const MARK_MNTNS: MarkFlags = MarkFlags::from_bits_retain(0x110);
const ATTACH: MaskFlags = MaskFlags::from_bits_retain(0x0100_0000);
const DETACH: MaskFlags = MaskFlags::from_bits_retain(0x0200_0000);

/// fanotify(7) tells of each mount that is attached, moved or detached in a watched mount namespace, by its unique ID.
///
/// Moving is both at once. Of mounts in other mount namespaces, a copy among them, it tells nothing.
#[claim(
    source = ["fanotify_mark(2)", "fanotify(7)"],
    since = "6.15",
    needs = [Root, Config("FANOTIFY")],
)]
fn events_tell_of_mounts_in_the_watched_namespace() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("from")?.dir("to")?.dir("elsewhere")?;
    let watch = Watch::on(&Namespace::own(Kind::Mnt)?)?;
    for name in ["from", "to"] {
        expect_eq!(watch.events()?, vec![], "before anything is mounted");
        tree.tmpfs("from")?;
        let id = id_of(&tree, "from")?;
        expect_eq!(watch.events()?, [(ATTACH.bits(), id)], "mounted");
        if name == "to" {
            tree.move_to("from", "to")?;
            expect_eq!(watch.events()?, [((ATTACH | DETACH).bits(), id)], "moved");
        }
        child(CLONE_NEWNS, || Ok(tree.tmpfs("elsewhere").map(drop)?))?;
        child(CLONE_NEWNS, || Ok(tree.umount(name).map(drop)?))?;
        expect_eq!(watch.events()?, vec![], "mounted and unmounted in a copy of the namespace");
        tree.umount(name)?;
        expect_eq!(watch.events()?, [(DETACH.bits(), id)], "unmounted");
    }
    holds()
}

/// Of a mount that arrives in a watched mount namespace by propagation, fanotify(7) tells the ID that the copy there has.
#[claim(source = ["fanotify_mark(2)", "fs/namespace.c notify_mnt_list"], since = "6.15", needs = [Root, Config("FANOTIFY")])]
fn events_tell_of_mounts_that_arrive_by_propagation() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("shared")?.shared("shared")?.dir("shared/late")?.dir("late")?;
    let peer = spawn(CLONE_NEWNS, |case| {
        case.wait()?;
        case.send(&id_of(&tree, "shared/late")?)?;
        case.wait()
    })?;
    let watch = Watch::on(&peer.namespace(Kind::Mnt)?)?;
    tree.tmpfs("late")?;
    expect_eq!(watch.events()?, vec![], "mounted where it does not propagate");
    tree.tmpfs("shared/late")?;
    peer.go()?;
    let (here, there) = (id_of(&tree, "shared/late")?, peer.recv::<u64>()?);
    expect_ne!(here, there);
    expect_eq!(watch.events()?, [(ATTACH.bits(), there)], "mounted here");
    tree.umount("shared/late")?;
    expect_eq!(watch.events()?, [(DETACH.bits(), there)], "unmounted here");
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

/// A group that is told nothing yet, and does not wait when it is read.
fn group(more: InitFlags) -> nix::Result<Fanotify> {
    let flags = InitFlags::FAN_CLASS_NOTIF | InitFlags::FAN_CLOEXEC | InitFlags::FAN_NONBLOCK | more;
    Fanotify::init(flags, EventFFlags::O_RDONLY)
}

/// A mount namespace that is watched.
struct Watch(Fanotify);

impl Watch {
    fn on(namespace: &Namespace) -> Outcome<Self> {
        let group = group(REPORT_MNT).doing("fanotify_init")?;
        group.mark(MARK_MNTNS | ADD, ATTACH | DETACH, namespace.fd(), HERE).doing("fanotify_mark")?;
        Ok(Self(group))
    }

    /// What has been told since the last time: the bits of the events, and the mounts' IDs.
    fn events(&self) -> Outcome<Vec<(u64, u64)>> {
        let mut buffer = [0; 4096];
        let length = match read(self.0.as_fd(), &mut buffer) {
            Err(Errno::EAGAIN) => return Ok(Vec::new()),
            answer => answer.doing("read the events")?,
        };
        let mut rest = &buffer[..length];
        let mut events = Vec::new();
        while let Some(size) = rest.first_chunk::<4>() {
            let parts = rest.split_at_checked(u32::from_ne_bytes(*size) as usize);
            let told = parts.and_then(|(event, more)| Some((event_in(event)?, more)));
            let (event, more) = told.ok_or_else(|| Failure::broken(format!("told something else: {rest:?}")))?;
            events.push(event);
            rest = more;
        }
        Ok(events)
    }
}

/// The bits and the mount's ID in a `struct fanotify_event_metadata` that has a `struct fanotify_event_info_mnt` behind it.
fn event_in(event: &[u8]) -> Option<(u64, u64)> {
    const INFO_TYPE_MNT: u8 = 7;
    let number = |at: usize| Some(u64::from_ne_bytes(event.get(at..at + 8)?.try_into().ok()?));
    let head = usize::from(u16::from_ne_bytes([*event.get(6)?, *event.get(7)?]));
    (*event.get(head)? == INFO_TYPE_MNT).then_some(())?;
    Some((number(8)?, number(head + 8)?))
}
