//! What `fanotify(7)` tells of the mounts of a mount namespace, since 6.15.

use std::fs;

use kit::mounts::{Detached, Propagation, Tree, master_of, peer_of, unique_id};
use kit::prelude::*;
use nix::errno::Errno;
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};
use nix::unistd::{pivot_root, read};
use rustix::mount::MountAttrFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    fanotify_tells_of_mounts_and_unmounts,
    fanotify_tells_of_moves,
    fanotify_tells_of_mounts_that_are_passed_on,
    fanotify_tells_of_unmounts_by_removal,
];

/// A fanotify mark of a mount namespace tells the ID of each mount that is attached or detached there, however it is made.
#[claim(source = ["fanotify(7)", "fanotify_mark(2)"], since = "6.15", needs = [Root, Config("FANOTIFY")])]
fn fanotify_tells_of_mounts_and_unmounts() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?.dir("source")?;
    let watch = Watch::own()?;
    let ways: [(&str, Way); 3] = [
        ("mount", |tree| Ok(tree.tmpfs("a").map(drop)?)),
        ("bind", |tree| Ok(tree.bind("source", "a").map(drop)?)),
        ("move_mount", |tree| Ok(Detached::new("tmpfs", &[], MountAttrFlags::empty())?.attach(tree.path("a"))?)),
    ];
    for (what, way) in ways {
        way(&tree)?;
        let id = id_at(&tree, "a")?;
        expect_eq!(watch.told()?, [(id, ATTACH)], "{what}");
        tree.umount("a")?;
        expect_eq!(watch.told()?, [(id, DETACH)], "umount after {what}");
    }
    child(CLONE_NEWNS, || Ok(tree.tmpfs("a").map(drop)?))?;
    expect_eq!(watch.told()?, NOTHING, "a mount in another mount namespace");
    holds()
}

/// A fanotify mark of a mount namespace tells of a mount that is moved, and of both that pivot_root(2) exchanges, by one event
/// each.
#[claim(source = ["fanotify(7)", "fanotify_mark(2)"], since = "6.15", needs = [Root, Config("FANOTIFY")])]
fn fanotify_tells_of_moves() -> Verdict {
    child(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        tree.tmpfs("a")?.dir("b")?.tmpfs("new")?.dir("new/old")?;
        let watch = Watch::own()?;
        let id = id_at(&tree, "a")?;
        tree.move_to("a", "b")?;
        expect_eq!(watch.told()?, [(id, ATTACH | DETACH)], "a move");
        let mut both = [id_at(&tree, "new")?, unique("/")?].map(|id| (id, ATTACH | DETACH));
        both.sort_unstable_by_key(|(id, _)| *id);
        pivot_root(&tree.path("new"), &tree.path("new/old")).doing("pivot_root")?;
        expect_eq!(watch.told()?, both, "pivot_root");
        holds()
    })
}

/// A fanotify mark of a mount namespace tells of the copies, too, that a mount or an unmount is passed on to.
///
/// A mount that comes to lie on another one when a copy beneath it goes is told as detached and attached.
#[claim(source = ["fanotify(7)", "fanotify_mark(2)"], since = "6.15", needs = [Root, Config("FANOTIFY")])]
fn fanotify_tells_of_mounts_that_are_passed_on() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("m", Propagation::Slave)?.dir("m/x")?;
    let (above, peer, copy) = (format!("{}/x", master_of("m")), format!("{}/x", peer_of("m")), "m/x");
    let watch = Watch::own()?;
    tree.tmpfs(&above)?;
    let places = tree.mounts()?;
    let received: Vec<_> = [&*above, &*peer, copy].into_iter().filter(|place| places.find(*place).is_some()).collect();
    expect!(received.contains(&copy), "what is mounted: {places:?}");
    let ids = received.iter().map(|place| id_at(&tree, place)).collect::<Outcome<Vec<_>>>()?;
    let each = |what: MaskFlags| {
        let mut events: Vec<_> = ids.iter().map(|id| (*id, what)).collect();
        events.sort_unstable_by_key(|(id, _)| *id);
        events
    };
    expect_eq!(watch.told()?, each(ATTACH), "a mount at {received:?}");
    tree.tmpfs(copy)?;
    let top = id_at(&tree, copy)?;
    expect_eq!(watch.told()?, [(top, ATTACH)], "a mount on the copy");
    tree.umount(&above)?;
    let mut expected = each(DETACH);
    expected.push((top, ATTACH | DETACH));
    expect_eq!(watch.told()?, expected, "the unmount of what is beneath");
    holds()
}

