//! What `mount(2)` says to arguments that it cannot use: `mount(2)`, ERRORS.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use kit::mounts::{Detached, Tree, bind, mount_kind, move_to, rbind, tmpfs, umount};
use kit::prelude::*;
use kit::process::{with_only, without};
use kit::sys::mount::mount_on_nothing;
use kit::{Answer, prepared};
use nix::mount::{MsFlags, mount};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mounting_and_unmounting_require_sys_admin,
    a_path_that_leads_nowhere_is_refused_by_its_reason,
    a_path_of_4096_bytes_is_refused,
    the_null_pointer_is_no_mount_point,
    an_unknown_file_system_type_enodev,
    a_file_system_without_a_type_einval,
    a_file_in_the_place_of_a_block_device_enotblk,
    files_are_bound_on_files_and_directories_on_directories,
    a_file_system_is_not_mounted_on_a_file,
    a_mount_is_moved_onto_its_like_alone,
    a_file_system_is_mounted_on_its_own_root_once,
];

/// mount(2) and umount(2) fail with EPERM without CAP_SYS_ADMIN, also for a mount of the caller's own.
#[claim(source = ["mount(2) ERRORS", "umount(2) ERRORS", "capabilities(7)"], needs = [Root])]
fn mounting_and_unmounting_require_sys_admin() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.dir("to")?;
    let calls: [(&str, &dyn Fn() -> Answer); 5] = [
        ("mount", &|| tmpfs(tree.path("to"))),
        ("bind", &|| bind(tree.path("a"), tree.path("to"))),
        ("remount", &|| tree.bind_remount("a", MsFlags::MS_RDONLY).map(drop)),
        ("make shared", &|| tree.shared("a").map(drop)),
        ("unmount", &|| umount(tree.path("a"))),
    ];
    for (what, call) in calls {
        without(CapabilitySet::SYS_ADMIN, CLONE_NEWNS, || {
            expect_errno!(call(), EPERM, "{what}");
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_ADMIN, CLONE_NEWNS, || {
            expect_ok!(call(), "{what}, with CAP_SYS_ADMIN alone");
            Ok(())
        })?;
    }
    holds()
}

/// mount(2) refuses paths of the mount point and of what is bound as any call does: with ENOENT, ENOTDIR, ELOOP or ENAMETOOLONG.
#[claim(source = ["mount(2) ERRORS", "path_resolution(7)"], needs = [Root])]
fn a_path_that_leads_nowhere_is_refused_by_its_reason() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("dir")?.dir("to")?.file("file", "")?;
    symlink("loop", tree.path("loop"))?;
    let long = tree.path("dir").join("x".repeat(256));
    let bound = |from: &Path| bind(from, tree.path("to"));
    let mounted_on = |point: &Path| tmpfs(point);
    let both: [&dyn Fn(&Path) -> Answer; 2] = [&mounted_on, &bound];
    for mounted in both {
        expect_errno!(mounted(&tree.path("missing")), ENOENT, "missing");
        expect_errno!(mounted(&tree.path("file/x")), ENOTDIR, "below a file");
        expect_errno!(mounted(&tree.path("loop")), ELOOP, "a link to itself");
        expect_errno!(mounted(&long), ENAMETOOLONG, "a name of 256 bytes");
        expect_ok!(mounted(&tree.path("dir")), "a directory");
        let last = if tree.is_mounted("to")? { "to" } else { "dir" };
        tree.umount(last)?;
    }
    expect_errno!(tmpfs(""), ENOENT, "an empty mount point");
    holds()
}

