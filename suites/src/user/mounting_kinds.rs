//! Which kinds of file systems root of a user namespace can mount: `user_namespaces(7)`, Effect of capabilities.

use std::fs::{File, OpenOptions, Permissions, create_dir, set_permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;

use kit::mounts::{EVERY, expect_mountable, expect_refused};
use kit::prelude::*;
use kit::process::as_each_inner_root;
use nix::sys::stat::{Mode, SFlag, makedev, mknod};

use super::mounts::{PLACE, UNCOVERED, kind_there, mount_kind, mount_kind_at};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    userns_mounts_proc,
    userns_mounts_sysfs,
    userns_mounts_devpts,
    userns_mounts_tmpfs,
    userns_mounts_ramfs,
    userns_mounts_mqueue,
    userns_mounts_cgroup2,
    userns_mounts_overlay,
    userns_does_not_mount_overlay,
    userns_mounts_fuse,
    userns_mounts_binfmt_misc,
    userns_does_not_mount_binfmt_misc,
];

/// Root of a user namespace can mount proc only if its user namespace owns the mount and PID namespaces; otherwise mount()
/// fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [UserNamespaces, Config("PID_NS"), Behaviour(UNCOVERED)],
)]
fn userns_mounts_proc() -> Verdict {
    expect_mountable("proc", None, CLONE_NEWPID)
}

/// Root of a user namespace can mount sysfs only if its user namespace owns the mount and network namespaces; otherwise
/// mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [UserNamespaces, Config("NET_NS"), Behaviour(UNCOVERED)],
)]
fn userns_mounts_sysfs() -> Verdict {
    expect_mountable("sysfs", None, CLONE_NEWNET)
}

/// Root of a user namespace can mount devpts only if its user namespace owns the mount namespace; otherwise mount() fails with
/// EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [UserNamespaces, Config("UNIX98_PTYS")],
)]
fn userns_mounts_devpts() -> Verdict {
    expect_mountable("devpts", None, NONE)
}

/// Root of a user namespace can mount a tmpfs only if its user namespace owns the mount namespace; otherwise mount() fails
/// with EPERM.
#[claim(source = "user_namespaces(7) Effect of capabilities within a user namespace", needs = [UserNamespaces])]
fn userns_mounts_tmpfs() -> Verdict {
    expect_mountable("tmpfs", None, NONE)
}

/// Root of a user namespace can mount a ramfs only if its user namespace owns the mount namespace; otherwise mount() fails
/// with EPERM.
#[claim(source = "user_namespaces(7) Effect of capabilities within a user namespace", needs = [UserNamespaces])]
fn userns_mounts_ramfs() -> Verdict {
    expect_mountable("ramfs", None, NONE)
}

/// Root of a user namespace can mount mqueue only if its user namespace owns the mount and IPC namespaces; otherwise mount()
/// fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    needs = [UserNamespaces, Config("POSIX_MQUEUE"), Config("IPC_NS")],
)]
fn userns_mounts_mqueue() -> Verdict {
    expect_mountable("mqueue", None, CLONE_NEWIPC)
}

/// Root of a user namespace can mount cgroup2 only if its user namespace owns the mount and cgroup namespaces; otherwise
/// mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    since = "4.6",
    needs = [UserNamespaces, Config("CGROUPS")],
)]
fn userns_mounts_cgroup2() -> Verdict {
    expect_mountable("cgroup2", None, CLONE_NEWCGROUP)
}

/// Root of a user namespace can mount overlayfs, with layers on a tmpfs that it mounted, only if its user namespace owns the
/// mount namespace.
///
/// Otherwise mount() fails with EPERM.
#[claim(
    source = "user_namespaces(7) Effect of capabilities within a user namespace",
    since = "5.11",
    replaces = "userns_does_not_mount_overlay",
    needs = [UserNamespaces, Module("overlay")],
)]
fn userns_mounts_overlay() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            let options = lay_layers()?;
            user_namespace(EVERY - CLONE_NEWNS, || {
                expect_errno!(mount_kind("overlay", Some(&options)), EPERM, "with all namespaces but the mount one");
                Ok(())
            })?;
            expect_ok!(mount_kind("overlay", Some(&options)));
            expect_eq!(kind_there()?.as_deref(), Some("overlay"), "what is mounted then");
            File::create(format!("{PLACE}/new")).doing("make a file in the overlay")?;
            expect_ok!(File::open("/tmp/upper/new"), "a new file, in the upper layer");
            expect_ok!(File::open(format!("{PLACE}/old")), "a file of the lower layer");
            holds()
        })
    })
}

