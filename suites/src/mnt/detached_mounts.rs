//! Mounts that are in no mount namespace: `open_tree(2)`, `fsmount(2)`, `move_mount(2)`.

use std::fs;

use kit::mounts::Propagation::{Private, Shared};
use kit::mounts::{Detached, Tree};
use kit::prelude::*;
use rustix::mount::MountAttrFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    attaching_a_detached_mount_propagates,
    a_detached_mount_gets_no_propagation,
    a_detached_mount_is_moved_again_and_again,
];

/// A new mount of fsmount(2) becomes shared where it is attached to a shared mount, and is copied to the peers of that.
#[claim(source = ["move_mount(2)", "Documentation/filesystems/sharedsubtree.rst 5) Detailed semantics"], since = "5.2", needs = [Root])]
fn attaching_a_detached_mount_propagates() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("shared", Shared)?.dir("shared/x")?.typed("private", Private)?.dir("private/x")?;
    let new = || Detached::new("tmpfs", &[("size", "1m")], MountAttrFlags::MOUNT_ATTR_NODEV);
    let (one, other) = (expect_ok!(new()), expect_ok!(new()));
    expect_ok!(one.attach(tree.path("shared/x")));
    expect_ok!(other.attach(tree.path("private/x")));
    let seen = tree.mounts()?;
    expect_eq!(seen.propagation("shared/x"), Some(Shared));
    expect_eq!(seen.tags("shared.peer/x"), seen.tags("shared/x"), "the copy on the peer");
    expect_eq!(seen.propagation("private/x"), Some(Private));
    holds()
}

/// A detached copy of a shared mount receives nothing; once attached it is in the source's peer group, and does.
#[claim(source = "open_tree(2)", since = "5.2", needs = [Root])]
fn a_detached_mount_gets_no_propagation() -> Verdict {
    let tree = Tree::new()?;
    tree.typed("from", Shared)?.dir("from/early")?.dir("from/late")?.dir("to")?;
    let copy = Detached::copy_of(tree.path("from"))?;
    expect_ok!(tree.tmpfs("from/early"));
    expect_ok!(copy.attach(tree.path("to")));
    expect_ok!(tree.tmpfs("from/late"));
    let seen = tree.mounts()?;
    expect_eq!(seen.tags("to"), seen.tags("from"), "the attached copy");
    expect_eq!(seen.tags("to/early"), None, "what was mounted before");
    expect_eq!(seen.tags("from.peer/early"), seen.tags("from/early"), "on a peer that was attached then");
    expect_eq!(seen.tags("to/late"), seen.tags("from/late"), "what was mounted afterwards");
    expect!(seen.tags("from/late").is_some(), "of {seen:?}");
    holds()
}

/// One descriptor of a mount attaches it with move_mount(2), and moves it on to another place by the same call.
#[claim(source = "move_mount(2)", since = "5.2", needs = [Root])]
fn a_detached_mount_is_moved_again_and_again() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("from")?.file("from/here", "")?;
    let copy = Detached::copy_of(tree.path("from"))?;
    for (place, other) in [("a", "b"), ("b", "a"), ("a", "b")] {
        tree.dir(place)?;
        expect_ok!(copy.attach(tree.path(place)));
        expect!(tree.is_mounted(place)? && !tree.is_mounted(other)?, "{:?}", tree.mounts()?);
        expect!(fs::exists(tree.path(place).join("here"))?, "a file of it shows at {place}");
    }
    holds()
}