/// For a path of 4096 bytes, mount(2) fails with ENAMETOOLONG as the mount point, and with EINVAL as what is mounted.
#[claim(
    source = ["mount(2) ERRORS", "fs/namespace.c copy_mount_string"],
    needs = [Root],
    erratum = "mount(2), ERRORS: ENAMETOOLONG, if a pathname was longer than MAXPATHLEN.",
)]
fn a_path_of_4096_bytes_is_refused() -> Verdict {
    for (length, fits) in [(4095, true), (4096, false), (5000, false)] {
        // The same directory by a path of any length.
        let path = PathBuf::from(format!("{}/.", "/".repeat(length - 5) + "mnt"));
        prepared(path.as_os_str().len() == length, format!("a path of {length} bytes"))?;
        if fits {
            expect_ok!(tmpfs(&path), "{length} bytes, as the mount point");
            expect_ok!(bind(&path, "/home"), "{length} bytes, as what is bound");
        } else {
            expect_errno!(tmpfs(&path), ENAMETOOLONG, "{length} bytes, as the mount point");
            expect_errno!(bind(&path, "/home"), EINVAL, "{length} bytes, as what is bound");
        }
    }
    holds()
}

/// mount(2) fails with EFAULT for the null pointer as the mount point.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn the_null_pointer_is_no_mount_point() -> Verdict {
    let tree = Tree::new()?;
    expect_errno!(mount_on_nothing(MsFlags::empty()), EFAULT);
    expect_ok!(tmpfs(tree.path("")), "on a directory");
    holds()
}

/// Mounting a file system of a type that the kernel does not know fails with ENODEV.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn an_unknown_file_system_type_enodev() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    for kind in ["nosuchfs", "", "tmpf", "tmpfss"] {
        expect_errno!(tree.mount(kind, "a", MsFlags::empty(), None), ENODEV, "«{kind}»");
    }
    expect_ok!(tree.mount("tmpfs", "a", MsFlags::empty(), None), "tmpfs");
    holds()
}

/// Mounting without a file system type fails with EINVAL, where the flags ask for nothing else.
#[claim(source = ["mount(2)", "fs/namespace.c do_new_mount"], needs = [Root])]
fn a_file_system_without_a_type_einval() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?;
    let mounted = |kind: Option<&str>, flags| mount(Some("source"), &tree.path("a"), kind, flags, None::<&str>);
    for flags in [MsFlags::empty(), MsFlags::MS_NODEV] {
        expect_errno!(mounted(None, flags), EINVAL, "{flags:?}");
        expect_ok!(mounted(Some("tmpfs"), flags), "{flags:?}");
    }
    expect_ok!(mounted(None, MsFlags::MS_SHARED), "for another type of propagation");
    holds()
}

/// Mounting a file system that needs a block device fails with ENOTBLK if the source is a file of another kind.
#[claim(source = "mount(2) ERRORS", needs = [Root, Module("ext4")])]
fn a_file_in_the_place_of_a_block_device_enotblk() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?.file("file", "")?;
    let mounted = |source: &Path| mount(Some(source), &tree.path("a"), Some("ext4"), MsFlags::empty(), None::<&str>);
    for source in [tree.path("file"), tree.path("a"), "/dev/null".into()] {
        expect_errno!(mounted(&source), ENOTBLK, "{}", source.display());
    }
    expect_errno!(mounted(&tree.path("missing")), ENOENT, "nothing");
    // What there is to see is that the same source is good for a file system that needs none.
    let file = tree.path("file");
    expect_ok!(mount(Some(&file), &tree.path("a"), Some("tmpfs"), MsFlags::empty(), None::<&str>), "a tmpfs");
    holds()
}

/// A directory is bound on a directory and a file on a file of any other kind; otherwise the bind fails with ENOTDIR.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn files_are_bound_on_files_and_directories_on_directories() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("dir")?.dir("other dir")?.file("file", "")?.file("other file", "")?;
    let from_to = |from: &str, to: &str| (tree.path(from), tree.path(to));
    for (way, bound) in [("bind", bind as fn(PathBuf, PathBuf) -> Answer), ("rbind", rbind)] {
        for (from, to) in [from_to("dir", "file"), from_to("file", "dir"), ("/dev/null".into(), tree.path("dir"))] {
            let words = format!("{way} {} on {}", from.display(), to.display());
            expect_errno!(bound(from, to), ENOTDIR, "{words}");
        }
        for (from, to) in
            [from_to("dir", "other dir"), from_to("file", "other file"), ("/dev/null".into(), tree.path("file"))]
        {
            let words = format!("{way} {} on {}", from.display(), to.display());
            expect_ok!(bound(from, to), "{words}");
        }
    }
    holds()
}