/// Mounting overlayfs fails with EPERM for root of a user namespace other than the initial one.
///
/// Debian's kernels of that time have a module parameter that allows it.
#[claim(
    source = "fs/overlayfs/super.c",
    until = "5.11",
    needs = [Root, UserNamespaces, Module("overlay")],
)]
fn userns_does_not_mount_overlay() -> Verdict {
    child(CLONE_NEWNS, || {
        let options = lay_layers()?;
        mount_kind("overlay", Some(&options)).doing("mount an overlayfs in the initial user namespace")
    })?;
    as_each_inner_root(EVERY, |whose| {
        let options = lay_layers()?;
        expect_errno!(mount_kind("overlay", Some(&options)), EPERM, "{whose}");
        expect_ok!(mount_kind("tmpfs", None), "tmpfs in the same place, {whose}");
        Ok(())
    })?;
    holds()
}

/// Root of a user namespace can mount FUSE with a `/dev/fuse` that was opened there; with one that was opened outside, mount()
/// fails with EINVAL.
#[claim(source = "fs/fuse/inode.c", since = "4.18", needs = [Root, UserNamespaces, Module("fuse")])]
fn userns_mounts_fuse() -> Verdict {
    let path = "/dev/fuse";
    mknod(path, SFlag::S_IFCHR, Mode::empty(), makedev(10, 229)).doing("make /dev/fuse")?;
    set_permissions(path, Permissions::from_mode(0o666)).doing("chmod /dev/fuse")?;
    let open = || OpenOptions::new().read(true).write(true).open(path).doing("open /dev/fuse");
    let mount_by = |device: &File| {
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
        mount_kind("fuse", Some(&options))
    };
    let from_outside = open()?;
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            expect_errno!(mount_by(&from_outside), EINVAL, "opened outside");
            expect_ok!(mount_by(&open()?), "opened inside");
            expect_eq!(kind_there()?.as_deref(), Some("fuse"), "what is mounted then");
            Ok(())
        })?;
        user_namespace(EVERY - CLONE_NEWNS, || {
            expect_errno!(mount_by(&open()?), EPERM, "with all namespaces but the mount one");
            Ok(())
        })
    })?;
    child(CLONE_NEWNS, || {
        expect_ok!(mount_by(&from_outside), "opened outside, mounted outside");
        holds()
    })
}

/// Root of a user namespace can mount binfmt_misc only if its user namespace owns the mount namespace; otherwise mount() fails
/// with EPERM.
#[claim(
    source = "Documentation/admin-guide/binfmt-misc.rst",
    since = "6.7",
    replaces = "userns_does_not_mount_binfmt_misc",
    needs = [UserNamespaces, Module("binfmt_misc")],
)]
fn userns_mounts_binfmt_misc() -> Verdict {
    expect_mountable("binfmt_misc", None, NONE)
}

/// Mounting binfmt_misc fails with EPERM for root of a user namespace other than the initial one.
#[claim(source = "fs/binfmt_misc.c", until = "6.7", needs = [Root, UserNamespaces, Module("binfmt_misc")])]
fn userns_does_not_mount_binfmt_misc() -> Verdict {
    expect_refused("binfmt_misc", None)
}

/// Makes what an overlayfs is made of, on a tmpfs of the caller's; returns the mount options that name it.
fn lay_layers() -> Outcome<String> {
    mount_kind_at("tmpfs", "/tmp", None).doing("mount a tmpfs")?;
    for name in ["lower", "upper", "work"] {
        create_dir(format!("/tmp/{name}")).doing("make a layer")?;
    }
    File::create("/tmp/lower/old").doing("make a file in the lower layer")?;
    Ok("lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work".to_owned())
}
