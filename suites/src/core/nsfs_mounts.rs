//! Mounts of namespaces' files: where they may be, how they look, and what they are in the way of: `mount(2)`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

pub(super) use kit::mounts::bind;
use kit::mounts::{Mount, Mounts};
use kit::namespace::Link;
use kit::namespace::directory::own;
use kit::prelude::*;
use kit::process::{with_only, without};
use nix::mount::{MntFlags, umount, umount2};
use nix::sys::stat::{lstat, stat};
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    nsfs_bind_mountinfo,
    nsfs_bind_stat,
    nsfs_bind_needs_nondirectory,
    nsfs_bind_target_busy,
    nsfs_bind_unprivileged_eperm,
    nsfs_umount_detach_fd_usable,
];

/// In mountinfo a mounted namespace's file has root TYPE:[INODE], type nsfs and source nsfs; in /proc/mounts it is an
/// nsfs.
#[claim(source = ["Linux Namespaces", "proc_pid_mountinfo(5)"], needs = [Root, Config("TIME_NS")])]
fn nsfs_bind_mountinfo() -> Verdict {
    // The mount namespace's own file cannot be mounted in it.
    for link in Link::ALL.into_iter().filter(|link| *link != Link::Mnt) {
        let place = new_file(link.name())?;
        bind(own(link), &place).doing(format!("mount {link}"))?;
        let mounted = mounted_at(&place)?;
        let told = mounted.map(|mount| (mount.root, mount.kind, mount.source));
        let expected = (link_text(own(link))?.into(), "nsfs".to_owned(), "nsfs".to_owned());
        expect_eq!(told, Some(expected), "root, type and source of {link} in mountinfo");
        let start = format!("nsfs {} nsfs ", place.display());
        let line = line_of(&place)?.unwrap_or_default();
        expect!(line.starts_with(&start), "{link} in /proc/mounts: «{line}»");
        umount(&place).doing(format!("unmount {link}"))?;
        expect!(mounted_at(&place)?.is_none() && line_of(&place)?.is_none(), "{link} is mounted afterwards");
    }
    holds()
}

/// A mounted namespace's file is a regular file of mode 0444 with the namespace's inode number, and no symbolic link.
///
/// readlink(2) of it fails with EINVAL.
#[claim(
    source = ["Linux Namespaces", "namespaces(7) The /proc/pid/ns/ directory"],
    needs = [Root, Config("TIME_NS")],
)]
fn nsfs_bind_stat() -> Verdict {
    for link in Link::ALL.into_iter().filter(|link| *link != Link::Mnt) {
        let place = new_file(link.name())?;
        let plain = stat(&place)?;
        bind(own(link), &place).doing(format!("mount {link}"))?;
        let namespace = inode_at(own(link))?;
        for (call, seen) in [("stat", expect_ok!(stat(&place))), ("lstat", expect_ok!(lstat(&place)))] {
            expect_eq!((seen.st_ino, seen.st_mode), (namespace, 0o100_444), "{call} of {link}");
        }
        expect_errno!(fs::read_link(&place), EINVAL, "{link}");
        umount(&place).doing(format!("unmount {link}"))?;
        let after = stat(&place)?;
        expect_eq!((after.st_dev, after.st_ino), (plain.st_dev, plain.st_ino), "without the mount of {link}");
    }
    holds()
}

/// Bind-mounting a namespace's file on a directory fails with ENOTDIR; on a regular file it succeeds.
#[claim(source = "mount(2) ERRORS", needs = [Root, Config("TIME_NS")])]
fn nsfs_bind_needs_nondirectory() -> Verdict {
    let directory = Path::new("/mnt/directory");
    fs::create_dir(directory)?;
    for link in Link::ALL.into_iter().filter(|link| *link != Link::Mnt) {
        expect_errno!(bind(own(link), directory), ENOTDIR, "{link} on a directory");
        expect_ok!(bind(own(link), &new_file(link.name())?), "{link} on a file");
    }
    expect_ok!(bind("/root", directory), "a directory on that directory");
    holds()
}