/// Mounting a file system whose root is a directory on a file fails with ENOTDIR.
#[claim(source = "mount(2) ERRORS", needs = [Root])]
fn a_file_system_is_not_mounted_on_a_file() -> Verdict {
    let tree = Tree::new()?;
    tree.file("file", "")?.dir("dir")?;
    for kind in ["tmpfs", "proc"] {
        let mounted = |name: &str| mount_kind(kind, tree.path(name), MsFlags::empty(), None);
        expect_errno!(mounted("file"), ENOTDIR, "{kind}");
        expect_ok!(mounted("dir"), "{kind}, on a directory");
    }
    holds()
}

/// Moving a mount of a directory onto a file, or of a file onto a directory, fails with EINVAL, by MS_MOVE as by move_mount(2).
#[claim(
    source = ["move_mount(2) ERRORS", "fs/namespace.c do_move_mount"],
    needs = [Root],
    erratum = "mount(2), ERRORS: ENOTDIR, if the target is not a directory.",
)]
fn a_mount_is_moved_onto_its_like_alone() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("mounted dir")?.dir("dir")?.file("mounted file", "")?.file("file", "")?;
    bind("/dev/null", tree.path("mounted file"))?;
    let by_descriptor = |from: PathBuf, to: PathBuf| Detached::opened(from)?.attach(to);
    for (way, moved) in [("MS_MOVE", move_to as fn(PathBuf, PathBuf) -> Answer), ("move_mount", by_descriptor)] {
        child(CLONE_NEWNS, || {
            for (from, to) in [("mounted dir", "file"), ("mounted file", "dir")] {
                expect_errno!(moved(tree.path(from), tree.path(to)), EINVAL, "{from} onto {to} by {way}");
            }
            for (from, to) in [("mounted dir", "dir"), ("mounted file", "file")] {
                expect_ok!(moved(tree.path(from), tree.path(to)), "{from} onto {to} by {way}");
            }
            Ok(())
        })?;
    }
    holds()
}

/// Mounting a file system exactly where it is mounted already fails with EBUSY, whatever the source is called.
///
/// What is compared is the file system: sysfs is the same one each time, and a tmpfs is always a new one.
#[claim(
    source = ["mount(2) ERRORS", "fs/namespace.c do_add_mount"],
    needs = [Root],
    erratum = "mount(2), ERRORS: EBUSY, if a new mount is stacked on one with the same source and target.",
)]
fn a_file_system_is_mounted_on_its_own_root_once() -> Verdict {
    let tree = Tree::new()?;
    tree.dir("a")?.dir("b")?.dir("c")?;
    let mounted = |source: &str, kind: &str, name: &str| {
        mount(Some(source), &tree.path(name), Some(kind), MsFlags::empty(), None::<&str>)
    };
    mounted("one", "sysfs", "a")?;
    for source in ["one", "other"] {
        expect_errno!(mounted(source, "sysfs", "a"), EBUSY, "sysfs as {source}");
        expect_ok!(mounted(source, "tmpfs", "b"), "a tmpfs as {source}");
    }
    expect_ok!(mounted("one", "sysfs", "c"), "sysfs elsewhere");
    for time in 1..=2 {
        expect_ok!(tree.bind("b", "c"), "a bind mount, {time}");
    }
    mounted("one", "tmpfs", "a").doing("cover the sysfs")?;
    expect_ok!(mounted("one", "sysfs", "a"), "sysfs where a tmpfs covers it");
    holds()
}
