//! A mount namespace that starts with nothing in it: `linux/sched.h`, CLONE_EMPTY_MNTNS and UNSHARE_EMPTY_MNTNS.

use std::fs::{self, File};

use kit::mounts::{Detached, Mounts, remount, unique_id};
use kit::prelude::*;
use kit::process::{try_clone3, with_only, without};
use nix::mount::MsFlags;
use nix::sys::stat::stat;
use nix::sys::statfs::statfs;
use nix::unistd::{chroot, fchdir};
use rustix::mount::MountAttrFlags;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    unshare_empty_mntns,
    clone3_empty_mntns,
    the_empty_root_is_mounted_on,
    the_empty_root_is_remounted,
    the_empty_root_is_not_remounted,
    reading_the_empty_root_shows,
    reading_the_empty_root_does_not_show,
];

/// `CLONE_EMPTY_MNTNS`, for clone3() only.
const CLONE_EMPTY: CloneFlags = CloneFlags::from_bits_retain(1 << 37);

/// `UNSHARE_EMPTY_MNTNS`, for unshare() only.
const UNSHARE_EMPTY: CloneFlags = CloneFlags::from_bits_retain(0x10_0000);

/// unshare(UNSHARE_EMPTY_MNTNS) moves the caller to a new mount namespace with one mount: a root that is and stays
/// empty.
///
/// The root is of the type nullfs, and becomes the caller's root and working directory; nothing can be created there.
/// The call requires CAP_SYS_ADMIN, and fails with EPERM without it.
#[claim(source = ["include/uapi/linux/sched.h", "kernel/nsproxy.c unshare_nsproxy_namespaces"], since = "7.1", needs = [Root, UserNamespaces])]
fn unshare_empty_mntns() -> Verdict {
    let own = own_inode(Kind::Mnt)?;
    let mounts = Mounts::own()?;
    if mounts.len() < 2 {
        return Err(Failure::broken(format!("a copy of these mounts is no more than a root: {mounts:?}")));
    }
    for (flags, is_empty) in [(CLONE_NEWNS, false), (UNSHARE_EMPTY, true)] {
        let moved = spawn(NONE, |outside| {
            expect_ok!(unshare(flags), "{flags:?}");
            if is_empty {
                expect_nothing_here()?;
            } else {
                expect_ok!(fs::metadata("/proc/self"), "with a copy of all mounts");
            }
            outside.go()?;
            outside.wait()
        })?;
        moved.recv::<()>()?;
        expect_ne!(inode_of(moved.pid(), Kind::Mnt)?, own, "{flags:?}");
        let there = Mounts::of(moved.pid())?;
        expect_eq!(there.len(), if is_empty { 1 } else { mounts.len() }, "mounts there, by {flags:?}: {there:?}");
    }
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(unshare(UNSHARE_EMPTY), EPERM, "without CAP_SYS_ADMIN");
        Ok(())
    })?;
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(unshare(UNSHARE_EMPTY), "with CAP_SYS_ADMIN alone");
        let first = unique_id("/")?;
        expect_ok!(unshare(UNSHARE_EMPTY), "once more");
        expect_ne!(unique_id("/")?, first, "the root mount of another empty namespace");
        Ok(())
    })?;
    unprivileged(NONE, || {
        expect_ok!(unshare(CLONE_NEWUSER | UNSHARE_EMPTY), "by an ordinary user, with a user namespace");
        expect_nothing_here()?;
        expect_ok!(unshare(UNSHARE_EMPTY), "by its root");
        holds()
    })
}

/// clone3(CLONE_EMPTY_MNTNS) starts a child in an empty mount namespace, and requires CAP_SYS_ADMIN.
///
/// CLONE_NEWUSER, too, gives the capability. As with CLONE_NEWNS, CLONE_FS makes the call fail with EINVAL.
#[claim(
    source = ["include/uapi/linux/sched.h", "kernel/fork.c kernel_clone"],
    since = "7.1",
    needs = [Root, UserNamespaces],
)]
fn clone3_empty_mntns() -> Verdict {
    let (own, mounts) = (own_inode(Kind::Mnt)?, Mounts::own()?);
    let born = expect_ok!(Spawn::new(CLONE_EMPTY).try_start(|outside| {
        expect_nothing_here()?;
        outside.go()?;
        outside.wait()
    })?);
    born.recv::<()>()?;
    expect_ne!(inode_of(born.pid(), Kind::Mnt)?, own, "the child's");
    expect_eq!(Mounts::of(born.pid())?.len(), 1, "mounts of the child");
    expect_eq!((own_inode(Kind::Mnt)?, Mounts::own()?), (own, mounts), "its parent's");
    expect_errno!(try_clone3(&CloneArgs::new(CLONE_EMPTY | CLONE_FS)), EINVAL);
    expect_ok!(try_clone3(&CloneArgs::new(CLONE_EMPTY | CLONE_FILES)), "another thing that is shared");
    with_only(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_ok!(try_clone3(&CloneArgs::new(CLONE_EMPTY)), "with CAP_SYS_ADMIN alone");
        Ok(())
    })?;
    without(CapabilitySet::SYS_ADMIN, NONE, || {
        expect_errno!(try_clone3(&CloneArgs::new(CLONE_EMPTY)), EPERM, "without CAP_SYS_ADMIN");
        let both = Spawn::new(CLONE_EMPTY | CLONE_NEWUSER).try_start(|_| expect_nothing_here())?;
        expect_ok!(both, "without CAP_SYS_ADMIN, but with CLONE_NEWUSER").join()?;
        holds()
    })
}