/// The file on which a namespace's file is mounted can be neither unlinked nor renamed: both fail with EBUSY.
///
/// In another mount namespace, which does not have the mount, it can be unlinked, and then the mount goes with it.
#[claim(source = ["mount(2)", "unlink(2)", "rename(2)"], needs = [Root])]
fn nsfs_bind_target_busy() -> Verdict {
    let (place, elsewhere) = (new_file("place")?, Path::new("/mnt/elsewhere"));
    bind("/proc/self/ns/uts", &place)?;
    expect_errno!(fs::remove_file(&place), EBUSY);
    expect_errno!(fs::rename(&place, elsewhere), EBUSY);
    umount(&place)?;
    expect_ok!(fs::rename(&place, elsewhere), "without the mount");
    expect_ok!(fs::remove_file(elsewhere), "without the mount");

    let place = new_file("place")?;
    let outside = spawn(CLONE_NEWNS, |case| {
        case.wait()?;
        expect_ok!(fs::remove_file(&place), "in a mount namespace without the mount");
        Ok(())
    })?;
    bind("/proc/self/ns/uts", &place)?;
    expect_errno!(fs::remove_file(&place), EBUSY, "in the mount namespace with the mount");
    outside.go()?;
    outside.join()?;
    expect!(mounted_at(&place)?.is_none(), "the mount stays without the file that it was on");
    holds()
}

/// Bind-mounting a namespace's file requires CAP_SYS_ADMIN in the user namespace that owns the mount namespace.
///
/// Without it mount(2) fails with EPERM. With it, root of a user namespace can mount the file in its own mount
/// namespace.
#[claim(source = ["mount(2) ERRORS", "Linux Namespaces"], needs = [UserNamespaces])]
fn nsfs_bind_unprivileged_eperm() -> Verdict {
    // A file that there is everywhere, and nothing to tidy up afterwards.
    let place = Path::new("/dev/null");
    unprivileged(NONE, || {
        expect_errno!(bind("/proc/self/ns/uts", place), EPERM, "an ordinary user");
        unshare(CLONE_NEWUSER)?;
        expect_errno!(
            bind("/proc/self/ns/uts", place),
            EPERM,
            "root of a new user namespace in the old mount namespace"
        );
        unshare(CLONE_NEWNS)?;
        without(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_errno!(bind("/proc/self/ns/uts", place), EPERM, "without CAP_SYS_ADMIN in a new mount namespace");
            Ok(())
        })?;
        with_only(CapabilitySet::SYS_ADMIN, NONE, || {
            expect_ok!(bind("/proc/self/ns/uts", place), "with CAP_SYS_ADMIN alone in a new mount namespace");
            expect_eq!(inode_at(place)?, own_inode(Kind::Uts)?);
            Ok(())
        })
    })?;
    holds()
}

/// While a namespace's file is open by its mount, umount(2) fails with EBUSY; after MNT_DETACH it can be given to
/// setns(2).
#[claim(source = ["umount(2)", "setns(2)"], needs = [Root])]
fn nsfs_umount_detach_fd_usable() -> Verdict {
    let place = new_file("uts")?;
    let other = waiting(CLONE_NEWUTS)?;
    let theirs = inode_of(other.pid(), Kind::Uts)?;
    bind(format!("/proc/{}/ns/uts", other.pid()), &place)?;
    let opened = File::open(&place)?;
    expect_errno!(umount(&place), EBUSY, "while it is open");
    drop(opened);
    expect_ok!(umount(&place), "when it is closed");

    bind(format!("/proc/{}/ns/uts", other.pid()), &place)?;
    let opened = File::open(&place)?;
    expect_errno!(umount(&place), EBUSY, "while it is open");
    expect_ok!(umount2(&place, MntFlags::MNT_DETACH), "while it is open");
    expect!(mounted_at(&place)?.is_none(), "the mount stays");
    expect_ok!(setns(&opened, CLONE_NEWUTS), "when the mount has gone");
    expect_eq!(own_inode(Kind::Uts)?, theirs);
    holds()
}

/// A new empty file to mount on.
pub(super) fn new_file(name: &str) -> Outcome<PathBuf> {
    let path = Path::new("/mnt").join(name);
    File::create_new(&path).doing(format!("create {}", path.display()))?;
    Ok(path)
}

/// What mountinfo says of the mount at `place`.
fn mounted_at(place: &Path) -> Outcome<Option<Mount>> {
    Ok(Mounts::own()?.find(place).cloned())
}

/// The line of `/proc/mounts` about the mount at `place`.
fn line_of(place: &Path) -> Outcome<Option<String>> {
    let at = place.to_string_lossy();
    let mounts = fs::read_to_string("/proc/mounts").doing("read /proc/mounts")?;
    Ok(mounts.lines().find(|line| line.split(' ').nth(1) == Some(&*at)).map(str::to_owned))
}
