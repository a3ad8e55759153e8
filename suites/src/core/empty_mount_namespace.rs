//! A mount namespace that starts with nothing in it: `linux/sched.h`, CLONE_EMPTY_MNTNS and UNSHARE_EMPTY_MNTNS.

use std::fs;

use kit::mounts::Mounts;
use kit::prelude::*;
use kit::process::{try_clone3, with_only, without};
use nix::sys::statfs::statfs;
use rustix::thread::CapabilitySet;

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![unshare_empty_mntns, clone3_empty_mntns];

/// `CLONE_EMPTY_MNTNS`, for clone3() only.
const CLONE_EMPTY: CloneFlags = CloneFlags::from_bits_retain(1 << 37);

/// `UNSHARE_EMPTY_MNTNS`, for unshare() only.
const UNSHARE_EMPTY: CloneFlags = CloneFlags::from_bits_retain(0x10_0000);

/// unshare(UNSHARE_EMPTY_MNTNS) moves the caller to a new mount namespace with one mount: a root that is and stays
/// empty.
///
/// The root is of the type nullfs, and becomes the caller's root and working directory; nothing can be created there.
/// The call requires CAP_SYS_ADMIN, and fails with EPERM without it.
#[claim(source = ["include/uapi/linux/sched.h", "kernel/nsproxy.c unshare_nsproxy_namespaces"], since = "7.1", needs = [Root])]
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
    let own = own_inode(Kind::Mnt)?;
    let born = expect_ok!(Spawn::new(CLONE_EMPTY).try_start(|outside| {
        expect_nothing_here()?;
        outside.go()?;
        outside.wait()
    })?);
    born.recv::<()>()?;
    expect_ne!(inode_of(born.pid(), Kind::Mnt)?, own, "the child's");
    expect_eq!(Mounts::of(born.pid())?.len(), 1, "mounts of the child");
    expect_eq!(own_inode(Kind::Mnt)?, own, "its parent's");
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
