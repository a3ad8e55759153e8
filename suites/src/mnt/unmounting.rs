//! Unmounting: `umount(2)`.

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use kit::mounts::{Tree, detach, umount, umount_by};
use kit::prelude::*;
use kit::sys::mount::umount_nothing;
use nix::mount::MntFlags;
use nix::unistd::{chdir, chroot};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    only_a_mount_point_is_unmounted,
    unknown_flags_are_refused,
    a_mount_in_use_is_not_unmounted,
    the_topmost_mount_is_unmounted,
    a_symbolic_link_is_followed_unless_forbidden,
    the_own_root_becomes_read_only,
    the_own_root_is_unmounted_lazily,
    the_mount_at_the_bottom_stays,
];

/// umount(2) fails with EINVAL for what is no mount point, and for other paths with ENOENT, ENOTDIR, ENAMETOOLONG or EFAULT.
#[claim(source = "umount(2) ERRORS", needs = [Root])]
fn only_a_mount_point_is_unmounted() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/dir")?.file("a/file", "")?;
    let unmount = |name: &str| umount(tree.path(name));
    expect_errno!(unmount("a/dir"), EINVAL, "a directory of a mount");
    expect_errno!(unmount("a/file"), EINVAL, "a file of a mount");
    expect_errno!(unmount("missing"), ENOENT, "nothing");
    expect_errno!(umount(""), ENOENT, "an empty path");
    expect_errno!(unmount("a/file/x"), ENOTDIR, "below a file");
    expect_errno!(unmount(&"x".repeat(256)), ENAMETOOLONG, "a name of 256 bytes");
    expect_errno!(umount("/".repeat(4096)), ENAMETOOLONG, "a path of 4096 bytes");
    expect_errno!(umount_nothing(MntFlags::empty()), EFAULT, "the null pointer");
    expect!(tree.is_mounted("a")?, "it has been unmounted");
    expect_ok!(unmount("a"), "the mount point");
    holds()
}

/// umount2(2) fails with EINVAL for flags that it does not know.
#[claim(source = "umount(2) ERRORS", needs = [Root])]
fn unknown_flags_are_refused() -> Verdict {
    let tree = Tree::new()?;
    let known = [MntFlags::MNT_FORCE, MntFlags::MNT_DETACH, MntFlags::MNT_EXPIRE, MntFlags::UMOUNT_NOFOLLOW];
    for bit in 0..32 {
        let flag = MntFlags::from_bits_retain(1_i32.rotate_left(bit));
        tree.tmpfs("a")?;
        if !known.contains(&flag) {
            expect_errno!(tree.umount_by("a", flag), EINVAL, "bit {bit}");
            expect_errno!(tree.umount_by("a", flag | MntFlags::MNT_DETACH), EINVAL, "bit {bit}, and MNT_DETACH");
            expect_ok!(tree.umount("a"), "with no flags");
        } else if flag == MntFlags::MNT_EXPIRE {
            expect_errno!(tree.umount_by("a", flag), EAGAIN, "MNT_EXPIRE");
        } else {
            expect_ok!(tree.umount_by("a", flag), "{flag:?}");
        }
    }
    holds()
}

/// umount(2) fails with EBUSY for a mount with an open file, a working directory or a mount in it, also with MNT_FORCE for a
/// tmpfs.
#[claim(source = ["umount(2) ERRORS", "umount(2) DESCRIPTION"], needs = [Root])]
fn a_mount_in_use_is_not_unmounted() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.file("a/file", "")?.dir("a/dir")?;
    let busy = |what: &str| -> Outcome<()> {
        for flags in [MntFlags::empty(), MntFlags::MNT_FORCE] {
            expect_errno!(tree.umount_by("a", flags), EBUSY, "{what}, with {flags:?}");
        }
        Ok(())
    };
    let file = File::open(tree.path("a/file"))?;
    busy("an open file")?;
    drop(file);
    chdir(&tree.path("a/dir"))?;
    busy("a working directory")?;
    chdir("/")?;
    tree.tmpfs("a/dir")?;
    busy("a mount in it")?;
    tree.umount("a/dir")?;
    expect_ok!(tree.umount("a"), "with nothing of it in use");
    holds()
}

