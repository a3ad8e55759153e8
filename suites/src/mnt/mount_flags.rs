//! What the flags of `mount(2)` ask for, and what they forbid to those who use the mount.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use kit::Answer;
use kit::mounts::{MS_NOSYMFOLLOW, Tree};
use kit::prelude::*;
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    relatime_is_the_default,
    the_first_of_several_operations_is_done,
    the_old_magic_number_is_ignored,
    nosymfollow_forbids_following_alone,
    nodev_forbids_opening_devices_by_that_mount,
    noexec_forbids_executing_by_that_mount,
];

/// A mount that is made without access time flags has relatime; MS_STRICTATIME takes that away, MS_NODIRATIME alone does not.
#[claim(source = "mount(2) DESCRIPTION", needs = [Root])]
fn relatime_is_the_default() -> Verdict {
    let tree = Tree::new()?;
    for (flags, options) in [
        (MsFlags::empty(), "rw,relatime"),
        (MsFlags::MS_RELATIME, "rw,relatime"),
        (MsFlags::MS_STRICTATIME, "rw"),
        (MsFlags::MS_NOATIME, "rw,noatime"),
        (MsFlags::MS_NODIRATIME, "rw,nodiratime,relatime"),
        (MsFlags::MS_NODIRATIME | MsFlags::MS_STRICTATIME, "rw,nodiratime"),
        (MsFlags::MS_NOATIME | MsFlags::MS_RELATIME, "rw,noatime"),
        (MsFlags::MS_NOATIME | MsFlags::MS_STRICTATIME, "rw"),
    ] {
        expect_ok!(tree.mount("tmpfs", "a", flags, None), "{flags:?}");
        expect_eq!(tree.mounts()?.at("a")?.options, options, "{flags:?}");
        tree.umount("a")?;
    }
    holds()
}

/// Of several operations that the flags ask for, mount(2) does one: remount before bind, before propagation, before move.
///
/// A change of propagation takes no other flag, so with MS_MOVE it fails with EINVAL.
#[claim(
    source = ["mount(2) DESCRIPTION", "fs/namespace.c path_mount"],
    needs = [Root],
    erratum = "mount(2), ERRORS: EINVAL, if mountflags includes MS_SHARED, MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE and a flag \
               other than MS_REC or MS_SILENT.",
)]
fn the_first_of_several_operations_is_done() -> Verdict {
    let operations = [
        (MsFlags::MS_REMOUNT, "remounted"),
        (MsFlags::MS_BIND, "bound"),
        (MsFlags::MS_SHARED, "shared"),
        (MsFlags::MS_MOVE, "moved"),
    ];
    for (place, (first, done)) in operations.into_iter().enumerate() {
        for (second, _) in operations.into_iter().skip(place) {
            let (answer, seen) = child(CLONE_NEWNS, || done_by(first | second))?;
            if (first, second) == (MsFlags::MS_SHARED, MsFlags::MS_MOVE) {
                expect_errno!(answer, EINVAL, "MS_SHARED and MS_MOVE");
                expect!(seen.is_empty(), "by MS_SHARED and MS_MOVE: {seen:?}");
            } else {
                expect_ok!(answer, "{first:?} and {second:?}");
                expect_eq!(seen, [done], "by {first:?} and {second:?}");
            }
        }
    }
    holds()
}

/// The number 0xC0ED in the upper 16 bits of the flags is ignored.
///
/// It was needed before Linux 2.4. Other numbers there are flags, of which MS_NOUSER fails with EINVAL.
#[claim(source = "mount(2) HISTORY", needs = [Root])]
fn the_old_magic_number_is_ignored() -> Verdict {
    let tree = Tree::new()?;
    for (magic, is_ignored) in [(0, true), (0xc0ed, true), (0xc0ec, false), (0xc1ed, false), (0x8000, false)] {
        let flags = MsFlags::from_bits_retain(magic << 16) | MsFlags::MS_NODEV;
        let answer = tree.mount("tmpfs", "a", flags, None);
        if is_ignored {
            expect_ok!(answer, "{magic:#x}");
            expect_eq!(tree.mounts()?.at("a")?.options, "rw,nodev,relatime", "{magic:#x}");
            tree.umount("a")?;
        } else {
            expect_errno!(answer, EINVAL, "{magic:#x}");
        }
    }
    holds()
}

