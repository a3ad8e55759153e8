//! Changing flags and options of what is mounted: `mount(2)`, Remounting an existing mount.

use std::fs::{self, File};

use kit::Answer;
use kit::mounts::{Options, Tree, bind_remount, remount, set_attributes};
use kit::prelude::*;
use kit::sys::mount_attributes::MountAttributes;
use nix::mount::MsFlags;
use rustix::mount::MountAttrFlags;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    only_a_mount_point_is_remounted,
    open_writers_keep_a_mount_from_becoming_read_only,
    open_writers_keep_mount_setattr_from_making_read_only,
    a_bind_remount_changes_one_mount,
    a_remount_changes_the_file_system_for_all,
    a_remount_keeps_the_access_time_mode,
];

/// MS_REMOUNT fails with EINVAL on a directory that is no mount point, with MS_BIND as well.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn only_a_mount_point_is_remounted() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("a/b")?;
    for flags in [MsFlags::empty(), MsFlags::MS_BIND] {
        expect_errno!(remount(tree.path("a/b"), flags, None), EINVAL, "with {flags:?}");
        expect_ok!(remount(tree.path("a"), flags, None), "the mount point above, with {flags:?}");
    }
    holds()
}

/// Making a mount or its file system read-only fails with EBUSY while a file is open for writing by that mount.
///
/// Another mount of the file system can be made read-only.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn open_writers_keep_a_mount_from_becoming_read_only() -> Verdict {
    let the_mount = |name: &str, tree: &Tree| bind_remount(tree.path(name), MsFlags::MS_RDONLY);
    let (tree, writer) = with_writer()?;
    let file_system = |name| remount(tree.path(name), MsFlags::MS_RDONLY, None);
    expect_errno!(the_mount("a", &tree), EBUSY, "the mount");
    expect_errno!(file_system("a"), EBUSY, "the file system");
    expect_errno!(file_system("b"), EBUSY, "the file system, by its other mount");
    expect_ok!(the_mount("b", &tree), "the other mount");
    drop(writer);
    let _reader = File::open(tree.path("a/file"))?;
    expect_ok!(the_mount("a", &tree), "the mount, with no writer");
    expect_ok!(file_system("a"), "the file system, with no writer");
    holds()
}

/// mount_setattr() with MOUNT_ATTR_RDONLY fails with EBUSY while a file is open for writing by that mount.
#[claim(source = "mount_setattr(2) ERRORS", since = "5.12", needs = [Root])]
fn open_writers_keep_mount_setattr_from_making_read_only() -> Verdict {
    let (tree, writer) = with_writer()?;
    let read_only = MountAttributes::setting(MountAttrFlags::MOUNT_ATTR_RDONLY);
    expect_errno!(set_attributes(tree.path("a"), &read_only), EBUSY);
    expect_ok!(set_attributes(tree.path("b"), &read_only), "the other mount");
    drop(writer);
    expect_ok!(set_attributes(tree.path("a"), &read_only), "with no writer");
    holds()
}

/// MS_REMOUNT with MS_BIND gives one mount the flags that are named and no others, and leaves its file system alone.
#[claim(source = "mount(2) Remounting an existing mount", needs = [Root])]
fn a_bind_remount_changes_one_mount() -> Verdict {
    let tree = Tree::new()?;
    tree.mount("tmpfs", "a", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, None)?.bind("a", "b")?;
    let before = tree.mounts()?;
    expect_eq!(before.at("b")?.options, "rw,nosuid,nodev,relatime", "before");
    expect_ok!(tree.bind_remount("b", MsFlags::MS_RDONLY));
    let seen = tree.mounts()?;
    expect_eq!(seen.at("b")?.options, "ro,relatime");
    expect_eq!(seen.at("b")?.super_options, before.at("b")?.super_options, "of the file system");
    expect_eq!(seen.at("a")?, before.at("a")?, "the other mount");
    expect_errno!(File::create(tree.path("b/file")), EROFS, "by the read-only mount");
    expect_ok!(File::create(tree.path("a/file")), "by the other one");
    expect_ok!(tree.bind_remount("b", MsFlags::empty()), "with no flags");
    expect_eq!(tree.mounts()?.at("b")?.options, "rw,relatime", "with no flags");
    holds()
}

/// MS_REMOUNT with MS_RDONLY makes the file system read-only for all its mounts, in other mount namespaces, too.
///
/// The other mounts themselves are still writable by their own options.
#[claim(source = "mount(2) Remounting an existing mount", needs = [Root])]
fn a_remount_changes_the_file_system_for_all() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.bind("a", "b")?.tmpfs("other")?;
    let elsewhere = spawn(CLONE_NEWNS, |outside| {
        outside.wait()?;
        outside.send(&File::create(tree.path("a/there")).map(drop).portable())?;
        tree.mounts()
    })?;
    expect_ok!(tree.remount("a", MsFlags::MS_RDONLY, None));
    elsewhere.go()?;
    expect_errno!(elsewhere.recv::<Answer>()?, EROFS, "in the other namespace");
    let (here, there) = (tree.mounts()?, elsewhere.join()?);
    for (seen, name, own) in [(&here, "a", "ro"), (&here, "b", "rw"), (&there, "a", "rw"), (&there, "b", "rw")] {
        let mount = seen.at(name)?;
        expect!(mount.super_options.has("ro"), "{mount}");
        expect!(mount.options.has(own), "{mount} is not {own}");
    }
    expect_errno!(fs::write(tree.path("b/here"), ""), EROFS, "by the other mount");
    expect_ok!(fs::write(tree.path("other/here"), ""), "in another file system of the type");
    holds()
}

/// A remount that names no access time flag keeps the access time mode, whichever it is; one that does changes it.
#[claim(source = "mount(2) Remounting an existing mount", needs = [Root])]
fn a_remount_keeps_the_access_time_mode() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    for (mode, shown) in MODES {
        for more in [MsFlags::empty(), MsFlags::MS_BIND] {
            tree.mount("tmpfs", "a", mode, None)?;
            let options = || -> Outcome<Options> { Ok(tree.mounts()?.at("a")?.options.clone()) };
            expect_ok!(tree.remount("a", MsFlags::MS_NOSUID | more, None), "{mode:?} with {more:?}");
            expect_eq!(options()?, &*format!("rw,nosuid{shown}"), "{mode:?} with {more:?}");
            for (other, shown) in MODES {
                expect_ok!(tree.remount("a", other | more, None), "{mode:?} to {other:?} with {more:?}");
                expect_eq!(options()?, &*format!("rw{shown}"), "{mode:?} to {other:?} with {more:?}");
            }
            tree.umount("a")?;
        }
    }
    holds()
}

/// The access time modes, and how mountinfo shows them.
const MODES: [(MsFlags, &str); 5] = [
    (MsFlags::MS_NOATIME, ",noatime"),
    (MsFlags::MS_STRICTATIME, ""),
    (MsFlags::MS_NODIRATIME, ",nodiratime,relatime"),
    (MsFlags::MS_RELATIME, ",relatime"),
    (MsFlags::MS_NOATIME.union(MsFlags::MS_NODIRATIME), ",noatime,nodiratime"),
];

/// A tree with two mounts of one file system, «a» and «b», and a file that is open for writing by «a».
fn with_writer() -> Outcome<(Tree, File)> {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.bind("a", "b")?;
    let writer = File::create(tree.path("a/file"))?;
    Ok((tree, writer))
}
