//! When pivot_root(2) fails: its page, ERRORS. Each refusal stands beside the same call succeeding.

use std::fs;

use kit::mounts::{Mounts, Propagation, Tree, move_to};
use kit::prelude::*;
use kit::{Answer, Behaviour};
use nix::errno::Errno;
use nix::unistd::{chdir, chroot};

use super::pivoting::{enter, furnish, in_a_root_of_its_own, pivot, with_new_root};
use super::rights::needs_cap_sys_admin;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    pivot_root_needs_cap_sys_admin,
    pivot_root_needs_directories,
    pivot_root_refuses_the_root_mount,
    pivot_root_needs_a_mount_point,
    pivot_root_needs_put_old_below_new_root,
    pivot_root_needs_a_root_that_is_a_mount_point,
    pivot_root_needs_a_reachable_new_root,
    pivot_root_refuses_a_shared_parent_of_new_root,
    pivot_root_refuses_a_shared_parent_of_the_root,
    pivot_root_refuses_a_shared_mount_at_put_old,
    pivot_root_takes_a_shared_new_root,
    pivot_root_refuses_removed_directories,
    pivot_root_refuses_a_rootfs,
    pivot_root_takes_a_rootfs,
];

/// pivot_root(2) requires CAP_SYS_ADMIN in the user namespace that owns the mount namespace: that alone, and not in a
/// descendant.
#[claim(source = "pivot_root(2) ERRORS", needs = [Root, UserNamespaces])]
fn pivot_root_needs_cap_sys_admin() -> Verdict {
    with_new_root(|tree| needs_cap_sys_admin(|| pivot(tree.path("new"), tree.path("new/old"))))?;
    user_namespace(CLONE_NEWNS, || {
        let tree = Tree::new()?;
        furnish(&tree, "new")?;
        expect_ok!(pivot(tree.path("new"), tree.path("new/old")), "root of the user namespace that owns it");
        holds()
    })
}

/// pivot_root(2) fails with ENOTDIR if new_root or put_old is no directory, and with ENOENT if it does not exist.
#[claim(source = "pivot_root(2) ERRORS", needs = [Root])]
fn pivot_root_needs_directories() -> Verdict {
    with_new_root(|tree| {
        tree.file("file", "")?.bind("new/here", "file")?;
        for (new_root, put_old, errno) in [
            ("file", "new/old", Errno::ENOTDIR),
            ("new", "new/here", Errno::ENOTDIR),
            ("missing", "new/old", Errno::ENOENT),
            ("new", "new/missing", Errno::ENOENT),
        ] {
            let answer = pivot(tree.path(new_root), tree.path(put_old)).map_err(|refusal| refusal.errno());
            expect_eq!(answer, Err(errno), "{new_root} and {put_old}");
        }
        expect_ok!(pivot(tree.path("new"), tree.path("new/old")));
        holds()
    })
}

/// pivot_root(2) fails with EBUSY if new_root or put_old is on the current root mount.
#[claim(source = "pivot_root(2) ERRORS", needs = [Root])]
fn pivot_root_refuses_the_root_mount() -> Verdict {
    in_a_root_of_its_own(|tree| {
        tree.dir("/dir/old")?;
        for (new_root, put_old) in [("/", "/"), ("/", "new/old"), ("/dir", "/dir/old"), ("new", "/dir")] {
            expect_errno!(pivot(tree.path(new_root), tree.path(put_old)), EBUSY, "{new_root} and {put_old}");
        }
        // A directory of the root mount is as good as another mount once something is mounted there.
        tree.bind("/dir", "/dir")?;
        expect_ok!(pivot("/dir", "/dir/old"), "mounted on itself");
        holds()
    })
}

/// pivot_root(2) fails with EINVAL if new_root is no mount point.
#[claim(source = "pivot_root(2) ERRORS", needs = [Root])]
fn pivot_root_needs_a_mount_point() -> Verdict {
    with_new_root(|tree| {
        tree.dir("new/plain/old")?;
        let call = || pivot(tree.path("new/plain"), tree.path("new/plain/old"));
        expect_errno!(call(), EINVAL, "a directory of a mount");
        tree.bind("new/plain", "new/plain")?;
        expect_ok!(call(), "mounted on itself");
        holds()
    })
}