/// In the root of an empty mount namespace nothing can be created; it is furnished by mounting on it and chroot(2) to that.
#[claim(source = ["include/uapi/linux/sched.h", "fs/nullfs.c"], since = "7.1", needs = [Root])]
fn the_empty_root_is_mounted_on() -> Verdict {
    child(NONE, || {
        expect_ok!(unshare(UNSHARE_EMPTY));
        expect_errno!(fs::create_dir("/made"), ENOENT);
        for marker in ["first", "second"] {
            let new = Detached::new("tmpfs", &[], MountAttrFlags::empty())?;
            expect_ok!(new.attach("/"), "the {marker} mount on it");
            fchdir(&new)?;
            chroot(".")?;
            expect_eq!(fs::read_dir("/")?.count(), 0, "files of the {marker}");
            File::create(format!("/{marker}")).doing("create a file")?;
        }
        expect_eq!((fs::exists("/first")?, fs::exists("/second")?), (false, true), "files at last");
        holds()
    })
}

/// Remounting the root of an empty mount namespace succeeds.
#[claim(source = "fs/nullfs.c", since = "7.1", until = "7.2", needs = [Root])]
fn the_empty_root_is_remounted() -> Verdict {
    child(NONE, || {
        unshare(UNSHARE_EMPTY).doing("make an empty mount namespace")?;
        expect_ok!(remount("/", MsFlags::empty(), None));
        holds()
    })
}

/// Remounting the root of an empty mount namespace fails with EINVAL; what is mounted on it can be remounted.
#[claim(source = "fs/nullfs.c", since = "7.2", replaces = "the_empty_root_is_remounted", needs = [Root])]
fn the_empty_root_is_not_remounted() -> Verdict {
    child(NONE, || {
        unshare(UNSHARE_EMPTY).doing("make an empty mount namespace")?;
        for flags in [MsFlags::empty(), MsFlags::MS_RDONLY] {
            expect_errno!(remount("/", flags, None), EINVAL, "{flags:?}");
        }
        let new = Detached::new("tmpfs", &[], MountAttrFlags::empty())?;
        new.attach("/")?;
        fchdir(&new)?;
        chroot(".")?;
        expect_ok!(remount("/", MsFlags::empty(), None), "what is mounted on it");
        holds()
    })
}

/// Reading the root directory of an empty mount namespace changes its access time, which all such roots have in common.
#[claim(source = "fs/nullfs.c", since = "7.1", until = "7.2", needs = [Root])]
fn reading_the_empty_root_shows() -> Verdict {
    let (accessed, modified) = times_after_reading()?;
    expect!(accessed > modified, "accessed {accessed:?}, modified {modified:?}");
    expect_eq!(child(NONE, times_of_an_empty_root)?.0, accessed, "of another one");
    holds()
}

/// Reading the root directory of an empty mount namespace leaves its access time as it is: that of the boot.
#[claim(source = "fs/nullfs.c", since = "7.2", replaces = "reading_the_empty_root_shows", needs = [Root])]
fn reading_the_empty_root_does_not_show() -> Verdict {
    let before = child(NONE, times_of_an_empty_root)?;
    let after = times_after_reading()?;
    expect_eq!(after, before, "access and modification time");
    expect_eq!(after.0, after.1, "access time and modification time");
    holds()
}

fn times_after_reading() -> Outcome<(Time, Time)> {
    child(NONE, || {
        unshare(UNSHARE_EMPTY).doing("make an empty mount namespace")?;
        expect_eq!(fs::read_dir("/")?.count(), 0, "files of the root");
        times("/")
    })
}

fn times_of_an_empty_root() -> Outcome<(Time, Time)> {
    unshare(UNSHARE_EMPTY).doing("make an empty mount namespace")?;
    times("/")
}

/// Seconds and nanoseconds.
type Time = (i64, i64);

/// The last access and the last modification.
fn times(path: &str) -> Outcome<(Time, Time)> {
    let seen = stat(path).doing(format!("stat {path}"))?;
    Ok(((seen.st_atime, seen.st_atime_nsec), (seen.st_mtime, seen.st_mtime_nsec)))
}

/// The caller's root and working directory are on nullfs, where there is nothing and nothing can be made.
fn expect_nothing_here() -> Outcome<()> {
    const NULLFS: i64 = 0x4e55_4c4c;
    for place in ["/", "."] {
        expect_eq!(expect_ok!(statfs(place)).filesystem_type().0, NULLFS, "the file system of {place}");
        expect_eq!(fs::read_dir(place).doing("list an empty directory")?.count(), 0, "entries of {place}");
    }
    expect_errno!(fs::create_dir("/new"), ENOENT);
    expect_errno!(fs::write("/new", ""), ENOENT);
    Ok(())
}
