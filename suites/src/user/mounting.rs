//! Where root of a user namespace may mount, and devices there: `user_namespaces(7)`, Effect of capabilities.

use std::fs::{self, File, OpenOptions};
use std::io::Write;

use kit::mounts::{bind, detach};
use kit::prelude::*;
use kit::process::{capabilities, user_namespace_with};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{Gid, Pid, Uid, setfsgid, setfsuid};
use rustix::thread::set_capabilities;

use super::mounts::{PLACE, mount_kind};

/// The cases of this file.
pub(super) const CASES: &[Case] = cases![
    mount_needs_owned_mount_namespace,
    userns_mounts_bind,
    userns_tmpfs_has_no_devices,
    bound_host_device_still_usable,
    whiteout_mknod_allowed,
];

/// Root of a user namespace can mount, bind and unmount only in a mount namespace that its user namespace owns; elsewhere the
/// calls fail with EPERM.
///
/// Tried elsewhere are a mount namespace of the initial user namespace and one of the user namespace in between.
#[claim(
    source = ["user_namespaces(7) Effect of capabilities within a user namespace", "What's in a name(space)?"],
    needs = [UserNamespaces],
)]
fn mount_needs_owned_mount_namespace() -> Verdict {
    let refused = || {
        expect_errno!(mount_kind("tmpfs", None), EPERM);
        expect_errno!(bind("/tmp", PLACE), EPERM);
        expect_errno!(detach(PLACE), EPERM);
        Ok(())
    };
    unprivileged(NONE, || {
        user_namespace(NONE, refused).doing("in an inherited mount namespace")?;
        user_namespace(CLONE_NEWNS, || {
            expect_ok!(mount_kind("tmpfs", None), "in its own");
            user_namespace(NONE, refused).doing("in the mount namespace of the user namespace above")?;
            expect_ok!(detach(PLACE), "in its own");
            expect_ok!(bind("/tmp", PLACE), "in its own");
            holds()
        })
    })
}

/// Root of a user namespace can bind a directory to another one in a mount namespace that its user namespace owns; elsewhere
/// mount() fails with EPERM.
#[claim(source = "user_namespaces(7) Effect of capabilities within a user namespace", needs = [UserNamespaces])]
fn userns_mounts_bind() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(NONE, || {
            expect_errno!(bind("/usr", PLACE), EPERM, "in an inherited mount namespace");
            Ok(())
        })?;
        user_namespace(CLONE_NEWNS, || {
            let inode = inode_at("/usr")?;
            expect_ne!(inode_at(PLACE)?, inode, "before");
            expect_ok!(bind("/usr", PLACE));
            expect_eq!(inode_at(PLACE)?, inode);
            holds()
        })
    })
}

/// Opening a device on a tmpfs that a user namespace mounted fails with EACCES, inside as by root outside.
///
/// It is the file system that allows no devices, not a flag of the mount.
#[claim(source = "fs/super.c SB_I_NODEV", needs = [Root, UserNamespaces])]
fn userns_tmpfs_has_no_devices() -> Verdict {
    let mounter = |outside: &Peer| {
        mount_kind("tmpfs", Some("mode=777")).doing("mount a tmpfs")?;
        outside.go()?;
        outside.wait()?;
        Ok(try_open(&device(PLACE)))
    };
    let inside = user_namespace_with(&Maps::range(FIRST, 10), CLONE_NEWNS, mounter)?;
    let plain = spawn(CLONE_NEWNS, mounter)?;
    let answers = [inside, plain].map(|process| -> Outcome<_> {
        process.recv::<()>()?;
        let path = device(&format!("/proc/{}/root{PLACE}", process.pid()));
        make_null(&path)?;
        let outside = try_open(&path);
        process.go()?;
        Ok((outside, process.join()?))
    });
    let [inside, plain] = answers;
    let (from_outside, in_it) = plain?;
    expect_ok!(from_outside, "outside, on a tmpfs that root has mounted in the initial user namespace");
    expect_ok!(in_it, "by the process that has mounted that");
    let (from_outside, in_it) = inside?;
    expect_errno!(from_outside, EACCES, "outside");
    expect_errno!(in_it, EACCES, "inside");
    holds()
}

/// A device that is bind mounted from outside in a user namespace's mount namespace can be opened and used there.
#[claim(source = "fs/namei.c may_open_dev", needs = [UserNamespaces])]
fn bound_host_device_still_usable() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            mount_kind("tmpfs", None).doing("mount a tmpfs")?;
            let path = device(PLACE);
            expect_errno!(
                mknod(path.as_str(), SFlag::S_IFCHR, Mode::empty(), makedev(1, 3)),
                EPERM,
                "a device of its own"
            );
            File::create(&path).doing("make a file to bind to")?;
            expect_ok!(bind("/dev/null", &path));
            expect_ok!(File::open(&path));
            let mut device = expect_ok!(OpenOptions::new().write(true).open(&path), "for writing");
            device.write_all(b"anything").doing("write to the device")?;
            expect_eq!(fs::read(&path).doing("read the device")?, b"", "what is left of what was written");
            holds()
        })
    })
}

/// Root of a user namespace can create the character device 0/0, by which overlayfs marks deleted files; creating other
/// devices fails with EPERM.
#[claim(source = "fs/namei.c vfs_mknod", since = "5.8", needs = [UserNamespaces])]
fn whiteout_mknod_allowed() -> Verdict {
    unprivileged(NONE, || {
        user_namespace(CLONE_NEWNS, || {
            mount_kind("tmpfs", None).doing("mount a tmpfs")?;
            let make =
                |name: &str, kind, number| mknod(format!("{PLACE}/{name}").as_str(), kind, Mode::empty(), number);
            expect_ok!(make("whiteout", SFlag::S_IFCHR, makedev(0, 0)));
            expect_errno!(make("null", SFlag::S_IFCHR, makedev(1, 3)), EPERM, "the null device");
            expect_errno!(make("zero", SFlag::S_IFCHR, makedev(0, 1)), EPERM, "the device 0/1");
            expect_errno!(make("block", SFlag::S_IFBLK, makedev(0, 0)), EPERM, "the block device 0/0");
            holds()
        })
    })
}

/// The first ID outside that the user namespace has.
const FIRST: u32 = 100_000;

fn device(folder: &str) -> String {
    format!("{folder}/null")
}

fn try_open(path: &str) -> Result<(), Refusal> {
    File::open(path).map(drop).portable()
}

/// Makes the null device there. That takes root of the machine, but the owner has to be a user that the file system maps.
fn make_null(path: &str) -> Outcome<()> {
    child(NONE, || {
        let all = capabilities()?;
        setfsgid(Gid::from_raw(FIRST));
        setfsuid(Uid::from_raw(FIRST));
        // CAP_MKNOD is one of those that went with the user ID.
        set_capabilities(None, all).doing("capset")?;
        mknod(path, SFlag::S_IFCHR, Mode::from_bits_truncate(0o666), makedev(1, 3))
            .doing(format!("make {path} as process {}", Pid::this()))
    })
}
