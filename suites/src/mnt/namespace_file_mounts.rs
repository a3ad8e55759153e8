//! Where the file of a mount namespace can be mounted: nowhere that the mount namespace would keep itself in existence.

use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use kit::Answer;
use kit::mounts::Propagation::{Private, Shared};
use kit::mounts::{Detached, Tree, bind, peer_of, rbind};
use kit::prelude::*;
use kit::process::stay_on_one_processor;
use rustix::fs::{Mode, OFlags, open};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    a_mount_namespace_file_is_not_bound_where_it_would_propagate,
    a_mount_namespace_does_not_take_in_its_own_file,
    a_detached_namespace_file_is_not_copied_recursively,
];

/// Binding a mount namespace's file on a shared mount fails with EINVAL if that has a peer or a slave to propagate to.
///
/// On a shared mount that is alone it succeeds, and so does binding a UTS namespace's file on any.
#[claim(source = ["mount(2) ERRORS", "fs/namespace.c check_for_nsfs_mounts"], needs = [Root])]
fn a_mount_namespace_file_is_not_bound_where_it_would_propagate() -> Verdict {
    // On 6.18 the age of a namespace is told by its ID, and each processor has a batch of its own.
    stay_on_one_processor()?;
    unshare(CLONE_NEWNS)?;
    let younger = waiting(CLONE_NEWNS | CLONE_NEWUTS)?;
    let tree = Tree::new()?;
    tree.typed("private", Private)?.typed("with a peer", Shared)?.typed("with a slave", Shared)?;
    let peer = peer_of("with a slave");
    tree.slave(&peer)?.tmpfs("alone")?.shared("alone")?;
    for (name, is_refused) in [("private", false), ("alone", false), ("with a peer", true), ("with a slave", true)] {
        let bound = |kind: Kind| {
            let file = format!("{name}/{kind}");
            tree.file(&file, "")?;
            Ok::<_, Failure>(bind(format!("/proc/{}/ns/{kind}", younger.pid()), tree.path(&file)))
        };
        if is_refused {
            expect_errno!(bound(Kind::Mnt)?, EINVAL, "{name}");
        } else {
            expect_ok!(bound(Kind::Mnt)?, "{name}");
        }
        expect_ok!(bound(Kind::Uts)?, "{name}, a UTS namespace");
    }
    holds()
}

/// Attaching a detached tree that holds a mount namespace's file fails with ELOOP in that mount namespace itself.
///
/// In an older one it succeeds.
#[claim(source = "fs/namespace.c check_for_nsfs_mounts", needs = [Root])]
fn a_mount_namespace_does_not_take_in_its_own_file() -> Verdict {
    stay_on_one_processor()?;
    unshare(CLONE_NEWNS)?;
    let younger = waiting(CLONE_NEWNS)?;
    let tree = Tree::new()?;
    tree.tmpfs("a")?.file("a/file", "")?.tmpfs("b")?.file("b/file", "")?;
    bind(format!("/proc/{}/ns/mnt", younger.pid()), tree.path("a/file"))?;
    bind("/proc/self/ns/uts", tree.path("b/file"))?;
    let copy = |name: &str| Detached::copy_of_all(tree.path(name));
    let (first, second) = (copy("a")?, copy("a")?);
    let harmless = copy("b")?;
    enter(younger.pid(), &[Kind::Mnt], || {
        expect_errno!(first.attach("/home"), ELOOP, "in the mount namespace itself");
        expect_ok!(harmless.attach("/home"), "a tree with a UTS namespace's file");
        Ok(())
    })?;
    expect_ok!(second.attach("/home"), "in an older mount namespace");
    holds()
}

/// A mount of a namespace's file that was unmounted lazily is copied alone, and not recursively: that fails with EINVAL.
///
/// Both by a bind mount and by open_tree(2). While it is mounted it is copied either way.
#[claim(source = "fs/namespace.c", since = "7.3", needs = [Root])]
fn a_detached_namespace_file_is_not_copied_recursively() -> Verdict {
    let tree = Tree::new()?;
    tree.file("file", "")?.file("to", "")?;
    bind("/proc/self/ns/uts", tree.path("file"))?;
    let mount = open(tree.path("file"), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).doing("open the mount")?;
    let place = PathBuf::from(format!("/proc/self/fd/{}", mount.as_raw_fd()));
    let calls: [(&str, CopyCall); 4] = [
        ("bind", |from, to| bind(from, to)),
        ("copy", |from, _| Detached::copy_of(from).map(drop)),
        ("bind recursively", |from, to| rbind(from, to)),
        ("copy recursively", |from, _| Detached::copy_of_all(from).map(drop)),
    ];
    for is_mounted in [true, false] {
        for (position, (what, call)) in calls.iter().enumerate() {
            let answer = call(&place, &tree.path("to"));
            if is_mounted || position < 2 {
                expect_ok!(answer, "{what}, mounted: {is_mounted}");
            } else {
                expect_errno!(answer, EINVAL, "{what}, unmounted lazily");
            }
            if tree.is_mounted("to")? {
                tree.detach("to")?;
            }
        }
        if is_mounted {
            tree.detach("file")?;
        }
    }
    holds()
}

/// A call that copies what is at one place, and may mount the copy at another.
type CopyCall = fn(&Path, &Path) -> Answer;