/// On a mount with MS_NOSYMFOLLOW following a symbolic link fails with ELOOP; creating and reading links works.
///
/// By another mount of the same file system they are followed.
#[claim(source = "mount(2) Additional mount flags", since = "5.10", needs = [Root])]
fn nosymfollow_forbids_following_alone() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.bind("a", "b")?.bind_remount("a", MS_NOSYMFOLLOW)?.file("a/file", "text")?;
    let (link, plain) = (tree.path("a/link"), tree.path("a/file"));
    expect_ok!(symlink("file", &link));
    expect_eq!(expect_ok!(fs::read_link(&link)).to_string_lossy(), "file");
    expect_ok!(fs::symlink_metadata(&link), "lstat");
    expect_errno!(File::open(&link), ELOOP, "open");
    expect_errno!(fs::metadata(&link), ELOOP, "stat");
    expect_errno!(fs::read_dir(tree.path("a/link/x")), ELOOP, "in the middle of a path");
    expect_ok!(File::open(&plain), "the file itself");
    expect_ok!(File::open(tree.path("b/link")), "by another mount");
    holds()
}

/// Opening a device fails with EACCES by a mount with MS_NODEV, and succeeds by another mount of the same file system.
#[claim(source = "mount(2) Additional mount flags", needs = [Root])]
fn nodev_forbids_opening_devices_by_that_mount() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.bind("a", "b")?.bind_remount("a", MsFlags::MS_NODEV)?;
    expect_ok!(mknod(&tree.path("a/zero"), SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 5)), "creating a device");
    let opened = |name: &str| -> io::Result<File> { OpenOptions::new().read(true).open(tree.path(name)) };
    expect_errno!(opened("a/zero"), EACCES);
    expect_ok!(opened("b/zero"), "by another mount");
    tree.file("a/file", "")?;
    expect_ok!(opened("a/file"), "a regular file");
    holds()
}

/// Executing a program fails with EACCES by a mount with MS_NOEXEC, and succeeds by another mount of the same file system.
#[claim(source = "mount(2) Additional mount flags", needs = [Root, Tool("true")])]
fn noexec_forbids_executing_by_that_mount() -> Verdict {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.bind("a", "b")?.bind_remount("a", MsFlags::MS_NOEXEC)?;
    fs::copy("/usr/bin/true", tree.path("a/true")).doing("copy a program")?;
    fs::set_permissions(tree.path("a/true"), Permissions::from_mode(0o755))?;
    let executed = |name: &str| Command::new(tree.path(name)).status();
    expect_errno!(executed("a/true"), EACCES);
    expect!(expect_ok!(executed("b/true"), "by another mount").success(), "it failed");
    expect_ok!(fs::read(tree.path("a/true")), "reading the program");
    holds()
}

/// Binds, moves and so on a mount «a» onto a mount «to», by whatever operations these flags ask for, and tells what has been
/// done.
fn done_by(flags: MsFlags) -> Outcome<(Answer, Vec<String>)> {
    let tree = Tree::new()?;
    tree.tmpfs("a")?.mount("tmpfs", "to", MsFlags::MS_NOSUID, None)?;
    let answer = mount(Some(&tree.path("a")), &tree.path("to"), None::<&str>, flags, None::<&str>).portable();
    let seen = tree.mounts()?;
    let (is_covered, is_there) = (seen.stack("to").len() == 2, seen.find("a").is_some());
    let beneath = seen.stack("to").first().map(|mount| (mount.options.has("nosuid"), mount.tags.shared));
    let done = [
        ("remounted", matches!(beneath, Some((false, _)))),
        ("bound", is_covered && is_there),
        ("shared", matches!(beneath, Some((_, Some(_))))),
        ("moved", is_covered && !is_there),
    ];
    Ok((answer, done.iter().filter(|(_, is_so)| *is_so).map(|(what, _)| (*what).to_owned()).collect()))
}