/// pivot_root(2) fails with EINVAL if put_old is not at or underneath new_root.
#[claim(source = "pivot_root(2) ERRORS", needs = [Root])]
fn pivot_root_needs_put_old_below_new_root() -> Verdict {
    with_new_root(|tree| {
        tree.tmpfs("beside")?.private("beside")?;
        expect_errno!(pivot(tree.path("new"), tree.path("beside")), EINVAL, "put_old beside new_root");
        expect_errno!(pivot(tree.path("new"), tree.path("")), EINVAL, "put_old above new_root");
        // The same mount, below new_root.
        tree.move_to("beside", "new/old")?;
        expect_ok!(pivot(tree.path("new"), tree.path("new/old")), "put_old below new_root");
        holds()
    })
}

/// pivot_root(2) fails with EINVAL if the caller's root directory is no mount point.
#[claim(source = "pivot_root(2) ERRORS", needs = [Root])]
fn pivot_root_needs_a_root_that_is_a_mount_point() -> Verdict {
    for is_mounted in [false, true] {
        with_new_root(|tree| {
            tree.dir("jail")?;
            if is_mounted {
                tree.bind("jail", "jail")?;
            }
            furnish(tree, "jail/new")?;
            enter(tree, "jail")?;
            let answer = pivot("/new", "/new/old");
            match is_mounted {
                true => expect_ok!(answer, "a root directory that is a mount point"),
                false => expect_errno!(answer, EINVAL, "a root directory that is no mount point"),
            }
            Ok(())
        })?;
    }
    holds()
}

/// pivot_root(2) fails with EINVAL if new_root is not below the caller's root directory.
#[claim(source = "fs/namespace.c path_pivot_root", needs = [Root])]
fn pivot_root_needs_a_reachable_new_root() -> Verdict {
    for (root, is_above) in [("beside", false), ("above", true)] {
        child(CLONE_NEWNS, || {
            let tree = Tree::new()?;
            tree.tmpfs("beside")?.private("beside")?.tmpfs("above")?.private("above")?;
            furnish(&tree, "above/new")?;
            chdir(&tree.path("above/new")).doing("change to the new root")?;
            chroot(&tree.path(root)).doing(format!("chroot to {root}"))?;
            let answer = pivot(".", "old");
            if is_above {
                expect_ok!(answer, "with a root directory above new_root");
            } else {
                expect_errno!(answer, EINVAL, "with a root directory beside new_root");
            }
            Ok(())
        })?;
    }
    holds()
}

/// pivot_root(2) fails with EINVAL if the mount that new_root is mounted on is shared, and succeeds with each other type.
#[claim(source = ["pivot_root(2) DESCRIPTION", "pivot_root(2) ERRORS"], needs = [Root])]
fn pivot_root_refuses_a_shared_parent_of_new_root() -> Verdict {
    by_type(|tree, propagation| {
        tree.typed("above", propagation)?;
        furnish(tree, "above/new")?;
        Ok(pivot(tree.path("above/new"), tree.path("above/new/old")))
    })
}

/// pivot_root(2) fails with EINVAL if the mount that the root is mounted on is shared, and succeeds with each other type.
#[claim(source = ["pivot_root(2) DESCRIPTION", "pivot_root(2) ERRORS"], needs = [Root])]
fn pivot_root_refuses_a_shared_parent_of_the_root() -> Verdict {
    by_type(|tree, propagation| {
        tree.typed("above", propagation)?;
        furnish(tree, "above/root")?;
        furnish(tree, "above/root/new")?;
        enter(tree, "above/root")?;
        Ok(pivot("/new", "/new/old"))
    })
}

/// pivot_root(2) fails with EINVAL if the mount at put_old, or the one put_old is a directory of, is shared, and succeeds with
/// each other type.
#[claim(source = "pivot_root(2) ERRORS", needs = [Root])]
fn pivot_root_refuses_a_shared_mount_at_put_old() -> Verdict {
    by_type(|tree, propagation| {
        tree.typed("new/old", propagation)?;
        Ok(pivot(tree.path("new"), tree.path("new/old")))
    })?;
    by_type(|tree, propagation| {
        tree.typed("typed", propagation)?.dir("typed/old")?;
        Ok(pivot(tree.path("typed"), tree.path("typed/old")))
    })
}