/// Of several mounts on one directory umount(2) takes the one that was mounted last.
#[claim(source = "umount(2) DESCRIPTION", needs = [Root])]
fn the_topmost_mount_is_unmounted() -> Verdict {
    let tree = Tree::new()?;
    for number in ["0", "1", "2", "3"] {
        if number != "0" {
            tree.tmpfs("a")?;
        }
        tree.file("a/number", number)?;
    }
    for left in ["2", "1", "0"] {
        expect_ok!(tree.umount("a"), "above {left}");
        expect_eq!(fs::read_to_string(tree.path("a/number"))?, left);
    }
    expect_errno!(tree.umount("a"), EINVAL, "the directory itself");
    holds()
}

/// umount2(2) follows a symbolic link to a mount point; with UMOUNT_NOFOLLOW it fails with EINVAL.
#[claim(source = "umount(2) DESCRIPTION", needs = [Root])]
fn a_symbolic_link_is_followed_unless_forbidden() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.tmpfs("a/b")?;
    symlink(tree.path("a"), tree.path("link"))?;
    let no_follow = |name| umount_by(tree.path(name), MntFlags::UMOUNT_NOFOLLOW);
    expect_errno!(no_follow("link"), EINVAL, "a link to a mount point");
    expect_ok!(no_follow("link/b"), "a mount point, by a link to the directory above");
    expect_ok!(umount(tree.path("link")), "without the flag");
    expect!(!tree.is_mounted("a")?, "it is still mounted");
    tree.tmpfs("a")?;
    expect_ok!(no_follow("a"), "the mount point itself");
    holds()
}

/// umount(2) of the caller's root mount leaves it mounted and makes its file system read-only.
#[claim(source = "fs/namespace.c do_umount", needs = [Root])]
fn the_own_root_becomes_read_only() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("new")?.dir("new/inner")?.bind("new", "twin")?;
    let inside = spawn(NONE, |outside| {
        enter_root(&tree)?;
        outside.go()?;
        outside.wait()?;
        expect_ok!(umount("/"));
        expect_errno!(fs::create_dir("/dir"), EROFS, "in its root directory");
        Ok(())
    })?;
    inside.recv::<()>()?;
    expect_errno!(tree.umount("new"), EBUSY, "from outside, while it is a root directory");
    inside.go()?;
    inside.join()?;
    let seen = tree.mounts()?;
    expect!(seen.at("new")?.super_options.has("ro"), "{}", seen.at("new")?);
    expect_errno!(fs::create_dir(tree.path("twin/dir")), EROFS, "by another mount");
    expect_ok!(tree.umount("new"), "from outside");
    expect!(!tree.is_mounted("new")?, "it is still mounted");
    holds()
}

/// umount2(2) with MNT_DETACH of the caller's root mount does unmount it, and leaves its file system alone.
#[claim(source = "fs/namespace.c do_umount", needs = [Root])]
fn the_own_root_is_unmounted_lazily() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("new")?.bind("new", "twin")?;
    child(NONE, || {
        enter_root(&tree)?;
        expect_ok!(detach("/"));
        expect_ok!(fs::create_dir("/dir"), "in its root directory");
        Ok(())
    })?;
    let seen = tree.mounts()?;
    expect_eq!(seen.points(), ["", "twin"]);
    expect!(fs::exists(tree.path("twin/dir"))?, "what was made in the root directory does not show");
    holds()
}

/// The mount at the bottom of a mount namespace cannot be unmounted, not even lazily: umount2(2) fails with EINVAL.
///
/// All that lie on it can.
#[claim(source = "fs/namespace.c do_umount", needs = [Root, Disposable])]
fn the_mount_at_the_bottom_stays() -> Verdict {
    child(CLONE_NEWNS, || {
        let own = Namespace::own(Kind::Mnt)?;
        expect_ok!(detach("/"), "the root mount of the stage");
        for _ in 0..MOST_ROOTS {
            // The topmost that is left becomes the root directory.
            setns(&own, CLONE_NEWNS).doing("join the own mount namespace")?;
            if detach("/").is_err() {
                break;
            }
        }
        expect_errno!(detach("/"), EINVAL, "the mount below which there is none");
        holds()
    })
}

/// How many mounts may lie on one another at the bottom of a mount namespace: nullfs, rootfs, a root, the stage's.
const MOST_ROOTS: usize = 6;

/// Makes the mount «new» the root directory of the caller.
fn enter_root(tree: &Tree) -> Outcome<()> {
    chroot(&tree.path("new")).doing("chroot")?;
    chdir("/").doing("chdir")
}