/// A fanotify mark of a mount namespace tells of mounts that go because their mount point is removed in another one.
#[claim(source = ["fanotify(7)", "fanotify_mark(2)"], since = "6.15", needs = [Root, Config("FANOTIFY")])]
fn fanotify_tells_of_unmounts_by_removal() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/below")?;
    let both = [(id_at(&tree, "a")?, DETACH), (id_at(&tree, "a/below")?, DETACH)];
    let watch = Watch::own()?;
    child(CLONE_NEWNS, || {
        tree.detach("a")?;
        fs::remove_dir(tree.path("a")).doing("remove the mount point")
    })?;
    expect_eq!(watch.told()?, both);
    holds()
}

/// A way to mount something at `a`.
type Way = fn(&Tree) -> Outcome<()>;

/// `FAN_REPORT_MNT`, `FAN_MARK_MNTNS`, `FAN_MNT_ATTACH` and `FAN_MNT_DETACH` of `linux/fanotify.h`; nix does not have these.
pub(super) const REPORT_MNT: InitFlags = InitFlags::from_bits_retain(0x4000);
pub(super) const MARK_MNTNS: MarkFlags = MarkFlags::from_bits_retain(0x110);
pub(super) const ATTACH: MaskFlags = MaskFlags::from_bits_retain(0x0100_0000);
pub(super) const DETACH: MaskFlags = MaskFlags::from_bits_retain(0x0200_0000);

/// No event.
pub(super) const NOTHING: [(u64, MaskFlags); 0] = [];

/// A group that is told nothing yet, and does not wait when it is read.
pub(super) fn group(more: InitFlags) -> nix::Result<Fanotify> {
    let flags = InitFlags::FAN_CLASS_NOTIF | InitFlags::FAN_CLOEXEC | InitFlags::FAN_NONBLOCK | more;
    Fanotify::init(flags, EventFFlags::O_RDONLY)
}

/// A mount namespace that is watched.
pub(super) struct Watch(Fanotify);

impl Watch {
    fn own() -> Outcome<Self> {
        Self::of(&Namespace::own(Kind::Mnt)?).doing("watch the mount namespace")
    }

    pub(super) fn of(namespace: &Namespace) -> nix::Result<Self> {
        let group = group(REPORT_MNT)?;
        group.mark(MarkFlags::FAN_MARK_ADD | MARK_MNTNS, ATTACH | DETACH, namespace.fd(), None::<&str>)?;
        Ok(Self(group))
    }

    /// The mounts that it has told of since the last time, in the order of their IDs, and what became of them.
    pub(super) fn told(&self) -> Outcome<Vec<(u64, MaskFlags)>> {
        let (mut events, mut bytes) = (Vec::new(), [0; 4096]);
        loop {
            match read(&self.0, &mut bytes) {
                Ok(length) => events.extend(parse(&bytes[..length])?),
                Err(Errno::EAGAIN) => break,
                Err(errno) => return Err(errno).doing("read events"),
            }
        }
        events.sort_unstable_by_key(|(id, _)| *id);
        Ok(events)
    }
}

/// Events of `struct fanotify_event_metadata`, each with one `struct fanotify_event_info_mnt`.
fn parse(mut bytes: &[u8]) -> Outcome<Vec<(u64, MaskFlags)>> {
    let strange = || Failure::broken("an event of another form");
    let mut events = Vec::new();
    while let Some(length) = bytes.first_chunk() {
        let (event, rest) = bytes.split_at_checked(u32::from_ne_bytes(*length) as usize).ok_or_else(strange)?;
        events.push(event_in(event).ok_or_else(strange)?);
        bytes = rest;
    }
    Ok(events)
}

fn event_in(event: &[u8]) -> Option<(u64, MaskFlags)> {
    const INFO_TYPE_MNT: u8 = 7;
    let number = |at: usize| Some(u64::from_ne_bytes(event.get(at..at + 8)?.try_into().ok()?));
    let head = usize::from(u16::from_ne_bytes([*event.get(6)?, *event.get(7)?]));
    (*event.get(head)? == INFO_TYPE_MNT).then_some(())?;
    Some((number(head + 8)?, MaskFlags::from_bits_retain(number(8)?)))
}

pub(super) fn id_at(tree: &Tree, name: &str) -> Outcome<u64> {
    unique(tree.path(name))
}

fn unique(place: impl AsRef<std::path::Path>) -> Outcome<u64> {
    unique_id(place)?.ok_or_else(|| Failure::broken("statx(2) tells no unique mount ID"))
}