/// pivot_root(2) takes a new_root of any propagation type, where put_old is another mount.
#[claim(
    source = ["pivot_root(2) ERRORS", "pivot_root(2) DESCRIPTION"],
    needs = [Root],
    erratum = "pivot_root(2), ERRORS: EINVAL if the mount point at new_root has the propagation type MS_SHARED.",
)]
fn pivot_root_takes_a_shared_new_root() -> Verdict {
    for propagation in Propagation::ALL {
        with_new_root(|tree| {
            tree.typed("typed", propagation)?.tmpfs("typed/old")?.private("typed/old")?;
            expect_ok!(pivot(tree.path("typed"), tree.path("typed/old")), "a new_root that is {propagation}");
            Ok(())
        })?;
    }
    holds()
}

/// pivot_root(2) fails with ENOENT if the directory that new_root shows has been removed.
#[claim(source = "fs/namespace.c path_pivot_root", needs = [Root])]
fn pivot_root_refuses_removed_directories() -> Verdict {
    for is_removed in [false, true] {
        with_new_root(|tree| {
            tree.dir("shown")?.bind("shown", "there")?;
            chdir(&tree.path("there")).doing("change to the new root")?;
            if is_removed {
                fs::remove_dir(tree.path("shown")).doing("remove what is shown there")?;
                expect_errno!(pivot(".", "."), ENOENT, "a removed directory");
            } else {
                expect_ok!(pivot(".", "."), "a directory that is still there");
            }
            Ok(())
        })?;
    }
    holds()
}

/// pivot_root(2) fails with EINVAL where the current root is the rootfs that a kernel with an initramfs starts with.
#[claim(
    source = ["pivot_root(2) ERRORS", "pivot_root(2) NOTES"],
    needs = [Root, InitialNamespaces, Behaviour(STARTS_ON_ROOTFS)],
    until = "7.0",
)]
fn pivot_root_refuses_a_rootfs() -> Verdict {
    with_new_root(|tree| {
        expect_errno!(pivot(tree.path("new"), tree.path("new/old")), EINVAL, "from rootfs");
        // What is moved on top of rootfs is a root like any other.
        chdir(&tree.path("new")).doing("change to the new root")?;
        move_to(".", "/")?;
        chroot(".").doing("chroot to what covers rootfs")?;
        furnish(&Tree::at("/old")?, "next")?;
        expect_ok!(pivot("/old/next", "/old/next/old"), "from a mount on rootfs");
        holds()
    })
}

/// pivot_root(2) exchanges the rootfs that a kernel with an initramfs starts with: since 7.0 it is mounted on a nullfs.
#[claim(
    source = "fs/namespace.c",
    needs = [Root, InitialNamespaces, Behaviour(STARTS_ON_ROOTFS)],
    erratum = "pivot_root(2), NOTES: the rootfs cannot be pivot_root()ed.",
    since = "7.0",
    replaces = "pivot_root_refuses_a_rootfs",
)]
fn pivot_root_takes_a_rootfs() -> Verdict {
    with_new_root(|tree| {
        let former = Mounts::own()?.at("/")?.id;
        expect_ok!(pivot(tree.path("new"), tree.path("new/old")));
        let after = Mounts::own()?;
        expect_eq!(after.at("/old")?.id, former, "where rootfs is then");
        expect_eq!(after.at("/old")?.kind, "rootfs");
        holds()
    })
}

const STARTS_ON_ROOTFS: &Behaviour = &Behaviour {
    what: "has the rootfs of its start as its root",
    probe: || Mounts::own().is_ok_and(|mounts| mounts.find("/").is_some_and(|root| root.kind == "rootfs")),
};

/// The claim says that this call fails with EINVAL where the type is one that passes mounts on, and succeeds with the others.
fn by_type(call: impl Fn(&Tree, Propagation) -> Outcome<Answer>) -> Verdict {
    for propagation in Propagation::ALL {
        with_new_root(|tree| {
            let answer = call(tree, propagation)?;
            match propagation {
                Propagation::Shared | Propagation::SharedAndSlave => {
                    expect_errno!(answer, EINVAL, "{propagation}");
                }
                _ => expect_ok!(answer, "{propagation}"),
            }
            Ok(())
        })?;
    }
    holds()
}
